package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Normalization;
import fluidml.graph.op.Op;
import fluidml.graph.op.Reduction;
import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.ScalarType;
import fluidml.loop.Type;
import fluidml.loop.math.Elementary;
import fluidml.lower.RowWriter.Cell;
import fluidml.lower.RowWriter.Fold;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;

/** One row composite being lowered: walks that sum, and a last walk that writes. */
final class RowComposite {
  private final Cluster cluster;
  private final Node node;
  private final DType dtype;
  private final CallBuilder call;
  private final RowInput input;
  private final Map<Value, BufferView> parameters = new LinkedHashMap<>();
  private final Map<Value, BufferView> statistics = new HashMap<>();
  private final FusedNodes epilogue;
  private final RowSchedule schedule;
  private final Expr count;
  private final Optional<Buffer> exponentials;

  RowComposite(Cluster cluster, List<Integer> axes, Lowering.Context context) {
    this.cluster = cluster;
    this.node = cluster.anchor().orElseThrow();
    this.dtype = node.input(0).dtype();
    Shape shape = node.input(0).shape();
    Function<View, View> split =
        node.op() instanceof Normalization.GroupNorm group
            ? v -> RowLowering.split(v, 1, Dim.of(group.groups()))
            : v -> v;
    List<Value> results = cluster.outputs().stream().filter(v -> !isStatistic(v)).toList();
    List<View> views = new ArrayList<>(RowInput.views(context, cluster));
    results.forEach(v -> views.add(context.view(v)));
    RowLowering.parameters(node).forEach(v -> views.add(parameter(v, shape, context)));
    for (Node fused : cluster.epilogue()) {
      for (Value operand : fused.inputs()) {
        if (operand.isPresent() && cluster.inputs().contains(operand)) {
          views.add(context.view(operand).broadcast(shape));
        }
      }
    }
    List<View> placed = new ArrayList<>(views.stream().map(split).toList());
    Shape space = placed.getFirst().shape();
    cluster.outputs().stream()
        .filter(this::isStatistic)
        .forEach(v -> placed.add(ReduceLowering.spread(context.view(v), space, axes, true)));
    List<Integer> rows =
        IntStream.range(0, space.rank()).filter(a -> !axes.contains(a)).boxed().toList();
    View order = split.apply(context.view(cluster.outputs().getFirst()));
    LoopSpace loops =
        LoopSpace.rows(
            space, LoopSpace.byStride(rows, order), LoopSpace.byStride(axes, order), placed);
    this.call = new CallBuilder(cluster.label());
    this.input = RowInput.of(call, context, cluster, v -> loops.apply(split.apply(v)));
    for (Value parameter : RowLowering.parameters(node)) {
      View view = parameter(parameter, shape, context);
      parameters.put(parameter, call.read(loops.apply(split.apply(view))));
    }
    this.epilogue =
        new FusedNodes(
            call,
            context,
            shape,
            v -> loops.apply(split.apply(v)),
            cluster.epilogue(),
            List.of(node.output()),
            results);
    input.readPointwise(call, epilogue.stores().values());
    for (Value output : cluster.outputs()) {
      if (isStatistic(output)) {
        View spread = ReduceLowering.spread(context.view(output), space, axes, true);
        statistics.put(output, call.write(loops.apply(spread)));
      }
    }
    int types =
        dtype == DType.FLOAT64 && isExponential() ? 1 : context.target().lanes(List.of(dtype));
    int lanes =
        FusedNodes.lanes(
            cluster.epilogue(), context, FusedNodes.lanes(cluster.prologue(), context, types));
    int last = loops.rank() - 1;
    this.schedule =
        new RowSchedule(call, loops, loop -> isVectorisable(loop, loop == last) ? lanes : 1);
    this.count = call.size(schedule.rowLength());
    input.keep(schedule);
    boolean softmax = node.op() instanceof Reduction.Softmax;
    this.exponentials = softmax ? Optional.of(schedule.scratch(input.type())) : Optional.empty();
  }

  private boolean isStatistic(Value value) {
    return node.outputs().indexOf(value) > 0;
  }

  private boolean isExponential() {
    return node.op() instanceof Reduction.Softmax || node.op() instanceof Reduction.LogSoftmax;
  }

  private View parameter(Value value, Shape shape, Lowering.Context context) {
    View view = context.view(value);
    return node.op() instanceof Normalization.InstanceNorm
            || node.op() instanceof Normalization.GroupNorm
        ? RowLowering.perChannel(view, shape)
        : view.broadcast(shape);
  }

  private boolean isVectorisable(int loop, boolean along) {
    boolean dense = input.isVectorisable(loop) && epilogue.isVectorisable(loop);
    for (BufferView view : parameters.values()) {
      dense &= view.isDense(loop) || view.isConstant(loop);
    }
    for (BufferView view : statistics.values()) {
      dense &= along || view.isDense(loop);
    }
    return dense;
  }

  KernelCall build() {
    int each = FusedNodes.work(cluster.prologue()) + FusedNodes.work(cluster.epilogue());
    Dim work = node.input(0).shape().elements().times(each + (isExponential() ? 24L : 8L));
    return schedule.build(cluster.label(), cluster.nodes(), work, this::row);
  }

