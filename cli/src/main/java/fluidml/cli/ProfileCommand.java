package fluidml.cli;

import fluidml.Model;
import fluidml.Options;
import fluidml.Session;
import fluidml.file.AtomicFile;
import fluidml.graph.Node;
import fluidml.lower.Step;
import fluidml.reference.Datum;
import fluidml.report.ChromeTrace;
import fluidml.report.LatencyStatistics;
import fluidml.report.Table;
import fluidml.tune.Prediction;
import fluidml.vm.Profile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Shows where the time of a run goes. */
@Command(
    name = "profile",
    description = "Measures every step of a model's runs: a table, and a timeline for Perfetto.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false)
final class ProfileCommand extends ModelCommand {
  private static final int MAX_TRACED = 100;

  /** How rows are made of steps. */
  enum Grouping {
    LABEL,
    KERNEL,
    STEP
  }

  @Mixin InputOptions inputs = new InputOptions();

  @Option(
      names = "--runs",
      paramLabel = "N",
      defaultValue = "20",
      description = "Measured runs (default: ${DEFAULT-VALUE}).")
  int runs = 20;

  @Option(
      names = "--warmup",
      paramLabel = "SECONDS",
      defaultValue = "5",
      description = "Time for runs before; at least one run (default: ${DEFAULT-VALUE}).")
  double warmup = 5;

  @Option(
      names = "--by",
      paramLabel = "GROUPING",
      defaultValue = "label",
      description =
          "Rows of the table: label (what is computed), kernel (the same code), step"
              + " (default: ${DEFAULT-VALUE}).")
  Grouping by = Grouping.LABEL;

  @Option(
      names = "--top",
      paramLabel = "N",
      defaultValue = "40",
      description = "Most rows of the table; 0 for all (default: ${DEFAULT-VALUE}).")
  int top = 40;

  @Option(
      names = "--trace",
      paramLabel = "FILE",
      description = "Write a timeline of the last 100 measured runs in Chrome's trace format.")
  Path trace;

  /** Times of all steps: {@code begins[run][step]}, {@code nanos[run][step]}, {@code runs[run]}. */
  private record Measured(
      List<Step> steps, long[][] begins, long[][] nanos, long[] begin, long[] total) {}

  /**
   * A row of the table.
   *
   * @param predicted nanoseconds by the measured costs; NaN if those of a step are not known
   */
  private record Row(String name, int steps, double nanos, double predicted) {}

  @Override
  int execute() throws IOException {
    if (runs < 1 || runs > 10_000 || top < 0 || !(warmup >= 0 && warmup <= 1e6)) {
      throw usage("--runs is 1 to 10000, --top not negative, --warmup 0 to a million seconds");
    }
    if (common.engine != Options.Engine.COMPILED) {
      throw usage("only the compiled engine is profiled step by step; use bench");
    }
    Path file = modelFile();
    try (Model loaded = Model.load(file, options().withProfile(true));
        Session session = loaded.newSession()) {
      InputOptions.Inputs given = inputs.resolve(loaded.importedGraph());
      Measured measured = measure(loaded, session, given.data());
      List<Datum> ordered = loaded.inputs().stream().map(v -> given.data().get(v.name())).toList();
      Optional<Prediction> prediction = loaded.prediction(ordered);
      List<Row> rows = rows(measured, prediction);
      if (trace != null) {
        AtomicFile.write(trace, path -> Files.writeString(path, timeline(measured)));
      }
      if (common.json) {
        printJson(json(file, loaded, measured, rows, prediction));
      } else {
        print(file, loaded, given, measured, rows, prediction);
      }
    }
    return ExitCode.OK;
  }

  private Measured measure(Model loaded, Session session, Map<String, Datum> data) {
    List<Step> steps = loaded.program().orElseThrow().steps();
    long start = System.nanoTime();
    do {
      session.runData(data);
    } while (System.nanoTime() - start < warmup * 1e9);
    Profile profile = session.profile().orElseThrow();
    Measured measured =
        new Measured(
            steps,
            new long[runs][steps.size()],
            new long[runs][steps.size()],
            new long[runs],
            new long[runs]);
    for (int run = 0; run < runs; run++) {
      profile.reset();
      measured.begin[run] = System.nanoTime();
      session.runData(data);
      measured.total[run] = System.nanoTime() - measured.begin[run];
      for (int i = 0; i < steps.size(); i++) {
        measured.begins[run][i] = profile.lastBegin(i);
        measured.nanos[run][i] = profile.nanos(i);
      }
    }
    return measured;
  }

  /** Mean time of a step over all runs, in nanoseconds. */
  private static double mean(Measured measured, int step) {
    double sum = 0;
    for (long[] run : measured.nanos) {
      sum += run[step];
    }
    return sum / measured.nanos.length;
  }

  private List<Row> rows(Measured measured, Optional<Prediction> prediction) {
    Map<String, Row> rows = new LinkedHashMap<>();
    for (int i = 0; i < measured.steps.size(); i++) {
      Step step = measured.steps.get(i);
      String key =
          switch (by) {
            case LABEL -> kind(step);
            case KERNEL -> kernel(step);
            case STEP -> i + " " + kind(step) + " " + nodes(step);
          };
      int number = i;
      double predicted =
          prediction.map(p -> p.steps().get(number).orElse(Double.NaN) * 1e9).orElse(Double.NaN);
      Row row = new Row(key, 1, mean(measured, i), predicted);
      rows.merge(
          key,
          row,
          (a, b) -> new Row(key, a.steps + b.steps, a.nanos + b.nanos, a.predicted + b.predicted));
    }
    return rows.values().stream()
        .sorted(Comparator.comparingDouble((Row r) -> r.nanos).reversed())
        .toList();
  }

  private static String kind(Step step) {
    return step instanceof Step.Interpret ? step.label() + " (interpreter)" : step.label();
  }

  private static String kernel(Step step) {
    return step instanceof Step.Call call
        ? call.call().kernel().name() + " " + call.call().kernel().fingerprint().substring(0, 12)
        : kind(step);
  }

  private static String nodes(Step step) {
    List<Node> nodes = step.nodes();
    String first = nodes.isEmpty() ? "" : nodes.getFirst().name();
    return nodes.size() > 1 ? first + " +" + (nodes.size() - 1) : first;
  }

  private String timeline(Measured measured) {
    ChromeTrace timeline = new ChromeTrace();
    timeline.thread(0, "runs");
    timeline.thread(1, "steps");
    List<String> kernels = measured.steps.stream().map(ProfileCommand::kernel).toList();
    for (int run = Math.max(0, runs - MAX_TRACED); run < runs; run++) {
      timeline.add("run " + run, "run", 0, measured.begin[run], measured.total[run], Map.of());
      for (int i = 0; i < measured.steps.size(); i++) {
        Step step = measured.steps.get(i);
        String names = step.nodes().stream().map(Node::name).collect(Collectors.joining(", "));
        timeline.add(
            kind(step),
            step.getClass().getSimpleName(),
            1,
            measured.begins[run][i],
            measured.nanos[run][i],
            Map.of("step", Integer.toString(i), "kernel", kernels.get(i), "nodes", names));
      }
    }
    return timeline.json();
  }

  private void print(
      Path file,
      Model loaded,
      InputOptions.Inputs given,
      Measured measured,
      List<Row> rows,
      Optional<Prediction> prediction) {
    LatencyStatistics runStatistics = LatencyStatistics.of(measured.total);
    double all = rows.stream().mapToDouble(Row::nanos).sum();
    StringBuilder text = new StringBuilder();
    text.append(file).append('\n');
    given.list().forEach(i -> text.append(Summary.input(i)));
    text.append(
        "%d runs on %d threads: mean %s ms, median %s ms; %s ms in %d steps%n%n"
            .formatted(
                runs,
                loaded.threads(),
                millis(runStatistics.mean()),
                millis(runStatistics.median()),
                millis(all),
                measured.steps.size()));
    prediction.ifPresent(p -> text.append(prediction(p, measured, runStatistics)));
    Table table =
        new Table()
            .right("ms per run")
            .right("share")
            .right("cumulated")
            .right("steps")
            .right("ms per step")
            .right("predicted")
            .left(by.name().toLowerCase(Locale.ROOT));
    double cumulated = 0;
    int shown = 0;
    for (Row row : rows) {
      if (top > 0 && shown++ == top) {
        break;
      }
      cumulated += row.nanos;
      table.row(
          millis(row.nanos),
          percent(row.nanos / all),
          percent(cumulated / all),
          row.steps,
          millis(row.nanos / row.steps),
          Double.isNaN(row.predicted) ? "-" : millis(row.predicted),
          row.name);
    }
    text.append(table.render());
    if (top > 0 && rows.size() > top) {
      text.append("… and %d more rows; --top 0 shows all%n".formatted(rows.size() - top));
    }
    text.append(trace == null ? "" : "timeline written to " + trace + "\n");
    out().print(text);
    out().flush();
  }

  private static String prediction(
      Prediction prediction, Measured measured, LatencyStatistics runs) {
    if (!prediction.isWhole()) {
      long known = prediction.steps().stream().filter(OptionalDouble::isPresent).count();
      return "the cost table knows %d of %d steps with these extents; tune measures them%n%n"
          .formatted(known, prediction.steps().size());
    }
    double nanos = prediction.total() * 1e9;
    return "predicted by measured costs: %s ms, %s of the median; %s apart at one speed of the machine%n%n"
        .formatted(
            millis(nanos), percent(nanos / runs.median()), percent(apart(prediction, measured)));
  }

  /** See {@link Prediction#apart}. */
  private static double apart(Prediction prediction, Measured measured) {
    double[] seconds = new double[measured.steps.size()];
    Arrays.setAll(seconds, i -> mean(measured, i) / 1e9);
    return prediction.apart(seconds);
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f%%", Double.isNaN(share) ? 0 : share * 100);
  }

  private Map<String, Object> json(
      Path file, Model loaded, Measured measured, List<Row> rows, Optional<Prediction> prediction) {
    LatencyStatistics s = LatencyStatistics.of(measured.total);
    double all = rows.stream().mapToDouble(Row::nanos).sum();
    List<Map<String, Object>> entries = new ArrayList<>();
    for (Row row : rows) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("name", row.name);
      entry.put("steps", row.steps);
      entry.put("msPerRun", row.nanos / 1e6);
      entry.put("share", all == 0 ? 0 : row.nanos / all);
      entry.put("predictedMs", Double.isNaN(row.predicted) ? null : row.predicted / 1e6);
      entries.add(entry);
    }
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("model", file.toString());
    json.put("engine", engineName(loaded));
    json.put("threads", loaded.threads());
    json.put("runs", runs);
    json.put("meanMs", s.mean() / 1e6);
    json.put("medianMs", s.median() / 1e6);
    json.put("minMs", s.min() / 1e6);
    json.put("stepsMs", all / 1e6);
    json.put(
        "predictedMs",
        prediction.filter(Prediction::isWhole).map(p -> p.total() * 1e3).orElse(null));
    json.put(
        "predictedApart",
        prediction.filter(Prediction::isWhole).map(p -> apart(p, measured)).orElse(null));
    json.put("by", by.name().toLowerCase(Locale.ROOT));
    json.put("rows", entries);
    json.put("trace", trace == null ? null : trace.toString());
    return json;
  }
}
