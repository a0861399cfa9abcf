package fluidml.vm;

/**
 * Time spent in every step of a program, summed over runs. Not thread-safe; belongs to one session.
 */
public final class Profile {
  private final long[] nanos;
  private final long[] begins;
  private long runs;

  Profile(int steps) {
    nanos = new long[steps];
    begins = new long[steps];
  }

  void record(int step, long begin, long end) {
    begins[step] = begin;
    nanos[step] += end - begin;
  }

  void endRun() {
    runs++;
  }

  /** Runs recorded. */
  public long runs() {
    return runs;
  }

  /** Number of steps. */
  public int steps() {
    return nanos.length;
  }

  /** Nanoseconds spent in a step, summed over all runs. */
  public long nanos(int step) {
    return nanos[step];
  }

  /** {@link System#nanoTime} at which a step began in the last run. */
  public long lastBegin(int step) {
    return begins[step];
  }

  /** Forgets everything. */
  public void reset() {
    java.util.Arrays.fill(nanos, 0);
    runs = 0;
  }
}
