package fluidml.layout;

/** Chooses. Immutable; safe for use by many threads. */
public interface LayoutSolver {
  /** For people and options: {@code default}, {@code sequence}, {@code global}. */
  String name();

  /**
   * A valid choice for the problem.
   *
   * @throws fluidml.error.VerificationException if there is none because conversions are forbidden
   */
  LayoutSolution solve(LayoutProblem problem);
}
