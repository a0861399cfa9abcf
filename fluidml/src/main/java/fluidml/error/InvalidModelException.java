package fluidml.error;

import java.io.Serial;

/** The model file or its graph is malformed: truncated, hostile, ill-typed or inconsistent. */
public final class InvalidModelException extends FluidmlException {
  @Serial private static final long serialVersionUID = 1L;

  private final String where;

  /**
   * Creates an exception.
   *
   * @param where the place: a file offset, a field path, a node or a value name
   * @param problem what is wrong there
   */
  public InvalidModelException(String where, String problem) {
    super(where + ": " + problem);
    this.where = where;
  }

  /**
   * Creates an exception with a cause.
   *
   * @param where the place: a file offset, a field path, a node or a value name
   * @param problem what is wrong there
   * @param cause the underlying failure
   */
  public InvalidModelException(String where, String problem, Throwable cause) {
    super(where + ": " + problem, cause);
    this.where = where;
  }

  /** Returns the place in the model: a file offset, a field path, a node or a value name. */
  public String where() {
    return where;
  }
}
