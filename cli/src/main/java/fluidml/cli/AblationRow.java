package fluidml.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * What the forks of one set of switches measured.
 *
 * @param predicted milliseconds of a run by the measured costs
 * @param copies steps that only bring a value into another layout
 * @param sameAs label of the switches that make the same program and whose forks are shown; empty
 *     if it has forks of its own
 * @param forks what {@code bench --json} printed in each
 */
record AblationRow(
    Ablation switches, double predicted, int copies, String sameAs, List<JsonNode> forks) {
  private double median(ToDoubleFunction<JsonNode> number) {
    double[] sorted = forks.stream().mapToDouble(number).sorted().toArray();
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  /** Medians of latency, one for each fork, ascending, in milliseconds. */
  double[] latencies() {
    return forks.stream().mapToDouble(f -> f.at("/medianMs").asDouble()).sorted().toArray();
  }

  /** Median of the forks' median latencies in milliseconds. */
  double latency() {
    return median(f -> f.at("/medianMs").asDouble());
  }

  /** Distance of the slowest and the fastest fork as a part of the median. */
  double spread() {
    double[] all = latencies();
    return (all[all.length - 1] - all[0]) / latency();
  }

  /** Bytes of intermediates and of the private memory of kernels. */
  long arena() {
    return forks.getFirst().at("/arenaBytes").asLong();
  }

  /** Median of the largest resident sets, in bytes; -1 where the system does not tell. */
  long peak() {
    return (long) median(f -> f.at("/peakRssBytes").asDouble(-1));
  }

  /** The fields of this as JSON. */
  Map<String, Object> fields(double base) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("layout", switches.layout());
    fields.put("loops", switches.loops() ? "reordered" : "fixed");
    fields.put("memory", switches.memory());
    fields.put("fusion", switches.fusion());
    fields.put("latencyMs", latency());
    fields.put("spread", spread());
    fields.put("forksMs", Arrays.stream(latencies()).boxed().toList());
    fields.put("ofDefault", latency() / base);
    fields.put("predictedMs", predicted);
    fields.put("arenaBytes", arena());
    fields.put("peakRssBytes", peak() < 0 ? null : peak());
    fields.put("layoutCopies", copies);
    fields.put("sameProgramAs", sameAs.isEmpty() ? null : sameAs);
    return fields;
  }
}
