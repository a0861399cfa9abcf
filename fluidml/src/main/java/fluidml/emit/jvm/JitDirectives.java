package fluidml.emit.jvm;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * Tells the JIT that emitted kernels are not for the quick compiler (C1).
 *
 * <p>A kernel is a long row of Vector API calls that are inlined by force. C1 makes slow code of
 * it, and for the larger ones gives up («out of virtual registers»). A method whose profiled
 * compilation it gives up on stays in its unprofiled C1 code for ever, thousands of times slower
 * than what C2 makes. Without C1 a kernel goes from the interpreter straight to C2, and is hot
 * several times sooner.
 *
 * <p>The directive matches emitted classes only. It is added to the running JVM by the diagnostic
 * command {@code Compiler.directives_add}.
 */
final class JitDirectives {
  /** Which methods they are. */
  static final String DIRECTIVES =
      """
      [{
        match: [
          "fluidml/emit/jvm/%s*.*",
          "fluidml/emit/jvm/Kernel_*.*%s"
        ],
        c1: { Exclude: true }
      }]
      """
          .formatted(SharedProcedures.PREFIX, KernelMethods.VECTORS);

  private static final boolean ADDED = add();

  private JitDirectives() {}

  /** Adds the directive, once for the JVM. */
  static boolean ensureAdded() {
    return ADDED;
  }

  private static boolean add() {
    try {
      Path file = Files.createTempFile("fluidml-jit", ".json");
      try {
        Files.writeString(file, DIRECTIVES);
        ManagementFactory.getPlatformMBeanServer()
            .invoke(
                new ObjectName("com.sun.management:type=DiagnosticCommand"),
                "compilerDirectivesAdd",
                new Object[] {new String[] {file.toString()}},
                new String[] {String[].class.getName()});
      } finally {
        Files.delete(file);
      }
      return true;
    } catch (JMException | IOException | LinkageError e) {
      System.getLogger("fluidml")
          .log(
              Level.WARNING,
              "Kernels may become hot slowly: the JVM takes no compiler directives (is the module"
                  + " jdk.management there?)",
              e);
      return false;
    }
  }
}
