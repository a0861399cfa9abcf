package fluidml.lower;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.Model;
import fluidml.Options;
import fluidml.Options.MathMode;
import fluidml.Session;
import fluidml.graph.Graph;
import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Window;
import fluidml.graph.op.Window.Padding;
import fluidml.loop.Target;
import fluidml.reference.Datum;
import fluidml.reference.Interpreter;
import fluidml.tensor.DType;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import fluidml.vm.Engines;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class WinogradLoweringTest {
  private static final List<Long> ONES = List.of(1L, 1L);

  private static Lowering winograd(int outputs) {
    return new WinogradLowering((_, _, _, _) -> OptionalInt.of(outputs));
  }

  @Property(tries = 40)
  void equalsTheReference(@ForAll long seed) {
    WindowGraphs graphs = new WindowGraphs(seed);
    long channels = graphs.upTo(graphs.oneOf(List.of(4, 70)));
    long filters = graphs.upTo(graphs.oneOf(List.of(4, 150)));
    long[] x = {
      graphs.upTo(2), channels, graphs.upTo(14), graphs.upTo(graphs.oneOf(List.of(6, 40)))
    };
    Padding padding =
        graphs.oneOf(List.of(Padding.EXPLICIT, Padding.SAME_UPPER, Padding.SAME_LOWER));
    Window window =
        new Window(
            List.of(3L, 3L),
            ONES,
            ONES,
            pads(graphs, x, padding),
            pads(graphs, x, padding),
            padding);
    List<Value> operands = new ArrayList<>();
    operands.add(graphs.image("x", DType.FLOAT32, x));
    operands.add(graphs.operand("w", true, DType.FLOAT32, filters, channels, 3, 3));
    if (graphs.random.nextBoolean()) {
      operands.add(graphs.operand("bias", graphs.random.nextBoolean(), DType.FLOAT32, filters));
    }
    Value y = graphs.builder.add(new Conv(window, 1), operands.toArray(Value[]::new));
    graphs.builder.output(graphs.epilogue(y));
    graphs.check(List.of(winograd(graphs.oneOf(List.of(2, 4)))), 1e-3f);
  }

  /** At least 1 on both sides of an axis that is shorter than the window. */
  private static List<Long> pads(WindowGraphs graphs, long[] x, Padding padding) {
    if (padding != Padding.EXPLICIT) {
      return List.of(0L, 0L);
    }
    return List.of(
        x[2] < 3 ? 1L : graphs.random.nextLong(4), x[3] < 3 ? 1L : graphs.random.nextLong(4));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 4})
  void staysCloseToAConvolutionInDoublePrecision(int outputs) {
    long channels = 256;
    Random random = new Random(3);
    Tensor x = Compiled.random(DType.FLOAT32, random, 1, channels, 12, 12);
    Tensor w = Compiled.random(DType.FLOAT32, random, 64, channels, 3, 3);
    Tensor actual =
        Engines.compiled(
                graph(x, w),
                List.of(winograd(outputs)),
                new Target(512, false),
                1,
                List.of(Datum.of(x)))
            .getFirst()
            .tensor();
    Tensor wide = wide(x);
    Tensor expected =
        Interpreter.run(graph(wide, wide(w)), List.of(Datum.of(wide))).getFirst().tensor();
    double error = 0;
    double largest = 0;
    for (long i = 0; i < expected.elements(); i++) {
      error = Math.max(error, Math.abs(expected.getDouble(i) - actual.getDouble(i)));
      largest = Math.max(largest, Math.abs(expected.getDouble(i)));
    }
    assertTrue(error <= 5e-6 * largest, error + " of " + largest);
  }

  private static Tensor wide(Tensor tensor) {
    Tensor wide = Tensor.allocate(DType.FLOAT64, tensor.dims());
    for (long i = 0; i < tensor.elements(); i++) {
      wide.setDouble(i, tensor.getDouble(i));
    }
    return wide;
  }

  private static Graph graph(Tensor x, Tensor w) {
    GraphBuilder builder = new GraphBuilder("convolution");
    Value input = builder.input("x", Type.tensor(x.dtype(), x.dims()));
    Window window = new Window(List.of(3L, 3L), ONES, ONES, ONES, ONES, Padding.EXPLICIT);
    builder.output(builder.add(new Conv(window, 1), input, builder.constant("w", w)));
    return builder.build();
  }

  @Test
  void strictMathHasNone() {
    Random random = new Random(4);
    Tensor x = Compiled.random(DType.FLOAT32, random, 1, 64, 20, 20);
    Graph graph = graph(x, Compiled.random(DType.FLOAT32, random, 64, 64, 3, 3));
    for (MathMode math : MathMode.values()) {
      Options options = Options.defaults().withMath(math);
      try (Model model = Model.of(graph, options);
          Session session = model.newSession()) {
        List<String> labels =
            model.program().orElseThrow().steps().stream().map(Step::label).toList();
        String label = math == MathMode.FAST ? "Conv (Winograd)" : "Conv";
        assertEquals(List.of("Transpose", label, "Transpose"), labels);
        assertEquals(1, session.run(Map.of("x", x)).size());
      }
    }
  }

  @Test
  void smallConvolutionsStayPlain() {
    assertTrue(WinogradCost.fastest(3, 64, Shape.of(1, 64, 224, 224), 16).isEmpty());
    assertEquals(OptionalInt.of(4), WinogradCost.fastest(64, 64, Shape.of(1, 64, 224, 224), 16));
    assertEquals(OptionalInt.of(2), WinogradCost.fastest(512, 512, Shape.of(1, 512, 14, 14), 16));
  }
}
