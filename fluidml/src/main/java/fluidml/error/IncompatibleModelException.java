package fluidml.error;

import java.io.Serial;

/** A compiled model was saved by another version of the library, or for another machine. */
public final class IncompatibleModelException extends FluidmlException {
  @Serial private static final long serialVersionUID = 1L;

  private final String file;

  /**
   * Creates an exception.
   *
   * @param file the file
   * @param problem what it was saved for, and what is here
   */
  public IncompatibleModelException(String file, String problem) {
    super(file + ": " + problem + "; compile the model again here");
    this.file = file;
  }

  /** Returns the file. */
  public String file() {
    return file;
  }
}
