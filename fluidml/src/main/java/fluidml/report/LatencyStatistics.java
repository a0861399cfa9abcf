package fluidml.report;

import java.util.Arrays;

/**
 * What a series of durations looks like; all times in nanoseconds.
 *
 * @param count number of durations
 * @param min shortest
 * @param median middle
 * @param p90 nine of ten are not longer
 * @param p99 99 of 100 are not longer
 * @param max longest
 * @param mean sum divided by count
 */
public record LatencyStatistics(
    int count, long min, long median, long p90, long p99, long max, double mean) {
  /**
   * The statistics of a series; quantiles by nearest rank.
   *
   * @param nanos durations, at least one
   * @throws IllegalArgumentException if there is none
   */
  public static LatencyStatistics of(long[] nanos) {
    if (nanos.length == 0) {
      throw new IllegalArgumentException("no durations");
    }
    long[] sorted = nanos.clone();
    Arrays.sort(sorted);
    double sum = 0;
    for (long n : sorted) {
      sum += n;
    }
    return new LatencyStatistics(
        sorted.length,
        sorted[0],
        quantile(sorted, 0.5),
        quantile(sorted, 0.9),
        quantile(sorted, 0.99),
        sorted[sorted.length - 1],
        sum / sorted.length);
  }

  private static long quantile(long[] sorted, double q) {
    return sorted[Math.max(0, (int) Math.ceil(q * sorted.length) - 1)];
  }

  /** Runs per second at the mean. */
  public double perSecond() {
    return mean == 0 ? 0 : 1e9 / mean;
  }
}
