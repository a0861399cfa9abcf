package fluidml.layout;

import fluidml.error.VerificationException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The cheapest variants along one sequence, by dynamic programming over (value, layout): {@code
 * best(v, l)} is the least, over variants of the producer of v, of the variant's cost, the
 * conversion of its result to l, and {@code best} of the value before in the layout that the
 * variant reads, conversion included.
 *
 * <p>Neighbours on the sequence may share several values; the state is then a layout for each of
 * the first two of them. Operands and results off the sequence are taken in their cheapest place:
 * what the variant wants there becomes a {@link Vote}.
 */
public final class SequenceDynamicProgram {
  private final LayoutProblem problem;
  private final List<Integer> sequence;
  private final List<List<Integer>> links = new ArrayList<>();
  private static final int MAX_LINKS = 2;

  /**
   * A wish of one operator for the layout of one value.
   *
   * @param operator index of the voter
   * @param value index of the value
   * @param layout the layout wished
   * @param weight of the vote: the cost of the voter's variant
   */
  public record Vote(int operator, int value, int layout, double weight) {}

  /**
   * The cheapest choice along a sequence.
   *
   * @param variants one for each operator of the sequence
   * @param linkLayouts the layout of each value between neighbours, in order
   * @param cost of the sequence by itself
   */
  public record Result(
      List<Integer> sequence, List<Integer> variants, List<Vote> linkLayouts, double cost) {}

  private SequenceDynamicProgram(LayoutProblem problem, List<Integer> sequence) {
    this.problem = problem;
    this.sequence = sequence;
    for (int i = 0; i + 1 < sequence.size(); i++) {
      LayoutProblem.Operator next = problem.operators().get(sequence.get(i + 1));
      links.add(
          problem.operators().get(sequence.get(i)).outputs().stream()
              .filter(next.inputs()::contains)
              .limit(MAX_LINKS)
              .toList());
    }
    links.add(List.of());
  }

  /**
   * Solves one sequence.
   *
   * @param sequence operators, each of which reads a result of the one before
   * @throws VerificationException if forbidden conversions leave no choice
   */
  public static Result solve(LayoutProblem problem, List<Integer> sequence) {
    return new SequenceDynamicProgram(problem, sequence).run();
  }

  private Result run() {
    int n = sequence.size();
    // best[i][s]: cheapest way to have run operators 0..i with the values between i and i + 1 in
    // the layouts of state s.
    double[] best = {0};
    int[][] chosen = new int[n][];
    int[][] from = new int[n][];
    for (int i = 0; i < n; i++) {
      int states = states(links.get(i));
      double[] next = new double[states];
      Arrays.fill(next, Double.POSITIVE_INFINITY);
      chosen[i] = new int[states];
      from[i] = new int[states];
      Arrays.fill(chosen[i], -1);
      LayoutProblem.Operator operator = problem.operators().get(sequence.get(i));
      List<Integer> arriving = i == 0 ? List.of() : links.get(i - 1);
      for (int k = 0; k < operator.variants().size(); k++) {
        LayoutProblem.Variant variant = operator.variants().get(k);
        double cost = variant.cost() + others(operator, variant, arriving, links.get(i));
        int source = -1;
        double arrived = Double.POSITIVE_INFINITY;
        for (int s = 0; s < best.length; s++) {
          double with = best[s] + reading(operator, variant, arriving, s);
          if (with < arrived) {
            arrived = with;
            source = s;
          }
        }
        for (int s = 0; s < states; s++) {
          double total = cost + arrived + writing(operator, variant, links.get(i), s);
          if (total < next[s]) {
            next[s] = total;
            chosen[i][s] = k;
            from[i][s] = source;
          }
        }
      }
      best = next;
    }
    if (best[0] == Double.POSITIVE_INFINITY) {
      String first = problem.operators().get(sequence.getFirst()).name();
      throw new VerificationException(
          "layout", "sequence from '" + first + "'", "forbidden conversions leave no choice");
    }
    return trace(best[0], chosen, from);
  }

