package fluidml.pass;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Attention;
import fluidml.graph.op.Contraction.MatMul;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Elementwise.Where;
import fluidml.graph.op.Movement.Reshape;
import fluidml.graph.op.Movement.Transpose;
import fluidml.graph.op.Reduction.Softmax;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Finds scaled dot-product attention: two products with softmax between them, scaled on the scores,
 * the queries or the keys, masked by sums or selections, over heads as axes of their own or merged
 * with the batch. Only where nothing else reads scores or probabilities.
 *
 * <pre>
 * before: s = MatMul(q, Transpose{[0,1,3,2]}(k)); t = Add(Div(s, 8), mask);
 *         p = Softmax{axis=-1}(t); return MatMul(p, v)
 * after:  return Attention{scale=0.125}(q, k, v, mask)
 * </pre>
 */
public final class RecogniseAttention implements Pass {
  /**
   * Zeros for rows in which nothing is visible. Attention gives zeros for these by itself, so that
   * the guard is dropped; what else is not a number stays so.
   */
  private static final Pattern GUARDED =
      Pattern.op(
          new Where(),
          Pattern.unary(UnaryFunction.IS_NAN, Pattern.any("p")),
          Pattern.scalar(0),
          Pattern.any("p"));

  private static final int GUARD_USES = 2;

  private static final List<Rule> RULES =
      Stream.concat(
              Stream.of(
                  Rule.of("softmax(q k' + mask) v", MatMul.class, RecogniseAttention::attention),
                  new Rule(
                      "attention with heads inside the last axis or past keys",
                      Attention.class,
                      AttentionForms::canonical)),
              Simplify.RULES.stream())
          .toList();

  /** Extents of batch and heads. */
  private record Heads(Dim batch, Dim heads) {
    /** A tensor [batch, heads, …, …], or empty if it is something else. */
    Optional<Value> fourAxes(Value value, boolean mayShare, Rewriter g) {
      Shape shape = value.shape();
      if (shape.rank() == 4) {
        boolean fits =
            shape.dim(0).equals(batch)
                && (shape.dim(1).equals(heads) || (mayShare && shape.dim(1).is(1)));
        return fits ? Optional.of(value) : Optional.empty();
      }
      if (shape.rank() != 3 || !shape.dim(0).equals(batch.times(heads))) {
        return Optional.empty();
      }
      return Optional.of(
          g.emit(new Reshape(Shape.of(batch, heads, shape.dim(1), shape.dim(2))), value));
    }
  }

  @Override
  public String name() {
    return "recognise-attention";
  }

  @Override
  public Graph run(Graph graph) {
    return Rewriter.rewrite(graph, RULES);
  }

  private static Optional<Value> attention(Node node, Rewriter g) {
    Optional<Node> softmax = softmax(node, g);
    if (softmax.isEmpty() || node.input(1).knownShape().isEmpty()) {
      return Optional.empty();
    }
    return AttentionScores.trace(softmax.get().input(0), g)
        .flatMap(scores -> emit(node, scores, g));
  }

  /** The softmax along the last axis whose result is, perhaps reshaped, the left operand. */
  private static Optional<Node> softmax(Node node, Rewriter g) {
    Value probabilities = node.input(0);
    if (!g.isSingleUse(probabilities) || probabilities.knownShape().isEmpty()) {
      return Optional.empty();
    }
    Optional<Node> producer = g.producer(probabilities);
    if (producer.isPresent() && producer.get().op() instanceof Reshape) {
      Value inner = producer.get().input(0);
      if (!g.isSingleUse(inner) || !AttentionScores.mergesHeads(inner, probabilities)) {
        return Optional.empty();
      }
      probabilities = inner;
      producer = g.producer(inner);
    }
    Optional<Match> guarded =
        g.match(GUARDED, probabilities).filter(m -> g.uses(m.get("p")) == GUARD_USES);
    return guarded
        .map(m -> g.producer(m.get("p")))
        .orElse(producer)
        .filter(
            n ->
                n.op() instanceof Softmax(int axis)
                    && n.input(0).knownShape().isPresent()
                    && (axis == -1 || axis == n.input(0).shape().rank() - 1));
  }

