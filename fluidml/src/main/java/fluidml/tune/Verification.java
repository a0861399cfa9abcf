package fluidml.tune;

import fluidml.lower.Decisions;
import fluidml.lower.LoweredProgram;
import fluidml.reference.Datum;
import fluidml.tune.Tuner.Combination;
import fluidml.vm.ThreadTeam;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Runs choices in turns with the default. What won among many measured variants won by luck, too: a
 * choice's costs are measured here once more, without a selection afterwards, and these are kept.
 */
final class Verification {
  private static final int ROUNDS = 11;
  private static final int MOST_ROUNDS = 100;
  private static final double SECONDS = 1;

  private final Function<Decisions, LoweredProgram> lower;
  private final ThreadTeam team;
  private final Datum[] inputs;
  private final CostTable table;

  /**
   * What came out.
   *
   * @param choice the one that is best, or the one that is wanted
   * @param costs of all steps of all choices
   */
  record Outcome(CostTable.Choice choice, Map<String, CostTable.Cost> costs) {}

  /**
   * A verification.
   *
   * @param table has the costs of the default
   */
  Verification(
      Function<Decisions, LoweredProgram> lower, ThreadTeam team, Datum[] inputs, CostTable table) {
    this.lower = lower;
    this.team = team;
    this.inputs = inputs.clone();
    this.table = table;
  }

  /** The default, then the choices that may be better, each different from those before. */
  static List<Combination> tried(String wanted, List<Combination> combinations) {
    List<Combination> tried = new ArrayList<>();
    for (String layout : List.of("default", "sequence", "global")) {
      boolean asked = wanted.equals("best") || wanted.equals(layout);
      Combination one = Combinations.find(combinations, layout, !layout.equals("default"));
      boolean known = tried.stream().anyMatch(t -> t.decisions().equals(one.decisions()));
      if (layout.equals("default") || (asked && !known)) {
        tried.add(layout.equals("default") ? usual(combinations) : one);
      }
    }
    return tried;
  }

  private static Combination usual(List<Combination> combinations) {
    return Combinations.find(combinations, "default", false);
  }

  /**
   * Runs choices.
   *
   * @param tried the default first
   * @param best whether the fastest is taken, or else the last
   * @param rest seconds of a run besides its steps
   */
  Outcome run(List<Combination> tried, boolean best, double warmSeconds, double rest) {
    List<Measurement> all = new ArrayList<>();
    try {
      for (Combination one : tried) {
        Measurement measurement = new Measurement(lower.apply(one.decisions()), team, inputs);
        all.add(measurement);
        measurement.warm(warmSeconds);
      }
      long end = System.nanoTime() + (long) (SECONDS * tried.size() * 1e9);
      for (int i = 0; i < ROUNDS || (i < MOST_ROUNDS && System.nanoTime() < end); i++) {
        all.forEach(m -> m.once(true));
      }
      return outcome(tried, all, best, rest);
    } finally {
      all.forEach(Measurement::close);
    }
  }

  private Outcome outcome(
      List<Combination> tried, List<Measurement> all, boolean best, double rest) {
    Measurement usual = all.getFirst();
    double scale = usual.costSum(table.costs()) / usual.costSum(usual.costs());
    Map<String, CostTable.Cost> costs = new HashMap<>();
    for (Measurement one : all.subList(1, all.size())) {
      one.costs().forEach((key, cost) -> costs.put(key, cost.times(scale)));
    }
    costs.keySet().removeAll(usual.keys());
    double[] medians = all.stream().mapToDouble(m -> Measurement.median(m.totals())).toArray();
    int chosen = medians.length - 1;
    if (best) {
      double least = Arrays.stream(medians).min().orElseThrow();
      chosen = 0;
      while (medians[chosen] > least) {
        chosen++;
      }
    }
    double predicted =
        rest + all.get(chosen).costSum(table.with(new CostTable(costs, Map.of())).costs());
    Combination one = tried.get(chosen);
    return new Outcome(
        new CostTable.Choice(one.layout(), predicted, medians[chosen], medians[0], one.decisions()),
        costs);
  }
}
