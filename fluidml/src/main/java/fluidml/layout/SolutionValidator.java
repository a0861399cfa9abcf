package fluidml.layout;

import fluidml.error.VerificationException;

/** Checks a solution against its problem, the slow and obvious way. */
public final class SolutionValidator {
  private static final double TOLERANCE = 1e-9;

  private SolutionValidator() {}

  /**
   * Returns the solution if it is one.
   *
   * @throws VerificationException if a choice is missing, out of range or forbidden, if the cost is
   *     not that of the choices, or if the bound is above it
   */
  public static LayoutSolution check(LayoutProblem problem, LayoutSolution solution) {
    require(solution.variants().size() == problem.operators().size(), "number of operators");
    require(solution.layouts().size() == problem.values().size(), "number of values");
    double cost = 0;
    for (int v = 0; v < problem.values().size(); v++) {
      LayoutProblem.Value value = problem.values().get(v);
      int layout = solution.layouts().get(v);
      require(layout >= 0 && layout < value.layouts().size(), "layout of " + value.name());
      cost += value.storage().at(0, layout);
    }
    for (int o = 0; o < problem.operators().size(); o++) {
      LayoutProblem.Operator operator = problem.operators().get(o);
      int variant = solution.variants().get(o);
      require(variant >= 0 && variant < operator.variants().size(), "variant " + operator.name());
      cost += operator.variants().get(variant).cost();
    }
    for (LayoutSolution.Conversion conversion : solution.conversions(problem)) {
      cost += conversion.cost();
    }
    require(cost < Double.POSITIVE_INFINITY, "a forbidden choice");
    double tolerance = TOLERANCE * Math.max(1, cost);
    require(
        Math.abs(cost - solution.cost()) <= tolerance,
        "the choices cost " + cost + ", not " + solution.cost());
    require(solution.lowerBound() <= cost + tolerance, "the bound is above the cost");
    return solution;
  }

  private static void require(boolean holds, String problem) {
    if (!holds) {
      throw new VerificationException("layout solution", "check", problem);
    }
  }
}
