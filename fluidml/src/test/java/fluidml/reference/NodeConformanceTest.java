package fluidml.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.error.UnsupportedModelException;
import fluidml.graph.Graph;
import fluidml.onnx.OnnxFile;
import fluidml.onnx.OnnxImporter;
import fluidml.onnx.OnnxTensors;
import fluidml.onnx.proto.DataProto;
import fluidml.onnx.proto.GraphProto;
import fluidml.onnx.proto.ValueInfoProto;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import fluidml.testing.SharedData;
import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** ONNX's operator tests, imported and interpreted. */
class NodeConformanceTest {
  /**
   * Tests that cannot be passed: expectations drawn from another random generator, and one that
   * holds rounding noise of a float32 transform where the exact result is zero.
   */
  private static final Set<String> GAPS =
      Set.of(
          "test_bernoulli",
          "test_bernoulli_double",
          "test_bernoulli_double_expanded",
          "test_bernoulli_expanded",
          "test_bernoulli_seed",
          "test_bernoulli_seed_expanded",
          "test_dft_inverse");

  @Test
  void passesOperatorTests(@TempDir Path folder) throws IOException {
    unzip(SharedData.require("onnx/node.zip"), folder);
    TreeMap<String, String> failures = new TreeMap<>();
    int passed = run(folder, failures);
    failures.keySet().removeAll(GAPS);
    assertEquals(Map.of(), failures);
    assertTrue(passed > 0);
  }

  /**
   * Runs the tests of an unpacked folder and prints a line for each that fails.
   *
   * @param args the folder, then optionally a part of the names to run
   */
  public static void main(String[] args) throws IOException {
    TreeMap<String, String> failures = new TreeMap<>();
    int passed = run(Path.of(args[0]), failures, args.length > 1 ? args[1] : "");
    failures.forEach((name, problem) -> System.out.println(name + ": " + problem));
    System.out.println(passed + " of " + (passed + failures.size()) + " passed");
  }

  private static void unzip(Path zip, Path folder) throws IOException {
    try (FileSystem files = FileSystems.newFileSystem(zip);
        Stream<Path> entries = Files.walk(files.getPath("/"))) {
      for (Path entry : entries.filter(Files::isRegularFile).toList()) {
        Path target = folder.resolve(entry.toString().substring(1));
        Files.createDirectories(target.getParent());
        Files.copy(entry, target);
      }
    }
  }

  private static int run(Path folder, Map<String, String> failures) throws IOException {
    return run(folder, failures, "");
  }

  private static int run(Path folder, Map<String, String> failures, String part)
      throws IOException {
    int passed = 0;
    try (Stream<Path> models = Files.walk(folder)) {
      for (Path model :
          models
              .filter(p -> p.endsWith("model.onnx") && p.toString().contains(part))
              .sorted()
              .toList()) {
        Optional<String> problem = problem(model);
        if (problem.isEmpty()) {
          passed++;
        } else {
          failures.put(model.getParent().getFileName().toString(), problem.get());
        }
      }
    }
    return passed;
  }

  /** Why a test fails; empty if it passes. */
  private static Optional<String> problem(Path model) throws IOException {
    try (OnnxFile file = OnnxFile.open(model)) {
      Graph graph = OnnxImporter.graph(file);
      GraphProto proto = file.model().graph();
      for (int set = 0; ; set++) {
        Path folder = model.resolveSibling("test_data_set_" + set);
        if (!Files.isDirectory(folder)) {
          return Optional.empty();
        }
        List<Datum> inputs = read(folder, "input_", proto.inputs());
        List<Datum> expected = read(folder, "output_", proto.outputs());
        List<Datum> actual = Interpreter.run(graph, inputs);
        for (int i = 0; i < expected.size(); i++) {
          Optional<String> difference = difference(actual.get(i), expected.get(i));
          if (difference.isPresent()) {
            return Optional.of("output " + i + ": " + difference.get());
          }
        }
      }
    } catch (UnsupportedModelException e) {
      return Optional.of("unsupported: " + e.getMessage());
    } catch (RuntimeException e) {
      String at = Arrays.stream(e.getStackTrace()).limit(1).toList().toString();
      return Optional.of(e + (e.getCause() == null ? at : " by " + e.getCause()));
    }
  }

  private static List<Datum> read(Path folder, String prefix, List<ValueInfoProto> values) {
    List<Datum> data = new ArrayList<>();
    for (int i = 0; i < values.size(); i++) {
      Path path = folder.resolve(prefix + i + ".pb");
      data.add(
          Files.exists(path)
              ? datum(OnnxTensors.read(path, values.get(i).type()))
              : Datum.absent());
    }
    return data;
  }

  private static Datum datum(DataProto data) {
    return switch (data) {
      case DataProto.TensorData(var tensor) -> Datum.of(OnnxTensors.tensor(tensor, "test data"));
      case DataProto.SequenceData(var name, var values) ->
          new Datum.SequenceDatum(values.stream().map(NodeConformanceTest::datum).toList());
      case DataProto.OptionalData(var name, var value) ->
          new Datum.OptionalDatum(value.map(NodeConformanceTest::datum));
      case DataProto.MapData map -> throw new IllegalArgumentException("map " + map.name());
    };
  }

  private static Optional<String> difference(Datum actual, Datum expected) {
    if (actual instanceof Datum.TensorDatum(Tensor a)
        && expected instanceof Datum.TensorDatum(Tensor e)) {
      return difference(a, e);
    }
    if (actual instanceof Datum.SequenceDatum(List<Datum> a)
        && expected instanceof Datum.SequenceDatum(List<Datum> e)
        && a.size() == e.size()) {
      for (int i = 0; i < a.size(); i++) {
        Optional<String> difference = difference(a.get(i), e.get(i));
        if (difference.isPresent()) {
          return difference;
        }
      }
      return Optional.empty();
    }
    if (actual instanceof Datum.OptionalDatum(Optional<Datum> a)
        && expected instanceof Datum.OptionalDatum(Optional<Datum> e)
        && a.isPresent() == e.isPresent()) {
      return a.flatMap(v -> difference(v, e.get()));
    }
    return Optional.of(actual.describe() + " instead of " + expected.describe());
  }

  private static Optional<String> difference(Tensor actual, Tensor expected) {
    if (actual.dtype() != expected.dtype() || !Arrays.equals(actual.dims(), expected.dims())) {
      return Optional.of(actual + " instead of " + expected);
    }
    if (expected.dtype() == DType.STRING) {
      return actual.strings().equals(expected.strings())
          ? Optional.empty()
          : Optional.of(actual.strings() + " instead of " + expected.strings());
    }
    boolean complex = expected.dtype().kind() == DType.Kind.COMPLEX;
    for (long i = 0; i < expected.elements(); i++) {
      double a = complex ? actual.getReal(i) : actual.getDouble(i);
      double e = complex ? expected.getReal(i) : expected.getDouble(i);
      boolean same =
          a == e
              || (Double.isNaN(a) && Double.isNaN(e))
              || Math.abs(a - e) <= 1e-7 + 1e-3 * Math.abs(e);
      if (!same) {
        return Optional.of("element %d of %s is %s instead of %s".formatted(i, expected, a, e));
      }
    }
    return Optional.empty();
  }
}
