package fluidml.pass;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.MatMul;
import fluidml.graph.op.Elementwise.Binary;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Elementwise.Where;
import fluidml.graph.op.Movement.Reshape;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What lies between a softmax and the product of queries and keys.
 *
 * @param product the product
 * @param shape shape of the scores, with batch and heads as two axes if they are anywhere
 * @param scale factor of the scores
 * @param masks masks in the order in which they are applied
 */
record AttentionScores(Node product, Shape shape, double scale, List<Mask> masks) {
  /** At most this can stand for minus infinity in a mask. */
  private static final double HIDDEN = -1e9;

  /** Changes scores so that softmax does not see some of them. */
  sealed interface Mask {
    /** Added to the scores. */
    record Sum(Value value) implements Mask {}

    /**
     * Scores stay where {@code keep} has the value {@code when}, elsewhere they become the filler.
     */
    record Selection(Value keep, boolean when, Value filler, double number) implements Mask {}
  }

  AttentionScores {
    masks = List.copyOf(masks);
  }

  /** The way from {@code value} back to a product of which nothing else reads a stage. */
  static Optional<AttentionScores> trace(Value value, Rewriter g) {
    Optional<Node> producer = g.producer(value);
    if (producer.isEmpty() || !g.isSingleUse(value) || value.knownShape().isEmpty()) {
      return Optional.empty();
    }
    Node node = producer.get();
    return switch (node.op()) {
      case MatMul _ when value.shape().rank() == 3 || value.shape().rank() == 4 ->
          Optional.of(new AttentionScores(node, value.shape(), 1, List.of()));
      case Reshape _ -> reshaped(node, g);
      case Where _ -> selected(node, g);
      case Binary(BinaryFunction function) -> combined(node, function, g);
      default -> Optional.empty();
    };
  }

  /** Whether shapes are [b, h, s, t] and [b·h, s, t], or the other way round. */
  static boolean mergesHeads(Value from, Value to) {
    if (from.knownShape().isEmpty() || to.knownShape().isEmpty()) {
      return false;
    }
    Shape a = from.shape();
    Shape b = to.shape();
    return a.rank() >= 3
        && a.rank() <= 4
        && b.rank() >= 3
        && b.rank() <= 4
        && a.dim(-1).equals(b.dim(-1))
        && a.dim(-2).equals(b.dim(-2));
  }

  private static Optional<AttentionScores> reshaped(Node node, Rewriter g) {
    return mergesHeads(node.input(0), node.output())
        ? trace(node.input(0), g)
            .map(
                s ->
                    s.shape.rank() == 4
                        ? s
                        : new AttentionScores(s.product, node.output().shape(), s.scale, s.masks))
        : Optional.empty();
  }

  private static Optional<AttentionScores> combined(
      Node node, BinaryFunction function, Rewriter g) {
    for (int i = 0; i < 2; i++) {
      Value scores = node.input(i);
      Value other = node.input(1 - i);
      OptionalDouble number = g.scalar(other);
      boolean sameShape = scores.knownShape().equals(node.output().knownShape());
      if (function == BinaryFunction.ADD && sameShape && other.knownShape().isPresent()) {
        Optional<AttentionScores> found = trace(scores, g).flatMap(s -> s.plus(other));
        if (found.isPresent()) {
          return found;
        }
      }
      if (number.isPresent() && sameShape) {
        if (function == BinaryFunction.MUL) {
          return trace(scores, g).flatMap(s -> s.times(number.getAsDouble()));
        }
        if (function == BinaryFunction.DIV && i == 0) {
          return trace(scores, g).flatMap(s -> s.times(1 / number.getAsDouble()));
        }
      }
    }
    return Optional.empty();
  }

  private Optional<AttentionScores> times(double factor) {
    return masks.isEmpty()
        ? Optional.of(new AttentionScores(product, shape, scale * factor, masks))
        : Optional.empty();
  }

  private Optional<AttentionScores> plus(Value mask) {
    return with(new Mask.Sum(mask));
  }

  private Optional<AttentionScores> with(Mask mask) {
    List<Mask> all = new ArrayList<>(masks);
    all.add(mask);
    return Optional.of(new AttentionScores(product, shape, scale, all));
  }

