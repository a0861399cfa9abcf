package fluidml.lower;

import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Movement;
import fluidml.graph.op.Window;
import fluidml.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

final class ConvolutionLoweringTest {
  private static final List<Lowering> LOWERINGS = List.of(new ConvolutionLowering());

  @Property(tries = 60)
  void equalsTheReference(@ForAll long seed) {
    WindowGraphs graphs = new WindowGraphs(seed);
    int rank = graphs.upTo(3);
    long groups = graphs.oneOf(List.of(1L, 1L, 2L, 3L));
    long channels = graphs.upTo(graphs.oneOf(List.of(4, 40)));
    long filters = graphs.upTo(graphs.oneOf(List.of(4, 150)));
    DType dtype = graphs.oneOf(List.of(DType.FLOAT32, DType.FLOAT32, DType.FLOAT64));
    long[] x = new long[rank + 2];
    x[0] = graphs.upTo(2);
    x[1] = groups * channels;
    long[] w = new long[rank + 2];
    w[0] = groups * filters;
    w[1] = channels;
    long[] spatial = new long[rank];
    for (int a = 0; a < rank; a++) {
      spatial[a] = graphs.upTo(rank == 3 ? 5 : 12);
      x[a + 2] = spatial[a];
    }
    Window window = graphs.window(4, true, spatial);
    for (int a = 0; a < rank; a++) {
      w[a + 2] = window.kernel().get(a);
    }
    List<Value> operands = new ArrayList<>();
    operands.add(input(graphs, dtype, x));
    operands.add(graphs.operand("w", graphs.random.nextBoolean(), dtype, w));
    if (graphs.random.nextBoolean()) {
      operands.add(graphs.operand("bias", graphs.random.nextBoolean(), dtype, w[0]));
    }
    Value y = graphs.builder.add(new Conv(window, groups), operands.toArray(Value[]::new));
    graphs.builder.output(epilogue(graphs, y));
    graphs.check(LOWERINGS, 1e-3f);
  }

  /** An input in row-major order, or channels last behind a Transpose. */
  private static Value input(WindowGraphs graphs, DType dtype, long[] x) {
    if (graphs.random.nextBoolean()) {
      return graphs.input("x", dtype, x);
    }
    long[] last = new long[x.length];
    List<Integer> permutation = new ArrayList<>(List.of(0, x.length - 1));
    last[0] = x[0];
    for (int a = 2; a < x.length; a++) {
      last[a - 1] = x[a];
      permutation.add(a - 1);
    }
    last[x.length - 1] = x[1];
    return graphs.builder.add(new Movement.Transpose(permutation), graphs.input("x", dtype, last));
  }

  private static Value epilogue(WindowGraphs graphs, Value y) {
    return switch (graphs.random.nextInt(4)) {
      case 0 -> y;
      case 1 -> graphs.builder.add(new Elementwise.Unary(UnaryFunction.RELU), y);
      case 2 -> {
        long[] dims =
            y.shape().dims().stream().mapToLong(d -> d.constant().orElseThrow()).toArray();
        Value residual = graphs.input("residual", y.dtype(), dims);
        Value sum = graphs.builder.add(new Elementwise.Binary(BinaryFunction.ADD), y, residual);
        yield graphs.builder.add(new Elementwise.Unary(UnaryFunction.HARD_SWISH), sum);
      }
      default -> {
        graphs.builder.output(y);
        yield graphs.builder.add(new Elementwise.Unary(UnaryFunction.SIGMOID), y);
      }
    };
  }
}
