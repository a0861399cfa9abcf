package fluidml.pass;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;

import fluidml.Model;
import fluidml.Options;
import fluidml.Session;
import fluidml.graph.Graph;
import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.ConvTranspose;
import fluidml.graph.op.Elementwise.ParametricFunction;
import fluidml.graph.op.Elementwise.ParametricUnary;
import fluidml.graph.op.Window;
import fluidml.tensor.DType;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class SplitTransposedConvolutionTest {
  @TestFactory
  Stream<DynamicTest> cases() throws IOException {
    return PassCases.of(new SplitTransposedConvolution());
  }

  @Test
  void partsGiveWhatTheWholeGives() {
    Random random = new Random(17);
    for (int i = 0; i < 150; i++) {
      Graph whole = graph(random);
      Graph parts = new SplitTransposedConvolution().run(whole);
      assertNotSame(whole, parts, whole::toString);
      long[] dims = whole.inputs().getFirst().shape().constant().orElseThrow();
      Tensor x = numbers(dims);
      Tensor expected = run(whole, Options.Engine.REFERENCE, x);
      Options.Engine[] engines =
          i % 5 == 0 ? Options.Engine.values() : new Options.Engine[] {Options.Engine.REFERENCE};
      for (Options.Engine engine : engines) {
        Tensor result = run(parts, engine, x);
        assertEquals(Shape.of(expected.dims()), Shape.of(result.dims()), whole::toString);
        for (long k = 0; k < expected.elements(); k++) {
          assertEquals(expected.getDouble(k), result.getDouble(k), 1e-4, whole::toString);
        }
      }
    }
  }

  private static Tensor run(Graph graph, Options.Engine engine, Tensor x) {
    Options options = Options.defaults().withOptimize(false).withEngine(engine).withThreads(1);
    try (Model model = Model.of(graph, options);
        Session session = model.newSession()) {
      return session.run(Map.of("x", x)).values().iterator().next();
    }
  }

  /** A transposed convolution of 1 to 3 axes, one stride of which is more than 1 at least. */
  private static Graph graph(Random random) {
    int rank = 1 + random.nextInt(3);
    List<Long> kernel = new ArrayList<>();
    List<Long> strides = new ArrayList<>();
    List<Long> before = new ArrayList<>();
    List<Long> after = new ArrayList<>();
    List<Long> more = new ArrayList<>();
    long groups = 1L + random.nextInt(2);
    long[] x = new long[rank + 2];
    long[] w = new long[rank + 2];
    x[0] = 1L + random.nextInt(2);
    x[1] = groups * (1L + random.nextInt(3));
    w[0] = x[1];
    w[1] = 1L + random.nextInt(3);
    for (int a = 0; a < rank; a++) {
      long stride = a == 0 ? 2L + random.nextInt(2) : 1L + random.nextInt(3);
      long taps = stride + random.nextInt(4);
      strides.add(stride);
      kernel.add(taps);
      before.add((long) random.nextInt((int) taps));
      after.add((long) random.nextInt((int) taps));
      more.add((long) random.nextInt((int) stride));
      x[a + 2] = 4L + random.nextInt(3);
      w[a + 2] = taps;
    }
    Window window =
        new Window(
            kernel, strides, Collections.nCopies(rank, 1L), before, after, Window.Padding.EXPLICIT);
    GraphBuilder builder = new GraphBuilder("transposed");
    Value input = builder.input("x", Type.tensor(DType.FLOAT32, x));
    Value filters = builder.constant("w", numbers(w));
    ConvTranspose op = new ConvTranspose(window, groups, more, List.of());
    Value y =
        random.nextBoolean()
            ? builder.add(op, input, filters)
            : builder.add(op, input, filters, builder.constant("b", numbers(groups * w[1])));
    if (random.nextBoolean()) {
      y = builder.add(new ParametricUnary(ParametricFunction.LEAKY_RELU, 0.1, 0), y);
    }
    builder.output(y);
    return builder.build();
  }

  private static Tensor numbers(long... dims) {
    Tensor tensor = Tensor.allocate(DType.FLOAT32, dims);
    for (long i = 0; i < tensor.elements(); i++) {
      tensor.setDouble(i, (7919 * i + 13) % 997 / 498.5 - 1);
    }
    return tensor;
  }
}
