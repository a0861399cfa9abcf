package fluidml.pass;

import static fluidml.pass.Pattern.add;
import static fluidml.pass.Pattern.any;
import static fluidml.pass.Pattern.mul;
import static fluidml.pass.Pattern.op;
import static fluidml.pass.Pattern.unary;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Elementwise.Binary;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Generation.Constant;
import fluidml.graph.op.Indexing.Gather;
import fluidml.graph.op.Movement.Concat;
import fluidml.graph.op.Movement.Expand;
import fluidml.graph.op.Movement.Reshape;
import fluidml.graph.op.Movement.Slice;
import fluidml.graph.op.Movement.SliceAxis;
import fluidml.graph.op.Normalization.RotaryEmbedding;
import fluidml.graph.op.Op;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * Finds rotary position embedding in its two-halves form, over the whole head or its first part.
 * Sine and cosine caches repeat their first half; only that half is kept.
 *
 * <pre>
 * before: r = Concat(Neg(Slice{8..16}(x)), Slice{0..8}(x));
 *         return Add(Mul(x, cos), Mul(r, sin))                       where x is [b,h,s,16]
 * after:  return RotaryEmbedding{rotaryDim=16}(x, Slice{0..8}(cos), Slice{0..8}(sin))
 * </pre>
 */
public final class RecogniseRotary implements Pass {
  private static final Pattern ROTATED =
      add(
          mul(any("x"), any("cos")),
          mul(
              op(RecogniseRotary::joinsLast, unary(UnaryFunction.NEG, any("high")), any("low")),
              any("sin")));

  private static final List<Rule> RULES =
      List.of(
          Rule.of("x cos + rotate(x) sin", Binary.class, RecogniseRotary::whole),
          Rule.of("rotation of a part of the head", Concat.class, RecogniseRotary::part));

  @Override
  public String name() {
    return "recognise-rotary";
  }

  @Override
  public Graph run(Graph graph) {
    return Rewriter.rewrite(graph, RULES);
  }

  private static boolean joinsLast(Op op) {
    return op instanceof Concat concat && (concat.axis() == -1 || concat.axis() == 3);
  }

  /** A part of the last axis of a value. */
  private record Part(Value base, Dim start, Dim size) {
    static Part of(Value value, Rewriter g) {
      Optional<Node> node = g.producer(value);
      if (node.isPresent()
          && node.get().op() instanceof Slice(List<SliceAxis> axes)
          && axes.size() == 1
          && axes.getFirst().step() == 1
          && axes.getFirst().axis() == value.shape().rank() - 1) {
        return new Part(node.get().input(0), axes.getFirst().start(), axes.getFirst().size());
      }
      return new Part(value, Dim.ZERO, value.shape().dim(-1));
    }
  }

  private static Optional<Value> whole(Node node, Rewriter g) {
    Optional<Match> match = g.match(ROTATED, node);
    Optional<Value> found = match.flatMap(m -> whole(m, g));
    return found.isPresent() ? found : match.flatMap(m -> whole(m.swapped("x", "cos"), g));
  }

  private static Optional<Value> whole(Match m, Rewriter g) {
    if (!isHeads(m.get("x"))) {
      return Optional.empty();
    }
    Value x = m.get("x");
    Dim width = x.shape().dim(3);
    Dim half = width.floorDiv(2);
    if (!width.isConstant() || !half.times(2).equals(width)) {
      return Optional.empty();
    }
    Part all = Part.of(x, g);
    Part low = Part.of(m.get("low"), g);
    Part high = Part.of(m.get("high"), g);
    boolean halves = isPart(low, all, x, Dim.ZERO, half) && isPart(high, all, x, half, half);
    if (!halves) {
      return Optional.empty();
    }
    Optional<Value> cos = cache(m.get("cos"), x, half, g);
    Optional<Value> sin = cache(m.get("sin"), x, half, g);
    if (cos.isEmpty() || sin.isEmpty()) {
      return Optional.empty();
    }
    long rotated = width.constant().orElseThrow();
    return Optional.of(g.emit(new RotaryEmbedding(false, 0, rotated), x, cos.get(), sin.get()));
  }

  private static boolean isHeads(Value value) {
    return value.knownShape().isPresent() && value.shape().rank() == 4;
  }

  /** Whether {@code part} is elements [start, start + size) of x, which itself is {@code whole}. */
  private static boolean isPart(Part part, Part whole, Value x, Dim start, Dim size) {
    boolean ofX = part.base.equals(x) && part.start.equals(start);
    boolean ofBase = part.base.equals(whole.base) && part.start.equals(whole.start.plus(start));
    return part.size.equals(size) && (ofX || ofBase);
  }

