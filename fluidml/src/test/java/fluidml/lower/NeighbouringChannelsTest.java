package fluidml.lower;

import static org.junit.jupiter.api.Assertions.assertEquals;

import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Reduction.MaxPool;
import fluidml.graph.op.Window;
import fluidml.graph.op.Window.Padding;
import fluidml.loop.Target;
import fluidml.tensor.DType;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Windows over images whose channels lie apart. */
final class NeighbouringChannelsTest {
  private static final Target TARGET = new Target(256, false);

  @Property(tries = 30)
  void windowsEqualTheReference(@ForAll long seed) {
    WindowGraphs graphs = new WindowGraphs(seed);
    DType dtype = graphs.oneOf(List.of(DType.FLOAT32, DType.FLOAT32, DType.FLOAT64));
    long[] x = graphs.image();
    x[1] = 7L + graphs.upTo(20);
    Window window = graphs.window(3, true, WindowGraphs.spatial(x));
    Value image = graphs.image("x", dtype, x);
    Value y =
        graphs.random.nextBoolean()
            ? graphs.builder.add(new MaxPool(window, false, false), image)
            : graphs.builder.add(new Conv(window, 1), image, filters(graphs, dtype, x, window));
    graphs.builder.output(graphs.epilogue(y));
    graphs.check(Lowerings.all(), 1e-4f);
  }

  private static Value filters(WindowGraphs graphs, DType dtype, long[] x, Window window) {
    long[] w = x.clone();
    w[0] = 7L + graphs.upTo(20);
    for (int a = 2; a < x.length; a++) {
      w[a] = window.kernel().get(a - 2);
    }
    return graphs.operand("w", graphs.random.nextBoolean(), dtype, w);
  }

  /** The labels of the steps of a convolution of an input, with another added, to an output. */
  private static List<String> steps(long channels, long filters, int kernel, Target target) {
    WindowGraphs graphs = new WindowGraphs(1);
    List<Long> one = List.of(1L, 1L);
    long stride = kernel == 1 ? 1 : 2;
    List<Long> extents = List.of((long) kernel, (long) kernel);
    List<Long> zero = List.of(0L, 0L);
    Window window = new Window(extents, List.of(stride, stride), one, zero, zero, Padding.EXPLICIT);
    Value x = graphs.input("x", DType.FLOAT32, 1, channels, 9, 9);
    Value w = graphs.operand("w", true, DType.FLOAT32, filters, channels, kernel, kernel);
    Value y = graphs.builder.add(new Conv(window, 1), x, w);
    long side = (9L - kernel) / stride + 1;
    Value more = graphs.input("more", DType.FLOAT32, 1, filters, side, side);
    graphs.builder.output(graphs.builder.add(new Elementwise.Binary(BinaryFunction.ADD), y, more));
    LoweredProgram program = Lowerer.lower(graphs.builder.build(), target, Lowerings.all(), true);
    return program.steps().stream().map(s -> ((Step.Call) s).call().label()).toList();
  }

  @Example
  void operandsAndResultsAreCopied() {
    assertEquals(
        List.of("Transpose", "Transpose", "Conv+Add", "Transpose"), steps(8, 8, 3, TARGET));
  }

  @Example
  void pixelsThatStandAloneAreReadWhereTheyLie() {
    assertEquals(List.of("Transpose", "Conv+Add", "Transpose"), steps(8, 8, 1, TARGET));
  }

  @Example
  void fewChannelsAreLeftApart() {
    assertEquals(List.of("Conv+Add"), steps(7, 7, 3, TARGET));
  }

  @Example
  void scalarCodeNeedsNoNeighbours() {
    assertEquals(List.of("Conv+Add"), steps(8, 8, 3, new Target(0, false)));
  }
}
