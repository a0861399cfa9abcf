package fluidml.layout.pbqp;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A partitioned boolean quadratic problem: choose one alternative for each variable such that the
 * sum of the alternatives' costs and of the costs of all connected pairs is least. Immutable.
 */
public final class Pbqp {
  private final double[][] costs;
  private final int[] first;
  private final int[] second;
  private final double[][] tables;

  private Pbqp(double[][] costs, int[] first, int[] second, double[][] tables) {
    this.costs = costs;
    this.first = first;
    this.second = second;
    this.tables = tables;
  }

  /** Collects variables and tables. */
  public static final class Builder {
    private final List<double[]> costs = new ArrayList<>();
    private final Map<Long, double[]> tables = new HashMap<>();
    private final List<Long> order = new ArrayList<>();

    /**
     * Adds a variable.
     *
     * @param alternatives the cost of each; infinite for one that is forbidden
     * @return its number, counted from 0
     */
    public int variable(double[] alternatives) {
      if (alternatives.length == 0) {
        throw new IllegalArgumentException("a variable without alternatives");
      }
      costs.add(alternatives.clone());
      return costs.size() - 1;
    }

    /**
     * Adds the costs of pairs; a second table for the same variables is added to the first.
     *
     * @param one a variable with a smaller number than {@code other}
     * @param table cost of (alternative of one, alternative of other), row by row
     */
    public void edge(int one, int other, double[] table) {
      if (one < 0
          || one >= other
          || other >= costs.size()
          || table.length != costs.get(one).length * costs.get(other).length) {
        throw new IllegalArgumentException(
            "table of %d for variables %d and %d".formatted(table.length, one, other));
      }
      long key = (long) one << 32 | other;
      double[] known = tables.get(key);
      if (known == null) {
        tables.put(key, table.clone());
        order.add(key);
      } else {
        for (int i = 0; i < table.length; i++) {
          known[i] += table[i];
        }
      }
    }

    /** The problem. */
    public Pbqp build() {
      int[] first = new int[order.size()];
      int[] second = new int[order.size()];
      double[][] all = new double[order.size()][];
      for (int e = 0; e < first.length; e++) {
        long key = order.get(e);
        first[e] = (int) (key >>> 32);
        second[e] = (int) key;
        all[e] = tables.get(key);
      }
      return new Pbqp(costs.toArray(double[][]::new), first, second, all);
    }
  }

  /** Number of variables. */
  public int variables() {
    return costs.length;
  }

  /** Number of connected pairs. */
  public int edges() {
    return tables.length;
  }

  /** Number of alternatives of a variable. */
  public int alternatives(int variable) {
    return costs[variable].length;
  }

  /** What a choice costs. */
  public double cost(int[] choice) {
    double cost = 0;
    for (int v = 0; v < costs.length; v++) {
      cost += costs[v][choice[v]];
    }
    for (int e = 0; e < tables.length; e++) {
      cost += tables[e][choice[first[e]] * costs[second[e]].length + choice[second[e]]];
    }
    return cost;
  }

  /** The costs of a variable's alternatives, not a copy. */
  double[] costs(int variable) {
    return costs[variable];
  }

  int first(int edge) {
    return first[edge];
  }

  int second(int edge) {
    return second[edge];
  }

  /** The table of an edge, not a copy. */
  double[] table(int edge) {
    return tables[edge];
  }
}
