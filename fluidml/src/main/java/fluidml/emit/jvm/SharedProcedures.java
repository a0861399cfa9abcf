package fluidml.emit.jvm;

import fluidml.loop.Kernel;
import fluidml.loop.Printer;
import fluidml.loop.Procedure;
import fluidml.loop.Stmt;
import fluidml.loop.Target;
import fluidml.loop.Walk;
import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.invoke.MethodHandles;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.BiConsumer;

/**
 * Procedures that call no other, as classes of their own that all kernels of the process share: a
 * micro-kernel is compiled and warmed up once, however many kernels there are around it.
 *
 * <p>The method takes the addresses of the buffers it uses, then the sizes, then by how much loops
 * may be longer than in a warm-up, then the procedure's parameters. The name of the class ends with
 * a hash of its class file, so that it is the same in every process, and no other class has it.
 */
final class SharedProcedures {
  /** Name of the method. */
  static final String METHOD = "run";

  /** How simple names of these classes begin. */
  static final String PREFIX = "Kernel_shared_";

  private static final int HASH_BYTES = 16;

  /** The classes of this process. */
  static final SharedProcedures DEFINED = new SharedProcedures(SharedProcedures::define);

  private static final Set<String> NAMES = new HashSet<>();

  private final ConcurrentMap<String, ClassDesc> classes = new ConcurrentHashMap<>();
  private final BiConsumer<String, byte[]> sink;

  /**
   * A set of classes.
   *
   * @param sink gets the simple name and the class file of every new one
   */
  SharedProcedures(BiConsumer<String, byte[]> sink) {
    this.sink = sink;
  }

  /**
   * A shared procedure as one kernel calls it.
   *
   * @param owner the class with the method
   * @param uses the kernel's buffers and sizes to pass
   */
  record Shared(ClassDesc owner, Printer.Canonical uses) {
    /** Longs the method takes before the procedure's own parameters. */
    int leading() {
      return uses.buffers().size() + uses.sizes().size() + 1;
    }
  }

  /** The procedures of a kernel that are shared, by name; none in checked mode. */
  Map<String, Shared> of(Kernel kernel, Target target, CallForm form) {
    Map<String, Shared> shared = new HashMap<>();
    if (!target.checked()) {
      for (Procedure procedure : kernel.procedures()) {
        if (isLeaf(procedure) && !procedure.name().equals(kernel.entry())) {
          Printer.Canonical uses = Printer.canonical(kernel, procedure);
          ClassDesc owner =
              classes.computeIfAbsent(
                  form + uses.text(), _ -> emit(kernel, procedure, target, form, uses));
          shared.put(procedure.name(), new Shared(owner, uses));
        }
      }
    }
    return shared;
  }

  private static boolean isLeaf(Procedure procedure) {
    return !Walk.contains(procedure.body(), Stmt.Call.class);
  }

  private ClassDesc emit(
      Kernel kernel, Procedure procedure, Target target, CallForm form, Printer.Canonical uses) {
    String unnamed = PREFIX + procedure.name() + "_" + "0".repeat(2 * HASH_BYTES);
    Shared shared = new Shared(descriptor(unnamed), uses);
    byte[] bytes =
        ClassEmitter.compilable(
            kernel,
            procedure.name(),
            form,
            called -> emit(kernel, procedure, target, called, shared));
    String name = PREFIX + procedure.name() + "_" + hash(bytes);
    sink.accept(name, renamed(bytes, unnamed, name));
    return descriptor(name);
  }

  /** The class file of a procedure that is named as in {@code shared}. */
  private static byte[] emit(
      Kernel kernel, Procedure procedure, Target target, CallForm form, Shared shared) {
    ClassConstants constants = new ClassConstants(shared.owner());
    int longs = shared.leading() + procedure.parameters().size();
    return ClassFile.of()
        .build(
            shared.owner(),
            builder -> {
              builder.withFlags(ClassFile.ACC_FINAL | ClassFile.ACC_SUPER);
              builder.withMethodBody(
                  METHOD,
                  Descs.longs(longs),
                  ClassFile.ACC_STATIC,
                  code ->
                      new MethodEmitter(
                              code,
                              shared.owner(),
                              kernel,
                              target,
                              form,
                              constants,
                              KernelMethods.none())
                          .emitShared(procedure, shared));
              constants.define(builder);
            });
  }

  private static ClassDesc descriptor(String name) {
    return ClassDesc.of(SharedProcedures.class.getPackageName(), name);
  }

  /** Whether the name of a class is made of the hash of its class file. */
  static boolean isNamed(String name, byte[] bytes) {
    int stem = name.length() - 2 * HASH_BYTES;
    return name.startsWith(PREFIX)
        && stem > PREFIX.length()
        && name.endsWith(
            hash(renamed(bytes, name, name.substring(0, stem) + "0".repeat(2 * HASH_BYTES))));
  }

  /** A class file in which one name stands for another of the same length. */
  private static byte[] renamed(byte[] bytes, String from, String to) {
    return new String(bytes, StandardCharsets.ISO_8859_1)
        .replace(from, to)
        .getBytes(StandardCharsets.ISO_8859_1);
  }

  private static String hash(byte[] bytes) {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(bytes);
      return HexFormat.of().formatHex(hash, 0, HASH_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** Defines a class in this process unless there is one of that name, which is the same. */
  static void define(String name, byte[] bytes) {
    synchronized (NAMES) {
      if (NAMES.contains(name)) {
        return;
      }
      try {
        MethodHandles.lookup().defineClass(bytes);
      } catch (IllegalAccessException e) {
        throw new IllegalStateException("defining a class beside its emitter", e);
      }
      NAMES.add(name);
    }
  }
}
