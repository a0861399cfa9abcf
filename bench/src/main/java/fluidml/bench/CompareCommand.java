package fluidml.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.DoubleSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** This engine and ONNX Runtime in alternating forked JVMs on the same inputs. */
@Command(
    name = "compare",
    description = {
      "Measures models on this engine and on ONNX Runtime, in alternating forked JVMs on the same"
          + " inputs.",
      "The ratio is that of the medians over forks; below 1 this engine is faster. Worst is the"
          + " slowest fork over the median of the forks; error the largest difference from the"
          + " outputs stored with the model, over the largest of them.",
      "Handover is how many nanoseconds two threads take to pass a cache line there and back,"
          + " measured between the runs. Where it is several times 100 the cores share no cache,"
          + " and what two threads share is slower, with either engine. If forks differ in it by"
          + " more than a factor of 2, a line compares those of both engines with the cores close."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class CompareCommand implements Callable<Integer> {
  /** The engines, and the class that measures each. */
  private enum Engine {
    fluidml(FluidmlWorker.class),
    onnxruntime(OnnxRuntimeWorker.class);

    private final Class<?> worker;

    Engine(Class<?> worker) {
      this.worker = worker;
    }
  }

  @Parameters(
      arity = "1..*",
      paramLabel = "MODEL",
      description = "A model file, or a folder with model.onnx.")
  private List<Path> models;

  @Option(
      names = "--threads",
      split = ",",
      defaultValue = "1,2",
      description = "Thread counts (default: ${DEFAULT-VALUE}).")
  private List<Integer> threads;

  @Option(
      names = "--forks",
      defaultValue = "5",
      description = "JVMs for each engine (default: ${DEFAULT-VALUE}).")
  private int forks;

  @Option(
      names = "--warmup",
      defaultValue = "4",
      paramLabel = "SECONDS",
      description = "Unmeasured running time in each fork (default: ${DEFAULT-VALUE}).")
  private double warmup;

  @Option(
      names = "--time",
      defaultValue = "4",
      paramLabel = "SECONDS",
      description = "Measured running time in each fork (default: ${DEFAULT-VALUE}).")
  private double time;

  @Option(
      names = "--dim",
      paramLabel = "NAME=N",
      description =
          "Extent of a symbolic dimension; inputs are then made by a formula. Without it the inputs"
              + " of test_data_set_0 are used.")
  private List<String> dims = new ArrayList<>();

  @Option(names = "--json", paramLabel = "FILE", description = "Writes the results as JSON.")
  private Path json;

  @Override
  public Integer call() throws IOException, InterruptedException {
    Arguments.dims(dims);
    List<Map<String, Object>> rows = new ArrayList<>();
    System.out.printf(
        "%-22s %7s %-12s %9s %7s %9s %9s %9s %9s %9s %9s %8s %8s %7s%n",
        "model",
        "threads",
        "engine",
        "median",
        "worst",
        "min",
        "p90",
        "first",
        "load",
        "arena MB",
        "rss MB",
        "error",
        "handover",
        "ratio");
    for (Path model : models) {
      for (int count : threads) {
        rows.addAll(compare(model, count));
      }
    }
    if (json != null) {
      JsonFile.write(json, rows);
    }
    return 0;
  }

  private List<Map<String, Object>> compare(Path model, int count)
      throws IOException, InterruptedException {
    Map<Engine, List<Sample>> samples = new LinkedHashMap<>();
    for (Engine engine : Engine.values()) {
      samples.put(engine, new ArrayList<>());
    }
    for (int fork = 0; fork < forks; fork++) {
      List<Engine> order = new ArrayList<>(List.of(Engine.values()));
      if (fork % 2 == 1) {
        order = order.reversed();
      }
      for (Engine engine : order) {
        System.err.printf(
            "\r%s, %d threads, fork %d of %d: %s   ",
            model.getFileName(), count, fork + 1, forks, engine);
        samples.get(engine).add(fork(engine, model, count));
      }
    }
    System.err.print("\r" + " ".repeat(78) + "\r");
    List<Map<String, Object>> rows = new ArrayList<>();
    double peer = median(samples.get(Engine.onnxruntime), s -> s.quantile(0.5));
    for (Engine engine : Engine.values()) {
      rows.add(row(name(model), count, engine, samples.get(engine), peer));
    }
    closeRatio(samples).ifPresent(ratio -> rows.forEach(row -> row.put("closeRatio", ratio)));
    return rows;
  }

  /** The ratio of those forks whose cores were close, if some were and others not. */
  private static OptionalDouble closeRatio(Map<Engine, List<Sample>> samples) {
    DoubleSummaryStatistics all =
        samples.values().stream()
            .flatMap(List::stream)
            .mapToDouble(Sample::handoverNanos)
            .summaryStatistics();
    double limit = 2 * all.getMin();
    List<Sample> ours = close(samples.get(Engine.fluidml), limit);
    List<Sample> theirs = close(samples.get(Engine.onnxruntime), limit);
    if (all.getMin() < 0 || all.getMax() <= limit || ours.isEmpty() || theirs.isEmpty()) {
      return OptionalDouble.empty();
    }
    double ratio = median(ours, s -> s.quantile(0.5)) / median(theirs, s -> s.quantile(0.5));
    System.out.printf(
        Locale.ROOT,
        "  cores close (handover up to %.0f ns): %d forks of fluidml, %d of onnxruntime, ratio"
            + " %.3f%n",
        limit,
        ours.size(),
        theirs.size(),
        ratio);
    return OptionalDouble.of(ratio);
  }

  private static List<Sample> close(List<Sample> samples, double limit) {
    return samples.stream().filter(s -> s.handoverNanos() <= limit).toList();
  }

  /** The name of the folder that a model is in. */
  static String name(Path model) {
    Path path = model.toAbsolutePath().normalize();
    return (Files.isDirectory(path) ? path : path.getParent()).getFileName().toString();
  }

  private Map<String, Object> row(
      String model, int count, Engine engine, List<Sample> samples, double peer) {
    double[] medians = samples.stream().mapToDouble(s -> s.quantile(0.5)).sorted().toArray();
    double median = median(samples, s -> s.quantile(0.5));
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("model", model);
    row.put("threads", count);
    row.put("engine", engine.name());
    row.put("forks", samples.size());
    row.put("medianMs", median);
    row.put("minMs", samples.stream().mapToDouble(s -> s.quantile(0)).min().orElseThrow());
    row.put("p90Ms", median(samples, s -> s.quantile(0.9)));
    row.put("firstMs", median(samples, Sample::firstMs));
    row.put("loadMs", median(samples, Sample::loadMs));
    row.put("arenaBytes", samples.getFirst().arenaBytes());
    row.put("peakRssBytes", (long) median(samples, s -> (double) s.peakRssBytes()));
    row.put("forkMediansMs", medians);
    row.put("worstFork", medians[medians.length - 1] / median);
    row.put("handoverNanos", median(samples, Sample::handoverNanos));
    row.put(
        "forkHandoverNanos",
        samples.stream()
            .sorted(Comparator.comparingDouble(s -> s.quantile(0.5)))
            .mapToDouble(Sample::handoverNanos)
            .toArray());
    double error = samples.stream().mapToDouble(Sample::error).max().orElseThrow();
    row.put("error", error);
    row.put("ratio", median / peer);
    System.out.printf(
        Locale.ROOT,
        "%-22s %7d %-12s %9.3f %7.3f %9.3f %9.3f %9.1f %9.1f %9s %9.1f %8s %8.0f %7.3f%n",
        model,
        count,
        engine,
        median,
        medians[medians.length - 1] / median,
        (double) row.get("minMs"),
        (double) row.get("p90Ms"),
        (double) row.get("firstMs"),
        (double) row.get("loadMs"),
        samples.getFirst().arenaBytes() < 0
            ? "-"
            : String.format(Locale.ROOT, "%.2f", samples.getFirst().arenaBytes() / 1e6),
        (long) row.get("peakRssBytes") / 1e6,
        error < 0 ? "-" : String.format(Locale.ROOT, "%.1e", error),
        (double) row.get("handoverNanos"),
        median / peer);
    return row;
  }

  private static double median(List<Sample> samples, ToDoubleFunction<Sample> number) {
    double[] sorted = samples.stream().mapToDouble(number).sorted().toArray();
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  private Sample fork(Engine engine, Path model, int count)
      throws IOException, InterruptedException {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                model.toString(),
                Integer.toString(count),
                Double.toString(warmup),
                Double.toString(time)));
    arguments.addAll(dims);
    return Sample.parse(Forks.run(engine.worker, arguments));
  }
}
