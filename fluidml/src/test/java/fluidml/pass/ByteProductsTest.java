package fluidml.pass;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.graph.Graph;
import fluidml.graph.GraphBuilder;
import fluidml.graph.Node;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Contraction.ConvInteger;
import fluidml.graph.op.Contraction.Gemm;
import fluidml.graph.op.Contraction.MatMul;
import fluidml.graph.op.Contraction.MatMulInteger;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Movement.Transpose;
import fluidml.graph.op.Op;
import fluidml.graph.op.Quantization.DequantizeLinear;
import fluidml.graph.op.Quantization.QuantizeLinear;
import fluidml.graph.op.Window;
import fluidml.graph.op.Window.Padding;
import fluidml.lower.ByteKernels;
import fluidml.reference.Datum;
import fluidml.reference.Interpreter;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

final class ByteProductsTest {
  @TestFactory
  Stream<DynamicTest> splits() throws IOException {
    return PassCases.of(new SplitQuantized(true, true), "split-quantized-bytes");
  }

  @TestFactory
  Stream<DynamicTest> recognises() throws IOException {
    return PassCases.of(new RecogniseByteProducts(true, true));
  }

  private static Tensor bytes(Random random, DType dtype, long... dims) {
    Tensor tensor = Tensor.allocate(dtype, dims);
    long least = dtype == DType.INT8 ? -128 : 0;
    for (long i = 0; i < tensor.elements(); i++) {
      tensor.setLong(i, least + random.nextInt(256));
    }
    return tensor;
  }

  private static DType type(Random random) {
    return random.nextBoolean() ? DType.INT8 : DType.UINT8;
  }

  private static Value maybe(Random random, GraphBuilder g, String name, Tensor tensor) {
    return random.nextInt(3) == 0 ? Value.ABSENT : g.constant(name, tensor);
  }

  /** The zero point that makes unsigned weights signed, if they are. */
  private static Tensor middle(DType dtype, long... dims) {
    Tensor zeros = Tensor.allocate(dtype, dims);
    for (long i = 0; i < zeros.elements(); i++) {
      zeros.setLong(i, dtype == DType.UINT8 ? 128 : 0);
    }
    return zeros;
  }

  @Property(tries = 40)
  void matrixProductsAreTheSame(@ForAll long seed) {
    Random random = new Random(seed);
    long depth = 1L + random.nextInt(70);
    long columns = 1L + random.nextInt(100);
    long rows = random.nextInt(5) == 0 ? 1 : 1L + random.nextInt(40);
    boolean turned = random.nextInt(3) == 0;
    boolean batches = !turned && random.nextBoolean();
    DType left = type(random);
    Tensor a =
        batches
            ? bytes(random, left, 2, 3, rows, depth)
            : turned ? bytes(random, left, depth, rows) : bytes(random, left, rows, depth);
    DType right = type(random);
    GraphBuilder g = new GraphBuilder("product");
    Value given = g.input("a", Type.tensor(left, a.dims()));
    Value operand = turned ? g.add(new Transpose(List.of(1, 0)), given) : given;
    Tensor points = random.nextBoolean() ? bytes(random, right, columns) : bytes(random, right, 1);
    g.output(
        g.add(
            new MatMulInteger(),
            operand,
            g.constant("b", bytes(random, right, depth, columns)),
            maybe(random, g, "az", bytes(random, left, new long[0])),
            maybe(random, g, "bz", points)));
    check(g.build(), MatMulInteger.class, a);
  }

