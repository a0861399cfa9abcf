package fluidml.graph.infer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.error.UnsupportedModelException;
import fluidml.graph.Graph;
import fluidml.graph.GraphBuilder;
import fluidml.graph.GraphParser;
import fluidml.graph.GraphPrinter;
import fluidml.graph.GraphVerifier;
import fluidml.graph.Node;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Control;
import fluidml.onnx.OnnxFile;
import fluidml.onnx.OnnxImporter;
import fluidml.onnx.OnnxTensors;
import fluidml.onnx.proto.DataProto;
import fluidml.onnx.proto.TensorProto;
import fluidml.onnx.proto.ValueInfoProto;
import fluidml.pass.FoldShapes;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import fluidml.testing.SharedData;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Shapes of real models, and of ONNX's operator tests with every extent made a symbol. */
class CorpusShapesTest {
  @ParameterizedTest
  @ValueSource(
      strings = {"bert-dynamic", "convbert", "gptneox-decode", "ibert-quant", "efficientnet-lite4"})
  void modelsFoldTheirShapeArithmetic(String model) {
    Graph graph = graph(SharedData.require("models/" + model + "/model.onnx"));
    GraphVerifier.verify("import", graph);
    assertTrue(Assumptions.of(graph).violation(name -> name.endsWith("_1") ? 9 : 8).isEmpty());
    Graph folded = new FoldShapes().run(graph);
    GraphVerifier.verify("fold", folded);
    Contents contents = new Contents();
    folded.inputs().forEach(input -> contents.reserve(input.type()));
    for (Node node : folded.nodes()) {
      for (Value output : node.outputs()) {
        assertTrue(output.shape().dims().stream().allMatch(contents::isGiven), node.name());
      }
      boolean dynamic = node.op().mnemonic().endsWith("By") || node.op().mnemonic().endsWith("Of");
      assertTrue(!dynamic, () -> GraphPrinter.print(node));
    }
    String text = GraphPrinter.print(graph);
    Map<String, Tensor> tensors = GraphPrinter.tensors(graph);
    assertEquals(text, GraphPrinter.print(GraphParser.parse(text, tensors)));
  }

  /** The graph of a model whose large constants are all zeros. */
  private static Graph graph(Path path) {
    MemorySegment zeros = Arena.ofAuto().allocate(1L << 28);
    try (OnnxFile file = OnnxFile.open(path)) {
      return OnnxImporter.graph(
          file.model(),
          proto -> {
            if (!(proto.data() instanceof TensorProto.External)) {
              return OnnxTensors.tensor(proto, "model").copy();
            }
            long[] dims = proto.dims().stream().mapToLong(Long::longValue).toArray();
            long bytes = proto.dtype().byteSize(Shape.of(dims).elements().constant().orElseThrow());
            return Tensor.wrap(proto.dtype(), zeros.asSlice(0, bytes), dims);
          });
    }
  }

  @Test
  void operatorTestsHaveTheInferredShapes(@TempDir Path folder) throws IOException {
    TreeMap<String, String> wrong = new TreeMap<>();
    int checked = 0;
    try (FileSystem zip = FileSystems.newFileSystem(SharedData.require("onnx/node.zip"));
        Stream<Path> entries = Files.walk(zip.getPath("/"))) {
      for (Path model : entries.filter(p -> p.endsWith("model.onnx")).toList()) {
        Optional<String> problem = problem(model, folder);
        checked += problem.isPresent() ? 1 : 0;
        problem
            .filter(p -> !p.isEmpty())
            .ifPresent(p -> wrong.put(String.valueOf(model.getParent()), p));
      }
    }
    assertEquals(Map.of(), wrong);
    assertTrue(checked > 1300, "only " + checked + " tests were checked");
  }

