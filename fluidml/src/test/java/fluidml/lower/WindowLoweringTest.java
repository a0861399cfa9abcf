package fluidml.lower;

import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Movement;
import fluidml.graph.op.Op;
import fluidml.graph.op.Reduction.AveragePool;
import fluidml.graph.op.Reduction.MaxPool;
import fluidml.graph.op.Window;
import fluidml.graph.op.Window.Padding;
import fluidml.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

final class WindowLoweringTest {
  private static final List<Lowering> LOWERINGS = List.of(new WindowLowering());

  @Property(tries = 40)
  void depthwiseEqualsTheReference(@ForAll long seed) {
    WindowGraphs graphs = new WindowGraphs(seed);
    long[] x = graphs.image();
    DType dtype = graphs.oneOf(List.of(DType.FLOAT32, DType.FLOAT32, DType.FLOAT64));
    x[1] = 1L + graphs.upTo(graphs.oneOf(List.of(4, 150)));
    Window window = graphs.window(4, true, WindowGraphs.spatial(x));
    long[] w = x.clone();
    w[0] = x[1];
    w[1] = 1;
    for (int a = 2; a < x.length; a++) {
      w[a] = window.kernel().get(a - 2);
    }
    List<Value> operands = new ArrayList<>();
    operands.add(graphs.image("x", dtype, x));
    operands.add(graphs.operand("w", graphs.random.nextBoolean(), dtype, w));
    if (graphs.random.nextBoolean()) {
      operands.add(graphs.operand("bias", graphs.random.nextBoolean(), dtype, w[0]));
    }
    Value y = graphs.builder.add(new Conv(window, x[1]), operands.toArray(Value[]::new));
    graphs.builder.output(graphs.epilogue(y));
    graphs.check(LOWERINGS, 1e-4f);
  }

  @Property(tries = 60)
  void poolingEqualsTheReference(@ForAll long seed) {
    WindowGraphs graphs = new WindowGraphs(seed);
    long[] x = graphs.image();
    x[1] = graphs.upTo(graphs.oneOf(List.of(4, 150)));
    Window window = graphs.window(4, true, WindowGraphs.spatial(x));
    boolean ceil = window.padding() == Padding.EXPLICIT && graphs.random.nextBoolean();
    Op op =
        graphs.random.nextBoolean()
            ? new MaxPool(window, ceil, false)
            : new AveragePool(window, ceil, graphs.random.nextBoolean());
    Value y = graphs.builder.add(op, graphs.image("x", DType.FLOAT32, x));
    graphs.builder.output(graphs.epilogue(y));
    graphs.check(LOWERINGS, 1e-4f);
  }

  @Property(tries = 24)
  void poolingTakesLongChainsBehindIt(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 11) int length) {
    WindowGraphs graphs = new WindowGraphs(seed);
    List<Long> one = List.of(1L, 1L);
    Window window = new Window(List.of(3L, 3L), List.of(2L, 2L), one, one, one, Padding.EXPLICIT);
    Value x = graphs.image("x", DType.FLOAT32, new long[] {1, 20, 5, 63});
    Value y = graphs.builder.add(new MaxPool(window, false, false), x);
    for (int i = 0; i < length; i++) {
      y =
          switch (i % 3) {
            case 0 -> graphs.scaled("scale" + i, BinaryFunction.MUL, y, 20);
            case 1 -> graphs.scaled("shift" + i, BinaryFunction.ADD, y, 20);
            default -> graphs.builder.add(new Elementwise.Unary(UnaryFunction.SIGMOID), y);
          };
    }
    // Channels last, so that blocks hand over whole vectors.
    graphs.builder.output(graphs.builder.add(new Movement.Transpose(List.of(0, 2, 3, 1)), y));
    graphs.check(LOWERINGS, 1e-4f);
  }
}
