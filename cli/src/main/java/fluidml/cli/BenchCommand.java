package fluidml.cli;

import fluidml.Model;
import fluidml.Options;
import fluidml.Session;
import fluidml.reference.Datum;
import fluidml.report.Bytes;
import fluidml.report.LatencyStatistics;
import fluidml.report.Table;
import fluidml.tune.Tuning;
import fluidml.vm.PlannedMemory;
import java.io.Console;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Measures a model's latency. */
@Command(
    name = "bench",
    description = {
      "Measures how long runs of a model take.",
      "",
      "One session, one run after the other. Measuring ends when --runs or --duration is reached,"
          + " whichever comes first."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false)
final class BenchCommand extends ModelCommand {
  private static final int MAX_RUNS = 10_000_000;

  @Mixin InputOptions inputs = new InputOptions();

  @Option(
      names = "--runs",
      paramLabel = "N",
      description = "Most measured runs (default: as many as fit --duration).")
  Integer runs;

  @Option(
      names = "--duration",
      paramLabel = "SECONDS",
      description = "Most time for measured runs (default: 10, or no limit with --runs).")
  Double duration;

  @Option(
      names = "--warmup",
      paramLabel = "SECONDS",
      defaultValue = "5",
      description =
          "Time for runs before those that are measured; at least one run"
              + " (default: ${DEFAULT-VALUE}).")
  double warmup = 5;

  @Option(names = "--no-progress", description = "Show no progress bar (default: on a terminal).")
  boolean noProgress;

  /** For {@code ablate}, which takes apart what a choice is worth and what the machine did. */
  @Option(
      names = "--beside",
      hidden = true,
      paramLabel = "FILE",
      description =
          "Then run in turns with the model as this table of costs chooses, everything switched on,"
              + " and tell how many times as long a run takes.")
  Path beside;

  /** A turn takes a run at least, and so many nanoseconds. */
  private static final long TURN_NANOS = 20_000_000;

  private record Result(
      int threads,
      String engine,
      long loadNanos,
      long firstNanos,
      long sinceStartNanos,
      int warmupRuns,
      LatencyStatistics statistics,
      long arenaBytes,
      long scratchBytes,
      long packedBytes,
      long peakBytes) {}

  @Override
  int execute() throws IOException {
    if (runs != null && (runs < 1 || runs > MAX_RUNS)) {
      throw usage("--runs must be 1 to " + MAX_RUNS);
    }
    if (!(warmup >= 0 && warmup <= 1e6)
        || (duration != null && !(duration > 0 && duration <= 1e6))) {
      throw usage("--warmup and --duration are seconds, at most a million");
    }
    if (beside != null && !common.json) {
      throw usage("--beside needs --json");
    }
    Path file = modelFile();
    long start = System.nanoTime();
    try (Model loaded = Model.load(file, options());
        Session session = loaded.newSession()) {
      long loadNanos = System.nanoTime() - start;
      InputOptions.Inputs given = inputs.resolve(loaded.importedGraph());
      Result result = measure(loaded, session, given, loadNanos);
      if (common.json) {
        Map<String, Object> json = json(file, given, result);
        if (beside != null) {
          json.put("besideRatio", beside(file, session, given.data()));
        }
        printJson(json);
      } else {
        print(file, given, result);
      }
    }
    return ExitCode.OK;
  }

  private Result measure(Model loaded, Session session, InputOptions.Inputs given, long loadNanos) {
    Map<String, Datum> data = given.data();
    long firstNanos = timed(session, data);
    long sinceStart =
        (System.currentTimeMillis() - ManagementFactory.getRuntimeMXBean().getStartTime())
            * 1_000_000L;
    int warm = 1;
    try (Progress progress = progress("warming up", (long) (warmup * 1000))) {
      long begin = System.nanoTime();
      while (System.nanoTime() - begin < warmup * 1e9) {
        timed(session, data);
        warm++;
        progress.to((System.nanoTime() - begin) / 1_000_000);
      }
    }
    double limit = (duration != null ? duration : runs == null ? 10 : Double.MAX_VALUE) * 1e9;
    int most = runs == null ? MAX_RUNS : runs;
    long[] nanos = new long[Math.min(most, 1024)];
    int count = 0;
    boolean byTime = limit < Double.MAX_VALUE;
    try (Progress progress = progress("measuring", byTime ? (long) (limit / 1e6) : most)) {
      long begin = System.nanoTime();
      do {
        if (count == nanos.length) {
          nanos = Arrays.copyOf(nanos, count * 2);
        }
        nanos[count++] = timed(session, data);
        progress.to(byTime ? (System.nanoTime() - begin) / 1_000_000 : count);
      } while (count < most && System.nanoTime() - begin < limit);
    }
    return new Result(
        loaded.threads(),
        engineName(loaded),
        loadNanos,
        firstNanos,
        sinceStart,
        warm,
        LatencyStatistics.of(Arrays.copyOf(nanos, count)),
        session.memoryPlan().map(m -> m.plan().arenaBytes()).orElse(0L),
        session.memoryPlan().map(PlannedMemory::scratchBytes).orElse(0L),
        loaded.executable().map(e -> e.packedBytes()).orElse(0L),
        ProcessMemory.peakResidentBytes().orElse(-1));
  }

  /** The median ratio of neighbouring turns, this session over one with all switches on. */
  private double beside(Path file, Session session, Map<String, Datum> data) {
    Options options = Ablation.BASE.options(options()).withTuning(Tuning.at(beside));
    try (Model loaded = Model.load(file, options);
        Session other = loaded.newSession()) {
      long warm = System.nanoTime();
      do {
        timed(other, data);
      } while (System.nanoTime() - warm < warmup * 1e9);
      List<Double> ratios = new ArrayList<>();
      long begin = System.nanoTime();
      do {
        double usual = turn(other, data);
        ratios.add(turn(session, data) / usual);
      } while (System.nanoTime() - begin < (duration == null ? 10 : duration) * 1e9);
      double[] sorted = ratios.stream().mapToDouble(r -> r).sorted().toArray();
      return sorted[sorted.length / 2];
    }
  }

  /** Mean nanoseconds of the runs of a turn. */
  private static double turn(Session session, Map<String, Datum> data) {
    long begin = System.nanoTime();
    int count = 0;
    long now;
    do {
      session.runData(data);
      count++;
      now = System.nanoTime();
    } while (now - begin < TURN_NANOS);
    return (double) (now - begin) / count;
  }

  private static long timed(Session session, Map<String, Datum> data) {
    long begin = System.nanoTime();
    session.runData(data);
    return System.nanoTime() - begin;
  }

  private void print(Path file, InputOptions.Inputs given, Result result) {
    StringBuilder text = new StringBuilder();
    text.append(file).append('\n');
    given.list().forEach(i -> text.append(Summary.input(i)));
    LatencyStatistics s = result.statistics;
    Table table = new Table().left("").right("");
    table.row("threads", result.threads);
    table.row("load and compile", millis(result.loadNanos) + " ms");
    table.row("first run", millis(result.firstNanos) + " ms");
    table.row("first result after start of the JVM", millis(result.sinceStartNanos) + " ms");
    table.row("warm-up runs", result.warmupRuns);
    table.row("measured runs", s.count());
    table.row("min", millis(s.min()) + " ms");
    table.row("median", millis(s.median()) + " ms");
    table.row("mean", millis(s.mean()) + " ms");
    table.row("p90", millis(s.p90()) + " ms");
    table.row("p99", millis(s.p99()) + " ms");
    table.row("max", millis(s.max()) + " ms");
    table.row("runs per second", String.format(Locale.ROOT, "%.2f", s.perSecond()));
    table.row("arena", Bytes.format(result.arenaBytes));
    table.row("scratch", Bytes.format(result.scratchBytes));
    table.row("packed weights", Bytes.format(result.packedBytes));
    table.row("peak RSS", result.peakBytes < 0 ? "unknown" : Bytes.format(result.peakBytes));
    out().print(text.append(table.render().stripLeading()));
    out().flush();
  }

  private static Map<String, Object> json(Path file, InputOptions.Inputs given, Result result) {
    LatencyStatistics s = result.statistics;
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("model", file.toString());
    json.put("engine", result.engine);
    json.put("threads", result.threads);
    json.put("inputs", given.list().stream().map(Summary::inputFields).toList());
    json.put("loadMs", result.loadNanos / 1e6);
    json.put("firstMs", result.firstNanos / 1e6);
    json.put("firstResultMs", result.sinceStartNanos / 1e6);
    json.put("warmupRuns", result.warmupRuns);
    json.put("runs", s.count());
    json.put("minMs", s.min() / 1e6);
    json.put("medianMs", s.median() / 1e6);
    json.put("meanMs", s.mean() / 1e6);
    json.put("p90Ms", s.p90() / 1e6);
    json.put("p99Ms", s.p99() / 1e6);
    json.put("maxMs", s.max() / 1e6);
    json.put("runsPerSecond", s.perSecond());
    json.put("arenaBytes", result.arenaBytes);
    json.put("scratchBytes", result.scratchBytes);
    json.put("packedBytes", result.packedBytes);
    json.put("peakRssBytes", result.peakBytes < 0 ? null : result.peakBytes);
    return json;
  }

  private Progress progress(String task, long end) {
    boolean shown =
        !noProgress
            && Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent();
    return new Progress(
        shown
            ? new ProgressBarBuilder()
                .setTaskName(task)
                .setInitialMax(Math.max(1, end))
                .setUpdateIntervalMillis(200)
                .hideEta()
                .clearDisplayOnFinish()
                .build()
            : null,
        Math.max(1, end));
  }

  /** A bar on a terminal, nothing elsewhere. */
  private record Progress(ProgressBar bar, long end) implements AutoCloseable {
    void to(long at) {
      if (bar != null) {
        bar.stepTo(Math.min(at, end));
      }
    }

    @Override
    public void close() {
      if (bar != null) {
        bar.close();
      }
    }
  }
}
