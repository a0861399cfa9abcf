package fluidml.layout.pbqp;

import java.util.Arrays;

/**
 * A lower bound for a problem and a good choice, by messages between neighbours that move costs
 * along the tables without changing any choice's sum (sequential tree-reweighted message passing:
 * Kolmogorov, «Convergent tree-reweighted message passing for energy minimization», 2006). Time and
 * memory of a pass are linear in the sizes of the tables.
 */
final class MessageBound {
  private static final int PATIENCE = 4;
  private static final double PROGRESS = 1e-7;

  private final Pbqp problem;

  /** Stands for infinity: more than any sum of allowed costs, so that differences stay numbers. */
  private final double forbidden;

  private final double[][] costs;
  private final double[][] tables;
  private final int[][] edgesOf;

  /** Messages of each edge: what its first variable has told the second, and the reverse. */
  private final double[][] toSecond;

  private final double[][] toFirst;
  private final int[] shares;

  private double bound = Double.NEGATIVE_INFINITY;
  private int[] choice;
  private double cost = Double.POSITIVE_INFINITY;

  MessageBound(Pbqp problem) {
    this.problem = problem;
    int n = problem.variables();
    int edges = problem.edges();
    double sum = 1;
    for (int v = 0; v < n; v++) {
      sum += largest(problem.costs(v));
    }
    for (int e = 0; e < edges; e++) {
      sum += largest(problem.table(e));
    }
    forbidden = sum;
    costs = new double[n][];
    int[] degrees = new int[n];
    for (int v = 0; v < n; v++) {
      costs[v] = finite(problem.costs(v));
    }
    tables = new double[edges][];
    toSecond = new double[edges][];
    toFirst = new double[edges][];
    int[] later = new int[n];
    for (int e = 0; e < edges; e++) {
      tables[e] = finite(problem.table(e));
      toSecond[e] = new double[costs[problem.second(e)].length];
      toFirst[e] = new double[costs[problem.first(e)].length];
      degrees[problem.first(e)]++;
      degrees[problem.second(e)]++;
      later[problem.first(e)]++;
    }
    edgesOf = new int[n][];
    shares = new int[n];
    for (int v = 0; v < n; v++) {
      edgesOf[v] = new int[degrees[v]];
      shares[v] = Math.max(1, Math.max(later[v], degrees[v] - later[v]));
    }
    int[] filled = new int[n];
    for (int e = 0; e < edges; e++) {
      edgesOf[problem.first(e)][filled[problem.first(e)]++] = e;
      edgesOf[problem.second(e)][filled[problem.second(e)]++] = e;
    }
    choice = new int[n];
  }

  private static double largest(double[] values) {
    double largest = 0;
    for (double value : values) {
      if (value < Double.POSITIVE_INFINITY) {
        largest = Math.max(largest, Math.abs(value));
      }
    }
    return largest;
  }

  private double[] finite(double[] values) {
    double[] result = values.clone();
    for (int i = 0; i < result.length; i++) {
      if (result[i] == Double.POSITIVE_INFINITY) {
        result[i] = forbidden;
      }
    }
    return result;
  }

  /**
   * Passes messages until the bound meets the choice or hardly grows any more.
   *
   * @param deadline in {@link System#nanoTime}
   */
  void run(int passes, long deadline) {
    int idle = 0;
    for (int pass = 0; pass < passes && idle < PATIENCE && !closed(); pass++) {
      double before = bound;
      double costBefore = cost;
      sweep(true);
      sweep(false);
      boolean progress = bound - before > PROGRESS * Math.abs(bound) || cost < costBefore;
      idle = progress ? 0 : idle + 1;
      if (System.nanoTime() > deadline && cost < Double.POSITIVE_INFINITY) {
        return;
      }
    }
  }

  /** Whether the choice is proven to cost least. */
  boolean closed() {
    return PbqpSolver.meets(cost, bound);
  }

  double bound() {
    return bound;
  }

  int[] choice() {
    return choice;
  }

  double cost() {
    return cost;
  }

