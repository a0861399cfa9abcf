package fluidml.layout;

import fluidml.error.VerificationException;
import fluidml.layout.pbqp.Pbqp;
import fluidml.layout.pbqp.PbqpSolver;
import java.time.Duration;
import java.util.Arrays;

/**
 * All layouts and variants at once, conversions included, as a partitioned boolean quadratic
 * problem: a variable for each value and each operator, a table for each use. Exact reductions, and
 * branch and bound on what they leave.
 */
public final class GlobalSolver implements LayoutSolver {
  private final Duration limit;

  /**
   * A solver.
   *
   * @param limit for the search on what the reductions leave; when it ends, the solution is the
   *     best so far and says how far from the best it may be
   */
  public GlobalSolver(Duration limit) {
    this.limit = limit;
  }

  @Override
  public String name() {
    return "global";
  }

  @Override
  public LayoutSolution solve(LayoutProblem problem) {
    PbqpSolver.Result result = PbqpSolver.solve(problem(problem), limit);
    int values = problem.values().size();
    int[] layouts = Arrays.copyOf(result.choice(), values);
    int[] variants = Arrays.copyOfRange(result.choice(), values, result.choice().length);
    LayoutSolution solution =
        LayoutSolution.of(name(), problem, variants, layouts, result.lowerBound());
    if (solution.cost() == Double.POSITIVE_INFINITY) {
      throw new VerificationException(
          "layout", "global choice", "every choice found needs a conversion that is forbidden");
    }
    return solution;
  }

  /** The same problem as variables: the values, then the operators. */
  static Pbqp problem(LayoutProblem problem) {
    Pbqp.Builder builder = new Pbqp.Builder();
    for (LayoutProblem.Value value : problem.values()) {
      double[] costs = new double[value.layouts().size()];
      Arrays.setAll(costs, l -> value.storage().at(0, l));
      builder.variable(costs);
    }
    for (LayoutProblem.Operator operator : problem.operators()) {
      double[] costs = new double[operator.variants().size()];
      Arrays.setAll(costs, k -> operator.variants().get(k).cost());
      int variable = builder.variable(costs);
      for (int i = 0; i < operator.inputs().size(); i++) {
        use(problem, builder, variable, operator, i, true);
      }
      for (int i = 0; i < operator.outputs().size(); i++) {
        use(problem, builder, variable, operator, i, false);
      }
    }
    return builder.build();
  }

  private static void use(
      LayoutProblem problem,
      Pbqp.Builder builder,
      int variable,
      LayoutProblem.Operator operator,
      int position,
      boolean read) {
    int value = (read ? operator.inputs() : operator.outputs()).get(position);
    CostMatrix conversions = problem.values().get(value).conversions();
    int layouts = conversions.rows();
    double[] costs = new double[layouts * operator.variants().size()];
    for (int l = 0; l < layouts; l++) {
      for (int k = 0; k < operator.variants().size(); k++) {
        LayoutProblem.Variant variant = operator.variants().get(k);
        costs[l * operator.variants().size() + k] =
            read
                ? conversions.at(l, variant.inputs().get(position))
                : conversions.at(variant.outputs().get(position), l);
      }
    }
    builder.edge(value, variable, costs);
  }
}
