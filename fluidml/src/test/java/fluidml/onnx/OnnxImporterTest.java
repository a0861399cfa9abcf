package fluidml.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.error.FluidmlException;
import fluidml.error.InvalidModelException;
import fluidml.error.UnsupportedModelException;
import fluidml.graph.Graph;
import fluidml.onnx.proto.AttributeProto;
import fluidml.onnx.proto.FunctionProto;
import fluidml.onnx.proto.GraphProto;
import fluidml.onnx.proto.ModelProto;
import fluidml.onnx.proto.ModelProto.OperatorSetId;
import fluidml.onnx.proto.NodeProto;
import fluidml.onnx.proto.ProtoDecoder;
import fluidml.onnx.proto.SparseTensorProto;
import fluidml.onnx.proto.TensorProto;
import fluidml.onnx.proto.ValueInfoProto;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

class OnnxImporterTest {
  private static final Tensor ROW = Tensor.of(new float[] {1, -2, 3}, 1, 3);

  @Test
  void bodiesAreClosedAndFunctionsInlined() {
    Graph graph = Imports.graph(Models.mixed());
    assertEquals(List.of("x", "c"), graph.inputs().stream().map(v -> v.name()).toList());
    assertEquals("z", graph.outputs().getFirst().name());
    assertEquals("f32[n,4]", graph.outputs().getFirst().type().toString());
    Tensor no = Tensor.of(new boolean[] {false});
    Tensor z = Imports.run(graph, Tensor.of(new float[] {1, 0, 0}, 1, 3), no).getFirst();
    assertArrayEquals(new float[] {-2, -4, -6, -8}, z.toFloats());
  }

  @Test
  void aKnownConditionLeavesNoBranch() {
    GraphProto mixed = Models.mixed().graph();
    GraphProto graph =
        GraphProto.of(
            "g",
            mixed.nodes().subList(0, 2),
            mixed.inputs().subList(0, 1),
            List.of(ValueInfoProto.tensor("y", DType.FLOAT32, -1, 4)),
            List.of(
                mixed.initializers().getFirst(),
                TensorProto.of("c", Tensor.of(new boolean[] {true}))));
    Graph imported = Imports.graph(18, graph);
    assertTrue(imported.nodes().stream().noneMatch(n -> n.op().mnemonic().equals("If")));
    // relu((1, -2, 3) · w)
    assertArrayEquals(
        new float[] {18, 20, 22, 24}, Imports.run(imported, ROW).getFirst().toFloats());
  }

  @Test
  void inputsWithInitializersAreConstantsAndUnusedConstantsVanish() {
    Tensor two = Tensor.scalar(2f);
    GraphProto graph =
        GraphProto.of(
            "g",
            List.of(NodeProto.of("Mul", List.of("x0", "k"), List.of("y"))),
            List.of(
                ValueInfoProto.tensor("x0", DType.FLOAT32, 1, 3),
                ValueInfoProto.tensor("k", DType.FLOAT32)),
            List.of(ValueInfoProto.tensor("y", DType.FLOAT32, 1, 3)),
            List.of(TensorProto.of("k", two), TensorProto.of("unused", two)));
    Graph imported = Imports.graph(14, graph);
    assertEquals(1, imported.inputs().size());
    assertEquals(2, imported.nodes().size());
    assertArrayEquals(new float[] {2, -4, 6}, Imports.run(imported, ROW).getFirst().toFloats());
  }

  @Test
  void sparseInitializersBecomeDense() {
    SparseTensorProto sparse =
        new SparseTensorProto(
            TensorProto.of("k", Tensor.of(new float[] {5, 7}, 2)),
            TensorProto.of("", Tensor.of(new long[] {0, 0, 0, 2}, 2, 2)),
            List.of(1L, 3L));
    GraphProto graph =
        new GraphProto(
            "g",
            List.of(NodeProto.of("Mul", List.of("x0", "k"), List.of("y"))),
            List.of(ValueInfoProto.tensor("x0", DType.FLOAT32, 1, 3)),
            List.of(ValueInfoProto.tensor("y", DType.FLOAT32, 1, 3)),
            List.of(),
            List.of(sparse),
            List.of(),
            "");
    assertArrayEquals(
        new float[] {5, -0f, 21}, Imports.run(Imports.graph(14, graph), ROW).getFirst().toFloats());
  }

  private static FunctionProto function(String name, NodeProto... nodes) {
    return new FunctionProto(
        "local",
        name,
        "",
        List.of("a"),
        List.of("b"),
        List.of(),
        List.of(AttributeProto.of("slope", 0.5f)),
        List.of(nodes),
        List.of(new OperatorSetId("", 16), new OperatorSetId("local", 1)),
        List.of(),
        "");
  }

