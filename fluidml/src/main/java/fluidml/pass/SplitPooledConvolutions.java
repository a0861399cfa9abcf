package fluidml.pass;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Movement.Concat;
import fluidml.graph.op.Op;
import fluidml.graph.op.Reduction.MaxPool;
import fluidml.graph.op.Window;
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
        || !(producer.get().op() instanceof Conv(Window window, _, _))
        || window.rank() != 2
        || window.padding() != Window.Padding.EXPLICIT) {
      return Optional.empty();
    }
    Node conv = producer.get();
    OptionalLong elements = value.shape().elements().constant();
    OptionalLong pooled = node.output().shape().dim(Rows.AXIS).constant();
    if (elements.isEmpty()
        || pooled.isEmpty()
        || !conv.input(0).shape().dim(Rows.AXIS).isConstant()) {
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
      Value part = convolved(pool, from, to).of(conv).emit(conv, g);
      for (Op op : between) {
        part = g.emit(op, part);
      }
      parts.add(g.emit(pool, part));
    }
    return Optional.of(g.emit(new Concat(Rows.AXIS), parts.toArray(Value[]::new)));
  }

  /** The rows of the convolution that pooled rows need. */
  private static Rows convolved(MaxPool pool, long from, long to) {
    long stride = pool.window().strides().getFirst();
    return new Rows(from * stride, (to - 1) * stride + pool.window().kernel().getFirst());
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
