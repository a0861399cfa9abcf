package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.op.Reduction;
import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.HorizontalOp;
import fluidml.loop.ScalarType;
import fluidml.loop.Type;
import fluidml.lower.RowWriter.Cell;
import fluidml.lower.RowWriter.Fold;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Row operations along one axis that care about positions: running sums and products, the place of
 * the extreme element, Hardmax.
 */
public final class RunningLowering implements Lowering {
  @Override
  public Result lower(Cluster cluster, Context context) {
    if (cluster.anchor().isEmpty() || cluster.nodes().size() > 1) {
      return new Result.Refused("");
    }
    Node node = cluster.anchor().get();
    return switch (node.op()) {
      case Reduction.CumulativeSum op ->
          running(node, false, op.exclusive(), op.reverse(), context);
      case Reduction.CumulativeProduct op ->
          running(node, true, op.exclusive(), op.reverse(), context);
      case Reduction.ArgReduce op ->
          refusal(node)
              .<Result>map(Result.Refused::new)
              .orElseGet(() -> extreme(node, op, context));
      case Reduction.Hardmax op ->
          refusal(node)
              .<Result>map(Result.Refused::new)
              .orElseGet(() -> hardmax(node, op.axis(), context));
      default -> new Result.Refused("");
    };
  }

  private static Optional<String> refusal(Node node) {
    DType dtype = node.input(0).dtype();
    return dtype == DType.BOOL || dtype == DType.UINT64
        ? Optional.of(Labels.of(node.op()) + " of " + dtype)
        : Optional.empty();
  }

  private static LoopSpace loops(Shape space, int axis, View x, View y) {
    List<Integer> rows = IntStream.range(0, space.rank()).filter(a -> a != axis).boxed().toList();
    return LoopSpace.rows(space, LoopSpace.byStride(rows, y), List.of(axis), List.of(x, y));
  }

  private static boolean isVectorisable(int loop, BufferView... views) {
    for (BufferView view : views) {
      if (!view.isDense(loop)) {
        return false;
      }
    }
    return true;
  }

  /** The elements of an axis in the opposite order. */
  private static View reversed(View view, int axis) {
    Dim step = view.strides().get(axis);
    Dim last = view.shape().dim(axis).minus(Dim.ONE);
    List<Dim> strides = new ArrayList<>(view.strides());
    strides.set(axis, step.times(-1));
    return new View(
        view.root(), view.dtype(), view.shape(), view.offset().plus(last.times(step)), strides);
  }

  private static Result running(
      Node node, boolean product, boolean exclusive, boolean reverse, Context context) {
    Optional<Tensor> axisTensor = context.constant(node.input(1));
    if (axisTensor.isEmpty()) {
      return new Result.Refused("an axis that is known at run time only");
    }
    DType dtype = node.input(0).dtype();
    if (dtype == DType.BOOL) {
      return new Result.Refused(Labels.of(node.op()) + " of " + dtype);
    }
    Shape space = node.input(0).shape();
    int given = (int) axisTensor.get().getLong(0);
    int axis = given < 0 ? given + space.rank() : given;
    View from = context.view(node.input(0));
    View to = context.view(node.output());
    LoopSpace loops = loops(space, axis, from, to);
    CallBuilder call = new CallBuilder("running");
    BufferView x = call.read(loops.apply(reverse ? reversed(from, axis) : from));
    BufferView y = call.write(loops.apply(reverse ? reversed(to, axis) : to));
    int lanes = context.target().lanes(List.of(dtype));
    int last = loops.rank() - 1;
    RowSchedule schedule =
        new RowSchedule(
            call, loops, loop -> loop != last && isVectorisable(loop, x, y) ? lanes : 1);
    Type type = new Type(Exprs.registerType(dtype), 1);
    KernelCall built =
        schedule.build(
            Labels.of(node.op()),
            List.of(node),
            space.elements().times(2),
            row -> {
              BodyBuilder b = row.body();
              Expr neutral = Exprs.constant(type, product ? 1 : 0);
              Expr.Read sum = b.variable("sum", Exprs.spread(neutral, row.rowLanes()));
              row.each(
                  cell -> {
                    Expr value = FusedNodes.load(b, x, cell.point());
                    Expr next = b.let("next", product ? sum.times(value) : sum.plus(value));
                    FusedNodes.store(b, y, cell.point(), exclusive ? sum : next);
                    b.assign(sum, next);
                  });
            });
    return Result.of(built);
  }

  private static Type indexType(DType dtype) {
    ScalarType type = Exprs.registerType(dtype);
    return type.bits() == 64 ? Type.I64 : Type.I32;
  }

  /** The positions along the row of the lanes of a cell. */
  private static Expr position(Cell cell, Type type, RowSchedule schedule) {
    Expr at = Exprs.convert(type.scalar(), cell.point().indices().getLast());
    return schedule.mode() == RowSchedule.Lanes.ALONG
        ? at.plus(Exprs.laneIndex(type.times(schedule.lanes())))
        : Exprs.spread(at, schedule.lanes());
  }