  private static Optional<AttentionScores> selected(Node node, Rewriter g) {
    for (int i = 1; i <= 2; i++) {
      Value scores = node.input(i);
      Value filler = node.input(3 - i);
      OptionalDouble number = g.scalar(filler);
      boolean when = i == 1;
      if (number.isPresent()
          && number.getAsDouble() <= HIDDEN
          && node.input(0).knownShape().isPresent()
          && scores.knownShape().equals(node.output().knownShape())) {
        double hidden = number.getAsDouble();
        return trace(scores, g)
            .flatMap(s -> s.with(new Mask.Selection(node.input(0), when, filler, hidden)));
      }
    }
    return Optional.empty();
  }

  /** Whether the only mask is a constant lower triangle over as many rows as columns. */
  boolean isCausal(Dim rows, Dim columns, Rewriter g) {
    if (masks.size() != 1
        || !rows.equals(columns)
        || !(masks.getFirst() instanceof Mask.Selection selection)
        || !selection.when()) {
      return false;
    }
    Optional<Tensor> constant = g.constant(selection.keep());
    return constant.isPresent() && isLowerTriangle(constant.get(), rows);
  }

  private static boolean isLowerTriangle(Tensor mask, Dim extent) {
    int rank = mask.rank();
    if (rank < 2 || !extent.is(mask.dim(-1)) || !extent.is(mask.dim(-2))) {
      return false;
    }
    long n = mask.dim(-1);
    if (mask.elements() != n * n) {
      return false;
    }
    for (long i = 0; i < n; i++) {
      for (long j = 0; j < n; j++) {
        if (mask.getBoolean(i * n + j) != (j <= i)) {
          return false;
        }
      }
    }
    return true;
  }

  /**
   * All masks as one that broadcasts to [batch, heads, rows, columns]: {@link Value#ABSENT} for
   * none; bool for one selection with minus infinity, else a summand. Empty if a mask has another
   * form.
   */
  Optional<Value> mask(Dim batch, Dim heads, DType dtype, Rewriter g) {
    Value total = Value.ABSENT;
    for (Mask mask : masks) {
      switch (mask) {
        case Mask.Sum(Value value) -> {
          Optional<Value> summand = broadcastable(value, batch, heads, g);
          if (summand.isEmpty() || summand.get().dtype() != dtype || isBool(total)) {
            return Optional.empty();
          }
          total =
              total.isPresent()
                  ? g.emit(new Binary(BinaryFunction.ADD), total, summand.get())
                  : summand.get();
        }
        case Mask.Selection selection -> {
          Optional<Value> keep = broadcastable(selection.keep(), batch, heads, g);
          if (keep.isEmpty() || isBool(total)) {
            return Optional.empty();
          }
          total = select(selection, keep.get(), total, dtype, g);
        }
      }
    }
    return Optional.of(total);
  }

  private Value select(
      Mask.Selection selection, Value keep, Value summand, DType dtype, Rewriter g) {
    boolean only = masks.size() == 1 && selection.number() == Double.NEGATIVE_INFINITY;
    if (only) {
      return selection.when() ? keep : g.emit(new Unary(UnaryFunction.NOT), keep);
    }
    Value kept = summand.isPresent() ? summand : g.constant(Constants.scalar(dtype, 0));
    Value hidden = g.constant(Constants.scalar(dtype, selection.number()));
    return selection.when()
        ? g.emit(new Where(), keep, kept, hidden)
        : g.emit(new Where(), keep, hidden, kept);
  }

  private static boolean isBool(Value value) {
    return value.isPresent() && value.dtype() == DType.BOOL;
  }

  private static Optional<Value> broadcastable(Value mask, Dim batch, Dim heads, Rewriter g) {
    Shape shape = mask.shape();
    if (shape.rank() < 2) {
      Dim columns = shape.rank() == 1 ? shape.dim(0) : Dim.ONE;
      return Optional.of(g.emit(new Reshape(Shape.of(Dim.ONE, columns)), mask));
    }
    boolean merged = shape.rank() == 3 && !shape.dim(0).is(1);
    if (!merged || shape.dim(0).equals(heads)) {
      return Optional.of(mask);
    }
    return shape.dim(0).equals(batch.times(heads))
        ? Optional.of(g.emit(new Reshape(Shape.of(batch, heads, shape.dim(1), shape.dim(2))), mask))
        : Optional.empty();
  }
}
