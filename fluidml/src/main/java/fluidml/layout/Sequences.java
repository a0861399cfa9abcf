package fluidml.layout;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.IntToDoubleFunction;

/**
 * Cuts a graph of operators into longest sequences (FluidML, arXiv 2411.09242): the path of largest
 * weight is cut out, then that of the rest, until every operator lies on exactly one sequence.
 *
 * <p>Cutting the heaviest path of the whole rest or that of each connected part gives the same
 * sequences. The heaviest path to every operator is kept up to date: when a sequence goes, only the
 * operators whose path ran through it are computed again, so the work is nearly linear.
 */
public final class Sequences {
  private final int[][] before;
  private final int[][] after;
  private final double[] weights;
  private final double[] heaviest;
  private final int[] previous;
  private final boolean[] cut;

  private Sequences(LayoutProblem problem, IntToDoubleFunction weight) {
    int n = problem.operators().size();
    int[] producers = problem.producers();
    List<List<Integer>> consumers = problem.consumers();
    before = new int[n][];
    after = new int[n][];
    weights = new double[n];
    for (int o = 0; o < n; o++) {
      LayoutProblem.Operator operator = problem.operators().get(o);
      before[o] =
          operator.inputs().stream()
              .mapToInt(v -> producers[v])
              .filter(p -> p >= 0)
              .distinct()
              .toArray();
      after[o] =
          operator.outputs().stream()
              .flatMap(v -> consumers.get(v).stream())
              .mapToInt(Integer::intValue)
              .distinct()
              .toArray();
      weights[o] = weight.applyAsDouble(o);
    }
    heaviest = new double[n];
    previous = new int[n];
    cut = new boolean[n];
    for (int o = 0; o < n; o++) {
      update(o);
    }
  }

  /** Sequences by the cost of each operator's cheapest variant. */
  public static List<List<Integer>> of(LayoutProblem problem) {
    return of(problem, o -> cheapest(problem.operators().get(o)));
  }

  /** Cost of an operator's cheapest variant. */
  static double cheapest(LayoutProblem.Operator operator) {
    double cost = Double.POSITIVE_INFINITY;
    for (LayoutProblem.Variant variant : operator.variants()) {
      cost = Math.min(cost, variant.cost());
    }
    return cost;
  }

  /**
   * Sequences by any weights.
   *
   * @param weight of an operator by its index; not negative
   * @return indices of operators in execution order, heaviest sequence first; among equals the one
   *     that ends first
   */
  public static List<List<Integer>> of(LayoutProblem problem, IntToDoubleFunction weight) {
    return new Sequences(problem, weight).run();
  }

  private record End(int operator, double weight) {}

  private List<List<Integer>> run() {
    PriorityQueue<End> ends =
        new PriorityQueue<>(
            Comparator.comparingDouble((End e) -> -e.weight).thenComparingInt(End::operator));
    for (int o = 0; o < weights.length; o++) {
      ends.add(new End(o, heaviest[o]));
    }
    List<List<Integer>> sequences = new ArrayList<>();
    while (!ends.isEmpty()) {
      End end = ends.poll();
      int last = end.operator;
      if (cut[last]) {
        continue;
      }
      if (end.weight != heaviest[last]) {
        ends.add(new End(last, heaviest[last]));
        continue;
      }
      List<Integer> sequence = new ArrayList<>();
      for (int o = last; o >= 0; o = previous[o]) {
        sequence.add(o);
        cut[o] = true;
      }
      Collections.reverse(sequence);
      sequences.add(sequence);
      updateAfter(sequence);
    }
    return sequences;
  }

  /** Finds the heaviest path that ends at an operator; whether it changed. */
  private boolean update(int o) {
    int best = -1;
    double weight = 0;
    for (int p : before[o]) {
      if (!cut[p] && (best < 0 || heaviest[p] > weight || (heaviest[p] == weight && p < best))) {
        best = p;
        weight = heaviest[p];
      }
    }
    boolean changed = previous[o] != best || heaviest[o] != weight + weights[o];
    previous[o] = best;
    heaviest[o] = weight + weights[o];
    return changed;
  }

  /** Brings all paths up to date that ran through a sequence. */
  private void updateAfter(List<Integer> sequence) {
    PriorityQueue<Integer> stale = new PriorityQueue<>();
    for (int gone : sequence) {
      addStale(gone, stale);
    }
    int done = -1;
    while (!stale.isEmpty()) {
      int o = stale.poll();
      if (o != done && update(o)) {
        addStale(o, stale);
      }
      done = o;
    }
  }

  private void addStale(int changed, PriorityQueue<Integer> stale) {
    for (int next : after[changed]) {
      if (!cut[next] && previous[next] == changed) {
        stale.add(next);
      }
    }
  }

  /** For every operator the number of its sequence. */
  public static int[] numbers(List<List<Integer>> sequences, int operators) {
    int[] numbers = new int[operators];
    Arrays.fill(numbers, -1);
    for (int s = 0; s < sequences.size(); s++) {
      for (int o : sequences.get(s)) {
        numbers[o] = s;
      }
    }
    return numbers;
  }
}
