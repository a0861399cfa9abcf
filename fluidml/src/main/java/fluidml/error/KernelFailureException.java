package fluidml.error;

import java.io.Serial;

/** A kernel or an interpreted operator failed while it ran; the cause says how. */
public final class KernelFailureException extends FluidmlException {
  @Serial private static final long serialVersionUID = 1L;

  private final String kernel;

  /**
   * Creates an exception.
   *
   * @param kernel the kernel or node that failed
   * @param problem what went wrong
   * @param cause the exception thrown inside
   */
  public KernelFailureException(String kernel, String problem, Throwable cause) {
    super("kernel '" + kernel + "': " + problem, cause);
    this.kernel = kernel;
  }

  /**
   * Creates an exception without an underlying one, for example for an index out of range.
   *
   * @param kernel the kernel or node that failed
   * @param problem what went wrong
   */
  public KernelFailureException(String kernel, String problem) {
    super("kernel '" + kernel + "': " + problem);
    this.kernel = kernel;
  }

  /** Returns the kernel or node that failed. */
  public String kernel() {
    return kernel;
  }
}
