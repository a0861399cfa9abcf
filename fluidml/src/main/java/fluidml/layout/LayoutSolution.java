package fluidml.layout;

import java.util.ArrayList;
import java.util.List;

/**
 * A choice for every value and operator of a {@link LayoutProblem}.
 *
 * @param solver who chose
 * @param variants one for each operator
 * @param layouts one for each value
 * @param cost of the choice
 * @param lowerBound no choice costs less; equal to {@code cost} if that is proven optimal
 */
public record LayoutSolution(
    String solver, List<Integer> variants, List<Integer> layouts, double cost, double lowerBound) {
  public LayoutSolution {
    variants = List.copyOf(variants);
    layouts = List.copyOf(layouts);
  }

  /** The solution with these choices. */
  static LayoutSolution of(
      String solver, LayoutProblem problem, int[] variants, int[] layouts, double lowerBound) {
    List<Integer> chosen = new ArrayList<>(variants.length);
    for (int variant : variants) {
      chosen.add(variant);
    }
    List<Integer> stored = new ArrayList<>(layouts.length);
    for (int layout : layouts) {
      stored.add(layout);
    }
    double cost = problem.cost(variants, layouts);
    return new LayoutSolution(solver, chosen, stored, cost, Math.min(lowerBound, cost));
  }

  /** How much of the cost is not proven necessary: 0 for an optimum, 0.1 for ten percent. */
  public double gap() {
    return cost == 0 ? 0 : (cost - lowerBound) / cost;
  }

  /**
   * A conversion that is left.
   *
   * @param value index of the value
   * @param operator index of the operator that needs it
   * @param from layout in which the value is
   * @param to layout that is wanted
   * @param cost of the conversion
   */
  public record Conversion(int value, int operator, int from, int to, double cost) {}

  /** All conversions that this choice makes, also those that cost nothing, in execution order. */
  public List<Conversion> conversions(LayoutProblem problem) {
    List<Conversion> left = new ArrayList<>();
    for (int o = 0; o < problem.operators().size(); o++) {
      LayoutProblem.Operator operator = problem.operators().get(o);
      LayoutProblem.Variant variant = operator.variants().get(variants.get(o));
      for (int i = 0; i < operator.inputs().size(); i++) {
        int value = operator.inputs().get(i);
        add(problem, left, o, value, layouts.get(value), variant.inputs().get(i));
      }
      for (int i = 0; i < operator.outputs().size(); i++) {
        int value = operator.outputs().get(i);
        add(problem, left, o, value, variant.outputs().get(i), layouts.get(value));
      }
    }
    return left;
  }

  private static void add(
      LayoutProblem problem, List<Conversion> all, int operator, int value, int from, int to) {
    if (from != to) {
      double cost = problem.values().get(value).conversions().at(from, to);
      all.add(new Conversion(value, operator, from, to, cost));
    }
  }
}
