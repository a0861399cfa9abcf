package fluidml.conformance;

import fluidml.onnx.OnnxFile;
import fluidml.onnx.OnnxImporter;
import fluidml.onnx.OnnxTensors;
import fluidml.onnx.proto.DataProto;
import fluidml.onnx.proto.GraphProto;
import fluidml.onnx.proto.TensorProto;
import fluidml.onnx.proto.TypeProto;
import fluidml.onnx.proto.ValueInfoProto;
import fluidml.reference.Datum;
import fluidml.reference.Interpreter;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Inputs and expected outputs of one run.
 *
 * @param inputs by name; an optional input without a file is absent
 * @param expected by name; outputs without a file are not compared
 */
record CaseData(Map<String, Datum> inputs, Map<String, Datum> expected) {
  /**
   * Reads or makes the data.
   *
   * @param file the case's model
   * @throws fluidml.error.FluidmlException if a file cannot be read
   * @throws IllegalArgumentException if inputs must be generated and are no tensors
   */
  static CaseData of(OnnxFile file, TestCase.DataSet dataSet) {
    GraphProto graph = file.model().graph();
    return switch (dataSet) {
      case TestCase.DataSet.Stored(Path folder) ->
          new CaseData(
              read(folder.resolve("input_").toString(), feeds(graph, folder)),
              read(folder.resolve("output_").toString(), graph.outputs()));
      case TestCase.DataSet.Generated(var outputs) -> {
        Map<String, Datum> inputs = new LinkedHashMap<>();
        withoutInitializers(graph).forEach(value -> inputs.put(value.name(), generate(value)));
        yield new CaseData(
            inputs,
            outputs
                .map(prefix -> read(prefix, graph.outputs()))
                .orElseGet(() -> interpret(file, inputs)));
      }
    };
  }

  /** Old files list initializers among the inputs; a data set may or may not count them. */
  private static List<ValueInfoProto> feeds(GraphProto graph, Path folder) {
    List<ValueInfoProto> free = withoutInitializers(graph);
    return Files.exists(folder.resolve("input_" + free.size() + ".pb")) ? graph.inputs() : free;
  }

  private static List<ValueInfoProto> withoutInitializers(GraphProto graph) {
    Set<String> constants =
        graph.initializers().stream().map(TensorProto::name).collect(Collectors.toSet());
    return graph.inputs().stream().filter(value -> !constants.contains(value.name())).toList();
  }

  private static Map<String, Datum> read(String prefix, List<ValueInfoProto> values) {
    Map<String, Datum> data = new LinkedHashMap<>();
    for (int i = 0; i < values.size(); i++) {
      Path path = Path.of(prefix + i + ".pb");
      data.put(
          values.get(i).name(),
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
          new Datum.SequenceDatum(values.stream().map(CaseData::datum).toList());
      case DataProto.OptionalData(var name, var value) ->
          new Datum.OptionalDatum(value.map(CaseData::datum));
      case DataProto.MapData map ->
          throw new IllegalArgumentException("a map cannot be compared: " + map.name());
    };
  }

  private static Map<String, Datum> interpret(OnnxFile file, Map<String, Datum> inputs) {
    List<Datum> results =
        Interpreter.run(OnnxImporter.graph(file), new ArrayList<>(inputs.values()));
    Map<String, Datum> named = new LinkedHashMap<>();
    List<ValueInfoProto> outputs = file.model().graph().outputs();
    for (int i = 0; i < outputs.size(); i++) {
      named.put(outputs.get(i).name(), results.get(i));
    }
    return named;
  }

  /** Element k of n is k / n, rounded down for integers; extents that are not known are 1. */
  private static Datum generate(ValueInfoProto value) {
    if (!(value.type() instanceof TypeProto.TensorType(var dtype, var shape))
        || dtype.isEmpty()
        || shape.isEmpty()
        || dtype.get() == DType.STRING
        || dtype.get().kind() == DType.Kind.COMPLEX) {
      throw new IllegalArgumentException(
          "input '%s' is %s: only numeric tensors can be generated"
              .formatted(value.name(), value.type()));
    }
    long[] dims =
        shape.get().stream()
            .mapToLong(d -> d instanceof TypeProto.Extent(long extent) ? extent : 1)
            .toArray();
    Tensor tensor = Tensor.allocate(dtype.get(), dims);
    double count = tensor.elements();
    for (long i = 0; i < tensor.elements(); i++) {
      tensor.setDouble(i, i / count);
    }
    return Datum.of(tensor);
  }
}
