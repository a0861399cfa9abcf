package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.ConvInteger;
import fluidml.graph.op.Contraction.MatMulInteger;
import fluidml.graph.op.Window;
import fluidml.loop.Stmt;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which products of integers are computed by tiles of bytes, and how their operands lie: those that
 * {@link fluidml.pass.ByteProducts} leaves, unsigned bytes with constant signed ones, without zero
 * points.
 */
final class ByteOperands {
  /** Panels of one vector take so much longer for each column. */
  private static final double SINGLE_COST = 1.1;

  /** Below, lines of a channel are better than pixels. */
  private static final long FEW_CHANNELS = 8;

  /** The most terms of a sum, so that a panel fits an array while it is packed. */
  private static final long MOST_TERMS = 1 << 24;

  private ByteOperands() {}

  /** Whether a node is such a matrix product. */
  static boolean isProduct(Node node, Lowering.Context context) {
    return node.op() instanceof MatMulInteger
        && areBytes(node, context)
        && node.input(0).shape().rank() >= 2
        && node.input(1).shape().rank() == 2
        && node.input(1).shape().dim(0).constant().orElse(1) % Stmt.ByteTile.STEP == 0
        && node.input(1).shape().dim(0).constant().orElse(0) <= MOST_TERMS;
  }

  /** Whether a node is such a convolution, of windows that stay inside. */
  static boolean isConvolution(Node node, Lowering.Context context) {
    if (!(node.op() instanceof ConvInteger(var window, long groups))
        || groups != 1
        || window.rank() > 2
        || !areBytes(node, context)
        || Windows.leaves(window, node.input(0).shape(), node.output().shape())) {
      return false;
    }
    long channels = node.input(0).shape().dim(1).constant().orElse(0);
    long run = channels * window.kernel().getLast();
    boolean runs = window.kernel().getLast() == 1 || window.dilations().getLast() == 1;
    boolean fits = channels * Windows.taps(window) <= MOST_TERMS;
    return runs && fits && run > 0 && run % Stmt.ByteTile.STEP == 0;
  }

  /**
   * The order of an image's axes for a convolution, outermost first: pixels with their channels, or
   * where channels are few and a window's width fills steps, lines of each channel.
   */
  static List<Integer> imageOrder(Window window, Shape image) {
    boolean few = image.dim(1).constant().orElse(FEW_CHANNELS) < FEW_CHANNELS;
    if (!few || !takesLines(window)) {
      return Storage.channelsLast(image.rank());
    }
    return window.rank() == 2 ? List.of(0, 2, 1, 3) : List.of(0, 1, 2);
  }

  /** Whether what a window covers of a line of one channel fills steps, and lines follow lines. */
  static boolean takesLines(Window window) {
    return window.kernel().getLast() % Stmt.ByteTile.STEP == 0
        && (window.rank() == 1 || window.dilations().getFirst() == 1);
  }

  private static boolean areBytes(Node node, Lowering.Context context) {
    return context.target().byteProducts()
        && node.inputs().stream().skip(2).noneMatch(Value::isPresent)
        && node.input(0).dtype() == DType.UINT8
        && node.input(1).dtype() == DType.INT8
        && context.constant(node.input(1)).isPresent()
        && node.input(1).shape().dims().stream().allMatch(Dim::isConstant)
        && node.input(1).shape().elements().constant().orElse(0) > 0;
  }

  /** Vectors of a panel, so that few columns are computed that do not exist. */
  static int vectors(long columns) {
    long needed = Math.ceilDiv(columns, (long) Stmt.ByteTile.LANES);
    return needed * SINGLE_COST < Math.ceilDiv(needed, 2L) * 2 ? 1 : 2;
  }

  /** The panels of a constant matrix. */
  static BytePanels panels(View b, long depth, long columns, int vectors) {
    return new BytePanels(
        List.of(new BytePanels.Axis(depth, number(b.strides().get(0)))),
        columns,
        number(b.strides().get(1)),
        number(b.offset()),
        vectors * Stmt.ByteTile.LANES);
  }

  private static long number(Dim dim) {
    return dim.constant().orElseThrow();
  }

  /** An operand whose elements along its last axis are neighbours: as it is, or copied. */
  static View withDenseRows(
      Node node, View view, Lowering.Context context, List<KernelCall> calls) {
    List<Integer> order = IntStream.range(0, view.shape().rank()).boxed().toList();
    return view.strides().getLast().is(1) ? view : copied(node, view, order, context, calls);
  }

  /**
   * A dense copy of an operand.
   *
   * @param order of the axes, outermost first
   * @param calls takes the call that makes it
   */
  static View copied(
      Node node, View view, List<Integer> order, Lowering.Context context, List<KernelCall> calls) {
    Value buffer = context.temporary("dense", view.dtype(), view.shape().elements());
    View copy = view.movedTo(buffer, order);
    calls.add(MapKernel.copy("Transpose", List.of(node), context, view, copy));
    return copy;
  }
}
