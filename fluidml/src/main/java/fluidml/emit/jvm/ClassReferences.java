package fluidml.emit.jvm;

import fluidml.error.InvalidModelException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.InvokeDynamicEntry;
import java.lang.classfile.constantpool.MemberRefEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.util.Set;

/** Checks that a class file of a kernel refers only to what emitted code needs. */
final class ClassReferences {
  private static final String PACKAGE =
      ClassReferences.class.getPackageName().replace('.', '/') + "/";

  private static final Set<String> ALLOWED =
      Set.of(
          "java/lang/Class",
          "java/lang/Object",
          "java/lang/Math",
          "java/lang/StrictMath",
          "java/lang/Float",
          "java/lang/Double",
          "java/lang/Integer",
          "java/lang/Long",
          "java/lang/String",
          "java/lang/foreign/MemorySegment",
          "java/lang/foreign/ValueLayout",
          "java/nio/ByteOrder",
          "fluidml/emit/CompiledKernel",
          PACKAGE + "Memory");

  private ClassReferences() {}

  /**
   * Checks a class file.
   *
   * @param where the file it comes from, for messages
   * @param name the simple name that the class must have, or empty for any kernel's
   * @throws InvalidModelException if the class file is malformed or refers to something else
   */
  static void check(String where, String name, byte[] bytes) {
    try {
      ClassModel model = ClassFile.of().parse(bytes);
      String self = model.thisClass().asInternalName();
      if (!self.startsWith(PACKAGE + "Kernel_")
          || (!name.isEmpty() && !self.equals(PACKAGE + name))) {
        throw new InvalidModelException(where, "a kernel's class is called " + self);
      }
      for (PoolEntry entry : model.constantPool()) {
        if (entry instanceof InvokeDynamicEntry) {
          throw new InvalidModelException(where, "the class " + self + " links at run time");
        }
        if (entry instanceof MemberRefEntry member
            && member.owner().asInternalName().equals("java/lang/Class")
            && !member.name().equalsString("cast")) {
          throw new InvalidModelException(where, "the class " + self + " asks for classes");
        }
        if (entry instanceof ClassEntry referred && !isAllowed(referred.asInternalName(), self)) {
          throw new InvalidModelException(
              where, "the class %s uses %s".formatted(self, referred.asInternalName()));
        }
      }
    } catch (IllegalArgumentException e) {
      throw new InvalidModelException(where, "a kernel's class is malformed: " + e.getMessage(), e);
    }
  }

  private static boolean isAllowed(String name, String self) {
    return name.equals(self)
        || ALLOWED.contains(name)
        || name.startsWith("jdk/incubator/vector/")
        || name.startsWith("java/lang/foreign/ValueLayout$")
        || name.startsWith(PACKAGE + SharedProcedures.PREFIX);
  }
}
