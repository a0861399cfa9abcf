package fluidml.pass;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.Model;
import fluidml.Options;
import fluidml.Session;
import fluidml.emit.jvm.HostTarget;
import fluidml.graph.Graph;
import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Contraction.ConvInteger;
import fluidml.graph.op.Contraction.MatMulInteger;
import fluidml.graph.op.Window;
import fluidml.graph.op.Window.Padding;
import fluidml.reference.Datum;
import fluidml.reference.Interpreter;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ExactProductsTest {
  /** Mostly the ends of the range, so that sums come close to what they can be at most. */
  private static Tensor bytes(Random random, DType dtype, long... dims) {
    Tensor tensor = Tensor.allocate(dtype, dims);
    long least = dtype == DType.INT8 ? -128 : 0;
    int usual = random.nextInt(256);
    for (long i = 0; i < tensor.elements(); i++) {
      int any = random.nextInt(256);
      tensor.setLong(i, least + (any % 8 == 0 ? any : usual > 127 ? 255 : 0));
    }
    return tensor;
  }

  private static DType type(Random random) {
    return random.nextBoolean() ? DType.INT8 : DType.UINT8;
  }

  @Property(tries = 12)
  void matrixProductsOfExtremesAreExact(@ForAll long seed) {
    Random random = new Random(seed);
    long depth = List.of(40L, 700L, 3000L).get(random.nextInt(3));
    Tensor a = bytes(random, type(random), 1 + random.nextInt(9), depth);
    Tensor b = bytes(random, type(random), depth, 1 + random.nextInt(40));
    GraphBuilder builder = new GraphBuilder("product");
    Value left = builder.input("a", Type.tensor(a.dtype(), a.dims()));
    Value y =
        builder.add(
            new MatMulInteger(),
            left,
            builder.constant("b", b),
            random.nextBoolean()
                ? Value.ABSENT
                : builder.constant("az", bytes(random, a.dtype(), new long[0])),
            random.nextBoolean()
                ? Value.ABSENT
                : builder.constant("bz", bytes(random, b.dtype(), b.dim(1))));
    builder.output(y);
    check(builder.build(), "a", a);
  }

  /** Large enough for minimal filtering, which rounds, to be faster. */
  @Property(tries = 6)
  void convolutionsOfExtremesAreExact(@ForAll long seed) {
    Random random = new Random(seed);
    long channels = List.of(30L, 64L, 300L).get(random.nextInt(3));
    Tensor x = bytes(random, type(random), 1, channels, 16, 16);
    Tensor w = bytes(random, type(random), 64, channels, 3, 3);
    List<Long> ones = List.of(1L, 1L);
    Window window = new Window(List.of(3L, 3L), ones, ones, ones, ones, Padding.EXPLICIT);
    GraphBuilder builder = new GraphBuilder("convolution");
    Value image = builder.input("x", Type.tensor(x.dtype(), x.dims()));
    Value y =
        builder.add(
            new ConvInteger(window, 1),
            image,
            builder.constant("w", w),
            builder.constant("xz", bytes(random, x.dtype(), new long[0])),
            random.nextBoolean()
                ? Value.ABSENT
                : builder.constant("wz", bytes(random, w.dtype(), w.dim(0))));
    builder.output(y);
    check(builder.build(), "x", x);
  }

  /** 255 · 255 · 300 is more than float32 holds, 255 · 2 · 300 is not. */
  @ParameterizedTest
  @ValueSource(longs = {1, 4})
  void constantWeightsCountWithTheirNumbers(long zeroPoints) {
    Tensor w = Tensor.allocate(DType.INT8, 4, 300, 1, 1);
    for (long i = 0; i < w.elements(); i++) {
      w.setLong(i, i % 5 - 2);
    }
    List<Long> one = List.of(1L, 1L);
    List<Long> none = List.of(0L, 0L);
    GraphBuilder builder = new GraphBuilder("convolution");
    Value y =
        builder.add(
            new ConvInteger(new Window(one, one, one, none, none, Padding.EXPLICIT), 1),
            builder.input("x", Type.tensor(DType.UINT8, 1, 300, 3, 3)),
            builder.constant("w", w),
            Value.ABSENT,
            builder.constant("wz", Tensor.allocate(DType.INT8, zeroPoints)));
    builder.output(y);
    List<Conv> convolutions =
        new SplitQuantized()
            .run(builder.build()).nodes().stream()
                .filter(n -> n.op() instanceof Conv)
                .map(n -> (Conv) n.op())
                .toList();
    assertEquals(1, convolutions.size());
    assertTrue(convolutions.getFirst().exact());
  }

  private static void check(Graph graph, String name, Tensor input) {
    Tensor expected = Interpreter.run(graph, List.of(Datum.of(input))).getFirst().tensor();
    // Of the widest vectors a machine has, and of those without products of bytes.
    for (int bits : new int[] {HostTarget.vectorBits(), 128}) {
      Options options = Options.defaults().withThreads(1).withVectorBits(bits);
      try (Model model = Model.of(graph, options);
          Session session = model.newSession()) {
        Tensor actual = session.run(Map.of(name, input)).values().iterator().next();
        assertArrayEquals(numbers(expected), numbers(actual));
      }
    }
  }

  private static long[] numbers(Tensor tensor) {
    return LongStream.range(0, tensor.elements()).map(tensor::getLong).toArray();
  }

  @Property(tries = 200)
  void magnitudesAreThoseOfTheLargestSum(@ForAll long seed) {
    Random random = new Random(seed);
    boolean behind = random.nextBoolean();
    long[] dims = {1 + random.nextInt(3), 1 + random.nextInt(9), 1 + random.nextInt(4)};
    Tensor w = bytes(random, type(random), dims);
    Tensor zero =
        random.nextBoolean()
            ? bytes(random, w.dtype(), new long[0])
            : bytes(random, w.dtype(), behind ? dims[0] : dims[2]);
    long part = 1L + random.nextInt(9);
    long largest = 0;
    for (long from = 0; from < dims[1]; from += part) {
      for (long i = 0; i < dims[0]; i++) {
        long all = 0;
        for (long j = 0; j < dims[2]; j++) {
          long point = zero.getLong(zero.elements() == 1 ? 0 : behind ? i : j);
          long sum = 0;
          for (long k = from; k < Math.min(dims[1], from + part); k++) {
            sum += Math.abs(w.getLong((i * dims[1] + k) * dims[2] + j) - point);
          }
          all += sum;
          largest = Math.max(largest, behind ? all : sum);
        }
      }
    }
    assertEquals(largest, TermMagnitudes.of(w, zero, 1, behind).largestSum(part));
  }
}