  @Property(tries = 60)
  void convolutionsAreTheSame(@ForAll long seed) {
    Random random = new Random(seed);
    int rank = 1 + random.nextInt(2);
    long channels = List.of(1L, 2L, 3L, 5L, 8L, 16L, 20L).get(random.nextInt(7));
    long filters = 1L + random.nextInt(70);
    List<Long> kernel = new ArrayList<>();
    List<Long> strides = new ArrayList<>();
    List<Long> dilations = new ArrayList<>();
    List<Long> begin = new ArrayList<>();
    List<Long> end = new ArrayList<>();
    long[] image = new long[rank + 2];
    long[] weights = new long[rank + 2];
    image[0] = 1L + random.nextInt(2);
    image[1] = channels;
    weights[0] = filters;
    weights[1] = channels;
    Padding padding = List.of(Padding.values()).get(random.nextInt(4));
    for (int axis = 0; axis < rank; axis++) {
      kernel.add(1L + random.nextInt(4));
      strides.add(1L + random.nextInt(2));
      dilations.add(axis == rank - 1 && kernel.getLast() > 1 ? 1L : 1L + random.nextInt(2));
      begin.add(padding == Padding.EXPLICIT ? (long) random.nextInt(3) : 0L);
      end.add(padding == Padding.EXPLICIT ? (long) random.nextInt(3) : 0L);
      image[axis + 2] = 7L + random.nextInt(14);
      weights[axis + 2] = kernel.getLast();
    }
    DType left = type(random);
    DType right = type(random);
    Tensor x = bytes(random, left, image);
    GraphBuilder g = new GraphBuilder("convolution");
    long[] each = random.nextBoolean() ? new long[] {filters} : new long[0];
    Tensor points = random.nextBoolean() ? middle(right, each) : bytes(random, right, each);
    g.output(
        g.add(
            new ConvInteger(new Window(kernel, strides, dilations, begin, end, padding), 1),
            g.input("x", Type.tensor(left, image)),
            g.constant("w", bytes(random, right, weights)),
            maybe(random, g, "xz", bytes(random, left, new long[0])),
            right == DType.UINT8 ? g.constant("wz", points) : maybe(random, g, "wz", points)));
    check(g.build(), ConvInteger.class, x);
  }

  /** Two convolutions with what lies between them, in the format of most quantised models. */
  @Property(tries = 10)
  void dequantisedConvolutionsAreRecognised(@ForAll long seed) {
    Random random = new Random(seed);
    DType type = type(random);
    GraphBuilder g = new GraphBuilder("network");
    Value x = g.input("x", Type.tensor(DType.FLOAT32, 1, 3, 12, 12));
    Value hidden = dequantised(random, g, quantised(g, x, 0.05f, type), 0.05f, type);
    List<Long> ones = List.of(1L, 1L);
    Window window = new Window(List.of(3L, 3L), ones, ones, ones, ones, Padding.EXPLICIT);
    for (int layer = 0; layer < 2; layer++) {
      long channels = layer == 0 ? 3 : 20;
      Tensor scales = Tensor.of(scales(random, 20), 20);
      Value weights =
          g.add(
              new DequantizeLinear(0, 0, Optional.empty()),
              g.constant("w" + layer, bytes(random, DType.INT8, 20, channels, 3, 3)),
              g.constant("s" + layer, scales));
      Value bias = g.constant("b" + layer, Tensor.of(scales(random, 20), 20));
      Value y = g.add(new Conv(window, 1), hidden, weights, bias);
      Value positive = g.add(new Unary(UnaryFunction.RELU), y);
      hidden = dequantised(random, g, quantised(g, positive, 0.7f, type), 0.7f, type);
    }
    g.output(hidden);
    Tensor input = Tensor.allocate(DType.FLOAT32, 1, 3, 12, 12);
    for (long i = 0; i < input.elements(); i++) {
      input.setDouble(i, random.nextGaussian());
    }
    Graph graph = g.build();
    Graph after = checkNodes(graph, ConvInteger.class, 2);
    double step = 0.7;
    compare(reference(graph, input), ByteKernels.run(after, input), step * 1.001);
  }

