package fluidml.emit.jvm;

import fluidml.loop.Kernel;
import fluidml.loop.Procedure;
import fluidml.loop.Walk;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The methods that the procedures of a kernel become: those of {@link SharedProcedures}, and the
 * kernel's own. Names of the latter tell whether they are for the quick compiler, see {@link
 * QuickCompiler}; the launchers' options for the JIT go by them.
 */
final class KernelMethods {
  /** How names of a kernel's own methods end that compute with vectors. */
  static final String VECTORS = "_vectors";

  private final Map<String, SharedProcedures.Shared> shared;
  private final Map<String, String> own = new HashMap<>();

  private KernelMethods(Map<String, SharedProcedures.Shared> shared) {
    this.shared = shared;
  }

  /**
   * The methods of a kernel.
   *
   * @param shared procedures with a class of their own, by name
   */
  static KernelMethods of(Kernel kernel, Map<String, SharedProcedures.Shared> shared) {
    KernelMethods methods = new KernelMethods(shared);
    for (Procedure procedure : kernel.procedures()) {
      if (!shared.containsKey(procedure.name())) {
        String suffix = hasVectors(procedure) ? VECTORS : "";
        methods.own.put(procedure.name(), procedure.name() + suffix);
      }
    }
    return methods;
  }

  /** For a procedure that calls no other. */
  static KernelMethods none() {
    return new KernelMethods(Map.of());
  }

  private static boolean hasVectors(Procedure procedure) {
    boolean[] found = {false};
    Walk.visit(procedure.body(), _ -> {}, expr -> found[0] |= expr.type().isVector());
    return found[0];
  }

  /** A procedure with a class of its own. */
  Optional<SharedProcedures.Shared> shared(String procedure) {
    return Optional.ofNullable(shared.get(procedure));
  }

  /** Name of the method of any other procedure. */
  String own(String procedure) {
    return own.get(procedure);
  }

  /** Whether such a method computes with vectors. */
  boolean hasVectors(String procedure) {
    return !own(procedure).equals(procedure);
  }
}
