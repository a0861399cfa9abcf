package fluidml.cli;

import fluidml.Model;
import fluidml.report.Bytes;
import java.io.Console;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Saves a compiled model. */
@Command(
    name = "compile",
    description = {
      "Compiles a model and saves it with its code and its weights in the layout that kernels"
          + " read.",
      "All commands take the file instead of the .onnx file: it is mapped, not compiled. It fits"
          + " this version of fluidml, this release of Java, and machines with vectors at least as"
          + " wide. It holds code: run only files from where you would run a program from."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false)
final class CompileCommand extends ModelCommand {
  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description =
          "The file to write; replaced if it is there (default: the model's name with the ending"
              + " .fluidml, in the current folder).")
  Path output;

  @Override
  int execute() throws IOException {
    Path file = modelFile();
    Path target = output == null ? Path.of(defaultName(file)) : output;
    if (Files.isDirectory(target)) {
      target = target.resolve(defaultName(file));
    }
    progress("compiling " + file);
    long start = System.nanoTime();
    try (Model loaded = Model.load(file, options())) {
      long compiled = System.nanoTime();
      progress("writing " + target);
      loaded.save(target);
      long saved = System.nanoTime();
      report(file, target, loaded, compiled - start, saved - compiled);
    }
    return ExitCode.OK;
  }

  private void progress(String what) {
    boolean terminal =
        Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent();
    if (terminal && !common.json) {
      err().println("fluidml compile: " + what);
      err().flush();
    }
  }

  private String defaultName(Path file) {
    String name = file.getFileName().toString();
    if (name.equals("model.onnx") && file.toAbsolutePath().getParent().getFileName() != null) {
      name = file.toAbsolutePath().normalize().getParent().getFileName().toString();
    }
    return name.replaceFirst("[.](onnx|fluidml)$", "") + ".fluidml";
  }

  private void report(Path file, Path target, Model loaded, long compileNanos, long saveNanos)
      throws IOException {
    long bytes = Files.size(target);
    int steps = loaded.program().map(p -> p.steps().size()).orElse(0);
    int kernels = loaded.executable().map(e -> e.kernelCount()).orElse(0);
    int fallbacks = loaded.program().map(p -> p.fallbacks().size()).orElse(0);
    if (common.json) {
      Map<String, Object> json = new LinkedHashMap<>();
      json.put("model", file.toString());
      json.put("file", target.toString());
      json.put("bytes", bytes);
      json.put("steps", steps);
      json.put("kernels", kernels);
      json.put("interpretedSteps", fallbacks);
      json.put("compileMs", compileNanos / 1e6);
      json.put("saveMs", saveNanos / 1e6);
      printJson(json);
    } else {
      out()
          .printf(
              "%s: compiled in %s ms, saved in %s ms as %s (%s)%n",
              file, millis(compileNanos), millis(saveNanos), target, Bytes.format(bytes));
      out()
          .printf(
              "%d steps, %d distinct kernels, %d on the interpreter%n", steps, kernels, fallbacks);
      out().flush();
    }
  }
}
