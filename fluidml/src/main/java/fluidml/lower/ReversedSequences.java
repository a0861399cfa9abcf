package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.op.Movement;
import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.ScalarType;
import fluidml.tensor.Dim;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * ReverseSequence row by row of the result. Rows that all lie at one time are copied in vectors,
 * rows along the time are turned around in registers up to the sequence's length. A length that is
 * negative or longer than the time axis ends the run with an exception.
 */
final class ReversedSequences {
  private static final String OUTSIDE = "is not a length of a sequence";

  private final MapKernel kernel;
  private final BufferView from;
  private final BufferView lengths;
  private final BufferView to;
  private final int time;
  private final Expr extent;
  private final Expr step;

  private ReversedSequences(Node node, int batch, int time, Lowering.Context context) {
    View x = MapKernel.bits(context.view(node.input(0)));
    View y = MapKernel.bits(context.view(node.output()));
    View n = context.view(node.input(1));
    List<Dim> still = new ArrayList<>(x.strides());
    still.set(time, Dim.ZERO);
    List<Dim> ofBatch = new ArrayList<>(Collections.nCopies(y.shape().rank(), Dim.ZERO));
    ofBatch.set(batch, n.strides().getFirst());
    this.kernel =
        new MapKernel(
            "reverseSequence",
            y.shape(),
            List.of(
                new View(x.root(), x.dtype(), y.shape(), x.offset(), still),
                new View(n.root(), n.dtype(), y.shape(), n.offset(), ofBatch)),
            List.of(y));
    this.from = kernel.read(0);
    this.lengths = kernel.read(1);
    this.to = kernel.write(0);
    this.time = kernel.loops().loopOf(time);
    this.extent = kernel.call().size(x.shape().dim(time));
    this.step = kernel.call().size(x.strides().get(time));
  }

  static Lowering.Result lower(Node node, Movement.ReverseSequence op, Lowering.Context context) {
    View x = context.view(node.input(0));
    int rank = x.shape().rank();
    int batch = op.batchAxis() < 0 ? op.batchAxis() + rank : op.batchAxis();
    int time = op.timeAxis() < 0 ? op.timeAxis() + rank : op.timeAxis();
    if (batch == time) {
      return new Lowering.Result.Refused("a time axis that is the batch axis");
    }
    return Lowering.Result.of(
        new ReversedSequences(node, batch, time, context)
            .build(node, x.strides().get(time).is(1), context));
  }

  private KernelCall build(Node node, boolean isDense, Lowering.Context context) {
    int inner = kernel.inner();
    int most = context.target().lanes(List.of(to.view().dtype()));
    boolean perRow = lengths.isConstant(inner);
    if (time == inner && perRow && isDense && to.isDense(inner)) {
      return alongTime(node, most);
    }
    int lanes = perRow && time != inner && kernel.isVectorisable() ? most : 1;
    return kernel.build(
        "ReverseSequence",
        List.of(node),
        lanes,
        1,
        (b, row) -> {
          if (perRow && time != inner) {
            Expr base = b.let("base", source(b, length(b, row), row).times(step));
            return point -> copy(b, base, point);
          }
          return point ->
              copy(b, b.let("base", source(b, length(b, point), point).times(step)), point);
        });
  }

  private void copy(BodyBuilder b, Expr base, Point point) {
    BufferView moved =
        new BufferView(from.buffer(), from.base().plus(base), from.strides(), from.view());
    FusedNodes.store(b, to, point, FusedNodes.load(b, moved, point));
  }

  /** The length of a point's sequence, checked. */
  private Expr length(BodyBuilder b, Point point) {
    Expr loaded = b.load(lengths.buffer(), lengths.index(point.indices()));
    Expr length = b.let("length", Exprs.convert(ScalarType.I64, loaded));
    b.require(Exprs.and(length.ge(Exprs.index(0)), length.le(extent)), length, OUTSIDE);
    return length;
  }

  /** When the element of a point is in the operand. */
  private Expr source(BodyBuilder b, Expr length, Point point) {
    Expr at = time < 0 ? Exprs.index(0) : point.indices().get(time);
    Expr mirrored = length.minus(Exprs.index(1)).minus(at);
    return b.let("at", Exprs.select(at.lt(length), mirrored, at));
  }

  /** Rows of one sequence each: its elements backwards, and what is behind them as it is. */
  private KernelCall alongTime(Node node, int lanes) {
    int inner = kernel.inner();
    List<Expr> outer = kernel.call().sizes(to.view().shape().dims().subList(0, inner));
    List<String> names = new ArrayList<>();
    for (int i = 0; i < inner; i++) {
      names.add("i" + i);
    }
    String row = kernel.call().kernel().procedure("row", names, (b, at) -> row(b, at, lanes));
    return kernel
        .call()
        .build(
            "ReverseSequence",
            List.of(node),
            to.view().shape().elements(),
            OuterLoops.count(outer),
            (b, begin, end) ->
                OuterLoops.write(b, outer, begin, end, i -> b.call(row, i.toArray(Expr[]::new))));
  }

  private void row(BodyBuilder b, List<Expr> outer, int lanes) {
    List<Expr> first = new ArrayList<>(outer);
    first.add(Exprs.index(0));
    Expr length = length(b, Point.scalar(first));
    Expr x = b.let("x", from.index(first));
    Expr y = b.let("y", to.index(first));
    b.vectorLoop(
        "i",
        Exprs.index(0),
        length,
        lanes,
        (i, mask) -> {
          Expr left = length.minus(i);
          Expr last = x.plus(left).minus(Exprs.index(1));
          Expr value =
              lanes == 1
                  ? b.load(from.buffer(), last)
                  : MapKernel.backwards(b, from.buffer(), last, lanes, mask.map(_ -> left));
          b.store(to.buffer(), y.plus(i), value, mask);
        });
    b.vectorLoop(
        "j",
        length,
        extent,
        lanes,
        (j, mask) ->
            b.store(to.buffer(), y.plus(j), b.load(from.buffer(), x.plus(j), lanes, mask), mask));
  }
}
