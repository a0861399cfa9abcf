package fluidml.conformance;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Entry point of {@code bin/conformance}. */
@Command(
    name = "conformance",
    description = {
      "Runs ONNX backend tests on every engine and prints how many pass.",
      "",
      "Takes zips and folders in the layout of ONNX's backend tests: NAME/model.onnx with"
          + " NAME/test_data_set_K/{input,output}_J.pb, and light models: NAME.onnx with"
          + " NAME_output_J.pb beside it, whose inputs are generated.",
      "Cases that an engine is known not to pass are listed in the project. One that is not listed"
          + " and does not pass is an error, and so is a listed one that passes.",
      ""
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:every case went as listed",
      "1:a case that is not a known gap did not pass, or a known gap passed",
      "2:wrong usage, or nothing to run",
      "3:no suitable JDK, or no Maven",
      "4:the build failed",
      "6:a file cannot be read or written",
      "70:internal error"
    })
public final class Main implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "ZIP_OR_DIR", description = "Where the cases are.", arity = "0..*")
  private List<Path> paths = List.of();

  @Option(
      names = "--engine",
      split = ",",
      paramLabel = "E",
      description =
          "What runs the cases: ${COMPLETION-CANDIDATES}. Default: reference,compiled. Repeat or"
              + " separate by commas.")
  private List<Engines> engines = List.of(Engines.REFERENCE, Engines.COMPILED);

  @Option(
      names = "--project-cases",
      description = "Also run the cases that the project makes itself.")
  private boolean projectCases;

  @Option(
      names = "--filter",
      paramLabel = "REGEX",
      description = "Run only cases whose name contains a match.")
  private Optional<Pattern> filter = Optional.empty();

  @Option(
      names = "--list",
      split = ",",
      paramLabel = "STATUS",
      description = "Print a line for each case that ends so: fail, unsupported, pass.")
  private List<CaseResult.Status> lists = List.of();

  @Option(
      names = "--fallbacks",
      description = "Print which operators the compiled engine leaves to the interpreter, and why.")
  private boolean fallbacks;

  @Option(names = "--json", paramLabel = "FILE", description = "Write all results to a file.")
  private Optional<Path> json = Optional.empty();

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads that share a run. Default: ${DEFAULT-VALUE}.",
      defaultValue = "1")
  private int threads;

  @Option(
      names = "--vector-bits",
      paramLabel = "BITS",
      description =
          "Width of vectors in generated code: 128, 256, 512, or 0 for scalar code. Default: the"
              + " machine's.")
  private Optional<Integer> vectorBits = Optional.empty();

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      description = "A case that takes longer fails. Default: ${DEFAULT-VALUE}.",
      defaultValue = "120")
  private int timeout;

  private Main() {}

  /** Runs the command line and ends the JVM with its exit code. */
  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }

  /** Returns the parser; executing it returns the exit code. */
  static CommandLine commandLine() {
    return new CommandLine(new Main())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler(Main::failed);
  }

  private static int failed(Exception e, CommandLine command, CommandLine.ParseResult arguments) {
    if (e instanceof IOException || e instanceof UncheckedIOException) {
      command.getErr().println("conformance: " + e);
      return 6;
    }
    e.printStackTrace(command.getErr());
    return 70;
  }

  @Override
  public Integer call() throws IOException {
    check(threads >= 1 && threads <= 1024, "--threads must be 1 to 1024, not " + threads);
    check(timeout >= 1, "--timeout must be at least 1, not " + timeout);
    int bits = vectorBits.orElse(0);
    check(
        bits == 0 || bits == 128 || bits == 256 || bits == 512,
        "--vector-bits must be 0, 128, 256 or 512, not " + bits);
    check(projectCases || !paths.isEmpty(), "name a zip or folder with cases");
    for (Path path : paths) {
      check(Files.exists(path), "no such file or folder: " + path);
    }
    OptionalInt width = vectorBits.map(OptionalInt::of).orElseGet(OptionalInt::empty);
    List<CaseRunner> runners =
        engines.stream()
            .distinct()
            .map(e -> new CaseRunner(e.create(threads, width), Duration.ofSeconds(timeout)))
            .toList();
    List<CaseResult> results = new ArrayList<>();
    for (Path path : paths) {
      try (Corpus corpus = Corpus.open(path)) {
        run(runners, corpus, results);
      }
    }
    if (projectCases) {
      try (Corpus corpus = Corpus.project()) {
        run(runners, corpus, results);
      }
    }
    PrintWriter err = spec.commandLine().getErr();
    if (results.isEmpty()) {
      err.println("no cases in " + paths + filter.map(f -> " with a name like " + f).orElse(""));
      return 2;
    }
    return report(new Report(runners.stream().map(CaseRunner::engine).toList(), results));
  }

  private void check(boolean holds, String message) {
    if (!holds) {
      throw new ParameterException(spec.commandLine(), message);
    }
  }

  private void run(List<CaseRunner> runners, Corpus corpus, List<CaseResult> results) {
    List<TestCase> cases =
        corpus.cases().stream()
            .filter(test -> filter.map(f -> f.matcher(test.name()).find()).orElse(true))
            .toList();
    Progress progress = new Progress(cases.size() * runners.size());
    for (CaseRunner runner : runners) {
      for (TestCase test : cases) {
        progress.step(runner.engine() + " " + test.name());
        results.add(runner.run(test));
      }
    }
    progress.end();
  }

  private int report(Report report) throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    for (CaseResult.Status status : lists) {
      report.printList(out, status);
    }
    if (fallbacks) {
      report.printFallbacks(out);
    }
    report.printTable(out);
    if (json.isPresent()) {
      report.writeJson(json.get());
    }
    report.printUnexpected(spec.commandLine().getErr());
    return report.unexpected().isEmpty() ? 0 : 1;
  }

  /** Prints the version in the jar's manifest. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Main.class.getPackage().getImplementationVersion();
      return new String[] {
        "conformance " + (version == null ? "(development)" : version),
        "Java ${java.version} (${java.vm.name})"
      };
    }
  }
}
