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

/**
 * Constant movements of lanes of a class: a static final field each, so that C2 sees a constant.
 */
final class Shuffles {
  /** What moves where. */
  private sealed interface Movement {}

  private record Rotation(Lane lane, int lanes, int distance) implements Movement {}

  private record Zip(int lanes, boolean upper) implements Movement {}

  private final ClassDesc self;
  private final Map<Movement, String> fields = new LinkedHashMap<>();

  Shuffles(ClassDesc self) {
    this.self = self;
  }

  /** Pushes a shuffle that takes lane i from lane i + distance, wrapping around. */
  void rotation(CodeBuilder code, Lane lane, int lanes, int distance) {
    String field = name(new Rotation(lane, lanes, distance));
    code.getstatic(self, field, Descs.SHUFFLE);
  }

  /** Pushes a vector that selects half of the lanes of two vectors of I32 in turns. */
  void zip(CodeBuilder code, int lanes, boolean upper) {
    code.getstatic(self, name(new Zip(lanes, upper)), Lane.INT.vector);
  }

  private String name(Movement movement) {
    return fields.computeIfAbsent(movement, _ -> "LANES_" + fields.size());
  }

  private static ClassDesc type(Movement movement) {
    return switch (movement) {
      case Rotation _ -> Descs.SHUFFLE;
      case Zip _ -> Lane.INT.vector;
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
      case Rotation r ->
          code.getstatic(r.lane.vector, r.lane.species(r.lanes), Descs.SPECIES)
              .loadConstant(r.distance)
              .iconst_1()
              .iconst_1()
              .invokestatic(Descs.SHUFFLE, "iota", Descs.IOTA);
      case Zip z -> {
        code.getstatic(Lane.INT.vector, Lane.INT.species(z.lanes), Descs.SPECIES)
            .loadConstant(z.lanes)
            .newarray(TypeKind.INT);
        int first = z.upper ? z.lanes / 2 : 0;
        for (int lane = 0; lane < z.lanes; lane++) {
          int from = first + lane / 2 + (lane % 2 == 0 ? 0 : z.lanes);
          code.dup().loadConstant(lane).loadConstant(from).iastore();
        }
        code.iconst_0()
            .invokestatic(
                Lane.INT.vector,
                "fromArray",
                Descs.method(Lane.INT.vector, Descs.SPECIES, CD_int.arrayType(), CD_int));
      }
    }
  }
}
