package fluidml.pass;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise.Binary;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Reduction.Reduce;
import fluidml.onnx.OnnxFile;
import fluidml.onnx.OnnxImporter;
import fluidml.onnx.proto.TensorProto;
import fluidml.tensor.Dim;
import fluidml.tensor.Tensor;
import fluidml.testing.SharedData;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the pipeline makes of networks as exporters write them; their weights are made up here. */
class ModelsTest {
  /** Ops of shape arithmetic and of decomposed forms: none is left. */
  private static final Set<String> GONE =
      Set.of(
          "ShapeOf",
          "ReshapeBy",
          "SliceBy",
          "ExpandBy",
          "SqueezeBy",
          "UnsqueezeBy",
          "RangeBy",
          "DimTensor",
          "ERF",
          "POW",
          "SQRT",
          "NEG",
          "Squeeze",
          "Unsqueeze",
          "Flatten",
          "Gemm",
          "IDENTITY");

  @TempDir static Path folder;

  @ParameterizedTest
  @CsvSource({
    "bert, Attention=12 LayerNorm=25 GELU=12 MatMul=73 Softmax=0 Where=0",
    "bert-opset13, Attention=12 LayerNorm=25 GELU=12 MatMul=73 Softmax=0 Where=0",
    "bert-dynamic, Attention=12 LayerNorm=25 GELU=12 MatMul=73 Softmax=0 Where=0",
    "convbert, Attention=12 LayerNorm=25 GELU=12 Softmax=12 Conv=24",
    "ibert, Attention=12 LayerNorm=25 GELU=12 MatMul=73 Softmax=0",
    "gptneox, Attention=12 RotaryEmbedding=24 LayerNorm=25 GELU=12 MatMul=49 Softmax=0",
    "gptneox-tiny, Attention=5 RotaryEmbedding=10 LayerNorm=11 GELU=5 MatMul=20 Softmax=0",
    "gptneox-decode, Attention=12 RotaryEmbedding=24 LayerNorm=25 GELU=12 MatMul=49 Where=1",
    // Six of its blocks of three convolutions are computed in 21 bands: 91 and 45 more.
    "efficientnet-lite4, Conv=136 Clip=91 Concat=6 Softmax=1 MatMul=1",
    // Its first two pooled convolutions are computed in three bands each: 13 and 4 more.
    "vgg16, Conv=17 RELU=19 MaxPool=9 Concat=2 MatMul=3 AveragePool=0"
  })
  void decomposedFormsBecomeOps(String model, String expected) throws IOException {
    Path path = SharedData.require("models/" + model + "/model.onnx");
    try (Arena arena = Arena.ofShared();
        OnnxFile file = OnnxFile.open(path)) {
      Weights weights = new Weights(file, zeros(arena));
      Graph graph = OnnxImporter.graph(file.model(), weights::tensor);
      Graph after = Pipeline.standard().optimise(graph).graph();
      Map<String, Integer> counts = counts(after);
      for (String pair : expected.split(" ", -1)) {
        String[] sides = pair.split("=", -1);
        assertEquals(
            Integer.parseInt(sides[1]),
            counts.getOrDefault(sides[0], 0),
            sides[0] + " of " + counts);
      }
      Set<String> left = new TreeSet<>(counts.keySet());
      left.retainAll(GONE);
      assertEquals(Set.of(), left, "left of " + counts);
      assertEquals(
          graph.outputs().stream().map(Value::name).toList(),
          after.outputs().stream().map(Value::name).toList());
      for (Node node : after.nodes()) {
        for (Value value : node.outputs()) {
          assertTrue(isPlain(value), () -> value + " is " + value.type());
        }
      }
    }
  }

  /** Whether every extent is a polynomial of the symbols, without clamping. */
  private static boolean isPlain(Value value) {
    return value.knownShape().isPresent()
        && value.shape().dims().stream().map(Dim::toString).noneMatch(d -> d.contains("("));
  }

  private static Map<String, Integer> counts(Graph graph) {
    Map<String, Integer> counts = new TreeMap<>();
    for (Node node : graph.nodes()) {
      String name =
          switch (node.op()) {
            case Unary(var function) -> function.name();
            case Binary(var function) -> function.name();
            case Reduce reduce -> "Reduce " + reduce.function();
            default -> node.op().mnemonic();
          };
      counts.merge(name, 1, Integer::sum);
    }
    return counts;
  }

  /**
   * Weights, each different from all others: small ones random, large ones zeros at a place of
   * their own.
   */
  private static final class Weights {
    private final OnnxFile file;
    private final MemorySegment zeros;
    private final Random random = new Random(11);
    private long used;

    Weights(OnnxFile file, MemorySegment zeros) {
      this.file = file;
      this.zeros = zeros;
    }

    Tensor tensor(TensorProto proto) {
      if (!(proto.data() instanceof TensorProto.External)) {
        return file.tensor(proto);
      }
      long bytes = proto.dtype().byteSize(proto.elements());
      if (bytes > 1 << 16) {
        used += bytes;
        return Tensor.wrap(proto.dtype(), zeros.asSlice(used - bytes, bytes), proto.dimArray());
      }
      Tensor tensor = Tensor.allocate(proto.dtype(), proto.dimArray());
      for (long i = 0; i < tensor.elements(); i++) {
        tensor.setDouble(i, random.nextDouble());
      }
      return tensor;
    }
  }

  /** Zeros that take no memory: a file with a hole. */
  private static MemorySegment zeros(Arena arena) {
    Path file = folder.resolve("zeros");
    try (FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      return channel.map(FileChannel.MapMode.READ_WRITE, 0, 1L << 30, arena);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
