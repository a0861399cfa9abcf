package fluidml.memory;

import java.util.Arrays;

/** One offset per buffer of a {@link MemoryProblem}, in bytes from the start of the arena. */
public final class MemoryPlan {
  private final String planner;
  private final long[] offsets;
  private final long arenaBytes;

  /**
   * Creates a plan.
   *
   * @param planner the name of the planner that made it
   * @param offsets offset in bytes per buffer, in the order of the problem
   * @param arenaBytes size of the arena in bytes
   */
  public MemoryPlan(String planner, long[] offsets, long arenaBytes) {
    this.planner = planner;
    this.offsets = offsets.clone();
    this.arenaBytes = arenaBytes;
  }

  /** Returns the name of the planner that made this plan. */
  public String planner() {
    return planner;
  }

  /** Returns the number of buffers. */
  public int count() {
    return offsets.length;
  }

  /** Returns the offset of buffer {@code i} in bytes. */
  public long offset(int i) {
    return offsets[i];
  }

  /** Returns a copy of all offsets in bytes. */
  public long[] offsets() {
    return offsets.clone();
  }

  /** Returns the size of the arena in bytes. */
  public long arenaBytes() {
    return arenaBytes;
  }

  /**
   * Returns the size of the arena relative to the lower bound of the problem; 1 is optimal.
   *
   * @param problem the problem this plan solves
   */
  public double ratio(MemoryProblem problem) {
    long bound = problem.lowerBound();
    return bound == 0 ? 1 : (double) arenaBytes / bound;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof MemoryPlan that
        && planner.equals(that.planner)
        && arenaBytes == that.arenaBytes
        && Arrays.equals(offsets, that.offsets);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(offsets);
  }

  @Override
  public String toString() {
    return planner + ": " + offsets.length + " buffers in " + arenaBytes + " bytes";
  }
}