  private static Optional<Value> emit(Node node, AttentionScores scores, Rewriter g) {
    Scaled q = Scaled.of(scores.product().input(0), g);
    Scaled kT = Scaled.of(scores.product().input(1), g);
    Heads heads = heads(scores);
    if (q.value().knownShape().isEmpty() || kT.value().knownShape().isEmpty()) {
      return Optional.empty();
    }
    int rank = kT.value().shape().rank();
    List<Integer> swap = rank == 4 ? List.of(0, 1, 3, 2) : List.of(0, 2, 1);
    if (rank < 3 || rank > 4) {
      return Optional.empty();
    }
    Scaled k = Scaled.of(g.emit(new Transpose(swap), kT.value()), g);
    Optional<Value> query = heads.fourAxes(q.value(), false, g);
    Optional<Value> key = heads.fourAxes(k.value(), true, g);
    Optional<Value> value = heads.fourAxes(node.input(1), true, g);
    Optional<Value> fewerKeys = key.flatMap(x -> AttentionForms.unrepeated(x, g));
    Optional<Value> fewerValues = value.flatMap(x -> AttentionForms.unrepeated(x, g));
    if (fewerKeys.isPresent()
        && fewerValues.isPresent()
        && fewerKeys.get().shape().dim(1).equals(fewerValues.get().shape().dim(1))) {
      key = fewerKeys;
      value = fewerValues;
    }
    Dim rows = scores.shape().dim(-2);
    Dim columns = scores.shape().dim(-1);
    if (query.isEmpty()
        || key.isEmpty()
        || value.isEmpty()
        || !key.get().shape().dim(1).equals(value.get().shape().dim(1))) {
      return Optional.empty();
    }
    double scale = scores.scale() * q.factor() * kT.factor() * k.factor();
    boolean causal = scores.isCausal(rows, columns, g);
    Optional<Value> mask =
        causal
            ? Optional.of(Value.ABSENT)
            : scores.mask(heads.batch(), heads.heads(), query.get().dtype(), g);
    if (mask.isEmpty()) {
      return Optional.empty();
    }
    List<Value> operands =
        mask.get().isPresent()
            ? List.of(query.get(), key.get(), value.get(), mask.get())
            : List.of(query.get(), key.get(), value.get());
    Value result = g.emit(Attention.of(scale, causal), operands, 1).getFirst();
    if (node.output().knownShape().isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(g.emit(new Reshape(node.output().shape()), result));
  }

  private static Heads heads(AttentionScores scores) {
    Shape shape = scores.shape();
    return shape.rank() == 4
        ? new Heads(shape.dim(0), shape.dim(1))
        : new Heads(Dim.ONE, shape.dim(0));
  }

  /** A value times a number. */
  private record Scaled(Value value, double factor) {
    private static final Pattern TIMES = Pattern.mul(Pattern.any("x"), Pattern.scalar("c"));
    private static final Pattern OVER = Pattern.div(Pattern.any("x"), Pattern.scalar("c"));

    static Scaled of(Value value, Rewriter g) {
      Optional<Match> times = g.match(TIMES, value);
      Optional<Match> over = g.match(OVER, value);
      Scaled scaled =
          times.isPresent()
              ? new Scaled(times.get().get("x"), times.get().number("c"))
              : over.isPresent()
                  ? new Scaled(over.get().get("x"), 1 / over.get().number("c"))
                  : new Scaled(value, 1);
      return scaled.value.type().equals(value.type()) && scaled.factor != 1
          ? scaled
          : underTranspose(value, g);
    }

    private static Scaled underTranspose(Value value, Rewriter g) {
      return g.producer(value)
          .filter(n -> n.op() instanceof Transpose)
          .flatMap(
              n -> {
                Scaled inner = of(n.input(0), g);
                return inner.factor == 1
                    ? Optional.empty()
                    : Optional.of(new Scaled(g.emit(n.op(), inner.value), inner.factor));
              })
          .orElse(new Scaled(value, 1));
    }
  }
}