  /** The position of the extreme element; NaN is larger than every number. */
  private static Expr extreme(
      RowWriter row, RowSchedule schedule, BufferView x, boolean max, boolean lastOne) {
    BodyBuilder b = row.body();
    DType dtype = x.view().dtype();
    Type type = new Type(Exprs.registerType(dtype), 1);
    Expr initial =
        type.scalar().isFloat()
            ? Exprs.constant(type, max ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY)
            : Exprs.integer(
                type,
                type.scalar() == ScalarType.I32
                    ? (max ? Integer.MIN_VALUE : Integer.MAX_VALUE)
                    : (max ? Long.MIN_VALUE : Long.MAX_VALUE));
    Expr best =
        row.fold(
                true,
                List.of(new Fold(initial, max ? HorizontalOp.MAX : HorizontalOp.MIN)),
                cell -> List.of(ordered(b, x, cell, max)))
            .getFirst();
    Type index = indexType(dtype);
    Expr none =
        Exprs.integer(
            index, lastOne ? 0 : index.equals(Type.I32) ? Integer.MAX_VALUE : Long.MAX_VALUE);
    Expr found =
        row.fold(
                false,
                List.of(new Fold(none, lastOne ? HorizontalOp.MAX : HorizontalOp.MIN)),
                cell -> {
                  Expr value = ordered(b, x, cell, max);
                  Expr same = value.eq(best);
                  if (type.scalar().isFloat() && max) {
                    same = Exprs.or(same, value.ne(value));
                  }
                  return List.of(Exprs.select(same, position(cell, index, schedule), none));
                })
            .getFirst();
    return found;
  }

  private static Expr ordered(BodyBuilder b, BufferView x, Cell cell, boolean max) {
    Expr value = b.let("x", FusedNodes.load(b, x, cell.point()));
    if (max || !value.type().scalar().isFloat()) {
      return value;
    }
    Expr infinite = Exprs.constant(value.type(), Double.POSITIVE_INFINITY);
    return b.let("x", Exprs.select(value.ne(value), infinite, value));
  }

  private static Result extreme(Node node, Reduction.ArgReduce op, Context context) {
    Shape space = node.input(0).shape();
    int axis = op.axis() < 0 ? op.axis() + space.rank() : op.axis();
    View from = context.view(node.input(0));
    View to =
        ReduceLowering.spread(context.view(node.output()), space, List.of(axis), op.keepDims());
    LoopSpace loops = loops(space, axis, from, to);
    CallBuilder call = new CallBuilder("argReduce");
    BufferView x = call.read(loops.apply(from));
    BufferView y = call.write(loops.apply(to));
    int lanes = context.target().lanes(List.of(node.input(0).dtype()));
    int across = context.target().lanes(List.of(node.input(0).dtype(), DType.INT64));
    int last = loops.rank() - 1;
    RowSchedule schedule =
        new RowSchedule(
            call,
            loops,
            loop ->
                loop == last
                    ? isVectorisable(loop, x) ? lanes : 1
                    : isVectorisable(loop, x, y) ? across : 1);
    return Result.of(
        schedule.build(
            "ArgReduce",
            List.of(node),
            space.elements().times(2),
            row -> {
              Expr found = extreme(row, schedule, x, op.max(), op.selectLastIndex());
              Expr wide = Exprs.convert(ScalarType.I64, found);
              FusedNodes.store(row.body(), y, row.rowPoint(), wide);
            }));
  }

  private static Result hardmax(Node node, int givenAxis, Context context) {
    Shape space = node.input(0).shape();
    int axis = givenAxis < 0 ? givenAxis + space.rank() : givenAxis;
    View from = context.view(node.input(0));
    View to = context.view(node.output());
    LoopSpace loops = loops(space, axis, from, to);
    CallBuilder call = new CallBuilder("hardmax");
    BufferView x = call.read(loops.apply(from));
    BufferView y = call.write(loops.apply(to));
    DType dtype = node.input(0).dtype();
    int lanes = context.target().lanes(List.of(dtype));
    RowSchedule schedule =
        new RowSchedule(call, loops, loop -> isVectorisable(loop, x, y) ? lanes : 1);
    return Result.of(
        schedule.build(
            "Hardmax",
            List.of(node),
            space.elements().times(3),
            row -> {
              Expr best = extreme(row, schedule, x, true, false);
              row.each(
                  cell -> {
                    Expr here = position(cell, indexType(dtype), schedule).eq(best);
                    Expr hot = Exprs.convert(Exprs.registerType(dtype), here);
                    FusedNodes.store(row.body(), y, cell.point(), hot);
                  });
            }));
  }
}
