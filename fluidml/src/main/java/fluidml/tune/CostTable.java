package fluidml.tune;

import fluidml.lower.Decisions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What was measured and chosen on one machine. Immutable.
 *
 * @param costs by the key of a kernel call, see {@link CallKey}
 * @param choices by the key of a model, see {@link ModelKey}
 */
public record CostTable(Map<String, Cost> costs, Map<String, Choice> choices) {
  /** Nothing measured. */
  public static final CostTable EMPTY = new CostTable(Map.of(), Map.of());

  public CostTable {
    costs = Map.copyOf(costs);
    choices = Map.copyOf(choices);
  }

  /**
   * The time of a kernel call.
   *
   * @param seconds median over all runs and calls
   * @param spread half the distance of the quartiles, in seconds
   * @param samples how many times it was measured
   */
  public record Cost(double seconds, double spread, int samples) {
    /** The cost of something that took so many seconds each time. */
    static Cost of(List<Double> samples) {
      double[] times = samples.stream().mapToDouble(Double::doubleValue).toArray();
      double median = Measurement.median(times);
      double spread = median == 0 ? 0 : Measurement.spread(times) * median;
      return new Cost(median, Double.isFinite(spread) ? spread : 0, times.length);
    }

    /**
     * The standard error of the median, in seconds, of samples that are about normal; infinite for
     * too few.
     */
    double error() {
      return samples < 4 ? Double.POSITIVE_INFINITY : 1.86 * spread / Math.sqrt(samples);
    }
  }

  /**
   * What was chosen for a model.
   *
   * @param solver whose choice measured best
   * @param predicted sum of the costs of all steps, in seconds
   * @param measured median latency of a run, in seconds
   * @param before median latency of a run with the default choice, in seconds
   * @param decisions the choice
   */
  public record Choice(
      String solver, double predicted, double measured, double before, Decisions decisions) {}

  /** The cost of a call, if it was measured. */
  public Optional<Cost> cost(String key) {
    return Optional.ofNullable(costs.get(key));
  }

  /** The choice for a model, if there is one. */
  public Optional<Choice> choice(String key) {
    return Optional.ofNullable(choices.get(key));
  }

  /** This with the entries of another, which win where both have one. */
  public CostTable with(CostTable other) {
    Map<String, Cost> allCosts = new HashMap<>(costs);
    allCosts.putAll(other.costs);
    Map<String, Choice> allChoices = new HashMap<>(choices);
    allChoices.putAll(other.choices);
    return new CostTable(allCosts, allChoices);
  }

  /** This with one more choice. */
  public CostTable with(String key, Choice choice) {
    return with(new CostTable(Map.of(), Map.of(key, choice)));
  }
}
