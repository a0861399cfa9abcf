package fluidml.cli;

import fluidml.Model;
import fluidml.Options;
import fluidml.file.AtomicFile;
import fluidml.layout.LayoutSolution;
import fluidml.reference.Datum;
import fluidml.report.LayoutReport;
import fluidml.report.Table;
import fluidml.tune.CostTable;
import fluidml.tune.Tuner;
import fluidml.tune.Tuning;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Measures how a model runs best on this machine. */
@Command(
    name = "tune",
    description = {
      "Measures the ways to run a model's kernels on this machine, chooses layouts, tiles and"
          + " algorithms for the whole graph at once, and keeps costs and choice. Later loads use"
          + " the choice.",
      "May be interrupted: what was measured is kept."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false)
final class TuneCommand extends ModelCommand {
  /** Whose choice is taken. */
  enum Layout {
    BEST,
    DEFAULT,
    SEQUENCE,
    GLOBAL
  }

  @Mixin InputOptions inputs = new InputOptions();

  @Option(
      names = "--budget",
      paramLabel = "SECONDS",
      defaultValue = "60",
      description =
          "No new measurement begins after this time, e.g. 30 or 30s (default: ${DEFAULT-VALUE}).")
  String budget = "60";

  @Option(
      names = "--layout",
      paramLabel = "SOLVER",
      defaultValue = "best",
      description =
          "Whose choice is taken: default (analytic), sequence (longest sequences, dynamic"
              + " programming, vote), global (proven), best (global unless default measures"
              + " better) (default: ${DEFAULT-VALUE}).")
  Layout layout = Layout.BEST;

  @Option(
      names = "--explain",
      paramLabel = "OP",
      description = "Show all variants of the operators whose name contains OP.")
  String explain;

  @Option(
      names = "--html",
      paramLabel = "FILE",
      description = "Write a report: sequences, variants, layouts, votes.")
  Path html;

  @Override
  int execute() throws IOException {
    if (common.engine != Options.Engine.COMPILED) {
      throw usage("only the compiled engine is tuned");
    }
    if ("none".equals(common.costs)) {
      throw usage("--costs none leaves no place to keep what is measured");
    }
    Path file = modelFile();
    Duration time = duration();
    Options options = options();
    Tuner.Result result;
    // The reference engine compiles nothing: the tuner compiles what it measures.
    try (Model loaded = Model.load(file, options.withEngine(Options.Engine.REFERENCE))) {
      InputOptions.Inputs given = inputs.resolve(loaded.importedGraph());
      Datum[] ordered =
          loaded.inputs().stream().map(v -> given.data().get(v.name())).toArray(Datum[]::new);
      try (Steps steps = new Steps(common.json)) {
        result =
            loaded
                .tuner()
                .run(ordered, time, layout.name().toLowerCase(Locale.ROOT), steps::begins);
      }
    }
    if (html != null) {
      AtomicFile.write(html, path -> Files.writeString(path, report(file, result)));
    }
    if (common.json) {
      printJson(json(file, result));
    } else {
      print(file, options.tuning(), result);
    }
    return ExitCode.OK;
  }

  private Duration duration() {
    try {
      double seconds = Double.parseDouble(budget.replaceFirst("s$", ""));
      if (seconds >= 0 && seconds <= 1e6) {
        return Duration.ofMillis((long) (seconds * 1000));
      }
    } catch (NumberFormatException e) {
      throw usage("--budget '" + budget + "' is no time; use for example 30s");
    }
    throw usage("--budget is 0 to a million seconds");
  }

  /** The progress bar; none for JSON. */
  private static final class Steps implements AutoCloseable {
    private final boolean silent;
    private final List<ProgressBar> bars = new ArrayList<>(1);

    Steps(boolean silent) {
      this.silent = silent;
    }

    void begins(int done, int total, String what) {
      if (silent) {
        return;
      }
      if (bars.isEmpty()) {
        bars.add(
            new ProgressBarBuilder()
                .setTaskName("tune")
                .setInitialMax(total)
                .setUpdateIntervalMillis(200)
                .build());
      }
      bars.getFirst().stepTo(done);
      bars.getFirst().setExtraMessage(what);
    }

    @Override
    public void close() {
      bars.forEach(
          bar -> {
            bar.stepTo(bar.getMax());
            bar.close();
          });
    }
  }

  private List<Tuner.Explained> explained(Tuner.Result result) {
    return explain == null
        ? List.of()
        : result.explained().stream()
            .filter(e -> e.operator().contains(explain) || e.node().contains(explain))
            .toList();
  }

  private void print(Path file, Tuning tuning, Tuner.Result result) {
    CostTable.Choice choice = result.choice();
    StringBuilder text = new StringBuilder(file + "\n");
    text.append(summary(result)).append("\n\n");
    Table solvers = new Table().left("solver").right("predicted ms").right("proven gap");
    for (Map.Entry<String, LayoutSolution> entry : result.solutions().entrySet()) {
      String gap = String.format(Locale.ROOT, "%.2f%%", entry.getValue().gap() * 100);
      solvers.row(
          entry.getKey(),
          millis(entry.getValue().cost() * 1e9),
          entry.getKey().equals("global") ? gap : "-");
    }
    text.append(solvers.render()).append('\n');
    for (Tuner.Explained operator : explained(result)) {
      double usual = operator.seconds().values().iterator().next();
      Table table =
          new Table()
              .left(operator.operator() + " (" + operator.node() + ")")
              .right("ms")
              .right("of default");
      operator.seconds().entrySet().stream()
          .sorted(Map.Entry.comparingByValue())
          .forEach(
              v ->
                  table.row(
                      v.getKey(),
                      millis(v.getValue() * 1e9),
                      String.format(Locale.ROOT, "%.3f", v.getValue() / usual)));
      text.append(table.render());
      text.append(operator.equal() + " equal operators\n\n");
    }
    if (explain != null) {
      text.append(
          "times are of kernels between their neighbours in whole runs; cache misses are not"
              + " counted, this program reads no hardware counters\n\n");
    }
    text.append(
        "choice of '%s': predicted %s ms, measured %s ms, default %s ms%n"
            .formatted(
                choice.solver(),
                millis(choice.predicted() * 1e9),
                millis(choice.measured() * 1e9),
                millis(choice.before() * 1e9)));
    text.append("kept in ").append(tuning.path().map(Path::toString).orElse("the user's cache"));
    text.append('\n').append(html == null ? "" : "report written to " + html + "\n");
    out().print(text);
    out().flush();
  }

  private static String summary(Tuner.Result result) {
    String skipped =
        result.skipped().isEmpty()
            ? ""
            : "; no time for " + String.join(", ", result.skipped()) + " (raise --budget)";
    Tuner.Counts counts = result.counts();
    return "%d operators, %d of them distinct; tiles, orders and algorithms: %d existed, %d were left out by the model; %d variants with layouts measured; %d programs measured now%s"
        .formatted(
            result.problem().operators().size(),
            result.explained().size(),
            counts.existing(),
            counts.existing() - counts.promising(),
            counts.measured(),
            result.programs().size(),
            skipped);
  }

  private String report(Path file, Tuner.Result result) {
    CostTable.Choice choice = result.choice();
    String costs =
        "Taken: %s. Predicted %s ms, measured %s ms, default %s ms."
            .formatted(
                choice.solver(),
                millis(choice.predicted() * 1e9),
                millis(choice.measured() * 1e9),
                millis(choice.before() * 1e9));
    return LayoutReport.html(
        "Tuning of " + file.getFileName(),
        List.of(file.toString(), summary(result), costs),
        result.problem(),
        result.solutions(),
        choice.solver(),
        result.trace());
  }

  private Map<String, Object> json(Path file, Tuner.Result result) {
    CostTable.Choice choice = result.choice();
    Map<String, Object> solvers = new LinkedHashMap<>();
    result
        .solutions()
        .forEach(
            (name, s) -> solvers.put(name, Map.of("predictedMs", s.cost() * 1e3, "gap", s.gap())));
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("model", file.toString());
    json.put("key", result.key());
    json.put("operators", result.problem().operators().size());
    json.put("counts", result.counts());
    json.put("combinations", result.combinations());
    json.put("programsMs", result.programs());
    json.put("skipped", result.skipped());
    json.put("solvers", solvers);
    json.put("chosen", choice.solver());
    json.put("predictedMs", choice.predicted() * 1e3);
    json.put("measuredMs", choice.measured() * 1e3);
    json.put("defaultMs", choice.before() * 1e3);
    json.put("decisions", choice.decisions());
    if (explain != null) {
      json.put("explained", explained(result));
    }
    json.put("html", html == null ? null : html.toString());
    return json;
  }
}
