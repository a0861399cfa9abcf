package fluidml.pass;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Movement.Concat;
import fluidml.graph.op.Movement.Slice;
import fluidml.graph.op.Movement.SliceAxis;
import fluidml.graph.op.Op;
import fluidml.graph.op.Reduction.MaxPool;
import fluidml.graph.op.Window;
import fluidml.tensor.Dim;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Computes a large result of a convolution that only a pooling reads in bands of rows, so that the
 * whole of it never lies in memory. Only where windows of the pooling do not overlap: nothing is
 * computed twice, and every number from the same terms.
 *
 * <pre>
 * before: c = Conv(x, w, b); return MaxPool(Relu(c))
 * after:  p0 = MaxPool(Relu(Conv(x[rows 0…], w, b))); p1 = …; return Concat{rows}(p0, p1, …)
 * </pre>
 *
 * Slices and Concat are views. Bands are as high as a whole number of the tiles that convolutions
 * are computed in.
 */
public final class SplitPooledConvolutions implements Pass {
  /** A band of a convolution's result has about this many bytes. */
  private static final long BAND_BYTES = 3 << 20;

  /** Rows of a band are a multiple of this, which are the rows of the largest tile. */
  private static final long ROWS = 4;

  /** The axis of rows. */
  private static final int AXIS = 2;

  private static final List<Rule> RULES =
      List.of(
          Rule.of(
              "a pooled convolution is computed in bands",
              MaxPool.class,
              SplitPooledConvolutions::split));

  @Override
  public String name() {
    return "split-pooled-convolutions";
  }

  @Override
  public Graph run(Graph graph) {
    return Rewriter.rewrite(graph, RULES);
  }

  private static Optional<Value> split(Node node, Rewriter g) {
    MaxPool pool = (MaxPool) node.op();
    if (node.outputs().size() != 1 || !isPlain(pool)) {
      return Optional.empty();
    }
    List<Op> between = new ArrayList<>();
    Value value = node.input(0);
    Optional<Node> producer = g.producer(value);
    while (producer.isPresent() && producer.get().op() instanceof Unary && g.isSingleUse(value)) {
      between.addFirst(producer.get().op());
      value = producer.get().input(0);
      producer = g.producer(value);
    }
    if (producer.isEmpty()
        || !g.isSingleUse(value)
        || !(producer.get().op() instanceof Conv(Window window, long groups))
        || window.rank() != 2
        || window.padding() != Window.Padding.EXPLICIT) {
      return Optional.empty();
    }
    Node conv = producer.get();
    OptionalLong elements = value.shape().elements().constant();
    OptionalLong pooled = node.output().shape().dim(AXIS).constant();
    OptionalLong given = conv.input(0).shape().dim(AXIS).constant();
    if (elements.isEmpty() || pooled.isEmpty() || given.isEmpty()) {
      return Optional.empty();
    }
    long bands = value.dtype().byteSize(elements.getAsLong()) / BAND_BYTES;
    long rows = Math.ceilDiv(pooled.getAsLong(), Math.max(1, bands));
    rows = Math.ceilDiv(rows, ROWS) * ROWS;
    if (bands < 2 || rows >= pooled.getAsLong()) {
      return Optional.empty();
    }
    List<Value> parts = new ArrayList<>();
    for (long from = 0; from < pooled.getAsLong(); from += rows) {
      long to = Math.min(pooled.getAsLong(), from + rows);
      Value part = band(conv, window, groups, given.getAsLong(), convolved(pool, from, to), g);
      for (Op op : between) {
        part = g.emit(op, part);
      }
      parts.add(g.emit(pool, part));
    }
    return Optional.of(g.emit(new Concat(AXIS), parts.toArray(Value[]::new)));
  }

  /** The first row of the convolution that pooled rows need, and the one after the last. */
  private static long[] convolved(MaxPool pool, long from, long to) {
    long stride = pool.window().strides().getFirst();
    return new long[] {from * stride, (to - 1) * stride + pool.window().kernel().getFirst()};
  }

  /** Rows of a convolution: from the rows of its operand that they need, with less padding. */
  private static Value band(
      Node conv, Window window, long groups, long given, long[] rows, Rewriter g) {
    long stride = window.strides().getFirst();
    long first = rows[0] * stride - window.padsBegin().getFirst();
    long end = (rows[1] - 1) * stride - window.padsBegin().getFirst() + window.span(0);
    long start = Math.max(0, first);
    long stop = Math.min(given, end);
    SliceAxis axis = new SliceAxis(AXIS, Dim.of(start), Dim.of(stop - start), 1);
    Value operand = g.emit(new Slice(List.of(axis)), conv.input(0));
    Window narrow =
        window.withPads(
            List.of(start - first, window.padsBegin().get(1)),
            List.of(end - stop, window.padsEnd().get(1)));
    List<Value> operands = new ArrayList<>(conv.inputs());
    operands.set(0, operand);
    return g.emit(new Conv(narrow, groups), operands.toArray(Value[]::new));
  }

  /** Whether windows lie side by side in the rows, without padding there. */
  private static boolean isPlain(MaxPool pool) {
    Window window = pool.window();
    return !pool.ceilMode()
        && window.rank() == 2
        && (window.padding() == Window.Padding.EXPLICIT || window.padding() == Window.Padding.VALID)
        && window.kernel().getFirst() <= window.strides().getFirst()
        && window.dilations().getFirst() == 1
        && window.padsBegin().getFirst() == 0
        && window.padsEnd().getFirst() == 0;
  }
}
