package fluidml.cli;

import fluidml.Model;
import fluidml.Session;
import fluidml.error.InvalidInputException;
import fluidml.graph.Value;
import fluidml.reference.Datum;
import fluidml.report.Table;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Compares a model's outputs with stored ones. */
@Command(
    name = "verify",
    description = {
      "Runs every test_data_set_* beside a model and compares with the stored outputs.",
      "",
      "A data set has input_0.pb, input_1.pb, … and output_0.pb, …; outputs without a file are"
          + " not compared. Integers, bools and strings must be equal."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false)
final class VerifyCommand extends ModelCommand {
  private static final Pattern ROWS = Pattern.compile("(?m)^rows=([0-9]{1,6})\\s*$");
  private static final int MAX_README = 1 << 16;

  @Option(
      names = "--metric",
      paramLabel = "METRIC",
      defaultValue = "max",
      description =
          "max: largest |a-b| at most tolerance x max(1, max|b|); mean: mean |a-b| at most the"
              + " tolerance; cosine: cosine of a and b at least the tolerance"
              + " (default: ${DEFAULT-VALUE}).")
  Comparison.Metric metric = Comparison.Metric.MAX;

  @Option(
      names = "--tolerance",
      paramLabel = "T",
      description = "Limit of the metric (default: max 1e-4, mean 1e-4, cosine 0.999).")
  Double tolerance;

  @Option(
      names = "--rows",
      paramLabel = "N",
      description =
          "Stored outputs may have only rows 0, N, 2N, … of axis 1"
              + " (default: the line rows=N of the folder's README, or 1).")
  Integer rows;

  private record Line(String dataSet, String output, Comparison.Outcome outcome, boolean passed) {}

  @Override
  int execute() throws IOException {
    double limit = tolerance == null ? metric.usual : tolerance;
    if (!(limit >= 0)) {
      throw usage("--tolerance must not be negative");
    }
    if (rows != null && rows < 1) {
      throw usage("--rows must be positive");
    }
    Path file = modelFile();
    Path folder = file.toAbsolutePath().getParent();
    List<Path> sets = dataSets(folder);
    int step = rows == null ? rowsOf(folder) : rows;
    List<Line> lines = new ArrayList<>();
    try (Model loaded = Model.load(file, options());
        Session session = loaded.newSession()) {
      for (Path set : sets) {
        lines.addAll(verify(loaded, session, set, step, limit));
      }
      boolean passed = lines.stream().allMatch(Line::passed);
      if (common.json) {
        printJson(json(file, loaded, lines, step, limit, passed));
      } else {
        print(file, lines, limit, passed);
      }
      return passed ? ExitCode.OK : ExitCode.NOT_VERIFIED;
    }
  }

  private static List<Path> dataSets(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> sets =
          files
              .filter(Files::isDirectory)
              .filter(f -> f.getFileName().toString().startsWith("test_data_set_"))
              .sorted()
              .toList();
      if (sets.isEmpty()) {
        throw new InvalidInputException(folder.toString(), "no folder test_data_set_* beside it");
      }
      return sets;
    }
  }

  private static int rowsOf(Path folder) throws IOException {
    Path readme = folder.resolve("README");
    if (!Files.isRegularFile(readme) || Files.size(readme) > MAX_README) {
      return 1;
    }
    String text = new String(Files.readAllBytes(readme), java.nio.charset.StandardCharsets.UTF_8);
    Matcher matcher = ROWS.matcher(text);
    return matcher.find() ? Math.max(1, Integer.parseInt(matcher.group(1))) : 1;
  }

  private List<Line> verify(Model loaded, Session session, Path set, int step, double limit) {
    Map<String, Datum> data = new LinkedHashMap<>();
    for (int i = 0; i < loaded.inputs().size(); i++) {
      Value input = loaded.inputs().get(i);
      data.put(input.name(), TensorFiles.read(set.resolve("input_" + i + ".pb"), input.type()));
    }
    Map<String, Datum> results = session.runData(data);
    List<Line> lines = new ArrayList<>();
    for (int i = 0; i < loaded.outputs().size(); i++) {
      Value output = loaded.outputs().get(i);
      Path file = set.resolve("output_" + i + ".pb");
      if (!Files.exists(file)) {
        continue;
      }
      Datum stored = TensorFiles.read(file, output.type());
      Comparison.Outcome outcome = Comparison.of(results.get(output.name()), stored, step);
      boolean passed =
          outcome instanceof Comparison.Outcome.Compared(Comparison comparison)
              && (Comparison.isExact(stored)
                  ? comparison.exact()
                  : comparison.passes(metric, limit));
      lines.add(new Line(set.getFileName().toString(), output.name(), outcome, passed));
    }
    if (lines.isEmpty()) {
      throw new InvalidInputException(set.toString(), "no output_0.pb to compare with");
    }
    return lines;
  }

  private void print(Path file, List<Line> lines, double limit, boolean passed) {
    Table table =
        new Table()
            .left("data set")
            .left("output")
            .right("max|a-b|")
            .right("max|b|")
            .right("mean|a-b|")
            .right("cosine")
            .left("");
    List<String> problems = new ArrayList<>();
    for (Line line : lines) {
      String verdict = line.passed ? "ok" : "FAILED";
      switch (line.outcome) {
        case Comparison.Outcome.Compared(Comparison c) ->
            table.row(
                line.dataSet,
                line.output,
                number(c.maxError()),
                number(c.maxStored()),
                number(c.meanError()),
                String.format(Locale.ROOT, "%.6f", c.cosine()),
                verdict);
        case Comparison.Outcome.Different(String why) -> {
          table.row(line.dataSet, line.output, "", "", "", "", verdict);
          problems.add(line.dataSet + ", " + line.output + ": " + why);
        }
      }
    }
    out().print(table.render());
    problems.forEach(out()::println);
    out()
        .printf(
            "%s: %s (%s, tolerance %s)%n",
            file,
            passed ? "verified" : "NOT VERIFIED",
            metric.name().toLowerCase(Locale.ROOT),
            number(limit));
    out().flush();
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.3g", value);
  }

  private Map<String, Object> json(
      Path file, Model loaded, List<Line> lines, int step, double limit, boolean passed) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("model", file.toString());
    json.put("engine", engineName(loaded));
    json.put("threads", loaded.threads());
    json.put("metric", metric.name().toLowerCase(Locale.ROOT));
    json.put("tolerance", limit);
    json.put("rows", step);
    json.put("verified", passed);
    List<Map<String, Object>> outputs = new ArrayList<>();
    for (Line line : lines) {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("dataSet", line.dataSet);
      fields.put("output", line.output);
      fields.put("passed", line.passed);
      switch (line.outcome) {
        case Comparison.Outcome.Compared(Comparison c) -> {
          fields.put("maxError", Summary.number(c.maxError()));
          fields.put("maxStored", Summary.number(c.maxStored()));
          fields.put("meanError", Summary.number(c.meanError()));
          fields.put("cosine", Summary.number(c.cosine()));
          fields.put("elements", c.elements());
        }
        case Comparison.Outcome.Different(String why) -> fields.put("problem", why);
      }
      outputs.add(fields);
    }
    json.put("outputs", outputs);
    return json;
  }
}
