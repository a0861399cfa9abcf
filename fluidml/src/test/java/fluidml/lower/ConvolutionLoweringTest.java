package fluidml.lower;

import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Contraction.ConvTranspose;
import fluidml.graph.op.Window;
import fluidml.graph.op.Window.Padding;
import fluidml.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

final class ConvolutionLoweringTest {
  private static final List<Lowering> LOWERINGS = List.of(new ConvolutionLowering());

  @Property(tries = 50)
  void equalsTheReference(@ForAll long seed) {
    compare(seed, false);
  }

  @Property(tries = 30)
  void pointwiseEqualsTheReference(@ForAll long seed) {
    compare(seed, true);
  }

  private static void compare(long seed, boolean pointwise) {
    WindowGraphs graphs = new WindowGraphs(seed);
    long[] x = graphs.image();
    long groups = graphs.oneOf(List.of(1L, 1L, 2L, 3L));
    long channels = graphs.upTo(graphs.oneOf(List.of(4, 40)));
    long filters = graphs.upTo(graphs.oneOf(List.of(4, 150)));
    DType dtype = graphs.oneOf(List.of(DType.FLOAT32, DType.FLOAT32, DType.FLOAT64));
    x[1] = groups * channels;
    Window window = graphs.window(pointwise ? 1 : 4, true, WindowGraphs.spatial(x));
    if (pointwise && graphs.random.nextBoolean()) {
      List<Long> ones = window.kernel();
      window = new Window(ones, ones, ones, window.padsBegin(), window.padsEnd(), Padding.VALID);
    }
    long[] w = x.clone();
    w[0] = groups * filters;
    w[1] = channels;
    for (int a = 2; a < x.length; a++) {
      w[a] = window.kernel().get(a - 2);
    }
    List<Value> operands = new ArrayList<>();
    operands.add(graphs.image("x", dtype, x));
    operands.add(graphs.operand("w", graphs.random.nextBoolean(), dtype, w));
    if (graphs.random.nextBoolean()) {
      operands.add(graphs.operand("bias", graphs.random.nextBoolean(), dtype, w[0]));
    }
    Value y = graphs.builder.add(new Conv(window, groups), operands.toArray(Value[]::new));
    graphs.builder.output(graphs.epilogue(y));
    graphs.check(LOWERINGS, 1e-3f);
  }

  @Property(tries = 50)
  void mergedGroupsEqualTheReference(@ForAll long seed) {
    WindowGraphs graphs = new WindowGraphs(seed);
    long[] x = graphs.image();
    long groups = graphs.oneOf(List.of(2L, 3L, 4L, 6L, 8L, 12L, 32L));
    long channels = graphs.upTo(6);
    x[1] = groups * channels;
    Window window = graphs.window(3, true, WindowGraphs.spatial(x));
    long[] w = x.clone();
    w[0] = groups * graphs.upTo(8);
    w[1] = channels;
    for (int a = 2; a < x.length; a++) {
      w[a] = window.kernel().get(a - 2);
    }
    DType dtype = graphs.oneOf(List.of(DType.FLOAT32, DType.FLOAT32, DType.FLOAT64));
    Value image = graphs.image("x", dtype, x);
    Value filters = graphs.operand("w", true, dtype, w);
    Value bias = graphs.operand("bias", true, dtype, w[0]);
    Value y = graphs.builder.add(new Conv(window, groups), image, filters, bias);
    graphs.builder.output(graphs.epilogue(y));
    graphs.check(List.of(ConvolutionLowering.ofMergedGroups(), new ConvolutionLowering()), 1e-3f);
  }

  @Property(tries = 40)
  void transposedEqualsTheReference(@ForAll long seed) {
    WindowGraphs graphs = new WindowGraphs(seed);
    long[] x = graphs.image();
    long groups = graphs.oneOf(List.of(1L, 1L, 3L));
    x[1] = groups * graphs.upTo(20);
    Window window = graphs.window(3, true, WindowGraphs.spatial(x));
    List<Long> extra = new ArrayList<>();
    long[] w = x.clone();
    w[0] = x[1];
    w[1] = graphs.upTo(graphs.oneOf(List.of(4, 150)));
    for (int a = 2; a < x.length; a++) {
      w[a] = window.kernel().get(a - 2);
      extra.add(graphs.random.nextLong(window.strides().get(a - 2)));
    }
    List<Value> operands = new ArrayList<>();
    operands.add(graphs.image("x", DType.FLOAT32, x));
    operands.add(graphs.operand("w", graphs.random.nextBoolean(), DType.FLOAT32, w));
    if (graphs.random.nextBoolean()) {
      operands.add(graphs.operand("bias", true, DType.FLOAT32, groups * w[1]));
    }
    ConvTranspose op = new ConvTranspose(window, groups, extra, List.of());
    Value y = graphs.builder.add(op, operands.toArray(Value[]::new));
    graphs.builder.output(graphs.epilogue(y));
    graphs.check(LOWERINGS, 1e-3f);
  }
}
