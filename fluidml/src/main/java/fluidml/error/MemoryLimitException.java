package fluidml.error;

import java.io.Serial;

/** An allocation or a memory plan needs more bytes than are allowed or available. */
public final class MemoryLimitException extends FluidmlException {
  @Serial private static final long serialVersionUID = 1L;

  private final long neededBytes;
  private final long allowedBytes;
  private final String reason;

  /**
   * Creates an exception.
   *
   * @param neededBytes the bytes asked for
   * @param allowedBytes the bytes allowed, or -1 when the machine rather than a limit refused
   * @param reason what makes the peak: the category, or the step and its largest buffers
   */
  public MemoryLimitException(long neededBytes, long allowedBytes, String reason) {
    super(message(neededBytes, allowedBytes, reason));
    this.neededBytes = neededBytes;
    this.allowedBytes = allowedBytes;
    this.reason = reason;
  }

  /**
   * Creates an exception with a cause.
   *
   * @param neededBytes the bytes asked for
   * @param allowedBytes the bytes allowed, or -1 when the machine rather than a limit refused
   * @param reason what makes the peak: the category, or the step and its largest buffers
   * @param cause the underlying failure, usually an {@link OutOfMemoryError}
   */
  public MemoryLimitException(long neededBytes, long allowedBytes, String reason, Throwable cause) {
    super(message(neededBytes, allowedBytes, reason), cause);
    this.neededBytes = neededBytes;
    this.allowedBytes = allowedBytes;
    this.reason = reason;
  }

  private static String message(long needed, long allowed, String reason) {
    return allowed < 0
        ? needed + " bytes are not available: " + reason
        : needed + " bytes needed, " + allowed + " allowed: " + reason;
  }

  /** Returns the bytes asked for. */
  public long neededBytes() {
    return neededBytes;
  }

  /** Returns the bytes allowed, or -1 when the machine rather than a limit refused. */
  public long allowedBytes() {
    return allowedBytes;
  }

  /** Returns what makes the peak. */
  public String reason() {
    return reason;
  }
}