  private Result trace(double cost, int[][] chosen, int[][] from) {
    int n = sequence.size();
    Integer[] variants = new Integer[n];
    List<Vote> layouts = new ArrayList<>();
    int state = 0;
    for (int i = n - 1; i >= 0; i--) {
      variants[i] = chosen[i][state];
      int operator = sequence.get(i);
      double weight = problem.operators().get(operator).variants().get(variants[i]).cost();
      for (int l = 0; l < links.get(i).size(); l++) {
        layouts.add(
            new Vote(operator, links.get(i).get(l), layout(links.get(i), l, state), weight));
      }
      state = from[i][state];
    }
    return new Result(sequence, List.of(variants), layouts.reversed(), cost);
  }

  private int states(List<Integer> link) {
    int states = 1;
    for (int value : link) {
      states *= problem.values().get(value).layouts().size();
    }
    return states;
  }

  /** The layout of link value {@code l} in a state. */
  private int layout(List<Integer> link, int l, int state) {
    int rest = state;
    for (int i = 0; i < l; i++) {
      rest /= problem.values().get(link.get(i)).layouts().size();
    }
    return rest % problem.values().get(link.get(l)).layouts().size();
  }

  private double reading(
      LayoutProblem.Operator operator, LayoutProblem.Variant variant, List<Integer> link, int s) {
    double cost = 0;
    for (int i = 0; i < operator.inputs().size(); i++) {
      int l = link.indexOf(operator.inputs().get(i));
      if (l >= 0) {
        CostMatrix conversions = problem.values().get(link.get(l)).conversions();
        cost += conversions.at(layout(link, l, s), variant.inputs().get(i));
      }
    }
    return cost;
  }

  private double writing(
      LayoutProblem.Operator operator, LayoutProblem.Variant variant, List<Integer> link, int s) {
    double cost = 0;
    for (int l = 0; l < link.size(); l++) {
      LayoutProblem.Value value = problem.values().get(link.get(l));
      int yielded = variant.outputs().get(operator.outputs().indexOf(link.get(l)));
      int stored = layout(link, l, s);
      cost += value.conversions().at(yielded, stored) + value.storage().at(0, stored);
    }
    return cost;
  }

  /** What the variant pays for operands and results off the sequence, at their cheapest. */
  private double others(
      LayoutProblem.Operator operator,
      LayoutProblem.Variant variant,
      List<Integer> arriving,
      List<Integer> leaving) {
    double cost = 0;
    for (int i = 0; i < operator.inputs().size(); i++) {
      int value = operator.inputs().get(i);
      if (!arriving.contains(value)) {
        cost += cheapest(value, variant.inputs().get(i), true);
      }
    }
    for (int i = 0; i < operator.outputs().size(); i++) {
      int value = operator.outputs().get(i);
      if (!leaving.contains(value)) {
        cost += cheapest(value, variant.outputs().get(i), false);
      }
    }
    return cost;
  }

  private double cheapest(int index, int layout, boolean read) {
    LayoutProblem.Value value = problem.values().get(index);
    double cost = Double.POSITIVE_INFINITY;
    for (int l = 0; l < value.layouts().size(); l++) {
      double conversion =
          read ? value.conversions().at(l, layout) : value.conversions().at(layout, l);
      cost = Math.min(cost, value.storage().at(0, l) + conversion);
    }
    return cost;
  }

  /** The wishes of the operators of a solved sequence for all values they touch. */
  public static List<Vote> votes(LayoutProblem problem, Result result) {
    List<Vote> votes = new ArrayList<>();
    for (int i = 0; i < result.sequence().size(); i++) {
      int index = result.sequence().get(i);
      LayoutProblem.Operator operator = problem.operators().get(index);
      LayoutProblem.Variant variant = operator.variants().get(result.variants().get(i));
      for (int j = 0; j < operator.inputs().size(); j++) {
        votes.add(
            new Vote(index, operator.inputs().get(j), variant.inputs().get(j), variant.cost()));
      }
      for (int j = 0; j < operator.outputs().size(); j++) {
        votes.add(
            new Vote(index, operator.outputs().get(j), variant.outputs().get(j), variant.cost()));
      }
    }
    return votes;
  }
}
