package fluidml.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;

/**
 * What the forks of one set of switches measured.
 *
 * @param predicted milliseconds of a run by the measured costs
 * @param copies steps that only bring a value into another layout
 * @param sameAs label of the switches that make the same program and whose forks are shown; empty
 *     if it has forks of its own
 * @param forks what {@code bench --json} printed in each
 * @param base latency of the default in milliseconds
 */
record AblationRow(
    Ablation switches,
    double predicted,
    int copies,
    String sameAs,
    List<JsonNode> forks,
    double base) {
  /** Median of the forks' median latencies in milliseconds. */
  static double latency(List<JsonNode> forks) {
    return median(forks.stream().mapToDouble(f -> f.at("/medianMs").asDouble()));
  }

  private static double median(DoubleStream numbers) {
    double[] sorted = numbers.sorted().toArray();
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  /**
   * How many times as long as the default's a run takes, one number for each fork, ascending. Forks
   * run in turns with the default; those of the default itself are compared with each other.
   */
  double[] ratios() {
    return forks.stream()
        .mapToDouble(
            f ->
                f.has("besideRatio")
                    ? f.at("/besideRatio").asDouble()
                    : f.at("/medianMs").asDouble() / base)
        .sorted()
        .toArray();
  }

  /** The median of the {@link #ratios}. */
  double ratio() {
    return median(DoubleStream.of(ratios()));
  }

  /** What a run would have taken when the default was measured, in milliseconds. */
  double latency() {
    return ratio() * base;
  }

  /** Distance of the slowest and the fastest fork as a part of the median. */
  double spread() {
    double[] all = ratios();
    return (all[all.length - 1] - all[0]) / ratio();
  }

  /** Bytes of intermediates and of the private memory of kernels. */
  long arena() {
    return forks.getFirst().at("/arenaBytes").asLong();
  }

  /** Median of the largest resident sets, in bytes; -1 where the system does not tell. */
  long peak() {
    return (long) median(forks.stream().mapToDouble(f -> f.at("/peakRssBytes").asDouble(-1)));
  }

  /** The fields of this as JSON. */
  Map<String, Object> fields() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("layout", switches.layout());
    fields.put("loops", switches.loops() ? "reordered" : "fixed");
    fields.put("memory", switches.memory());
    fields.put("fusion", switches.fusion());
    fields.put("latencyMs", latency());
    fields.put("spread", spread());
    fields.put("forksOfDefault", Arrays.stream(ratios()).boxed().toList());
    fields.put("forksMs", forks.stream().map(f -> f.at("/medianMs").asDouble()).toList());
    fields.put("ofDefault", ratio());
    fields.put("predictedMs", predicted);
    fields.put("arenaBytes", arena());
    fields.put("peakRssBytes", peak() < 0 ? null : peak());
    fields.put("layoutCopies", copies);
    fields.put("sameProgramAs", sameAs.isEmpty() ? null : sameAs);
    return fields;
  }
}
