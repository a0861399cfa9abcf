package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Movement;
import fluidml.graph.op.Movement.SliceAxis;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Movements that views cannot express, as copies: Concat operands that are not in place, Reshape
 * across strides, Tile, Pad, ReverseSequence, Trilu.
 */
public final class MovementLowering implements Lowering {
  @Override
  public Result lower(Cluster cluster, Context context) {
    if (cluster.anchor().isEmpty()
        || !(cluster.anchor().get().op() instanceof Movement op)
        || cluster.nodes().size() > 1) {
      return new Result.Refused("");
    }
    Node node = cluster.anchor().get();
    View x = context.view(node.input(0));
    View y = context.view(node.output());
    return switch (op) {
      case Movement.Concat concat -> concat(node, concat.axis(), context);
      case Movement.Reshape _,
          Movement.ReshapeBy _,
          Movement.Squeeze _,
          Movement.SqueezeBy _,
          Movement.Unsqueeze _,
          Movement.UnsqueezeBy _,
          Movement.Flatten _ ->
          reshape(node, x, y, context);
      case Movement.Transpose transpose ->
          copy(node, x.transposed(transpose.permutation()), y, context);
      case Movement.Expand _, Movement.ExpandBy _ -> copy(node, x.broadcast(y.shape()), y, context);
      case Movement.Slice slice -> copy(node, x.sliced(slice.axes()), y, context);
      case Movement.Split split -> split(node, split, x, context);
      case Movement.Tile tile -> tile(node, tile.repeats(), x, y, context);
      case Movement.Pad pad -> PadKernel.lower(node, pad, context);
      case Movement.ReverseSequence reverse -> ReversedSequences.lower(node, reverse, context);
      case Movement.Trilu trilu -> triangle(node, trilu.upper(), x, y, context);
      case Movement.SplitBy _,
          Movement.SliceBy _,
          Movement.PadBy _,
          Movement.TileBy _,
          Movement.Col2Im _,
          Movement.CenterCropPad _ ->
          new Result.Refused("no schedule for " + Labels.of(op));
    };
  }

  private static Result copy(Node node, View from, View to, Context context) {
    return Result.of(MapKernel.copy(Labels.of(node.op()), List.of(node), context, from, to));
  }

  private static Result concat(Node node, int axis, Context context) {
    View whole = context.view(node.output());
    int along = axis < 0 ? axis + whole.shape().rank() : axis;
    List<KernelCall> calls = new ArrayList<>();
    Dim start = Dim.ZERO;
    for (Value operand : node.inputs()) {
      View from = context.view(operand);
      Dim size = from.shape().dim(along);
      if (!context.isInPlace(operand, node.output())) {
        View to = whole.sliced(List.of(new SliceAxis(along, start, size, 1)));
        calls.add(MapKernel.copy("Concat", List.of(node), context, from, to));
      }
      start = start.plus(size);
    }
    return new Result.Calls(calls);
  }

  private static Result reshape(Node node, View x, View y, Context context) {
    Optional<View> target = y.reshaped(x.shape());
    if (target.isPresent()) {
      return copy(node, x, target.get(), context);
    }
    Optional<View> source = x.reshaped(y.shape());
    if (source.isPresent()) {
      return copy(node, source.get(), y, context);
    }
    Value dense = context.temporary("reshape", x.dtype(), x.shape().elements());
    View from = new View(dense, x.dtype(), x.shape(), Dim.ZERO, x.shape().rowMajorStrides());
    View to = new View(dense, x.dtype(), y.shape(), Dim.ZERO, y.shape().rowMajorStrides());
    return Result.of(
        MapKernel.copy("Reshape", List.of(node), context, x, from),
        MapKernel.copy("Reshape", List.of(node), context, to, y));
  }

  private static Result split(Node node, Movement.Split split, View x, Context context) {
    int axis = split.axis() < 0 ? split.axis() + x.shape().rank() : split.axis();
    List<KernelCall> calls = new ArrayList<>();
    Dim start = Dim.ZERO;
    for (int i = 0; i < split.sizes().size(); i++) {
      Dim size = split.sizes().get(i);
      View part = x.sliced(List.of(new SliceAxis(axis, start, size, 1)));
      calls.add(
          MapKernel.copy("Split", List.of(node), context, part, context.view(node.output(i))));
      start = start.plus(size);
    }
    return new Result.Calls(calls);
  }

  /** Every axis becomes two, the repetition and what is repeated. */
  private static Result tile(Node node, List<Dim> repeats, View x, View y, Context context) {
    List<Dim> dims = new ArrayList<>();
    List<Dim> from = new ArrayList<>();
    List<Dim> to = new ArrayList<>();
    for (int axis = 0; axis < repeats.size(); axis++) {
      Dim extent = x.shape().dim(axis);
      dims.add(repeats.get(axis));
      from.add(Dim.ZERO);
      to.add(y.strides().get(axis).times(extent));
      dims.add(extent);
      from.add(x.strides().get(axis));
      to.add(y.strides().get(axis));
    }
    Shape space = new Shape(dims);
    return copy(
        node,
        new View(x.root(), x.dtype(), space, x.offset(), from),
        new View(y.root(), y.dtype(), space, y.offset(), to),
        context);
  }

  /** Rows stay rows: which elements of a row lie in the triangle is a mask. */
  private static Result triangle(Node node, boolean upper, View x, View y, Context context) {
    int rank = x.shape().rank();
    CallBuilder call = new CallBuilder("trilu");
    LoopSpace loops = LoopSpace.of(x.shape());
    BufferView from = call.read(MapKernel.bits(loops.apply(x)));
    BufferView to = call.write(MapKernel.bits(loops.apply(y)));
    Optional<BufferView> diagonal =
        node.input(1).isPresent()
            ? Optional.of(call.read(context.view(node.input(1))))
            : Optional.empty();
    boolean vectors = to.isDense(rank - 1) && (from.isDense(rank - 1) || from.isConstant(rank - 1));
    int lanes = vectors ? context.target().lanes(List.of(from.view().dtype())) : 1;
    MapSchedule schedule =
        new MapSchedule(
            call,
            loops,
            lanes,
            (b, row) -> {
              Expr k = diagonal.map(d -> b.load(d.buffer(), d.base())).orElse(Exprs.index(0));
              // Columns below `edge` are left of the diagonal (lower: up to it).
              Expr edge =
                  b.let(
                      "edge", row.indices().get(rank - 2).plus(k).plus(Exprs.index(upper ? 0 : 1)));
              return point -> {
                Expr value = b.let("x", FusedNodes.load(b, from, point));
                Expr left =
                    Exprs.laneMask(edge.minus(point.indices().get(rank - 1)), point.lanes());
                Expr zero = Exprs.constant(value.type(), 0);
                FusedNodes.store(
                    b,
                    to,
                    point,
                    upper ? Exprs.select(left, zero, value) : Exprs.select(left, value, zero));
              };
            });
    return Result.of(schedule.build("Trilu", List.of(node), OptionalInt.empty(), 1));
  }
}
