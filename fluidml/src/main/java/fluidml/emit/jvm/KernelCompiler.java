package fluidml.emit.jvm;

import fluidml.emit.CompiledKernel;
import fluidml.error.InvalidInputException;
import fluidml.loop.Kernel;
import fluidml.loop.Target;
import fluidml.loop.Verifier;
import java.lang.invoke.MethodHandles;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * Turns kernels into running code for one target; kernels of equal structure share it (in checked
 * mode also of equal name, because its errors name the kernel). Safe for use by any number of
 * threads: different kernels are emitted in parallel.
 */
public final class KernelCompiler {
  private final Target target;
  private final CallForm form;
  private final ConcurrentMap<Kernel, CompiledKernel> cache = new ConcurrentHashMap<>();

  /**
   * A compiler with an empty cache.
   *
   * @throws InvalidInputException if the target has vectors but the Vector API module is missing
   */
  public KernelCompiler(Target target) {
    this(target, CallForm.of(target));
  }

  /** A compiler whose code calls what {@code form} says. */
  KernelCompiler(Target target, CallForm form) {
    if (target.vectorBits() > 0 && !HostTarget.hasVectorModule()) {
      throw new InvalidInputException(
          "vectorBits",
          target.vectorBits() + " needs the JVM flag " + HostTarget.VECTOR_FLAG + "; 0 does not");
    }
    this.target = target;
    this.form = form;
  }

  /** The target code is emitted for. */
  public Target target() {
    return target;
  }

  @Override
  public String toString() {
    return target + ", " + form;
  }

  /** Number of different kernels emitted so far. */
  public int emittedCount() {
    return cache.size();
  }

  /**
   * Code of a kernel.
   *
   * @throws fluidml.error.VerificationException if the kernel breaks a rule of {@link Verifier},
   *     uses wider vectors than the target has, or has a procedure longer than the JVM optimises
   */
  public CompiledKernel compile(Kernel kernel) {
    Kernel key = target.checked() ? kernel : kernel.withName("_");
    return cache.computeIfAbsent(key, _ -> load(kernel));
  }

  private CompiledKernel load(Kernel kernel) {
    Verifier.verify(kernel, target);
    try {
      return instantiate(ClassEmitter.emit(kernel, target, form, SharedProcedures.DEFINED));
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("emitted class of kernel '" + kernel.name() + "'", e);
    }
  }

  /** An instance of a hidden class that implements {@link CompiledKernel}. */
  static CompiledKernel instantiate(byte[] bytes) throws ReflectiveOperationException {
    MethodHandles.Lookup hidden = MethodHandles.lookup().defineHiddenClass(bytes, true);
    return (CompiledKernel) hidden.lookupClass().getDeclaredConstructor().newInstance();
  }
}
