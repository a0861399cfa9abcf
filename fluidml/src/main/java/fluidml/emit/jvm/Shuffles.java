package fluidml.emit.jvm;

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
 * Constant movements of lanes of a class: a static final field each, so that C2 sees a constant.
 */
final class Shuffles {
  /** What moves where. */
  private sealed interface Movement {}

  /** Lane i is lane {@code first + i * step}, wrapping around. */
  private record Sequence(Lane lane, int lanes, int first, int step) implements Movement {}

  private record Zip(Lane lane, int lanes, boolean upper) implements Movement {
    int from(int target) {
      return (upper ? lanes / 2 : 0) + target / 2 + (target % 2 == 0 ? 0 : lanes);
    }
  }

  private record Unzip(Lane lane, int lanes, boolean odd) implements Movement {
    int from(int target) {
      return 2 * target + (odd ? 1 : 0);
    }
  }

  private final ClassDesc self;
  private final Map<Movement, String> fields = new LinkedHashMap<>();

  Shuffles(ClassDesc self) {
    this.self = self;
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

  private String name(Movement movement) {
    return fields.computeIfAbsent(movement, _ -> "LANES_" + fields.size());
  }

  private static ClassDesc type(Movement movement) {
    return switch (movement) {
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
    fields.forEach((movement, name) -> builder.withField(name, type(movement), flags));
    builder.withMethodBody(
        ConstantDescs.CLASS_INIT_NAME,
        Descs.method(CD_void),
        ClassFile.ACC_STATIC,
        code -> {
          fields.forEach(
              (movement, name) -> {
                push(code, movement);
                code.putstatic(self, name, type(movement));
              });
          code.return_();
        });
  }

  private static void push(CodeBuilder code, Movement movement) {
    switch (movement) {
      case Sequence s ->
          code.getstatic(s.lane.vector, s.lane.species(s.lanes), Descs.SPECIES)
              .loadConstant(s.first)
              .loadConstant(s.step)
              .iconst_1()
              .invokestatic(Descs.SHUFFLE, "iota", Descs.IOTA);
      case Zip z -> selection(code, z.lane, z.lanes, z::from);
      case Unzip u -> selection(code, u.lane, u.lanes, u::from);
    }
  }

  private static void selection(CodeBuilder code, Lane lane, int lanes, IntUnaryOperator from) {
    boolean ints = lane == Lane.INT;
    code.getstatic(lane.vector, lane.species(lanes), Descs.SPECIES)
        .loadConstant(lanes)
        .newarray(ints ? TypeKind.INT : TypeKind.LONG);
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
