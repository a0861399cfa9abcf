package fluidml.tune;

import java.util.List;

/**
 * The speed of the machine while a model was tuned. All costs are those of programs that ran in
 * turns with the default, whose own costs were measured in the first second: if the machine was
 * slower then than usually, or faster, they are all wrong by the same factor.
 *
 * @param factor by which costs have to be multiplied
 */
record Calibration(double factor) {
  /**
   * Compares a first measurement with all that followed.
   *
   * @param first latency of the default when its costs were measured
   * @param latencies of all its runs
   */
  static Calibration of(double first, List<Double> latencies) {
    double[] all = latencies.stream().mapToDouble(Double::doubleValue).toArray();
    double factor = first > 0 && all.length > 0 ? Measurement.median(all) / first : 1;
    return new Calibration(factor);
  }

  /** What a cost is at the usual speed. */
  CostTable.Cost of(CostTable.Cost cost) {
    return new CostTable.Cost(cost.seconds() * factor, cost.spread() * factor, cost.samples());
  }
}
