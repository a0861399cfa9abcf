package fluidml.layout.pbqp;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A problem that is being solved: variables go by exact reductions or because they are fixed, and
 * are given their alternatives in reverse order at the end.
 *
 * <p>R0 takes away a variable without neighbours, RI folds one with a single neighbour into that
 * neighbour's costs, RII one with two into a table between these. None of them changes the least
 * cost. Algorithm: Scholz and Eckstein, «Register allocation for irregular architectures», 2002.
 */
final class Work {
  /** Costs of pairs; rows belong to {@code one}. */
  static final class Table {
    final int one;
    final int other;
    final int columns;
    final double[] costs;

    Table(int one, int other, int columns, double[] costs) {
      this.one = one;
      this.other = other;
      this.columns = columns;
      this.costs = costs;
    }

    /** The cost, where {@code a} is an alternative of {@code variable}, {@code b} of the other. */
    double at(int variable, int a, int b) {
      return variable == one ? costs[a * columns + b] : costs[b * columns + a];
    }

    int neighbour(int variable) {
      return variable == one ? other : one;
    }
  }

  /**
   * How a variable that is gone gets its alternative once its neighbours at the time have theirs.
   */
  private record Gone(int variable, double[] costs, List<Table> tables) {}

  private final double[][] costs;
  private final Map<Integer, Map<Integer, Table>> tables;
  private final List<Gone> gone = new ArrayList<>();
  private final ArrayDeque<Integer> light = new ArrayDeque<>();

  /** Takes over a problem. */
  Work(Pbqp problem) {
    costs = new double[problem.variables()][];
    tables = new LinkedHashMap<>();
    for (int v = 0; v < costs.length; v++) {
      costs[v] = problem.costs(v).clone();
      tables.put(v, new LinkedHashMap<>(4));
    }
    for (int e = 0; e < problem.edges(); e++) {
      int one = problem.first(e);
      int other = problem.second(e);
      put(new Table(one, other, costs[other].length, problem.table(e)));
    }
    light.addAll(tables.keySet());
  }

  private void put(Table table) {
    tables.get(table.one).put(table.other, table);
    tables.get(table.other).put(table.one, table);
  }

  /** The variables that are left. */
  Collection<Integer> left() {
    return tables.keySet();
  }

  double[] costs(int variable) {
    return costs[variable];
  }

  Collection<Table> tables(int variable) {
    return tables.get(variable).values();
  }

  int degree(int variable) {
    return tables.get(variable).size();
  }

  /** Reduces as long as a variable with fewer than three neighbours is left. */
  void reduce() {
    while (!light.isEmpty()) {
      int variable = light.poll();
      Map<Integer, Table> around = tables.get(variable);
      if (around == null || (around.size() > 2 && costs[variable].length > 1)) {
        continue;
      }
      if (costs[variable].length == 1) {
        fix(variable, 0);
      } else {
        fold(variable, List.copyOf(around.values()));
      }
    }
  }

  /** Takes away a variable with at most two neighbours. */
  private void fold(int variable, List<Table> around) {
    double[] own = costs[variable];
    switch (around.size()) {
      case 0 -> {}
      case 1 -> {
        Table table = around.getFirst();
        double[] target = costs[table.neighbour(variable)];
        for (int j = 0; j < target.length; j++) {
          double least = Double.POSITIVE_INFINITY;
          for (int k = 0; k < own.length; k++) {
            least = Math.min(least, own[k] + table.at(variable, k, j));
          }
          target[j] += least;
        }
      }
      case 2 -> combine(variable, around.get(0), around.get(1));
      default -> throw new IllegalArgumentException("too many neighbours to fold");
    }
    remove(variable, around);
  }

