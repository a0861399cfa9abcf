package fluidml.error;

import java.io.Serial;

/** A model, session or other resource was used after it had been closed. */
public final class SessionClosedException extends FluidmlException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param what the closed resource
   */
  public SessionClosedException(String what) {
    super(what + " is closed");
  }
}
