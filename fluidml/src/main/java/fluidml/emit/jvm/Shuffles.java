package fluidml.emit.jvm;

import static java.lang.constant.ConstantDescs.CD_void;

import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.util.LinkedHashMap;
import java.util.Map;

/** Constant lane rotations of a class: a static final field each, so that C2 sees a constant. */
final class Shuffles {
  private record Rotation(Lane lane, int lanes, int distance) {}

  private final ClassDesc self;
  private final Map<Rotation, String> fields = new LinkedHashMap<>();

  Shuffles(ClassDesc self) {
    this.self = self;
  }

  /** Pushes a shuffle that takes lane i from lane i + distance, wrapping around. */
  void rotation(CodeBuilder code, Lane lane, int lanes, int distance) {
    String field =
        fields.computeIfAbsent(
            new Rotation(lane, lanes, distance), r -> "ROTATION_" + fields.size());
    code.getstatic(self, field, Descs.SHUFFLE);
  }

  /** Adds the fields and their initialiser. */
  void define(ClassBuilder builder) {
    if (fields.isEmpty()) {
      return;
    }
    int flags = ClassFile.ACC_PRIVATE | ClassFile.ACC_STATIC | ClassFile.ACC_FINAL;
    fields.values().forEach(name -> builder.withField(name, Descs.SHUFFLE, flags));
    builder.withMethodBody(
        ConstantDescs.CLASS_INIT_NAME,
        Descs.method(CD_void),
        ClassFile.ACC_STATIC,
        code -> {
          fields.forEach(
              (r, name) ->
                  code.getstatic(r.lane.vector, r.lane.species(r.lanes), Descs.SPECIES)
                      .loadConstant(r.distance)
                      .iconst_1()
                      .iconst_1()
                      .invokestatic(Descs.SHUFFLE, "iota", Descs.IOTA)
                      .putstatic(self, name, Descs.SHUFFLE));
          code.return_();
        });
  }
}