  private void combine(int variable, Table a, Table b) {
    double[] own = costs[variable];
    int one = a.neighbour(variable);
    int other = b.neighbour(variable);
    Table known = tables.get(one).get(other);
    int rows = costs[one].length;
    int columns = costs[other].length;
    double[] combined = new double[rows * columns];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        double least = Double.POSITIVE_INFINITY;
        for (int k = 0; k < own.length; k++) {
          least = Math.min(least, own[k] + a.at(variable, k, i) + b.at(variable, k, j));
        }
        combined[i * columns + j] = least + (known == null ? 0 : known.at(one, i, j));
      }
    }
    put(new Table(one, other, columns, combined));
  }

  private void remove(int variable, List<Table> around) {
    gone.add(new Gone(variable, costs[variable], around));
    tables.remove(variable);
    for (Table table : around) {
      int neighbour = table.neighbour(variable);
      Map<Integer, Table> rest = tables.get(neighbour);
      rest.remove(variable);
      if (rest.size() <= 2) {
        light.add(neighbour);
      }
    }
  }

  /** Gives a variable one alternative; its neighbours take over what that costs with them. */
  void fix(int variable, int alternative) {
    List<Table> around = List.copyOf(tables.get(variable).values());
    for (Table table : around) {
      double[] target = costs[table.neighbour(variable)];
      for (int j = 0; j < target.length; j++) {
        target[j] += table.at(variable, alternative, j);
      }
    }
    double[] only = new double[costs[variable].length];
    Arrays.fill(only, Double.POSITIVE_INFINITY);
    only[alternative] = costs[variable][alternative];
    costs[variable] = only;
    remove(variable, List.of());
    for (Table table : around) {
      Map<Integer, Table> rest = tables.get(table.neighbour(variable));
      rest.remove(variable);
      if (rest.size() <= 2) {
        light.add(table.neighbour(variable));
      }
    }
  }

  /** Gives the variables that are gone their alternatives, given those of all that are left. */
  void complete(int[] choice) {
    for (int i = gone.size() - 1; i >= 0; i--) {
      Gone last = gone.get(i);
      double least = Double.POSITIVE_INFINITY;
      int best = 0;
      for (int k = 0; k < last.costs.length; k++) {
        double cost = last.costs[k];
        for (Table table : last.tables) {
          cost += table.at(last.variable, k, choice[table.neighbour(last.variable)]);
        }
        if (cost < least) {
          least = cost;
          best = k;
        }
      }
      choice[last.variable] = best;
    }
  }

  /** The least cost of the variables that are gone with no neighbour left at the time. */
  double settled() {
    double sum = 0;
    for (Gone one : gone) {
      if (one.tables.isEmpty()) {
        sum += Arrays.stream(one.costs).min().orElseThrow();
      }
    }
    return sum;
  }

  /** The connected parts of what is left. */
  List<List<Integer>> parts() {
    Map<Integer, Boolean> seen = HashMap.newHashMap(tables.size());
    List<List<Integer>> parts = new ArrayList<>();
    for (int start : tables.keySet()) {
      if (seen.putIfAbsent(start, true) != null) {
        continue;
      }
      List<Integer> part = new ArrayList<>(List.of(start));
      for (int i = 0; i < part.size(); i++) {
        for (int next : tables.get(part.get(i)).keySet()) {
          if (seen.putIfAbsent(next, true) == null) {
            part.add(next);
          }
        }
      }
      parts.add(part);
    }
    return parts;
  }

  /** The problem of one connected part; its variables are numbered in the order given. */
  Pbqp extract(List<Integer> part) {
    Map<Integer, Integer> numbers = HashMap.newHashMap(part.size());
    Pbqp.Builder builder = new Pbqp.Builder();
    for (int v : part) {
      numbers.put(v, builder.variable(costs[v]));
    }
    for (int v : part) {
      for (Table table : tables.get(v).values()) {
        if (table.one == v) {
          int one = numbers.get(v);
          int other = numbers.get(table.other);
          if (one < other) {
            builder.edge(one, other, table.costs);
          } else {
            builder.edge(other, one, transposed(table));
          }
        }
      }
    }
    return builder.build();
  }

  private static double[] transposed(Table table) {
    int rows = table.costs.length / table.columns;
    double[] result = new double[table.costs.length];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < table.columns; j++) {
        result[j * rows + i] = table.costs[i * table.columns + j];
      }
    }
    return result;
  }
}
