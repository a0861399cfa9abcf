package fluidml.emit.jvm;

import fluidml.error.InvalidModelException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Checks that a class file of a kernel refers only to what emitted code needs. Reads the constant
 * pool alone (JVMS 4.4): the JVM's verifier looks at the rest.
 */
final class ClassReferences {
  private static final String PACKAGE =
      ClassReferences.class.getPackageName().replace('.', '/') + "/";

  private static final Set<String> ALLOWED =
      Set.of(
          "java/lang/Object",
          "java/lang/Math",
          "java/lang/StrictMath",
          "java/lang/Float",
          "java/lang/Double",
          "java/lang/Byte",
          "java/lang/Short",
          "java/lang/Integer",
          "java/lang/Long",
          "java/lang/String",
          "java/lang/foreign/MemorySegment",
          "java/lang/foreign/ValueLayout",
          "java/nio/ByteOrder",
          "fluidml/emit/CompiledKernel",
          "fluidml/emit/x86/ByteTiles",
          PACKAGE + "Memory",
          PACKAGE + "Fallbacks",
          PACKAGE + "QuarterTurns");

  private static final String INTRINSICS = "jdk/internal/vm/vector/VectorSupport";

  /** The only members of a class that are used, where others do more than compute. */
  private static final Map<String, Pattern> MEMBERS =
      Map.of(
          "java/lang/Class",
          Pattern.compile("cast"),
          "jdk/internal/misc/Unsafe",
          Pattern.compile("(get|put)(Byte|Short|Int|Long|Float|Double)"),
          INTRINSICS,
          Pattern.compile(
              Stream.of(Intrinsic.values())
                  .map(intrinsic -> intrinsic.method)
                  .collect(Collectors.joining("|", "(VECTOR_OP|BT|MODE)_\\w+|", ""))));

  private static final int MAGIC = 0xCAFEBABE;

  private final String where;
  private final ByteBuffer in;
  private final int[] places;

  private ClassReferences(String where, byte[] bytes) {
    this.where = where;
    this.in = ByteBuffer.wrap(bytes);
    if (in.getInt() != MAGIC) {
      throw malformed("it is no class file");
    }
    in.position(8);
    this.places = new int[in.getShort() & 0xFFFF];
  }

  /**
   * Checks a class file.
   *
   * @param where the file it comes from, for messages
   * @param name the simple name that the class must have, or empty for any kernel's
   * @throws InvalidModelException if the class file is malformed or refers to something else
   */
  static void check(String where, String name, byte[] bytes) {
    try {
      new ClassReferences(where, bytes).check(name);
    } catch (BufferUnderflowException | IndexOutOfBoundsException | IllegalArgumentException e) {
      throw new InvalidModelException(where, "a kernel's class is malformed: " + e, e);
    }
  }

  private InvalidModelException malformed(String problem) {
    return new InvalidModelException(where, "a kernel's class is malformed: " + problem);
  }

  private void check(String name) {
    for (int i = 1; i < places.length; i++) {
      places[i] = in.position();
      int tag = in.get();
      int bytes =
          switch (tag) {
            case 1 -> in.getShort() & 0xFFFF;
            case 3, 4, 9, 10, 11, 12 -> 4;
            case 5, 6 -> 8;
            case 7, 8 -> 2;
            default -> throw malformed("it links at run time, or has a constant of kind " + tag);
          };
      in.position(in.position() + bytes);
      i += tag == 5 || tag == 6 ? 1 : 0;
    }
    String self = className(in.getShort(in.position() + 2));
    if (!self.startsWith(PACKAGE + "Kernel_")
        || (!name.isEmpty() && !self.equals(PACKAGE + name))) {
      throw new InvalidModelException(where, "a kernel's class is called " + self);
    }
    for (int i = 1; i < places.length; i++) {
      if (places[i] > 0) {
        reference(i, self);
      }
    }
  }

  private void reference(int entry, String self) {
    int tag = in.get(places[entry]);
    if (tag == 7 && !isAllowed(className(entry), self)) {
      throw new InvalidModelException(
          where, "the class %s uses %s".formatted(self, className(entry)));
    }
    if (tag < 9 || tag > 11) {
      return;
    }
    String owner = className(in.getShort(places[entry] + 1));
    if (isNamedOnly(owner)) {
      throw new InvalidModelException(
          where, "the class %s uses a member of %s".formatted(self, owner));
    }
    if (MEMBERS.containsKey(owner)) {
      int nameAndType = in.getShort(places[entry] + 3) & 0xFFFF;
      String member = text(in.getShort(places[nameAndType] + 1));
      if (!MEMBERS.get(owner).matcher(member).matches()) {
        throw new InvalidModelException(
            where, "the class %s uses %s.%s".formatted(self, owner, member));
      }
    }
  }

  private String className(int entry) {
    int place = places[entry & 0xFFFF];
    if (place == 0 || in.get(place) != 7) {
      throw malformed("a class is not where it should be");
    }
    return text(in.getShort(place + 1));
  }

  private String text(int entry) {
    int place = places[entry & 0xFFFF];
    if (place == 0 || in.get(place) != 1) {
      throw malformed("a name is not where it should be");
    }
    int bytes = in.getShort(place + 1) & 0xFFFF;
    return new String(in.array(), place + 3, bytes, StandardCharsets.UTF_8);
  }

  /**
   * Whether it is a type of local variables and arguments whose members are not used: what vectors,
   * masks and operations have in common, frames, and what {@link QuickCompiler} catches.
   */
  private static boolean isNamedOnly(String name) {
    return name.startsWith(INTRINSICS + "$")
        || name.equals("[J")
        || name.equals("java/lang/Throwable");
  }

  private static boolean isAllowed(String name, String self) {
    return name.equals(self)
        || isNamedOnly(name)
        || MEMBERS.containsKey(name)
        || ALLOWED.contains(name)
        || name.startsWith("jdk/incubator/vector/")
        || name.startsWith("java/lang/foreign/ValueLayout$")
        || name.startsWith(PACKAGE + SharedProcedures.PREFIX);
  }
}
