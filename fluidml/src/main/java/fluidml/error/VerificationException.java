package fluidml.error;

import java.io.Serial;

/**
 * An invariant of an IR or of a plan does not hold: a defect of the library, never of the model.
 */
public final class VerificationException extends FluidmlException {
  @Serial private static final long serialVersionUID = 1L;

  private final String phase;
  private final String subject;

  /**
   * Creates an exception.
   *
   * @param phase the pass, scheduler or planner after which the invariant was checked
   * @param subject the node, value, buffer or instruction that breaks it
   * @param problem the broken invariant
   */
  public VerificationException(String phase, String subject, String problem) {
    super("after " + phase + ", " + subject + ": " + problem);
    this.phase = phase;
    this.subject = subject;
  }

  /** Returns the pass, scheduler or planner after which the invariant was checked. */
  public String phase() {
    return phase;
  }

  /** Returns the node, value, buffer or instruction that breaks the invariant. */
  public String subject() {
    return subject;
  }
}
