package fluidml.error;

import java.io.Serial;

/** A tensor or option given to a run has the wrong name, shape, dtype, layout or size. */
public final class InvalidInputException extends FluidmlException {
  @Serial private static final long serialVersionUID = 1L;

  private final String input;

  /**
   * Creates an exception.
   *
   * @param input the name of the input, preallocated output or option
   * @param problem what is wrong with it and what was expected
   */
  public InvalidInputException(String input, String problem) {
    super("'" + input + "': " + problem);
    this.input = input;
  }

  /** Returns the name of the input, preallocated output or option. */
  public String input() {
    return input;
  }
}
