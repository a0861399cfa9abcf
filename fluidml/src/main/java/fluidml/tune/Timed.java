package fluidml.tune;

import fluidml.lower.LoweredProgram;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * A program with the costs of its steps.
 *
 * @param keys of the steps in the cost table
 * @param costs of each step
 */
record Timed(
    Variation variation, LoweredProgram program, List<String> keys, List<CostTable.Cost> costs) {
  /** A program with what a table says of its steps, which knows all of them. */
  Timed(Variation variation, LoweredProgram program, List<String> keys, CostTable table) {
    this(variation, program, keys, keys.stream().map(table.costs()::get).toList());
  }

  /** Seconds of a run's steps. */
  double total() {
    return costs.stream().mapToDouble(CostTable.Cost::seconds).sum();
  }

  /** Seconds of all steps that belong to each group. */
  double[] perGroup(Groups groups) {
    return perGroup(groups, CostTable.Cost::seconds);
  }

  /** By how much {@link #perGroup(Groups)} may be wrong: the standard errors of all steps. */
  double[] errors(Groups groups) {
    return perGroup(groups, CostTable.Cost::error);
  }

  private double[] perGroup(Groups groups, ToDoubleFunction<CostTable.Cost> part) {
    double[] sums = new double[groups.all().size()];
    for (int i = 0; i < costs.size(); i++) {
      int group = groups.of(program.steps().get(i));
      if (group >= 0) {
        sums[group] += part.applyAsDouble(costs.get(i));
      }
    }
    return sums;
  }

  /** Names the steps of each group by everything that their time depends on. */
  static String[] signatures(LoweredProgram program, List<String> keys, Groups groups) {
    String[] all = new String[groups.all().size()];
    Arrays.fill(all, "");
    for (int i = 0; i < keys.size(); i++) {
      int group = groups.of(program.steps().get(i));
      if (group >= 0) {
        all[group] += keys.get(i) + " ";
      }
    }
    return all;
  }
}