  private void row(RowWriter row) {
    Op op = node.op();
    switch (op) {
      case Reduction.Softmax _ -> softmax(row);
      case Reduction.LogSoftmax _ -> logSoftmax(row);
      case Normalization.LayerNorm norm -> normalize(row, norm.epsilon(), true);
      case Normalization.RmsNorm norm -> normalize(row, norm.epsilon(), false);
      case Normalization.InstanceNorm norm -> normalize(row, norm.epsilon(), true);
      case Normalization.GroupNorm norm -> normalize(row, norm.epsilon(), true);
      case Normalization.LpNorm norm -> lpNorm(row, norm.p());
      default -> throw new IllegalArgumentException(op.mnemonic() + " is not a row composite");
    }
  }

  private Type type() {
    return new Type(input.type(), 1);
  }

  /** The largest element; any where some are NaN, since all results are NaN then. */
  private Expr maximum(RowWriter row) {
    return row.fold(
            input.isCheap(),
            List.of(Fold.quickMax(type())),
            cell -> List.of(input.first(row, cell)))
        .getFirst();
  }

  private Expr exp(BodyBuilder b, Expr x) {
    boolean narrow = x.type().scalar() == ScalarType.F32;
    return (narrow ? Elementary.EXP_OF_NEGATIVE : Elementary.EXP).apply(b, x);
  }

  private void softmax(RowWriter row) {
    BodyBuilder b = row.body();
    Buffer kept = exponentials.orElseThrow();
    Expr max = maximum(row);
    Expr sum =
        row.fold(
                false,
                List.of(Fold.sum(type())),
                cell -> {
                  Expr e = b.let("e", exp(b, b.let("d", input.again(row, cell).minus(max))));
                  row.save(kept, cell, e);
                  return List.of(e);
                })
            .getFirst();
    Expr scale = b.let("scale", Exprs.constant(sum.type(), 1).div(sum));
    finish(row, cell -> row.saved(kept, cell).times(scale));
  }

  private void logSoftmax(RowWriter row) {
    BodyBuilder b = row.body();
    Expr max = maximum(row);
    Expr sum =
        row.fold(
                false,
                List.of(Fold.sum(type())),
                cell -> List.of(exp(b, b.let("d", input.again(row, cell).minus(max)))))
            .getFirst();
    Expr log = b.let("log", Elementary.LOG.apply(b, sum));
    finish(row, cell -> input.again(row, cell).minus(max).minus(log));
  }

  /** {@code (x − mean) / √(mean((x − mean)²) + epsilon) · scale + bias}, or with 0 for the mean. */
  private void normalize(RowWriter row, double epsilon, boolean centred) {
    BodyBuilder b = row.body();
    Expr n = b.let("n", Exprs.convert(input.type(), count));
    Expr mean = Exprs.constant(type(), 0);
    if (centred) {
      Expr sum =
          row.fold(
                  input.isCheap(),
                  List.of(Fold.sum(type())),
                  cell -> List.of(input.first(row, cell)))
              .getFirst();
      mean = b.let("mean", sum.div(n));
    }
    Expr centre = mean;
    Expr squares =
        row.fold(
                true,
                List.of(Fold.sum(type())),
                cell -> {
                  Expr x = centred ? input.again(row, cell) : input.first(row, cell);
                  Expr d = b.let("d", x.minus(centre));
                  return List.of(d.times(d));
                })
            .getFirst();
    Expr variance = squares.div(n).plus(Exprs.constant(type(), epsilon));
    Expr inverse = b.let("inverse", Exprs.constant(squares.type(), 1).div(Exprs.sqrt(variance)));
    statistics.forEach(
        (value, view) -> {
          Expr statistic = node.outputs().indexOf(value) == 1 ? centre : inverse;
          Expr as = Exprs.convert(Exprs.registerType(value.dtype()), statistic);
          FusedNodes.store(b, view, row.rowPoint(), as);
        });
    List<BufferView> factors = List.copyOf(parameters.values());
    boolean scaled = node.input(1).isPresent();
    finish(
        row,
        cell -> {
          Expr y = input.again(row, cell).minus(centre).times(inverse);
          for (int i = 0; i < factors.size(); i++) {
            Expr factor = FusedNodes.load(b, factors.get(i), cell.point());
            y = scaled && i == 0 ? y.times(factor) : y.plus(factor);
          }
          return y;
        });
  }

  private void lpNorm(RowWriter row, long p) {
    BodyBuilder b = row.body();
    Expr sum =
        row.fold(
                input.isCheap(),
                List.of(Fold.sum(type())),
                cell -> {
                  Expr x = input.first(row, cell);
                  return List.of(p == 1 ? x.abs() : x.times(x));
                })
            .getFirst();
    Expr norm = b.let("norm", p == 1 ? sum : Exprs.sqrt(sum));
    Expr zero = Exprs.constant(norm.type(), 0);
    Expr some = b.let("some", norm.ne(zero));
    Expr safe = b.let("safe", Exprs.select(some, norm, Exprs.constant(norm.type(), 1)));
    finish(
        row,
        cell -> {
          Expr y = b.let("y", input.again(row, cell).div(safe));
          Expr none = Exprs.constant(y.type(), 0);
          return Exprs.select(Exprs.spread(some, y.type().lanes()), y, none);
        });
  }

  /** The last walk: the composite's result, the epilogue, the stores. */
  private void finish(RowWriter row, Function<Cell, Expr> result) {
    BodyBuilder b = row.body();
    Consumer<Cell> cell =
        c -> {
          Expr y = b.let("y", Conversions.fit(b, node.output().dtype(), result.apply(c)));
          epilogue.write(b, c.point(), Map.of(node.output(), y));
        };
    row.each(cell);
  }
}