  private static ModelProto calling(String name, FunctionProto function, AttributeProto... args) {
    NodeProto call = NodeProto.of("local", name, List.of("x0"), List.of("y"), args);
    return ModelProto.of(
        List.of(new OperatorSetId("", 16), new OperatorSetId("local", 1)),
        Imports.around(List.of(call), ROW),
        List.of(function));
  }

  @Test
  void attributesOfFunctionsAreSubstituted() {
    FunctionProto leaky =
        function(
            "Leaky",
            NodeProto.of(
                "LeakyRelu",
                List.of("a"),
                List.of("b"),
                new AttributeProto("alpha", new AttributeProto.Reference("slope", 1))));
    Graph byDefault = Imports.graph(calling("Leaky", leaky));
    assertArrayEquals(new float[] {1, -1, 3}, Imports.run(byDefault, ROW).getFirst().toFloats());
    Graph given = Imports.graph(calling("Leaky", leaky, AttributeProto.of("slope", 2f)));
    assertArrayEquals(new float[] {1, -4, 3}, Imports.run(given, ROW).getFirst().toFloats());
  }

  private static String failure(Class<? extends FluidmlException> type, ModelProto model) {
    return assertThrows(type, () -> Imports.graph(model)).getMessage();
  }

  private static ModelProto single(int opset, NodeProto node) {
    return ModelProto.of(opset, Imports.around(List.of(node), ROW));
  }

  @Test
  void whatIsWrongIsNamed() {
    FunctionProto endless =
        function("Endless", NodeProto.of("local", "Endless", List.of("a"), List.of("b")));
    String recursion = failure(InvalidModelException.class, calling("Endless", endless));
    assertTrue(recursion.contains("local.Endless: calls itself"), recursion);
    String undefined =
        failure(
            InvalidModelException.class,
            single(14, NodeProto.of("Relu", List.of("nowhere"), List.of("y"))));
    assertTrue(undefined.contains("'nowhere'"), undefined);
    String outputs =
        failure(
            InvalidModelException.class,
            single(14, NodeProto.of("Identity", List.of("x0"), List.of("y", "more"))));
    assertTrue(outputs.contains("no output 1 ('more')"), outputs);
    String inputs =
        failure(
            InvalidModelException.class,
            single(14, NodeProto.of("Relu", List.of("x0", "x0"), List.of("y"))));
    assertTrue(inputs.contains("at most 1"), inputs);
    String domain =
        failure(
            InvalidModelException.class,
            single(14, NodeProto.of("com.acme", "Magic", List.of("x0"), List.of("y"))));
    assertTrue(domain.contains("'com.acme'"), domain);
  }

  @Test
  void whatIsNotSupportedIsNamed() {
    String op =
        failure(
            UnsupportedModelException.class,
            single(14, NodeProto.of("Magic", List.of("x0"), List.of("y"))));
    assertTrue(op.contains("node 'y' (ai.onnx.Magic-14)"), op);
    String attribute =
        failure(
            UnsupportedModelException.class,
            single(
                14,
                NodeProto.of("Relu", List.of("x0"), List.of("y"), AttributeProto.of("alpha", 1f))));
    assertTrue(attribute.contains("attribute 'alpha'"), attribute);
    String value =
        failure(
            UnsupportedModelException.class,
            single(
                20,
                NodeProto.of(
                    "Gelu", List.of("x0"), List.of("y"), AttributeProto.of("approximate", "x"))));
    assertTrue(value.contains("supported are none, tanh"), value);
    String newer =
        failure(
            UnsupportedModelException.class,
            single(99, NodeProto.of("Relu", List.of("x0"), List.of("y"))));
    assertTrue(newer.contains("ai.onnx-99") && newer.contains("28"), newer);
    String older =
        failure(
            UnsupportedModelException.class,
            single(6, NodeProto.of("Where", List.of("x0", "x0", "x0"), List.of("y"))));
    assertTrue(older.contains("supported from version"), older);
  }

  @Test
  void damagedModelsNeverEscapeTheTypedExceptions() {
    byte[] good = OnnxWriter.toBytes(Models.mixed());
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(11);
    for (int round = 0; round < 4_000; round++) {
      byte[] bytes = good.clone();
      int flips = 1 + random.nextInt(2);
      for (int i = 0; i < flips; i++) {
        bytes[random.nextInt(bytes.length)] += (byte) (1 + random.nextInt(3));
      }
      try {
        Imports.graph(ProtoDecoder.model(MemorySegment.ofArray(bytes), "f.onnx"));
      } catch (InvalidModelException | UnsupportedModelException e) {
        assertTrue(e.getMessage().length() > 3);
      }
    }
  }
}
