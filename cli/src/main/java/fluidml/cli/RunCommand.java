package fluidml.cli;

import fluidml.Model;
import fluidml.Session;
import fluidml.reference.Datum;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Runs a model once. */
@Command(
    name = "run",
    description =
        "Runs a model once and shows its outputs. Inputs that are not given are generated.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false)
final class RunCommand extends ModelCommand {
  @Mixin InputOptions inputs = new InputOptions();

  @Option(
      names = "--output",
      paramLabel = "DIR",
      description = "Save every output as NAME.npy, .pb or .json in this folder.")
  Path output;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      defaultValue = "npy",
      description = "Format of saved outputs: npy, pb, json (default: ${DEFAULT-VALUE}).")
  TensorFiles.Format format = TensorFiles.Format.NPY;

  @Override
  int execute() throws IOException {
    Path file = modelFile();
    long start = System.nanoTime();
    try (Model loaded = Model.load(file, options())) {
      long loadNanos = System.nanoTime() - start;
      InputOptions.Inputs given = inputs.resolve(loaded.importedGraph());
      try (Session session = loaded.newSession()) {
        start = System.nanoTime();
        Map<String, Datum> results = session.runData(given.data());
        long runNanos = System.nanoTime() - start;
        Map<String, Path> saved = save(results);
        if (common.json) {
          printJson(json(file, loaded, given, results, saved, loadNanos, runNanos));
        } else {
          print(file, loaded, given, results, saved, loadNanos, runNanos);
        }
      }
    }
    return ExitCode.OK;
  }

  private Map<String, Path> save(Map<String, Datum> results) throws IOException {
    Map<String, Path> saved = new LinkedHashMap<>();
    if (output == null) {
      return saved;
    }
    for (Map.Entry<String, Datum> result : results.entrySet()) {
      String name = InputOptions.fileName(result.getKey());
      Path target = output.resolve(name + format.extension());
      for (int i = 2; saved.containsValue(target); i++) {
        target = output.resolve(name + "_" + i + format.extension());
      }
      TensorFiles.write(target, format, result.getKey(), result.getValue());
      saved.put(result.getKey(), target);
    }
    return saved;
  }

  private void print(
      Path file,
      Model loaded,
      InputOptions.Inputs given,
      Map<String, Datum> results,
      Map<String, Path> saved,
      long loadNanos,
      long runNanos) {
    StringBuilder text = new StringBuilder();
    text.append(
        "%s: loaded and compiled in %s ms, ran in %s ms (first run) on %d thread%s%n"
            .formatted(
                file,
                millis(loadNanos),
                millis(runNanos),
                loaded.threads(),
                loaded.threads() == 1 ? "" : "s"));
    text.append("Inputs\n");
    given.list().forEach(i -> text.append(Summary.input(i)));
    if (!given.chosen().isEmpty()) {
      text.append("  extents chosen: ").append(given.chosen()).append("; set them with --dim\n");
    }
    text.append("Outputs\n");
    results.forEach(
        (name, datum) -> {
          text.append(Summary.text(name, datum));
          if (saved.containsKey(name)) {
            text.append("    saved as ").append(saved.get(name)).append('\n');
          }
        });
    if (given.list().stream().anyMatch(InputOptions.Input::generated)) {
      text.append("With generated inputs this only shows that the model runs;");
      text.append(" give real ones with --input NAME=FILE.\n");
    }
    out().print(text);
    out().flush();
  }

  private static Map<String, Object> json(
      Path file,
      Model loaded,
      InputOptions.Inputs given,
      Map<String, Datum> results,
      Map<String, Path> saved,
      long loadNanos,
      long runNanos) {
    List<Map<String, Object>> outputs = new ArrayList<>();
    results.forEach(
        (name, datum) -> {
          Map<String, Object> fields = Summary.fields(name, datum);
          if (saved.containsKey(name)) {
            fields.put("file", saved.get(name).toString());
          }
          outputs.add(fields);
        });
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("model", file.toString());
    json.put("engine", engineName(loaded));
    json.put("threads", loaded.threads());
    json.put("loadMs", loadNanos / 1e6);
    json.put("firstMs", runNanos / 1e6);
    json.put("inputs", given.list().stream().map(Summary::inputFields).toList());
    json.put("chosenDims", given.chosen());
    json.put("outputs", outputs);
    return json;
  }
}
