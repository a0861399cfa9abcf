package fluidml.cli;

import fluidml.error.InvalidInputException;
import fluidml.graph.Graph;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.reference.Datum;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Option;

/** Where a model's inputs come from. */
final class InputOptions {
  @Option(
      names = "--input",
      paramLabel = "NAME=FILE",
      description = "An input from a file: .npy, .pb (ONNX tensor) or .json. May be repeated.")
  Map<String, Path> files = new LinkedHashMap<>();

  @Option(
      names = "--inputs",
      paramLabel = "DIR",
      description =
          "A folder with inputs named input_0.pb, input_1.pb, … in the model's order, or NAME.npy,"
              + " NAME.pb, NAME.json.")
  Path folder;

  @Option(
      names = "--dim",
      paramLabel = "NAME=N",
      description =
          "The value of a symbolic extent for inputs that are generated. May be repeated"
              + " (default: 16 for lengths, 1 for others).")
  Map<String, Long> dims = new LinkedHashMap<>();

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "Seed of generated numbers (default: ${DEFAULT-VALUE}).")
  long seed;

  /**
   * One input.
   *
   * @param source a file, or how it was generated
   */
  record Input(Value declared, Datum datum, String source, boolean generated) {}

  /**
   * All inputs of a model.
   *
   * @param chosen symbolic extents for which defaults were taken
   */
  record Inputs(List<Input> list, Map<String, Long> chosen) {
    /** By name. */
    Map<String, Datum> data() {
      Map<String, Datum> data = new LinkedHashMap<>();
      list.forEach(i -> data.put(i.declared().name(), i.datum()));
      return data;
    }
  }

  /**
   * Reads what is given and generates the rest.
   *
   * @throws InvalidInputException if a name is unknown or a file does not hold what it should
   */
  Inputs resolve(Graph graph) {
    List<String> names = graph.inputs().stream().map(Value::name).toList();
    for (String given : files.keySet()) {
      if (!names.contains(given)) {
        throw new InvalidInputException(given, "the model has no such input; it has " + names);
      }
    }
    Map<String, Long> known = new TreeMap<>(dims);
    for (Map.Entry<String, Long> dim : dims.entrySet()) {
      if (dim.getValue() < 0) {
        throw new InvalidInputException(dim.getKey(), "extent " + dim.getValue() + " is negative");
      }
      if (symbols(graph).noneMatch(dim.getKey()::equals)) {
        throw new InvalidInputException(
            dim.getKey(),
            "no input has this symbolic extent; they are " + symbols(graph).distinct().toList());
      }
    }
    Map<String, Input> read = new LinkedHashMap<>();
    for (int i = 0; i < names.size(); i++) {
      Value declared = graph.inputs().get(i);
      Path file = files.containsKey(names.get(i)) ? files.get(names.get(i)) : inFolder(i, declared);
      if (file != null) {
        Datum datum = TensorFiles.read(file, declared.type());
        read.put(names.get(i), new Input(declared, datum, file.toString(), false));
        learn(declared, datum, known);
      }
    }
    if (folder != null && !names.isEmpty() && read.keySet().stream().allMatch(files::containsKey)) {
      throw new InvalidInputException(
          folder.toString(), "no file for any further input of " + names + "; see --help");
    }
    InputGenerator generator = new InputGenerator(graph, known, seed);
    List<Input> all = new ArrayList<>();
    for (Value declared : graph.inputs()) {
      Input given = read.get(declared.name());
      if (given == null) {
        InputGenerator.Generated made = generator.generate(declared);
        given = new Input(declared, Datum.of(made.tensor()), "generated: " + made.how(), true);
      }
      all.add(given);
    }
    return new Inputs(List.copyOf(all), generator.chosen());
  }

  private static java.util.stream.Stream<String> symbols(Graph graph) {
    return graph.inputs().stream()
        .flatMap(v -> v.knownShape().stream())
        .flatMap(s -> s.dims().stream())
        .flatMap(d -> d.symbols().stream());
  }

  private Path inFolder(int index, Value declared) {
    if (folder == null) {
      return null;
    }
    if (!Files.isDirectory(folder)) {
      throw new InvalidInputException(folder.toString(), "no such folder");
    }
    for (String stem : List.of("input_" + index, fileName(declared.name()))) {
      for (TensorFiles.Format format : TensorFiles.Format.values()) {
        Path file = folder.resolve(stem + format.extension());
        if (Files.exists(file)) {
          return file;
        }
      }
    }
    return null;
  }

  /** A value's name as a file name without folders. */
  static String fileName(String name) {
    String safe = name.replaceAll("[^A-Za-z0-9._-]", "_");
    return safe.isEmpty() || safe.startsWith(".") ? "_" + safe : safe;
  }

  private static void learn(Value declared, Datum datum, Map<String, Long> known) {
    if (declared.type() instanceof Type.TensorType type
        && type.shape().isPresent()
        && datum instanceof Datum.TensorDatum(var tensor)
        && type.shape().get().rank() == tensor.rank()) {
      Shape shape = type.shape().get();
      for (int axis = 0; axis < shape.rank(); axis++) {
        for (String symbol : shape.dim(axis).symbols()) {
          if (shape.dim(axis).equals(Dim.symbol(symbol))) {
            known.putIfAbsent(symbol, tensor.dim(axis));
          }
        }
      }
    }
  }
}
