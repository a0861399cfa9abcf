package fluidml.tune;

import fluidml.lower.Decisions;
import fluidml.lower.LoweredProgram;
import fluidml.reference.Datum;
import fluidml.tune.Tuner.Combination;
import fluidml.vm.ThreadTeam;
import java.util.ArrayList;
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

  /** Standard errors by which a choice must be faster than the default. */
  private static final double SURE = 2;

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
    PairedCosts paired = PairedCosts.with(usual, table);
    Map<String, CostTable.Cost> costs = new HashMap<>();
    all.subList(1, all.size()).forEach(one -> costs.putAll(paired.of(one)));
    costs.keySet().removeAll(usual.keys());
    int chosen = best ? fastest(all) : all.size() - 1;
    double predicted =
        rest + all.get(chosen).costSum(table.with(new CostTable(costs, Map.of())).costs());
    double before = Measurement.median(usual.totals());
    double measured = before * PairedCosts.ratio(usual, all.get(chosen)).seconds();
    Combination one = tried.get(chosen);
    return new Outcome(
        new CostTable.Choice(one.layout(), predicted, measured, before, one.decisions()), costs);
  }

  /** The fastest that is surely faster than the first, or the first. */
  private static int fastest(List<Measurement> all) {
    int fastest = 0;
    double least = 1;
    for (int i = 1; i < all.size(); i++) {
      CostTable.Cost ratio = PairedCosts.ratio(all.getFirst(), all.get(i));
      if (ratio.seconds() < least && ratio.seconds() + SURE * ratio.error() < 1) {
        fastest = i;
        least = ratio.seconds();
      }
    }
    return fastest;
  }
}
