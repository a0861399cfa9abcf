package fluidml.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fluidml.Model;
import fluidml.Options;
import fluidml.file.AtomicFile;
import fluidml.reference.Datum;
import fluidml.report.Bytes;
import fluidml.report.Table;
import fluidml.tune.Tuner;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows what each part of the optimisation is worth. */
@Command(
    name = "ablate",
    description = {
      "Measures models with parts of the optimisation switched off: layouts (every value in the"
          + " order of its axes, the rules' default, longest sequences with votes, global), loops"
          + " (fixed, reordered by measurement), memory (no reuse, Optimium's tables, greedy by"
          + " size, best) and fusion.",
      "Every set of switches runs in JVMs of its own, there in turns with the default: what the"
          + " machine does meanwhile counts for both. What is chosen by measurement is tuned first,"
          + " with the costs that are known.",
      "Milliseconds are those of the default times the median ratio of neighbouring turns; the"
          + " spread is that of the ratio between JVMs."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false)
final class AblateCommand extends ModelCommand {
  @Parameters(index = "1..*", arity = "0..*", paramLabel = "MODEL", description = "More models.")
  List<Path> more = new ArrayList<>();

  @Mixin InputOptions inputs = new InputOptions();

  @Option(
      names = "--forks",
      paramLabel = "N",
      defaultValue = "3",
      description = "JVMs for each set of switches (default: ${DEFAULT-VALUE}).")
  int forks = 3;

  @Option(
      names = "--time",
      paramLabel = "SECONDS",
      defaultValue = "3",
      description = "Time for measured runs in each JVM (default: ${DEFAULT-VALUE}).")
  double time = 3;

  @Option(
      names = "--warmup",
      paramLabel = "SECONDS",
      defaultValue = "3",
      description = "Time for runs before them (default: ${DEFAULT-VALUE}).")
  double warmup = 3;

  @Option(
      names = "--budget",
      paramLabel = "SECONDS",
      defaultValue = "60",
      description =
          "No measurement of kernels begins after this time for each model with and without fusion"
              + " (default: ${DEFAULT-VALUE}).")
  double budget = 60;

  @Option(
      names = "--full",
      description =
          "Measure all 64 sets of switches (default: layouts with loops, then the others one by"
              + " one).")
  boolean full;

  @Option(
      names = "--prefix",
      paramLabel = "COMMAND",
      description =
          "Words put before the command of every JVM, e.g. 'taskset -c 0,1' (default: none).")
  String prefix = "";

  @Option(names = "--html", paramLabel = "FILE", description = "Write a page with pictures.")
  Path html;

  /** One model's rows. */
  record Outcome(Path file, int threads, List<AblationRow> rows) {}

  /** A program to measure: equal choices are measured once. */
  private record Job(Ablation switches, Path choice, Tuner.Combination combination, String sameAs) {
    /** The label of the switches that are measured. */
    String measured() {
      return sameAs.isEmpty() ? switches.label() : sameAs;
    }
  }

  @Override
  int execute() throws IOException {
    check();
    List<Path> files = new ArrayList<>();
    files.add(modelFile());
    for (Path other : more) {
      files.add(modelFile(other));
    }
    List<Outcome> outcomes = new ArrayList<>();
    Path folder = Files.createTempDirectory("ablate");
    try (Steps steps = new Steps(common.json)) {
      for (Path file : files) {
        Outcome outcome = ablate(file, folder, steps);
        outcomes.add(outcome);
        if (!common.json) {
          print(outcome);
        }
      }
    } finally {
      delete(folder);
    }
    if (html != null) {
      String page = AblationPage.of(outcomes);
      AtomicFile.write(html, path -> Files.writeString(path, page));
    }
    if (common.json) {
      printJson(outcomes.stream().map(AblateCommand::json).toList());
    }
    return ExitCode.OK;
  }

  private void check() {
    if (forks < 1 || forks > 100) {
      throw usage("--forks is 1 to 100");
    }
    if (!(time > 0 && time <= 1e5 && warmup >= 0 && warmup <= 1e5)
        || !(budget >= 0 && budget <= 1e6)) {
      throw usage("--time, --warmup and --budget are seconds, --time not 0");
    }
    boolean switched =
        common.noFuse
            || common.noOptimize
            || common.checked
            || !common.planner.equals("fast")
            || common.memory != CommonOptions.MemoryMeans.ALL
            || common.engine != Options.Engine.COMPILED;
    if (switched || "none".equals(common.costs)) {
      throw usage(
          "ablate sets --no-fuse, --planner and --memory-strategy itself, and needs the compiled"
              + " engine with passes, without checks, and a table of costs");
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }

  /** What tells models apart: a file's name, or that of its folder if it is {@code model.onnx}. */
  private static String name(Path file) {
    Path path = file.toAbsolutePath().normalize();
    return (path.endsWith("model.onnx") ? path.getParent() : path).getFileName().toString();
  }

  private Outcome ablate(Path file, Path folder, Steps steps) throws IOException {
    List<Ablation> wanted = full ? Ablation.all() : Ablation.some();
    Map<Ablation, Job> jobs = new LinkedHashMap<>();
    int threads = 0;
    for (boolean fusion : new boolean[] {true, false}) {
      Options options = options().withFuse(fusion).withEngine(Options.Engine.REFERENCE);
      try (Model loaded = Model.load(file, options)) {
        threads = loaded.threads();
        InputOptions.Inputs given = inputs.resolve(loaded.importedGraph());
        Datum[] ordered =
            loaded.inputs().stream().map(v -> given.data().get(v.name())).toArray(Datum[]::new);
        Tuner tuner = loaded.tuner();
        String phase = name(file) + (fusion ? ", tuning: " : ", tuning without fusion: ");
        Tuner.Result tuned =
            tuner.run(
                ordered,
                Duration.ofMillis((long) (budget * 1000)),
                "best",
                (done, total, what) -> steps.begins(done, total, phase + what));
        for (Ablation one : wanted) {
          if (one.fusion() == fusion) {
            jobs.put(one, job(one, tuned, tuner, folder, jobs));
          }
        }
      }
    }
    List<Job> own = jobs.values().stream().filter(j -> j.sameAs.isEmpty()).toList();
    Map<String, List<JsonNode>> results = new LinkedHashMap<>();
    for (int fork = 0; fork < forks; fork++) {
      List<Job> order = fork % 2 == 0 ? own : own.reversed();
      for (int i = 0; i < order.size(); i++) {
        Job job = order.get(i);
        steps.begins(
            fork * own.size() + i, forks * own.size(), name(file) + ", " + job.switches.label());
        results
            .computeIfAbsent(job.switches.label(), _ -> new ArrayList<>())
            .add(fork(file, job, jobs.get(Ablation.BASE)));
      }
    }
    double base = AblationRow.latency(results.get(jobs.get(Ablation.BASE).measured()));
    List<AblationRow> rows = new ArrayList<>();
    for (Ablation one : wanted) {
      Job job = jobs.get(one);
      List<JsonNode> forked = results.get(job.measured());
      rows.add(
          new AblationRow(
              one,
              job.combination.predicted() * 1e3,
              job.combination.copies(),
              job.sameAs,
              forked,
              base));
    }
    return new Outcome(file, threads, rows);
  }

  private static Job job(
      Ablation one, Tuner.Result tuned, Tuner tuner, Path folder, Map<Ablation, Job> before)
      throws IOException {
    Tuner.Combination combination =
        tuned.combinations().stream()
            .filter(c -> c.layout().equals(one.layout()) && c.loops() == one.loops())
            .findFirst()
            .orElseGet(() -> usual(tuned, one.loops()));
    for (Job other : before.values()) {
      boolean same =
          other.sameAs.isEmpty()
              && other.switches.fusion() == one.fusion()
              && other.switches.memory().equals(one.memory())
              && other.combination.decisions().equals(combination.decisions());
      if (same) {
        return new Job(one, other.choice, combination, other.switches.label());
      }
    }
    Path choice = folder.resolve(before.size() + ".costs");
    tuner.export(choice, combination);
    return new Job(one, choice, combination, "");
  }

  /** A model without values that may lie elsewhere has no row-major layout of its own. */
  private static Tuner.Combination usual(Tuner.Result tuned, boolean loops) {
    return tuned.combinations().stream()
        .filter(c -> c.layout().equals("default") && c.loops() == loops)
        .findFirst()
        .orElseThrow();
  }

  /** Runs {@code bench} in a JVM like this one, in turns with the default if it is another. */
  private JsonNode fork(Path file, Job job, Job base) throws IOException {
    List<String> command = new ArrayList<>();
    Stream.of(prefix.strip().split("\\s+")).filter(w -> !w.isEmpty()).forEach(command::add);
    command.add(
        ProcessHandle.current()
            .info()
            .command()
            .orElse(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(List.of("bench", file.toString(), "--json", "--no-progress"));
    command.addAll(List.of("--warmup", Double.toString(warmup)));
    command.addAll(List.of("--duration", Double.toString(time)));
    command.addAll(List.of("--costs", job.choice.toString()));
    if (!job.measured().equals(base.measured())) {
      command.addAll(List.of("--beside", base.choice.toString()));
    }
    command.addAll(job.switches.options());
    command.addAll(handedOn());
    Path errors = Files.createTempFile("ablate", ".err");
    try {
      Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int status = process.waitFor();
      if (status != 0) {
        throw new IOException(
            "the fork for '%s' ended with %d: %s"
                .formatted(job.switches.label(), status, Files.readString(errors).strip()));
      }
      return new ObjectMapper().readTree(output);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while a fork ran", e);
    } finally {
      Files.delete(errors);
    }
  }

  /** The options for inputs, threads, vectors and mathematics, as they were given. */
  private List<String> handedOn() {
    List<String> shared =
        List.of(
            "--threads",
            "--vector-bits",
            "--no-machine-code",
            "--math",
            "--max-memory",
            "--dim",
            "--seed",
            "--inputs",
            "--input");
    List<String> all = new ArrayList<>();
    for (ArgSpec matched : spec.commandLine().getParseResult().matchedArgs()) {
      if (matched instanceof OptionSpec option && shared.contains(option.longestName())) {
        if (option.arity().max() == 0) {
          all.add(option.longestName());
          continue;
        }
        for (String value : option.originalStringValues()) {
          all.addAll(List.of(option.longestName(), value));
        }
      }
    }
    return all;
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
                .setTaskName("ablate")
                .setInitialMax(total)
                .setUpdateIntervalMillis(200)
                .build());
      }
      bars.getFirst().maxHint(total);
      bars.getFirst().stepTo(done);
      bars.getFirst().setExtraMessage(what);
    }

    @Override
    public void close() {
      bars.forEach(ProgressBar::close);
    }
  }

  private void print(Outcome outcome) {
    Table table =
        new Table()
            .left("layout")
            .left("loops")
            .left("memory")
            .left("fusion")
            .right("ms")
            .right("spread")
            .right("of default")
            .right("predicted ms")
            .right("arena")
            .right("peak RSS")
            .right("copies");
    for (AblationRow row : outcome.rows()) {
      Ablation switches = row.switches();
      table.row(
          switches.layout(),
          switches.loops() ? "reordered" : "fixed",
          switches.memory(),
          switches.fusion() ? "on" : "off",
          millis(row.latency() * 1e6) + (row.sameAs().isEmpty() ? "" : " ="),
          forks > 1 ? String.format(Locale.ROOT, "%.1f%%", row.spread() * 100) : "-",
          String.format(Locale.ROOT, "%.3f", row.ratio()),
          millis(row.predicted() * 1e6),
          Bytes.format(row.arena()),
          row.peak() < 0 ? "unknown" : Bytes.format(row.peak()),
          row.copies());
    }
    out().println(outcome.file() + ", " + outcome.threads() + " threads, " + forks + " forks");
    out().print(table.render());
    out()
        .println(
            "=: the same program as a row above; copies: steps that only bring a value into another"
                + " layout");
    if (html != null) {
      out().println("pictures written to " + html);
    }
    out().flush();
  }

  private static Map<String, Object> json(Outcome outcome) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("model", outcome.file().toString());
    json.put("threads", outcome.threads());
    json.put("rows", outcome.rows().stream().map(AblationRow::fields).toList());
    return json;
  }
}
