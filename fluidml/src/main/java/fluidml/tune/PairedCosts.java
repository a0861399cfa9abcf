package fluidml.tune;

import fluidml.lower.LoweredProgram;
import fluidml.lower.Step;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * What a program that ran in turns with the default would have taken when the default's known costs
 * were measured. Every step is compared with what the default took for the same nodes in the same
 * turn, between the same neighbours: a machine whose speed changes for some kernels and not for
 * others, at any moment, makes neither program look better, nor does a place in the program where
 * equal operators are faster.
 */
final class PairedCosts {
  private final Groups groups;

  /** What is known of each group, in seconds; behind them, of all together. */
  private final double[] then;

  /** The same in each turn. */
  private final List<double[]> now = new ArrayList<>();

  /**
   * A comparison.
   *
   * @param usual the default
   * @param keys of its steps
   * @param turns nanoseconds of its steps in each turn
   * @param known costs of all its steps
   */
  PairedCosts(
      LoweredProgram usual,
      List<String> keys,
      List<long[]> turns,
      Map<String, CostTable.Cost> known) {
    this.groups = new Groups(usual);
    int[] groupOf = usual.steps().stream().mapToInt(this::group).toArray();
    double[] table = keys.stream().mapToDouble(k -> known.get(k).seconds()).toArray();
    this.then = sums(groupOf, table);
    for (long[] turn : turns) {
      now.add(sums(groupOf, LongStream.of(turn).mapToDouble(n -> n / 1e9).toArray()));
    }
  }

  /** The group of a step; the place of the sum over all if it belongs to none. */
  private int group(Step step) {
    int group = groups.of(step);
    return group < 0 ? groups.all().size() : group;
  }

  private double[] sums(int[] groupOf, double[] seconds) {
    int all = groups.all().size();
    double[] sums = new double[all + 1];
    double total = 0;
    for (int i = 0; i < seconds.length; i++) {
      sums[groupOf[i]] += seconds[i];
      total += seconds[i];
    }
    sums[all] = total;
    return sums;
  }

  /** How many times as long a group took when its known cost was measured as in a turn. */
  private double factor(int group, int turn) {
    double ratio = then[group] / now.get(turn)[group];
    boolean both = Double.isFinite(ratio) && ratio > 0;
    return both ? ratio : then[then.length - 1] / now.get(turn)[then.length - 1];
  }

  /** A comparison with what was measured in the same turns as others. */
  static PairedCosts with(Measurement usual, CostTable known) {
    return new PairedCosts(usual.program(), usual.keys(), usual.turns(), known.costs());
  }

  /** The costs of another program that was measured in the same turns. */
  Map<String, CostTable.Cost> of(Measurement other) {
    return of(other.program(), other.keys(), other.turns());
  }

  /**
   * The costs of another program's steps by key: equal steps share their samples.
   *
   * @param other the other program
   * @param keys of its steps
   * @param turns nanoseconds of its steps in each turn
   */
  Map<String, CostTable.Cost> of(LoweredProgram other, List<String> keys, List<long[]> turns) {
    Map<String, List<Double>> samples = new HashMap<>();
    for (int i = 0; i < keys.size(); i++) {
      int group = group(other.steps().get(i));
      List<Double> some = samples.computeIfAbsent(keys.get(i), _ -> new ArrayList<>());
      for (int turn = 0; turn < turns.size(); turn++) {
        some.add(turns.get(turn)[i] / 1e9 * factor(group, turn));
      }
    }
    Map<String, CostTable.Cost> costs = new HashMap<>();
    samples.forEach((key, some) -> costs.put(key, CostTable.Cost.of(some)));
    return costs;
  }

  /** How many times as long a program takes as the default, by the median over all turns. */
  static CostTable.Cost ratio(Measurement usual, Measurement other) {
    double[] then = usual.totals();
    double[] now = other.totals();
    List<Double> ratios = new ArrayList<>();
    for (int turn = 0; turn < Math.min(then.length, now.length); turn++) {
      ratios.add(now[turn] / then[turn]);
    }
    return CostTable.Cost.of(ratios);
  }
}
