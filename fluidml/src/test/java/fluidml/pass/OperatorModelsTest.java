package fluidml.pass;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.graph.Graph;
import fluidml.onnx.OnnxFile;
import fluidml.onnx.OnnxImporter;
import fluidml.onnx.OnnxTensors;
import fluidml.onnx.proto.DataProto;
import fluidml.onnx.proto.ValueInfoProto;
import fluidml.reference.Datum;
import fluidml.reference.Interpreter;
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
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * ONNX's operator tests: the interpreter gives the same before and after the pipeline, also where
 * it can fold everything because inputs are constants.
 */
class OperatorModelsTest {
  @Test
  void computesTheSameAfterThePipeline(@TempDir Path folder) throws IOException {
    List<Path> models = unzip(SharedData.require("onnx/node.zip"), folder);
    Map<String, String> failures = new TreeMap<>();
    int compared = 0;
    for (Path model : models) {
      String name = model.getParent().getFileName().toString();
      if (isRandom(name)) {
        continue;
      }
      try (OnnxFile file = OnnxFile.open(model)) {
        Graph graph;
        List<Datum> inputs;
        List<Datum> expected;
        try {
          graph = OnnxImporter.graph(file);
          inputs = read(model.resolveSibling("test_data_set_0"), file.model().graph().inputs());
          expected = Interpreter.run(graph, inputs);
        } catch (RuntimeException unsupported) {
          continue;
        }
        compared++;
        try {
          compare(expected, Interpreter.run(Pipeline.standard().optimise(graph).graph(), inputs));
        } catch (RuntimeException | AssertionError e) {
          failures.put(name, e + (e.getCause() == null ? "" : " by " + e.getCause()));
        }
      }
    }
    assertEquals(Map.of(), failures);
    assertTrue(compared > 1000, compared + " models compared");
  }

  private static boolean isRandom(String name) {
    return name.contains("bernoulli") || name.contains("random") || name.contains("dropout");
  }

  private static List<Path> unzip(Path zip, Path folder) throws IOException {
    List<Path> models = new ArrayList<>();
    try (FileSystem files = FileSystems.newFileSystem(zip);
        Stream<Path> entries = Files.walk(files.getPath("/"))) {
      for (Path entry : entries.filter(Files::isRegularFile).sorted().toList()) {
        Path target = folder.resolve(entry.toString().substring(1));
        Files.createDirectories(target.getParent());
        Files.copy(entry, target);
        if (target.endsWith("model.onnx")) {
          models.add(target);
        }
      }
    }
    return models;
  }

  private static List<Datum> read(Path folder, List<ValueInfoProto> values) {
    List<Datum> data = new ArrayList<>();
    for (int i = 0; i < values.size(); i++) {
      Path path = folder.resolve("input_" + i + ".pb");
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
      case DataProto.SequenceData(_, var values) ->
          new Datum.SequenceDatum(values.stream().map(OperatorModelsTest::datum).toList());
      case DataProto.OptionalData(_, var value) ->
          new Datum.OptionalDatum(value.map(OperatorModelsTest::datum));
      case DataProto.MapData map -> throw new IllegalArgumentException("map " + map.name());
    };
  }

  private static void compare(List<Datum> expected, List<Datum> found) {
    for (int i = 0; i < expected.size(); i++) {
      assertEquals(expected.get(i).describe(), found.get(i).describe());
      if (expected.get(i) instanceof Datum.TensorDatum(Tensor a)) {
        compare(a, found.get(i).tensor());
      }
    }
  }

  private static void compare(Tensor expected, Tensor found) {
    assertTrue(Arrays.equals(expected.dims(), found.dims()));
    if (expected.dtype() == DType.STRING) {
      assertEquals(expected.strings(), found.strings());
      return;
    }
    if (expected.dtype().kind() == DType.Kind.COMPLEX) {
      return;
    }
    for (long i = 0; i < expected.elements(); i++) {
      double a = expected.getDouble(i);
      double b = found.getDouble(i);
      boolean same =
          a == b
              || (Double.isNaN(a) && Double.isNaN(b))
              || Math.abs(a - b) <= 1e-6 + 1e-4 * Math.abs(a);
      assertTrue(same, "element " + i + ": " + a + " became " + b);
    }
  }
}
