package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Contraction.ConvTranspose;
import fluidml.graph.op.Window;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.schedule.WindowAxis;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What convolutions and transposed convolutions have in common.
 *
 * @param window the window that slides over the input, or over the result if transposed
 * @param groups number of groups
 * @param channels input channels of a group
 * @param filters output channels of a group
 * @param transposed whether filters lie {@code [channel, filter, taps…]} instead of {@code [filter,
 *     channel, taps…]}, and the window slides over the result
 * @param merged groups of the operator in each of these groups; a filter has zeros for the channels
 *     of the others
 */
record ConvolutionShape(
    Window window, long groups, long channels, long filters, boolean transposed, long merged) {
  /** The shape of a node; empty if it is no convolution, or its filters' extents are not known. */
  static Optional<ConvolutionShape> of(Node node) {
    return switch (node.op()) {
      case Conv(Window window, long groups, _) -> of(node, window, groups, false);
      case ConvTranspose transposed -> of(node, transposed.window(), transposed.groups(), true);
      default -> Optional.empty();
    };
  }

  private static Optional<ConvolutionShape> of(
      Node node, Window window, long groups, boolean transposed) {
    List<Dim> w = node.input(1).shape().dims();
    if (!w.stream().allMatch(Dim::isConstant)) {
      return Optional.empty();
    }
    long first = w.get(0).constant().orElseThrow();
    long second = w.get(1).constant().orElseThrow();
    return Optional.of(
        transposed
            ? new ConvolutionShape(window, groups, first / groups, second, true, 1)
            : new ConvolutionShape(window, groups, second, first / groups, false, 1));
  }

  /** The same convolution with as many groups merged as have at most {@code most} filters. */
  ConvolutionShape merge(long most) {
    long count = Math.clamp(most / Math.max(1, filters), 1, groups);
    while (groups % count != 0) {
      count--;
    }
    return new ConvolutionShape(
        window, groups / count, channels * count, filters * count, transposed, count);
  }

  /** Positions of the window. */
  long taps() {
    return Windows.taps(window);
  }

  /** Terms of a sum. */
  long depth() {
    return channels * taps();
  }

  /** Filters of a group, filled up to whole panels. */
  long paddedFilters(int columns) {
    return Math.ceilDiv(filters, (long) columns) * columns;
  }

  /** The index of an element of the filters. */
  List<Expr> index(Expr group, Expr filter, Expr channel) {
    return transposed
        ? List.of(group.times(Exprs.index(channels)).plus(channel), filter)
        : List.of(group.times(Exprs.index(filters)).plus(filter), channel);
  }

  /** The spatial axes as sizes of a kernel. */
  List<WindowAxis> axes(CallBuilder call, Node node, View x, Shape y) {
    List<WindowAxis> axes = Windows.axes(call, window, x, y);
    if (!(node.op() instanceof ConvTranspose op)) {
      return axes;
    }
    List<WindowAxis> moved = new ArrayList<>();
    for (int a = 0; a < axes.size(); a++) {
      WindowAxis axis = axes.get(a);
      Expr pad = call.parameter(transposedPad(op, a, x.shape().dim(a + 2), y.dim(a + 2)));
      moved.add(
          new WindowAxis(
              axis.input(),
              axis.inputStride(),
              axis.kernel(),
              axis.stride(),
              axis.dilation(),
              pad,
              axis.output()));
    }
    return moved;
  }

  /** What a transposed convolution cuts off before an axis of its result. */
  private static Dim transposedPad(ConvTranspose op, int axis, Dim input, Dim output) {
    Window window = op.window();
    boolean same =
        window.padding() == Window.Padding.SAME_UPPER
            || window.padding() == Window.Padding.SAME_LOWER;
    if (!same && op.outputShape().isEmpty()) {
      boolean explicit = window.padding() == Window.Padding.EXPLICIT;
      return explicit ? Dim.of(window.padsBegin().get(axis)) : Dim.ZERO;
    }
    long extra = op.outputPadding().isEmpty() ? 0 : op.outputPadding().get(axis);
    Dim total =
        input
            .minus(Dim.ONE)
            .times(window.strides().get(axis))
            .plus(window.span(axis) + extra)
            .minus(output)
            .max(Dim.ZERO);
    Dim less = total.floorDiv(2);
    return window.padding() == Window.Padding.SAME_UPPER ? less : total.minus(less);
  }
}