  @Property(tries = 20)
  void dequantisedProductsAreRecognised(@ForAll long seed) {
    Random random = new Random(seed);
    boolean transposed = random.nextBoolean();
    boolean each = random.nextBoolean();
    long columns = 1L + random.nextInt(150);
    long depth = 1L + random.nextInt(50);
    GraphBuilder g = new GraphBuilder("product");
    DType type = type(random);
    Value x = g.input("x", Type.tensor(DType.FLOAT32, 9, depth));
    Value a = dequantised(random, g, quantised(g, x, 0.02f, type), 0.02f, type);
    Tensor w =
        transposed
            ? bytes(random, DType.INT8, columns, depth)
            : bytes(random, DType.INT8, depth, columns);
    Tensor scales = each ? Tensor.of(scales(random, (int) columns), columns) : Tensor.scalar(0.01f);
    Value b =
        g.add(
            new DequantizeLinear(transposed ? 0 : 1, 0, Optional.empty()),
            g.constant("w", w),
            g.constant("s", scales));
    Op op = transposed ? new Gemm(1, 1, false, true) : new MatMul();
    Value bias = g.constant("bias", Tensor.of(scales(random, (int) columns), columns));
    g.output(transposed ? g.add(op, a, b, bias) : g.add(op, a, b));
    Tensor input = Tensor.allocate(DType.FLOAT32, 9, depth);
    for (long i = 0; i < input.elements(); i++) {
      input.setDouble(i, random.nextGaussian());
    }
    Graph graph = g.build();
    Graph after = checkNodes(graph, MatMulInteger.class, 1);
    compare(reference(graph, input), ByteKernels.run(after, input), 1e-3);
  }

  private static float[] scales(Random random, int count) {
    float[] scales = new float[count];
    for (int i = 0; i < count; i++) {
      scales[i] = 0.005f + random.nextFloat() * 0.01f;
    }
    return scales;
  }

  private static Value quantised(GraphBuilder g, Value x, float scale, DType type) {
    return g.add(
        new QuantizeLinear(1, 0, true, Optional.empty(), Optional.empty()),
        x,
        g.constant(x.name() + ".scale", Tensor.scalar(scale)),
        g.constant(x.name() + ".zero", zero(type)));
  }

  private static Value dequantised(
      Random random, GraphBuilder g, Value x, float scale, DType type) {
    return g.add(
        new DequantizeLinear(1, 0, Optional.empty()),
        x,
        g.constant(x.name() + ".scale", Tensor.scalar(scale)),
        g.constant(x.name() + ".zero" + random.nextInt(), zero(type)));
  }

  private static Tensor zero(DType type) {
    Tensor zero = Tensor.allocate(type);
    zero.setLong(0, type == DType.INT8 ? 3 : 117);
    return zero;
  }

  private static Graph rewritten(Graph graph) {
    return Pipeline.of(
            List.of(
                new RecogniseByteProducts(true, true),
                new FoldConstants(),
                new SplitQuantized(true, false),
                new SplitGemm(),
                new FoldConstants(),
                new RemoveDeadCode()))
        .run(graph);
  }

  private static Graph checkNodes(Graph graph, Class<? extends Op> kind, int count) {
    Graph after = rewritten(graph);
    List<Node> products = after.nodes().stream().filter(n -> kind.isInstance(n.op())).toList();
    assertTrue(products.size() >= count, () -> products.size() + " products");
    for (Node node : products) {
      assertEquals(2, node.inputs().stream().filter(Value::isPresent).count());
      assertEquals(DType.UINT8, node.input(0).dtype());
      assertEquals(DType.INT8, node.input(1).dtype());
    }
    return after;
  }

  private static Tensor reference(Graph graph, Tensor input) {
    return Interpreter.run(graph, List.of(Datum.of(input))).getFirst().tensor();
  }

  /** The same bits from the graph as it was, as it is rewritten, and from its kernels. */
  private static void check(Graph graph, Class<? extends Op> kind, Tensor input) {
    Graph after = checkNodes(graph, kind, 1);
    Tensor expected = reference(graph, input);
    compare(expected, reference(after, input), 0);
    compare(expected, ByteKernels.run(after, input), 0);
  }

  private static void compare(Tensor expected, Tensor actual, double tolerance) {
    assertEquals(expected.elements(), actual.elements());
    for (long i = 0; i < expected.elements(); i++) {
      double difference = Math.abs(expected.getDouble(i) - actual.getDouble(i));
      double limit = tolerance * Math.max(1, Math.abs(expected.getDouble(i)));
      long at = i;
      assertTrue(difference <= limit, () -> "element " + at + " differs by " + difference);
    }
  }
}
