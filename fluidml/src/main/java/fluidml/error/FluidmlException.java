package fluidml.error;

import java.io.Serial;

/** Root of all exceptions the library throws on purpose. */
public abstract class FluidmlException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param message what is wrong, where, and what to do about it
   */
  protected FluidmlException(String message) {
    super(message);
  }

  /**
   * Creates an exception with a cause.
   *
   * @param message what is wrong, where, and what to do about it
   * @param cause the underlying failure
   */
  protected FluidmlException(String message, Throwable cause) {
    super(message, cause);
  }
}
