package fluidml.vm;

/**
 * Which of a step's units a warm-up runs, visit by visit. Not thread-safe.
 *
 * <p>A kernel has procedures that only some units call: for neighbours that are done at once, and
 * for what lies at the end, where tiles are narrower and windows leave the image. So visits take
 * one unit or some, from the beginning on or from the end back, with or without conditional
 * statements, in all combinations.
 */
final class WarmupVisits {
  /** Every so many visits several units run as one range. */
  private static final int WIDE_EVERY = 4;

  /** Units of a wide range. */
  private static final int WIDE_UNITS = 4;

  /** Every so many visits conditional statements are left out, so that the JIT knows both ways. */
  private static final int SKIP_EVERY = 3;

  /** Every so many visits the next unit from the end runs. */
  private static final int BACK_EVERY = 5;

  private final long extent;
  private long count;

  /**
   * No visit yet.
   *
   * @param extent units of the step, one at least
   */
  WarmupVisits(long extent) {
    this.extent = extent;
  }

  /**
   * Units {@code [first, end)} to run.
   *
   * @param skips whether conditional statements are left out
   */
  record Visit(long first, long end, boolean skips) {}

  /** The next visit. */
  Visit next() {
    long width = Math.min(extent, isDue(WIDE_EVERY) ? WIDE_UNITS : 1);
    long last = extent - width;
    long first = isDue(BACK_EVERY) ? last - count / BACK_EVERY % (last + 1) : count % (last + 1);
    boolean skips = isDue(SKIP_EVERY);
    count++;
    return new Visit(first, first + width, skips);
  }

  private boolean isDue(int every) {
    return count % every == every - 1;
  }
}