  /** The first half of a cache as [batch, rows, half]; empty if its second half is not the same. */
  private static Optional<Value> cache(Value cache, Value x, Dim half, Rewriter g) {
    if (cache.knownShape().isEmpty() || !repeats(cache, half, g)) {
      return Optional.empty();
    }
    Shape shape = cache.shape();
    Dim batch = x.shape().dim(0);
    Dim rows = x.shape().dim(2);
    int rank = shape.rank();
    boolean fits =
        rank >= 2
            && rank <= 4
            && shape.dim(-2).equals(rows)
            && (rank < 3 || shape.dim(rank - 3).is(1) || (rank == 3 && batch.is(1)))
            && (rank < 4 || shape.dim(0).is(1) || shape.dim(0).equals(batch));
    if (!fits) {
      return Optional.empty();
    }
    SliceAxis first = new SliceAxis(rank - 1, Dim.ZERO, half, 1);
    Value part = g.emit(new Slice(List.of(first)), cache);
    Dim ownBatch = rank == 4 ? shape.dim(0) : Dim.ONE;
    Value shaped = g.emit(new Reshape(Shape.of(ownBatch, rows, half)), part);
    return Optional.of(
        ownBatch.equals(batch) ? shaped : g.emit(new Expand(Shape.of(batch, rows, half)), shaped));
  }

  /** Whether the two halves of the last axis are provably equal. */
  private static boolean repeats(Value value, Dim half, Rewriter g) {
    Optional<Node> producer = g.producer(value);
    if (producer.isEmpty() || value.knownShape().isEmpty()) {
      return false;
    }
    Node node = producer.get();
    Value first = node.inputs().isEmpty() ? Value.ABSENT : node.input(0);
    return switch (node.op()) {
      case Constant(Tensor tensor) -> repeats(tensor);
      case Concat concat ->
          joinsLast(concat, value.shape().rank())
              && node.inputs().size() == 2
              && first.equals(node.input(1));
      case Elementwise _ ->
          node.inputs().stream()
              .filter(Value::isPresent)
              .allMatch(v -> isNarrow(v) || repeats(v, half, g));
      case Slice(List<SliceAxis> axes) ->
          axes.stream().noneMatch(a -> a.axis() == value.shape().rank() - 1)
              && repeats(first, half, g);
      case Reshape _, Expand _ -> keepsLast(first, value) && repeats(first, half, g);
      case Gather(int axis) ->
          first.knownShape().isPresent()
              && (axis < 0 ? axis + first.shape().rank() : axis) < first.shape().rank() - 1
              && repeats(first, half, g);
      default -> false;
    };
  }

  private static boolean joinsLast(Concat concat, int rank) {
    return concat.axis() == -1 || concat.axis() == rank - 1;
  }

  private static boolean isNarrow(Value value) {
    return value.knownShape().filter(s -> s.rank() == 0 || s.dim(-1).is(1)).isPresent();
  }

  private static boolean keepsLast(Value from, Value to) {
    return from.knownShape().isPresent()
        && from.shape().rank() > 0
        && from.shape().dim(-1).equals(to.shape().dim(-1));
  }

  private static boolean repeats(Tensor tensor) {
    if (tensor.rank() == 0 || !tensor.dtype().isFloat()) {
      return false;
    }
    long width = tensor.dim(-1);
    long half = width / 2;
    for (long row = 0; row < tensor.elements(); row += width) {
      for (long i = 0; i < half; i++) {
        if (tensor.getDouble(row + i) != tensor.getDouble(row + half + i)) {
          return false;
        }
      }
    }
    return true;
  }

  /** Joins the rotation of the first part of the head with the rest. */
  private static Optional<Value> part(Node node, Rewriter g) {
    if (!joinsLast(node.op()) || node.inputs().size() != 2 || !isHeads(node.output())) {
      return Optional.empty();
    }
    Optional<Node> rotation =
        g.producer(node.input(0))
            .filter(n -> n.op() instanceof RotaryEmbedding && g.isSingleUse(node.input(0)));
    if (rotation.isEmpty()) {
      return Optional.empty();
    }
    RotaryEmbedding op = (RotaryEmbedding) rotation.get().op();
    Part rotated = Part.of(rotation.get().input(0), g);
    Part rest = Part.of(node.input(1), g);
    boolean joined =
        rotated.base.equals(rest.base)
            && rotated.start.is(0)
            && rotated.size.is(op.rotaryDim())
            && rest.start.is(op.rotaryDim())
            && rest.start.plus(rest.size).equals(rest.base.shape().dim(-1));
    return joined
        ? Optional.of(g.emit(op, rotated.base, rotation.get().input(1), rotation.get().input(2)))
        : Optional.empty();
  }
}
