package fluidml.tune;

import fluidml.lower.LoweredProgram;
import java.util.Arrays;
import java.util.List;

/**
 * A program with the costs of its steps.
 *
 * @param keys of the steps in the cost table
 * @param seconds of each step
 */
record Timed(Variation variation, LoweredProgram program, List<String> keys, double[] seconds) {
  /** Seconds of all steps that belong to each group. */
  double[] perGroup(Groups groups) {
    double[] sums = new double[groups.all().size()];
    for (int i = 0; i < seconds.length; i++) {
      int group = groups.of(program.steps().get(i));
      if (group >= 0) {
        sums[group] += seconds[i];
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
