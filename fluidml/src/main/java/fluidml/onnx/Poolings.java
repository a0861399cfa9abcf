package fluidml.onnx;

import fluidml.graph.Value;
import fluidml.graph.op.Elementwise.Binary;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Reduction.AveragePool;
import fluidml.graph.op.Reduction.LpPool;
import fluidml.graph.op.Reduction.MaxPool;
import fluidml.graph.op.Reduction.Reduce;
import fluidml.graph.op.Reduction.ReduceFunction;
import fluidml.graph.op.Window;
import fluidml.graph.op.Window.Padding;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Pooling over windows and over whole images, and the window attributes all of these share. */
final class Poolings {
  private static final Map<String, Padding> PADDINGS =
      Map.of(
          "NOTSET", Padding.EXPLICIT,
          "VALID", Padding.VALID,
          "SAME_UPPER", Padding.SAME_UPPER,
          "SAME_LOWER", Padding.SAME_LOWER);

  private Poolings() {}

  static void register(Operators to) {
    to.add("MaxPool", 1, 1, 1, Poolings::maxPool);
    to.add("AveragePool", 1, 1, 1, Poolings::averagePool);
    to.add("LpPool", 2, 1, 1, Poolings::lpPool);
    to.add("GlobalMaxPool", 1, 1, 1, c -> global(c, ReduceFunction.MAX));
    to.add("GlobalAveragePool", 1, 1, 1, c -> global(c, ReduceFunction.MEAN));
    to.add("GlobalLpPool", 2, 1, 1, Poolings::globalLpPool);
  }

  /** The window of a node; {@code kernel} is its kernel_shape. */
  static Window window(Call c, List<Long> kernel) {
    int rank = kernel.size();
    List<Long> strides = spatial(c, "strides", rank, 1);
    List<Long> dilations = spatial(c, "dilations", rank, 1);
    Padding padding = c.attributes().choice("auto_pad", "NOTSET", PADDINGS);
    List<Long> pads = c.attributes().integers("pads", Collections.nCopies(2 * rank, 0L));
    if (pads.size() != 2 * rank) {
      throw c.invalid("attribute 'pads' has " + pads.size() + " entries, not " + 2 * rank);
    }
    if (padding != Padding.EXPLICIT) {
      pads = Collections.nCopies(2 * rank, 0L);
    }
    requirePositive(c, "kernel_shape", kernel);
    requirePositive(c, "strides", strides);
    requirePositive(c, "dilations", dilations);
    return new Window(
        kernel, strides, dilations, pads.subList(0, rank), pads.subList(rank, 2 * rank), padding);
  }

  private static void requirePositive(Call c, String name, List<Long> values) {
    if (values.stream().anyMatch(v -> v <= 0)) {
      throw c.invalid("attribute '" + name + "' is " + values + ", all must be positive");
    }
  }

  /** A list attribute with an entry for each spatial axis. */
  static List<Long> spatial(Call c, String name, int rank, long absent) {
    List<Long> values = c.attributes().integers(name, Collections.nCopies(rank, absent));
    if (values.size() != rank) {
      throw c.invalid(
          "attribute '%s' has %d entries for %d spatial axes".formatted(name, values.size(), rank));
    }
    return values;
  }

  private static List<Value> maxPool(Call c) {
    Window window = window(c, c.attributes().requiredIntegers("kernel_shape"));
    boolean ceil = c.attributes().flag("ceil_mode", false);
    return c.out(
        new MaxPool(window, ceil, c.attributes().flag("storage_order", false)), c.operands());
  }

  private static List<Value> averagePool(Call c) {
    Window window = window(c, c.attributes().requiredIntegers("kernel_shape"));
    boolean ceil = c.attributes().flag("ceil_mode", false);
    return c.out(
        new AveragePool(window, ceil, c.attributes().flag("count_include_pad", false)),
        c.operands());
  }

  private static List<Value> lpPool(Call c) {
    Window window = window(c, c.attributes().requiredIntegers("kernel_shape"));
    boolean ceil = c.attributes().flag("ceil_mode", false);
    return c.out(new LpPool(window, ceil, c.attributes().integer("p", 2)), c.operands());
  }

  private static List<Integer> spatialAxes(Call c) {
    return IntStream.range(2, Math.max(2, c.rank(c.in(0)))).boxed().toList();
  }

  private static List<Value> global(Call c, ReduceFunction function) {
    List<Integer> axes = spatialAxes(c);
    return axes.isEmpty() ? c.operands() : c.out(new Reduce(function, axes, true), c.operands());
  }

  private static List<Value> globalLpPool(Call c) {
    long p = c.attributes().integer("p", 2);
    if (p == 1) {
      return global(c, ReduceFunction.L1);
    }
    if (p == 2) {
      return global(c, ReduceFunction.L2);
    }
    Value x = c.in(0);
    Value power = c.scalar(c.dtype(x), (double) p);
    Value powers = c.binary(BinaryFunction.POW, c.unary(UnaryFunction.ABS, x), power);
    List<Integer> axes = spatialAxes(c);
    Value sum = axes.isEmpty() ? powers : c.add(new Reduce(ReduceFunction.SUM, axes, true), powers);
    return c.out(new Binary(BinaryFunction.POW), sum, c.scalar(c.dtype(x), 1.0 / p));
  }
}
