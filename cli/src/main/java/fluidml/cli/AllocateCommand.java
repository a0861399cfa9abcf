package fluidml.cli;

import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import fluidml.error.InvalidInputException;
import fluidml.file.AtomicFile;
import fluidml.memory.ExactPlanner;
import fluidml.memory.MemoryCsv;
import fluidml.memory.MemoryPlan;
import fluidml.memory.MemoryPlanner;
import fluidml.memory.MemoryProblem;
import fluidml.memory.MemoryTables;
import fluidml.memory.PlanValidator;
import fluidml.memory.Planners;
import fluidml.report.Bytes;
import fluidml.report.MemorySvg;
import fluidml.report.Table;
import java.io.Console;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Plans memory for problems given as CSV. */
@Command(
    name = "allocate",
    description = {
      "Plans memory for buffers given as CSV, in the format of MiniMalloc:",
      "  id,lower,upper,size[,alignment][,offset][,alias]",
      "A buffer is live from step lower to before step upper; sizes are in bytes. An offset fixes a"
          + " buffer. Buffers with the same alias are one block. Exit code 7 means that a plan"
          + " exceeds --capacity."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false)
final class AllocateCommand implements Callable<Integer> {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
  private static final long REDRAW_NANOS = 250_000_000;
  private static final double MOST_SECONDS = 1e6;

  @Spec CommandSpec spec;

  @Parameters(arity = "1..*", paramLabel = "PROBLEM", description = "Problems as .csv files.")
  List<Path> problems = List.of();

  @Option(
      names = "--capacity",
      paramLabel = "SIZE",
      description =
          "Bytes that are good enough, e.g. 1048576 or 1M; the search stops there (default: search"
              + " for the optimum).")
  String capacity;

  @Option(
      names = "--planner",
      paramLabel = "NAME",
      defaultValue = "exact",
      description =
          "exact (the cheapest planner that meets the bound, else branch and bound), fast,"
              + " thorough, greedy-by-size, greedy-by-breadth, first-fit, tables, no-reuse, …"
              + " (default: ${DEFAULT-VALUE}).")
  String planner = "exact";

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      defaultValue = "30",
      description =
          "Longest search of the exact planner per problem; the best plan and the proven bound are"
              + " reported then (default: ${DEFAULT-VALUE}).")
  double timeout = 30;

  @Option(
      names = "--tables",
      description = "Print the allocation table of every step and the plan.")
  boolean tables;

  @Option(
      names = "--plan",
      paramLabel = "FILE",
      description = "Write the plan as CSV with offsets; for one problem.")
  Path planFile;

  @Option(
      names = "--svg",
      paramLabel = "FILE",
      description = "Draw the plan, steps by addresses; for one problem.")
  Path svg;

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write results as a JSON array, one object per problem; - is standard output.")
  String json;

  @Option(names = "--no-progress", description = "Show no progress (default: on a terminal).")
  boolean noProgress;

  private record Solved(
      Path file, MemoryProblem problem, MemoryPlan plan, long bound, double millis) {
    boolean proven() {
      return plan.arenaBytes() <= bound;
    }
  }

  @Override
  public Integer call() throws IOException {
    long limit = capacity == null ? -1 : size(capacity);
    if (!(timeout > 0 && timeout <= MOST_SECONDS)) {
      throw usage("--timeout is more than 0 and at most a million seconds");
    }
    if (problems.size() > 1 && (svg != null || planFile != null)) {
      throw usage("--svg and --plan are for one problem; there are " + problems.size());
    }
    Optional<MemoryPlanner> simple = planner();
    List<Solved> solved = new ArrayList<>();
    for (Path file : problems) {
      solved.add(solve(file, read(file), simple, limit));
    }
    write(solved, limit);
    boolean fits = true;
    for (Solved one : solved) {
      if (limit >= 0 && one.plan.arenaBytes() > limit) {
        fits = false;
        spec.commandLine().getErr().println(exceeded(one, limit));
      }
    }
    return fits ? ExitCode.OK : ExitCode.MEMORY;
  }

  private static String exceeded(Solved one, long limit) {
    return "%s: the plan needs %d bytes, %d are allowed; %s"
        .formatted(
            one.file,
            one.plan.arenaBytes(),
            limit,
            one.bound > limit
                ? "no plan needs less than " + one.bound
                : "whether another one fits is not known, a longer --timeout may tell");
  }

  private long size(String text) {
    try {
      return Bytes.parse(text);
    } catch (InvalidInputException e) {
      throw usage("--capacity: " + e.getMessage());
    }
  }

  private ParameterException usage(String problem) {
    return new ParameterException(spec.commandLine(), problem);
  }

  /** Returns the planner that was named, or nothing for the exact one. */
  private Optional<MemoryPlanner> planner() {
    try {
      MemoryPlanner named = Planners.named(planner);
      return named instanceof ExactPlanner ? Optional.empty() : Optional.of(named);
    } catch (InvalidInputException e) {
      throw usage("--planner: " + e.getMessage());
    }
  }

  private static MemoryProblem read(Path file) throws IOException {
    String text;
    try {
      text = Files.readString(file);
    } catch (CharacterCodingException e) {
      throw new InvalidInputException(file.toString(), "not a text file in UTF-8");
    }
    try {
      return MemoryCsv.parseProblem(text);
    } catch (InvalidInputException e) {
      String detail = e.getMessage().replace("'" + e.input() + "'", e.input());
      throw new InvalidInputException(file.toString(), detail);
    }
  }

  private Solved solve(
      Path file, MemoryProblem problem, Optional<MemoryPlanner> simple, long limit) {
    long begin = System.nanoTime();
    if (simple.isPresent()) {
      MemoryPlan plan = simple.get().plan(problem);
      double millis = (System.nanoTime() - begin) / 1e6;
      return checked(new Solved(file, problem, plan, problem.lowerBound(), millis));
    }
    ExactPlanner.Limits limits =
        ExactPlanner.Limits.of(Duration.ofNanos((long) Math.ceil(timeout * 1e9)));
    limits = limit < 0 ? limits : limits.withTarget(limit);
    Progress progress = new Progress(file, begin);
    ExactPlanner.Result result = Planners.exact(limits).solve(problem, progress::update);
    progress.close();
    double millis = (System.nanoTime() - begin) / 1e6;
    return checked(new Solved(file, problem, result.plan(), result.bound(), millis));
  }

  private static Solved checked(Solved solved) {
    PlanValidator.check(solved.problem, solved.plan);
    return solved;
  }

  private void write(List<Solved> solved, long limit) throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    Solved only = solved.getFirst();
    if (svg != null) {
      String title = only.file.getFileName().toString();
      String picture = MemorySvg.of(title, only.problem, only.plan, only.bound);
      AtomicFile.write(svg, path -> Files.writeString(path, picture));
    }
    if (planFile != null) {
      String csv = MemoryCsv.format(only.problem, only.plan);
      AtomicFile.write(planFile, path -> Files.writeString(path, csv));
    }
    if (json != null) {
      String text = JSON.writeValueAsString(solved.stream().map(AllocateCommand::fields).toList());
      if (json.equals("-")) {
        out.println(text);
        out.flush();
        return;
      }
      AtomicFile.write(Path.of(json), path -> Files.writeString(path, text + "\n"));
    }
    if (tables) {
      for (Solved one : solved) {
        MemoryTables shown = MemoryTables.of(one.problem, one.plan);
        out.println(one.file);
        out.print(shown.allocationText());
        out.print(shown.planText());
        out.println();
      }
    }
    out.print(table(solved, limit).render());
    out.flush();
  }

  private static Map<String, Object> fields(Solved solved) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("file", solved.file.toString());
    fields.put("buffers", solved.problem.count());
    fields.put("planner", solved.plan.planner());
    fields.put("peak", solved.plan.arenaBytes());
    fields.put("bound", solved.bound);
    fields.put("proven", solved.proven());
    fields.put("ms", solved.millis);
    return fields;
  }

  private static Table table(List<Solved> solved, long limit) {
    Table table =
        new Table()
            .left("problem")
            .right("buffers")
            .left("planner")
            .right("peak")
            .right("bound")
            .right("gap")
            .left(limit < 0 ? "" : "capacity")
            .right("ms");
    for (Solved one : solved) {
      double gap = one.bound == 0 ? 0 : 100.0 * (one.plan.arenaBytes() - one.bound) / one.bound;
      table.row(
          one.file,
          one.problem.count(),
          one.plan.planner(),
          one.plan.arenaBytes(),
          one.bound,
          one.proven() ? "optimal" : String.format(Locale.ROOT, "%.2f%%", gap),
          limit < 0 ? "" : one.plan.arenaBytes() <= limit ? "met" : "exceeded",
          String.format(Locale.ROOT, "%.1f", one.millis));
    }
    return table;
  }

  /**
   * One line on standard error that is written over again and again; nothing if not on a terminal.
   */
  private final class Progress {
    private final Path file;
    private final long begin;
    private final boolean shown =
        !noProgress
            && Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent();
    private long last;
    private int width;

    Progress(Path file, long begin) {
      this.file = file;
      this.begin = begin;
      last = begin;
    }

    void update(long best, long bound, long nodes) {
      long now = System.nanoTime();
      if (!shown || now - last < REDRAW_NANOS) {
        return;
      }
      last = now;
      draw(
          String.format(
              Locale.ROOT,
              "%s: best %d, bound %d (%.2f%%), %,d states, %.0f of %.0f s",
              file.getFileName(),
              best,
              bound,
              100.0 * (best - bound) / Math.max(1, bound),
              nodes,
              (now - begin) / 1e9,
              timeout));
    }

    private void draw(String text) {
      PrintWriter err = spec.commandLine().getErr();
      err.print("\r" + text + " ".repeat(Math.max(0, width - text.length())));
      err.flush();
      width = text.length();
    }

    void close() {
      if (width > 0) {
        draw("");
        spec.commandLine().getErr().print("\r");
        spec.commandLine().getErr().flush();
      }
    }
  }
}
