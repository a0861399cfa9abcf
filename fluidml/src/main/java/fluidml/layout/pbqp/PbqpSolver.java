package fluidml.layout.pbqp;

import java.time.Duration;

/** Solves {@link Pbqp} problems: exactly, or as well as the time allows, with a proven bound. */
public final class PbqpSolver {
  private static final double RELATIVE = 1e-9;

  private PbqpSolver() {}

  /**
   * A choice.
   *
   * @param choice an alternative for each variable
   * @param cost of the choice; infinite if every choice found is forbidden
   * @param lowerBound no choice costs less; equal to {@code cost} if the choice is proven best
   * @param irreducible variables that no exact reduction took away
   * @param branches choices that were branched on
   */
  public record Result(
      int[] choice, double cost, double lowerBound, int irreducible, long branches) {
    /** Whether no choice costs less. */
    public boolean isProven() {
      return lowerBound == cost;
    }
  }

  /**
   * Solves.
   *
   * @param limit for the search on what the reductions leave; they themselves and one bound are
   *     computed in any case, in nearly linear time
   */
  public static Result solve(Pbqp problem, Duration limit) {
    BranchAndBound search = new BranchAndBound(System.nanoTime() + limit.toNanos());
    Work reduced = new Work(problem);
    reduced.reduce();
    BranchAndBound.Found found = search.solve(problem);
    double bound = meets(found.cost(), found.bound()) ? found.cost() : found.bound();
    return new Result(
        found.choice(), found.cost(), bound, reduced.left().size(), search.branches());
  }

  /** Whether a bound is as high as a cost, up to rounding. */
  static boolean meets(double cost, double bound) {
    return cost < Double.POSITIVE_INFINITY
        && bound >= cost - RELATIVE * Math.max(1e-300, Math.abs(cost));
  }
}