  /** What inference gets wrong about a test; empty text for nothing; empty if it cannot tell. */
  private static Optional<String> problem(Path model, Path folder) throws IOException {
    Path data = model.resolveSibling("test_data_set_0");
    try (OnnxFile file = OnnxFile.open(copy(model, folder))) {
      Graph graph = OnnxImporter.graph(file);
      List<Optional<Tensor>> inputs = read(data, "input_", file.model().graph().inputs(), folder);
      boolean plain =
          graph.nodes().stream().noneMatch(n -> n.op() instanceof Control)
              && inputs.stream().allMatch(Optional::isPresent)
              && inputs.size() == graph.inputs().size();
      if (!plain) {
        return Optional.empty();
      }
      Map<String, Long> symbols = new HashMap<>();
      Graph symbolic = symbolic(graph, inputs, symbols);
      List<Optional<Tensor>> outputs =
          read(data, "output_", file.model().graph().outputs(), folder);
      for (int i = 0; i < outputs.size(); i++) {
        Type type = symbolic.outputs().get(i).type();
        if (outputs.get(i).isPresent() && !fits(type, outputs.get(i).get(), symbols)) {
          return Optional.of(type + " for " + outputs.get(i).get() + " with " + symbols);
        }
      }
      return Optional.of(
          Assumptions.of(symbolic).violation(symbols::get).map(v -> "assumed: " + v).orElse(""));
    } catch (UnsupportedModelException e) {
      return Optional.empty();
    }
  }

  private static Path copy(Path file, Path folder) throws IOException {
    Path target = Files.createTempFile(folder, "", ".bin");
    return Files.write(target, Files.readAllBytes(file));
  }

  private static List<Optional<Tensor>> read(
      Path data, String prefix, List<ValueInfoProto> values, Path folder) throws IOException {
    List<Optional<Tensor>> tensors = new ArrayList<>();
    for (int i = 0; i < values.size(); i++) {
      Path path = data.resolve(prefix + i + ".pb");
      boolean tensor =
          Files.exists(path)
              && OnnxTensors.read(copy(path, folder), values.get(i).type())
                  instanceof DataProto.TensorData;
      tensors.add(tensor ? Optional.of(OnnxTensors.read(copy(path, folder))) : Optional.empty());
    }
    return tensors;
  }

  /** The graph with short integer inputs as constants and every other extent above 1 a symbol. */
  private static Graph symbolic(
      Graph graph, List<Optional<Tensor>> inputs, Map<String, Long> symbols) {
    GraphBuilder builder = new GraphBuilder(graph.name());
    Map<Value, Value> values = new HashMap<>(Map.of(Value.ABSENT, Value.ABSENT));
    for (int i = 0; i < inputs.size(); i++) {
      Value input = graph.inputs().get(i);
      Tensor tensor = inputs.get(i).orElseThrow();
      boolean index = tensor.dtype() == DType.INT64 || tensor.dtype() == DType.INT32;
      boolean small = tensor.rank() < 2 && tensor.elements() <= 64;
      if ((index || input.name().contains("scales")) && small) {
        values.put(input, builder.constant(input.name(), tensor));
        continue;
      }
      List<Dim> dims = new ArrayList<>();
      for (int axis = 0; axis < tensor.rank(); axis++) {
        String name = "d%d_%d".formatted(i, axis);
        symbols.put(name, tensor.dim(axis));
        dims.add(tensor.dim(axis) == 1 ? Dim.ONE : Dim.symbol(name));
      }
      values.put(input, builder.input(input.name(), Type.tensor(tensor.dtype(), new Shape(dims))));
    }
    for (Node node : graph.nodes()) {
      List<Value> operands = node.inputs().stream().map(values::get).toList();
      List<String> names = node.outputs().stream().map(Value::name).toList();
      List<Value> results = builder.add(node.name(), node.op(), operands, names);
      for (int i = 0; i < results.size(); i++) {
        values.put(node.output(i), results.get(i));
      }
    }
    graph.outputs().forEach(output -> builder.output(values.get(output)));
    return builder.build();
  }

  private static boolean fits(Type type, Tensor tensor, Map<String, Long> symbols) {
    if (!(type instanceof Type.TensorType inferred) || inferred.dtype() != tensor.dtype()) {
      return false;
    }
    if (inferred.shape().isEmpty()) {
      return true;
    }
    Shape shape = inferred.shape().get();
    boolean fits = shape.rank() == tensor.rank();
    for (int axis = 0; fits && axis < tensor.rank(); axis++) {
      boolean known = symbols.keySet().containsAll(shape.dim(axis).symbols());
      fits = !known || shape.dim(axis).evaluate(symbols::get) == tensor.dim(axis);
    }
    return fits;
  }
}
