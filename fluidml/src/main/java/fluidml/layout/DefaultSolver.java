package fluidml.layout;

import fluidml.error.VerificationException;

/**
 * The choice without search: variant 0 of every operator, and for every value the layout in which
 * its producer yields it, or the first layout allowed.
 */
public final class DefaultSolver implements LayoutSolver {
  @Override
  public String name() {
    return "default";
  }

  @Override
  public LayoutSolution solve(LayoutProblem problem) {
    int[] variants = new int[problem.operators().size()];
    int[] layouts = new int[problem.values().size()];
    for (LayoutProblem.Operator operator : problem.operators()) {
      for (int i = 0; i < operator.outputs().size(); i++) {
        layouts[operator.outputs().get(i)] = operator.variants().getFirst().outputs().get(i);
      }
    }
    for (int v = 0; v < layouts.length; v++) {
      CostMatrix storage = problem.values().get(v).storage();
      for (int l = 0; storage.at(0, layouts[v]) == Double.POSITIVE_INFINITY; l++) {
        layouts[v] = l;
      }
    }
    LayoutSolution solution = LayoutSolution.of(name(), problem, variants, layouts, 0);
    if (solution.cost() == Double.POSITIVE_INFINITY) {
      throw new VerificationException(
          "layout", "default choice", "needs a conversion that is forbidden");
    }
    return solution;
  }
}
