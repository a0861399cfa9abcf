package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Reduction;
import fluidml.graph.op.Reduction.ReduceFunction;
import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.HorizontalOp;
import fluidml.loop.ScalarType;
import fluidml.loop.Type;
import fluidml.loop.math.Elementary;
import fluidml.lower.RowWriter.Fold;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/** Reductions along any axes with any function, with a fused prologue and epilogue. */
public final class ReduceLowering implements Lowering {
  @Override
  public Result lower(Cluster cluster, Context context) {
    if (cluster.anchor().isEmpty()
        || !(cluster.anchor().get().op() instanceof Reduction.Reduce op)) {
      return new Result.Refused("");
    }
    Node node = cluster.anchor().get();
    DType dtype = node.input(0).dtype();
    Optional<List<Integer>> axes = axes(node, op, context);
    if (axes.isEmpty()) {
      return new Result.Refused("axes that are known at run time only");
    }
    Optional<String> refusal =
        refusal(op.function(), dtype)
            .or(() -> FusedNodes.refusal(cluster.prologue()))
            .or(() -> FusedNodes.refusal(cluster.epilogue()));
    if (refusal.isPresent()) {
      return new Result.Refused(refusal.get());
    }
    return Result.of(new Reducing(cluster, op, axes.get(), context).build());
  }

  private static Optional<String> refusal(ReduceFunction function, DType dtype) {
    boolean real =
        switch (function) {
          case L2, LOG_SUM, LOG_SUM_EXP -> true;
          case SUM, MEAN, PROD, MIN, MAX, L1, SUM_SQUARE -> false;
        };
    boolean refused =
        dtype == DType.BOOL
            || (real && !dtype.isFloat())
            || (dtype == DType.UINT64 && function != ReduceFunction.SUM);
    return refused ? Optional.of(function + " of " + dtype) : Optional.empty();
  }

  /** The reduced axes, sorted; empty if they are not known. */
  private static Optional<List<Integer>> axes(Node node, Reduction.Reduce op, Context context) {
    int rank = node.input(0).shape().rank();
    List<Integer> given = new ArrayList<>(op.axes());
    if (node.input(1).isPresent()) {
      Optional<Tensor> tensor = context.constant(node.input(1));
      if (tensor.isEmpty()) {
        return Optional.empty();
      }
      for (long i = 0; i < tensor.get().elements(); i++) {
        given.add((int) tensor.get().getLong(i));
      }
    }
    if (given.isEmpty() && !op.noopWithEmptyAxes()) {
      return Optional.of(IntStream.range(0, rank).boxed().toList());
    }
    TreeSet<Integer> axes = new TreeSet<>();
    given.forEach(a -> axes.add(a < 0 ? a + rank : a));
    return Optional.of(List.copyOf(axes));
  }

  /** A view of a reduced result over the space of the operand: stride 0 along reduced axes. */
  static View spread(View result, Shape space, List<Integer> axes, boolean keepDims) {
    List<Dim> strides = new ArrayList<>();
    int from = 0;
    for (int axis = 0; axis < space.rank(); axis++) {
      boolean reduced = axes.contains(axis);
      strides.add(reduced ? Dim.ZERO : result.strides().get(keepDims ? axis : from));
      from += reduced ? 0 : 1;
    }
    return new View(result.root(), result.dtype(), space, result.offset(), strides);
  }

  /** One reduction being lowered. */
  private static final class Reducing {
    private final Cluster cluster;
    private final Node node;
    private final ReduceFunction function;
    private final DType dtype;
    private final CallBuilder call;
    private final RowInput input;
    private final FusedNodes epilogue;
    private final RowSchedule schedule;
    private final Expr count;

    Reducing(Cluster cluster, Reduction.Reduce op, List<Integer> axes, Context context) {
      this.cluster = cluster;
      this.node = cluster.anchor().orElseThrow();
      this.function = op.function();
      this.dtype = node.input(0).dtype();
      Shape space = node.input(0).shape();
      Shape result = node.output().shape();
      List<View> reads = RowInput.views(context, cluster);
      List<View> views = new ArrayList<>(reads);
      for (Value output : cluster.outputs()) {
        views.add(spread(context.view(output), space, axes, op.keepDims()));
      }
      for (Value operand : externals(cluster)) {
        views.add(spread(context.view(operand).broadcast(result), space, axes, op.keepDims()));
      }
      List<Integer> rows =
          IntStream.range(0, space.rank()).filter(a -> !axes.contains(a)).boxed().toList();
      View largest = reads.getFirst();
      LoopSpace loops =
          LoopSpace.rows(
              space,
              LoopSpace.byStride(rows, views.get(reads.size())),
              LoopSpace.byStride(axes, largest),
              views);
      this.call = new CallBuilder(cluster.label());
      this.input = RowInput.of(call, context, cluster, loops::apply);
      this.epilogue =
          new FusedNodes(
              call,
              context,
              result,
              v -> loops.apply(spread(v, space, axes, op.keepDims())),
              cluster.epilogue(),
              List.of(node.output()),
              cluster.outputs());
      boolean scalarWalk = function == ReduceFunction.MEAN && !dtype.isFloat();
      boolean scalarEnd = false;
      if (dtype == DType.FLOAT64) {
        scalarWalk |= function == ReduceFunction.LOG_SUM_EXP;
        scalarEnd = function == ReduceFunction.LOG_SUM;
      }
      int types = scalarWalk ? 1 : context.target().lanes(List.of(dtype));
      int walk = FusedNodes.lanes(cluster.prologue(), context, types);
      int end = scalarEnd ? 1 : FusedNodes.lanes(cluster.epilogue(), context, walk);
      int last = loops.rank() - 1;
      this.schedule =
          new RowSchedule(
              call,
              loops,
              loop ->
                  !input.isVectorisable(loop)
                      ? 1
                      : loop == last ? walk : epilogue.isVectorisable(loop) ? end : 1);
      this.count = call.size(schedule.rowLength());
    }