  /** What an alternative of a variable costs with what all neighbours have told. */
  double[] marginals(int variable) {
    double[] result = costs[variable].clone();
    for (int e : edgesOf[variable]) {
      double[] message = problem.first(e) == variable ? toFirst[e] : toSecond[e];
      for (int k = 0; k < result.length; k++) {
        result[k] += message[k];
      }
    }
    return result;
  }

  /** One pass over all variables, forward or backward; gives a bound and a choice. */
  private void sweep(boolean forward) {
    int n = costs.length;
    double sum = 0;
    int[] picked = new int[n];
    Arrays.fill(picked, -1);
    for (int i = 0; i < n; i++) {
      int v = forward ? i : n - 1 - i;
      double[] gathered = marginals(v);
      picked[v] = pick(v, picked);
      int told = 0;
      for (int e : edgesOf[v]) {
        int other = problem.first(e) == v ? problem.second(e) : problem.first(e);
        if (forward == other > v) {
          sum += tell(e, v, gathered);
          told++;
        }
      }
      double least = Arrays.stream(gathered).min().orElseThrow();
      sum += (1 - (double) told / shares[v]) * least;
    }
    bound = Math.max(bound, sum);
    improve(picked);
  }

  /** Sends a message from v along an edge; returns what every answer to it costs at least. */
  private double tell(int e, int v, double[] gathered) {
    boolean fromFirst = problem.first(e) == v;
    double[] heard = fromFirst ? toFirst[e] : toSecond[e];
    double[] message = fromFirst ? toSecond[e] : toFirst[e];
    double[] table = tables[e];
    int columns = costs[problem.second(e)].length;
    double share = 1.0 / shares[v];
    double least = Double.POSITIVE_INFINITY;
    for (int y = 0; y < message.length; y++) {
      double cheapest = Double.POSITIVE_INFINITY;
      for (int x = 0; x < heard.length; x++) {
        double pair = fromFirst ? table[x * columns + y] : table[y * columns + x];
        cheapest = Math.min(cheapest, share * gathered[x] - heard[x] + pair);
      }
      message[y] = cheapest;
      least = Math.min(least, cheapest);
    }
    for (int y = 0; y < message.length; y++) {
      message[y] -= least;
    }
    return least;
  }

  /** The best alternative given those picked already and what the other neighbours have told. */
  private int pick(int v, int[] picked) {
    double[] total = costs[v].clone();
    for (int e : edgesOf[v]) {
      boolean isFirst = problem.first(e) == v;
      int other = picked[isFirst ? problem.second(e) : problem.first(e)];
      double[] heard = isFirst ? toFirst[e] : toSecond[e];
      for (int k = 0; k < total.length; k++) {
        total[k] += other < 0 ? heard[k] : pair(e, isFirst, k, other);
      }
    }
    return smallest(total);
  }

  private double pair(int e, boolean isFirst, int own, int other) {
    int columns = costs[problem.second(e)].length;
    return isFirst ? tables[e][own * columns + other] : tables[e][other * columns + own];
  }

  private static int smallest(double[] values) {
    int best = 0;
    for (int k = 1; k < values.length; k++) {
      if (values[k] < values[best]) {
        best = k;
      }
    }
    return best;
  }

  /** Lets single variables change as long as that helps; keeps the choice if it is the best. */
  private void improve(int[] picked) {
    boolean changed = true;
    for (int round = 0; changed && round < 10; round++) {
      changed = false;
      for (int v = 0; v < picked.length; v++) {
        double[] total = costs[v].clone();
        for (int e : edgesOf[v]) {
          boolean isFirst = problem.first(e) == v;
          int other = picked[isFirst ? problem.second(e) : problem.first(e)];
          for (int k = 0; k < total.length; k++) {
            total[k] += pair(e, isFirst, k, other);
          }
        }
        int best = smallest(total);
        if (total[best] < total[picked[v]]) {
          picked[v] = best;
          changed = true;
        }
      }
    }
    double total = problem.cost(picked);
    if (total < cost || cost == Double.POSITIVE_INFINITY) {
      cost = total;
      choice = picked;
    }
  }
}
