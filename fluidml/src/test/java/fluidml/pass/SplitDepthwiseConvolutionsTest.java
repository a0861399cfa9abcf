package fluidml.pass;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.Model;
import fluidml.Options;
import fluidml.Session;
import fluidml.graph.Graph;
import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Window;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class SplitDepthwiseConvolutionsTest {
  private static final int SIDE = 79;
  private static final int WIDE = 96;
  private static final int NARROW = 16;

  @TestFactory
  Stream<DynamicTest> cases() throws IOException {
    return PassCases.of(new SplitDepthwiseConvolutions(2));
  }

  @Test
  void bandsNeedLessMemoryAndGiveTheSameBits() {
    for (Window window : List.of(window(3, 1), window(3, 2), window(5, 1), window(5, 2))) {
      Graph whole = graph(window);
      float[] expected = null;
      long arena = 0;
      for (int threads = 0; threads <= 3; threads++) {
        Graph graph = threads == 0 ? whole : new SplitDepthwiseConvolutions(threads).run(whole);
        assertEquals(threads > 0, graph.nodes().size() > whole.nodes().size(), graph::toString);
        Options options =
            Options.defaults()
                .withOptimize(false)
                .withThreads(Math.max(1, threads))
                .withChecked(threads == 3);
        try (Model model = Model.of(graph, options);
            Session session = model.newSession()) {
          Tensor x = numbers(1, NARROW, SIDE, SIDE);
          float[] result = session.run(Map.of("x", x)).values().iterator().next().toFloats();
          long bytes = session.memoryPlan().orElseThrow().plan().arenaBytes();
          if (threads == 0) {
            expected = result;
            arena = bytes;
          } else {
            assertArrayEquals(expected, result);
          }
          if (threads == 1) {
            assertTrue(bytes < 0.8 * arena, bytes + " of " + arena);
          }
        }
      }
    }
  }

  private static Window window(long kernel, long stride) {
    List<Long> pads = List.of(kernel / 2, kernel / 2);
    return new Window(
        List.of(kernel, kernel),
        List.of(stride, stride),
        List.of(1L, 1L),
        pads,
        pads,
        Window.Padding.EXPLICIT);
  }

  private static Graph graph(Window window) {
    GraphBuilder builder = new GraphBuilder("block");
    Value x = builder.input("x", Type.tensor(DType.FLOAT32, 1, NARROW, SIDE, SIDE));
    Value expand = builder.constant("expand", numbers(WIDE, NARROW, 1, 1));
    Value e = builder.add(new Conv(window(1, 1), 1), x, expand, bias(builder, WIDE));
    Value er = builder.add(new Elementwise.Unary(Elementwise.UnaryFunction.RELU), e);
    long kernel = window.kernel().getFirst();
    Value taps = builder.constant("taps", numbers(WIDE, 1, kernel, kernel));
    Value d = builder.add(new Conv(window, WIDE), er, taps);
    Value dr = builder.add(new Elementwise.Unary(Elementwise.UnaryFunction.TANH), d);
    Value project = builder.constant("project", numbers(NARROW, WIDE, 1, 1));
    Value p = builder.add(new Conv(window(1, 1), 1), dr, project, bias(builder, NARROW));
    builder.output(builder.add(new Elementwise.Unary(Elementwise.UnaryFunction.NEG), p));
    return builder.build();
  }

  private static Value bias(GraphBuilder builder, int channels) {
    return builder.constant("bias" + channels, numbers(channels, 1, 1, 1).reshaped(channels));
  }

  private static Tensor numbers(long... dims) {
    Tensor tensor = Tensor.allocate(DType.FLOAT32, dims);
    for (long i = 0; i < tensor.elements(); i++) {
      tensor.setDouble(i, (7919 * i + 13) % 997 / 498.5 - 1);
    }
    return tensor;
  }
}