    private static List<Value> externals(Cluster cluster) {
      List<Value> externals = new ArrayList<>();
      for (Node node : cluster.epilogue()) {
        for (Value operand : node.inputs()) {
          if (operand.isPresent() && cluster.inputs().contains(operand)) {
            externals.add(operand);
          }
        }
      }
      return externals;
    }

    KernelCall build() {
      Dim work =
          node.input(0)
              .shape()
              .elements()
              .times(
                  1L
                      + FusedNodes.work(cluster.prologue())
                      + (function == ReduceFunction.LOG_SUM_EXP ? 24 : 0));
      if (function == ReduceFunction.LOG_SUM_EXP) {
        input.keep(schedule);
      }
      boolean together = function != ReduceFunction.LOG_SUM_EXP && input.isCheap();
      return schedule.build(cluster.label(), cluster.nodes(), work, together, this::rows);
    }

    private void rows(List<RowWriter> rows) {
      Type type =
          function == ReduceFunction.MEAN && !dtype.isFloat()
              ? Type.I64
              : new Type(input.type(), 1);
      Expr zero = Exprs.constant(type, 0);
      List<Expr> folded =
          switch (function) {
            case SUM, MEAN, LOG_SUM ->
                fold(rows, new Fold(zero, HorizontalOp.ADD), x -> Exprs.convert(type.scalar(), x));
            case PROD -> fold(rows, new Fold(Exprs.constant(type, 1), HorizontalOp.MUL), x -> x);
            case MIN -> fold(rows, new Fold(limit(type, false), HorizontalOp.MIN), x -> x);
            case MAX -> fold(rows, new Fold(limit(type, true), HorizontalOp.MAX), x -> x);
            case L1 -> fold(rows, new Fold(zero, HorizontalOp.ADD), Expr::abs);
            case L2, SUM_SQUARE -> fold(rows, new Fold(zero, HorizontalOp.ADD), x -> x.times(x));
            case LOG_SUM_EXP -> List.of(logSumExp(rows.getFirst(), type));
          };
      for (int i = 0; i < rows.size(); i++) {
        finish(rows.get(i), type, folded.get(i));
      }
    }

    private void finish(RowWriter row, Type type, Expr folded) {
      BodyBuilder b = row.body();
      Expr result =
          switch (function) {
            case MEAN ->
                dtype.isFloat()
                    ? folded.div(Exprs.convert(type.scalar(), count))
                    : Exprs.convert(input.type(), folded.div(count));
            case L2 -> Exprs.sqrt(folded);
            case LOG_SUM -> Elementary.LOG.apply(b, folded);
            case SUM, PROD, MIN, MAX, L1, SUM_SQUARE, LOG_SUM_EXP -> folded;
          };
      Expr fitted = b.let("result", Conversions.fit(b, dtype, result));
      epilogue.write(b, row.rowPoint(), Map.of(node.output(), fitted));
    }

    private List<Expr> fold(List<RowWriter> rows, Fold fold, UnaryOperator<Expr> value) {
      return rows.size() == 1
          ? List.of(fold(rows.getFirst(), fold, value))
          : RowWriter.foldTogether(rows, fold, (row, cell) -> value.apply(input.first(row, cell)));
    }

    private Expr fold(RowWriter row, Fold fold, UnaryOperator<Expr> value) {
      return row.fold(
              input.isCheap(), List.of(fold), cell -> List.of(value.apply(input.first(row, cell))))
          .getFirst();
    }

    private Expr logSumExp(RowWriter row, Type type) {
      BodyBuilder b = row.body();
      Expr max = fold(row, new Fold(limit(type, true), HorizontalOp.MAX), x -> x);
      // Where the maximum is infinite, differences to it would be NaN.
      Expr finite = max.abs().lt(Exprs.constant(max.type(), Double.POSITIVE_INFINITY));
      Expr shift = b.let("shift", Exprs.select(finite, max, Exprs.constant(max.type(), 0)));
      Expr sum =
          row.fold(
                  false,
                  List.of(Fold.sum(type)),
                  cell -> {
                    Expr x = b.let("d", input.again(row, cell).minus(shift));
                    return List.of(Elementary.EXP.apply(b, x));
                  })
              .getFirst();
      return Elementary.LOG.apply(b, sum).plus(shift);
    }

    /** The neutral element of MIN, or of MAX. */
    private Expr limit(Type type, boolean max) {
      if (type.scalar().isFloat()) {
        return Exprs.constant(type, max ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY);
      }
      boolean wide = type.scalar() == ScalarType.I64;
      long least =
          dtype.kind() == DType.Kind.UNSIGNED ? 0 : wide ? Long.MIN_VALUE : Integer.MIN_VALUE;
      long greatest =
          switch (dtype) {
            case UINT8 -> 0xff;
            case UINT16 -> 0xffff;
            case UINT32 -> 0xffffffffL;
            case INT8 -> Byte.MAX_VALUE;
            case INT16 -> Short.MAX_VALUE;
            default -> wide ? Long.MAX_VALUE : Integer.MAX_VALUE;
          };
      return Exprs.integer(type, max ? least : greatest);
    }
  }
}
