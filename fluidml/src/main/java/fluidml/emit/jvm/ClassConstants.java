package fluidml.emit.jvm;

import static java.lang.constant.ConstantDescs.CD_Class;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_void;

import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntUnaryOperator;

/**
 * Movements of lanes and classes of vectors that code of a class uses: a static final field each,
 * so that C2 sees a constant.
 */
final class ClassConstants {
  /** What a field holds. */
  private sealed interface Constant {}

  /** The class of vectors of a species, which has no public name. */
  private record VectorClass(Lane lane, int lanes) implements Constant {}

  /** The class of masks of a species, which has no public name. */
  private record MaskClass(Lane lane, int lanes) implements Constant {}

  /** A species as the type that intrinsics take. */
  private record Species(Lane lane, int lanes) implements Constant {}

  /** Lane i is lane {@code first + i * step}, wrapping around. */
  private record Sequence(Lane lane, int lanes, int first, int step) implements Constant {}

  private record Zip(Lane lane, int lanes, boolean upper) implements Constant {
    int from(int target) {
      return (upper ? lanes / 2 : 0) + target / 2 + (target % 2 == 0 ? 0 : lanes);
    }
  }

  private record Unzip(Lane lane, int lanes, boolean odd) implements Constant {
    int from(int target) {
      return 2 * target + (odd ? 1 : 0);
    }
  }

  private final ClassDesc self;
  private final Map<Constant, String> fields = new LinkedHashMap<>();

  ClassConstants(ClassDesc self) {
    this.self = self;
  }

  /** Pushes the class of vectors. */
  void vectorClass(CodeBuilder code, Lane lane, int lanes) {
    code.getstatic(self, name(new VectorClass(lane, lanes)), CD_Class);
  }

  /** Pushes the class of masks. */
  void maskClass(CodeBuilder code, Lane lane, int lanes) {
    code.getstatic(self, name(new MaskClass(lane, lanes)), CD_Class);
  }

  /** Pushes a species for an intrinsic. */
  void supportedSpecies(CodeBuilder code, Lane lane, int lanes) {
    code.getstatic(self, name(new Species(lane, lanes)), Descs.SUPPORTED_SPECIES);
  }

  /** Pushes a shuffle that takes lane i from lane i + distance, wrapping around. */
  void rotation(CodeBuilder code, Lane lane, int lanes, int distance) {
    String field = name(new Sequence(lane, lanes, distance, 1));
    code.getstatic(self, field, Descs.SHUFFLE);
  }

  /** Pushes a shuffle that takes lane i from the i-th last one. */
  void reversal(CodeBuilder code, Lane lane, int lanes) {
    code.getstatic(self, name(new Sequence(lane, lanes, lanes - 1, -1)), Descs.SHUFFLE);
  }

  /** Pushes a vector that selects half of the lanes of two vectors of integers in turns. */
  void zip(CodeBuilder code, Lane lane, int lanes, boolean upper) {
    code.getstatic(self, name(new Zip(lane, lanes, upper)), lane.vector);
  }

  /** Pushes a vector that selects every other lane of two vectors of integers. */
  void unzip(CodeBuilder code, Lane lane, int lanes, boolean odd) {
    code.getstatic(self, name(new Unzip(lane, lanes, odd)), lane.vector);
  }

  private String name(Constant constant) {
    return fields.computeIfAbsent(constant, _ -> "CONSTANT_" + fields.size());
  }

  private static ClassDesc type(Constant constant) {
    return switch (constant) {
      case VectorClass _, MaskClass _ -> CD_Class;
      case Species _ -> Descs.SUPPORTED_SPECIES;
      case Sequence _ -> Descs.SHUFFLE;
      case Zip z -> z.lane.vector;
      case Unzip u -> u.lane.vector;
    };
  }

  /** Adds the fields and their initialiser. */
  void define(ClassBuilder builder) {
    if (fields.isEmpty()) {
      return;
    }
    int flags = ClassFile.ACC_PRIVATE | ClassFile.ACC_STATIC | ClassFile.ACC_FINAL;
    fields.forEach((constant, name) -> builder.withField(name, type(constant), flags));
    builder.withMethodBody(
        ConstantDescs.CLASS_INIT_NAME,
        Descs.method(CD_void),
        ClassFile.ACC_STATIC,
        code -> {
          fields.forEach(
              (constant, name) -> {
                push(code, constant);
                code.putstatic(self, name, type(constant));
              });
          code.return_();
        });
  }

  private static void push(CodeBuilder code, Constant constant) {
    switch (constant) {
      case VectorClass v -> {
        species(code, v.lane, v.lanes);
        code.invokeinterface(Descs.SPECIES, "vectorType", Descs.method(CD_Class));
      }
      case MaskClass m -> {
        species(code, m.lane, m.lanes);
        code.invokestatic(Descs.FALLBACKS, "maskClass", Descs.method(CD_Class, Descs.SPECIES));
      }
      case Species s -> {
        species(code, s.lane, s.lanes);
        code.checkcast(Descs.SUPPORTED_SPECIES);
      }
      case Sequence s ->
          species(code, s.lane, s.lanes)
              .loadConstant(s.first)
              .loadConstant(s.step)
              .iconst_1()
              .invokestatic(Descs.SHUFFLE, "iota", Descs.IOTA);
      case Zip z -> selection(code, z.lane, z.lanes, z::from);
      case Unzip u -> selection(code, u.lane, u.lanes, u::from);
    }
  }

  private static CodeBuilder species(CodeBuilder code, Lane lane, int lanes) {
    return code.getstatic(lane.vector, lane.species(lanes), Descs.SPECIES);
  }

  private static void selection(CodeBuilder code, Lane lane, int lanes, IntUnaryOperator from) {
    boolean ints = lane == Lane.INT;
    species(code, lane, lanes).loadConstant(lanes).newarray(ints ? TypeKind.INT : TypeKind.LONG);
    for (int i = 0; i < lanes; i++) {
      code.dup().loadConstant(i);
      if (ints) {
        code.loadConstant(from.applyAsInt(i)).iastore();
      } else {
        code.loadConstant((long) from.applyAsInt(i)).lastore();
      }
    }
    code.iconst_0()
        .invokestatic(
            lane.vector,
            "fromArray",
            Descs.method(lane.vector, Descs.SPECIES, lane.primitive.arrayType(), CD_int));
  }
}
