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
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Procedures that call no other, as classes of their own that all kernels of the process share: a
 * micro-kernel is compiled and warmed up once, however many kernels there are around it.
 *
 * <p>The method takes the addresses of the buffers it uses, then the sizes, then by how much loops
 * may be longer than in a warm-up, then the procedure's parameters.
 */
final class SharedProcedures {
  /** Name of the method. */
  static final String METHOD = "run";

  private static final ConcurrentMap<String, ClassDesc> CLASSES = new ConcurrentHashMap<>();
  private static final AtomicInteger COUNT = new AtomicInteger();

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

  private SharedProcedures() {}

  /** The procedures of a kernel that are shared, by name; none in checked mode. */
  static Map<String, Shared> of(Kernel kernel, Target target) {
    Map<String, Shared> shared = new HashMap<>();
    if (!target.checked()) {
      for (Procedure procedure : kernel.procedures()) {
        if (isLeaf(procedure) && !procedure.name().equals(kernel.entry())) {
          Printer.Canonical uses = Printer.canonical(kernel, procedure);
          ClassDesc owner =
              CLASSES.computeIfAbsent(uses.text(), _ -> define(kernel, procedure, target, uses));
          shared.put(procedure.name(), new Shared(owner, uses));
        }
      }
    }
    return shared;
  }

  private static boolean isLeaf(Procedure procedure) {
    boolean[] calls = {false};
    Walk.visit(procedure.body(), s -> calls[0] |= s instanceof Stmt.Call, _ -> {});
    return !calls[0];
  }

  private static ClassDesc define(
      Kernel kernel, Procedure procedure, Target target, Printer.Canonical uses) {
    ClassDesc self =
        ClassDesc.of(
            SharedProcedures.class.getPackageName(),
            "Kernel_shared_" + procedure.name() + "_" + COUNT.incrementAndGet());
    Shared shared = new Shared(self, uses);
    Shuffles shuffles = new Shuffles(self);
    int longs = shared.leading() + procedure.parameters().size();
    byte[] bytes =
        ClassFile.of()
            .build(
                self,
                builder -> {
                  builder.withFlags(ClassFile.ACC_FINAL | ClassFile.ACC_SUPER);
                  builder.withMethodBody(
                      METHOD,
                      Descs.longs(longs),
                      ClassFile.ACC_STATIC,
                      code ->
                          new MethodEmitter(code, self, kernel, target, shuffles, Map.of())
                              .emitShared(procedure, shared));
                  shuffles.define(builder);
                });
    ClassEmitter.checkLengths(kernel, procedure.name(), bytes);
    try {
      MethodHandles.lookup().defineClass(bytes);
    } catch (IllegalAccessException e) {
      throw new IllegalStateException("defining a class beside its emitter", e);
    }
    return self;
  }
}
