package fluidml.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import fluidml.Model;
import fluidml.Options;
import fluidml.error.InvalidInputException;
import fluidml.error.InvalidModelException;
import fluidml.error.MemoryLimitException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What commands on one model share: its path, options, failures, output. */
abstract class ModelCommand implements Callable<Integer> {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  @Spec CommandSpec spec;

  @Parameters(
      index = "0",
      paramLabel = "MODEL",
      description =
          "An .onnx file, a folder with one (model.onnx, or the only one in it), or a file that"
              + " 'compile' wrote.")
  Path model;

  @Mixin CommonOptions common = new CommonOptions();

  /** Does the work and returns the exit code. */
  abstract int execute() throws IOException;

  @Override
  public final Integer call() throws IOException {
    try {
      return execute();
    } catch (OutOfMemoryError e) {
      throw new MemoryLimitException(Runtime.getRuntime().maxMemory(), -1, ExitCode.message(e), e);
    }
  }

  /** The library's options; a wrong one is wrong usage. */
  final Options options() {
    try {
      return common.options();
    } catch (InvalidInputException e) {
      throw usage(e.getMessage());
    }
  }

  final ParameterException usage(String problem) {
    return new ParameterException(spec.commandLine(), problem);
  }

  /**
   * The model's file.
   *
   * @throws InvalidModelException if there is none
   */
  final Path modelFile() throws IOException {
    return modelFile(model);
  }

  /** Like {@link #modelFile()} for another path. */
  static Path modelFile(Path model) throws IOException {
    if (!Files.exists(model)) {
      throw new InvalidModelException(model.toString(), "no such file or folder");
    }
    if (!Files.isDirectory(model)) {
      return model;
    }
    Path usual = model.resolve("model.onnx");
    if (Files.exists(usual)) {
      return usual;
    }
    try (Stream<Path> files = Files.list(model)) {
      List<Path> found = files.filter(f -> f.toString().endsWith(".onnx")).limit(2).toList();
      if (found.size() != 1) {
        throw new InvalidModelException(
            model.toString(),
            (found.isEmpty() ? "no" : "more than one") + " .onnx file in this folder");
      }
      return found.getFirst();
    }
  }

  final PrintWriter out() {
    return spec.commandLine().getOut();
  }

  final PrintWriter err() {
    return spec.commandLine().getErr();
  }

  /** Prints maps, lists and records as JSON. */
  final void printJson(Object value) {
    try {
      out().println(JSON.writeValueAsString(value));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Maps, lists and records as JSON on one line. */
  static String compactJson(Object value) {
    try {
      return JSON.writer().without(SerializationFeature.INDENT_OUTPUT).writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** {@code compiled} or {@code reference}. */
  static String engineName(Model loaded) {
    return loaded.options().engine().name().toLowerCase(Locale.ROOT);
  }

  /** Nanoseconds as milliseconds. */
  static String millis(long nanos) {
    return millis((double) nanos);
  }

  /** Nanoseconds as milliseconds with three significant digits or more. */
  static String millis(double nanos) {
    double ms = nanos / 1e6;
    return String.format(
        Locale.ROOT, ms < 1 ? "%.4f" : ms < 10 ? "%.3f" : ms < 100 ? "%.2f" : "%.1f", ms);
  }
}
