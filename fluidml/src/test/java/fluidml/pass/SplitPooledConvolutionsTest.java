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
import fluidml.graph.op.Contraction;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Reduction;
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

class SplitPooledConvolutionsTest {
  private static final int ROWS = 250;
  private static final int COLUMNS = 200;

  @TestFactory
  Stream<DynamicTest> cases() throws IOException {
    return PassCases.of(new SplitPooledConvolutions());
  }

  @Test
  void bandsNeedLessMemoryAndGiveTheSameBits() {
    for (Window window :
        List.of(window(3, 1, 1, 1), window(5, 1, 2, 2), window(1, 1, 0, 0), window(3, 1, 0, 1))) {
      float[][] results = new float[2][];
      long[] arenas = new long[2];
      Graph whole = graph(window);
      Graph bands = new SplitPooledConvolutions().run(whole);
      assertTrue(bands.nodes().size() > whole.nodes().size() + 6, bands::toString);
      for (int i = 0; i < 2; i++) {
        Options options =
            Options.defaults()
                .withOptimize(false)
                .withMath(Options.MathMode.STRICT)
                .withThreads(1)
                .withChecked(window.kernel().getFirst() == 3);
        try (Model model = Model.of(i == 0 ? whole : bands, options);
            Session session = model.newSession()) {
          Tensor x = numbers(2, ROWS, COLUMNS);
          results[i] = session.run(Map.of("x", x)).values().iterator().next().toFloats();
          arenas[i] = session.memoryPlan().orElseThrow().plan().arenaBytes();
        }
      }
      assertArrayEquals(results[0], results[1]);
      assertTrue(arenas[1] < 0.7 * arenas[0], arenas[1] + " of " + arenas[0]);
    }
  }

  private static Window window(long kernel, long stride, long begin, long end) {
    return new Window(
        List.of(kernel, kernel),
        List.of(stride, stride),
        List.of(1L, 1L),
        List.of(begin, begin),
        List.of(end, end),
        Window.Padding.EXPLICIT);
  }

  private static Graph graph(Window window) {
    long channels = 48;
    GraphBuilder builder = new GraphBuilder("pooled");
    Value x = builder.input("x", Type.tensor(DType.FLOAT32, 1, 2, ROWS, COLUMNS));
    long kernel = window.kernel().getFirst();
    Tensor weights = numbers(channels * 2, kernel, kernel).reshaped(channels, 2, kernel, kernel);
    Value w = builder.constant("w", weights);
    Value b = builder.constant("b", numbers(channels, 1, 1).reshaped(channels));
    Value conv = builder.add(new Contraction.Conv(window, 1), x, w, b);
    Value relu = builder.add(new Elementwise.Unary(Elementwise.UnaryFunction.RELU), conv);
    Value pool = builder.add(new Reduction.MaxPool(window(2, 2, 0, 0), false, false), relu);
    builder.output(builder.add(new Elementwise.Unary(Elementwise.UnaryFunction.NEG), pool));
    Graph graph = builder.build();
    assertEquals(1, graph.outputs().size());
    return graph;
  }

  private static Tensor numbers(long channels, long rows, long columns) {
    Tensor tensor = Tensor.allocate(DType.FLOAT32, 1, channels, rows, columns);
    for (long i = 0; i < tensor.elements(); i++) {
      tensor.setDouble(i, (7919 * i + 13) % 997 / 498.5 - 1);
    }
    return tensor;
  }
}
