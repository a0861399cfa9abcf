package fluidml.pass;

import static fluidml.pass.Pattern.add;
import static fluidml.pass.Pattern.any;
import static fluidml.pass.Pattern.div;
import static fluidml.pass.Pattern.mul;
import static fluidml.pass.Pattern.oneOf;
import static fluidml.pass.Pattern.op;
import static fluidml.pass.Pattern.pow;
import static fluidml.pass.Pattern.scalar;
import static fluidml.pass.Pattern.sub;
import static fluidml.pass.Pattern.unary;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise.Binary;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Normalization.LayerNorm;
import fluidml.graph.op.Normalization.RmsNorm;
import fluidml.graph.op.Op;
import fluidml.graph.op.Reduction.Reduce;
import fluidml.graph.op.Reduction.ReduceFunction;
import fluidml.tensor.DType;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeSet;

/**
 * Finds layer normalisation and RMS normalisation that were written out, with the scale and bias
 * that follow.
 *
 * <pre>
 * before: m = Reduce{MEAN,[-1]}(x); d = Sub(x, m); v = Reduce{MEAN,[-1]}(Mul(d, d));
 *         n = Div(d, Sqrt(Add(v, 1e-5))); return Add(Mul(n, w), b)
 * after:  return LayerNorm{axis=-1,epsilon=1e-5}(x, w, b)
 * </pre>
 */
public final class RecogniseNormalizations implements Pass {
  private static final Pattern X = any("x");
  private static final Pattern MEAN = op(RecogniseNormalizations::isMean, X);
  private static final Pattern SQUARES =
      op(RecogniseNormalizations::isMean, oneOf(mul(any("d"), any("d")), pow(any("d"), scalar(2))));
  private static final Pattern DEVIATION =
      unary(UnaryFunction.SQRT, add(bind("v", SQUARES), scalar("epsilon")));
  private static final Pattern NORMAL =
      oneOf(
          div(any("d"), DEVIATION),
          mul(any("d"), unary(UnaryFunction.RECIPROCAL, DEVIATION)),
          mul(any("d"), div(scalar(1), DEVIATION)),
          mul(any("d"), pow(add(bind("v", SQUARES), scalar("epsilon")), scalar(-0.5))));

  private static final List<Rule> RULES =
      List.of(
          Rule.of("(x - mean) / deviation", Binary.class, RecogniseNormalizations::normal),
          Rule.of("scale of a normalisation", Binary.class, RecogniseNormalizations::scale),
          Rule.of("bias of a normalisation", Binary.class, RecogniseNormalizations::bias));

  private static Pattern bind(String name, Pattern pattern) {
    return new Pattern.Named(name, pattern);
  }

  @Override
  public String name() {
    return "recognise-normalizations";
  }

  @Override
  public Graph run(Graph graph) {
    return Rewriter.rewrite(graph, RULES);
  }

  private static boolean isMean(Op op) {
    return op instanceof Reduce reduce
        && reduce.function() == ReduceFunction.MEAN
        && reduce.keepDims();
  }

  private static Optional<Value> normal(Node node, Rewriter g) {
    return g.match(NORMAL, node).flatMap(m -> normal(m, g));
  }

  private static Optional<Value> normal(Match m, Rewriter g) {
    Value d = m.get("d");
    OptionalInt axis = firstAxis(m.get("v"), g);
    if (axis.isEmpty()) {
      return Optional.empty();
    }
    double epsilon = m.number("epsilon");
    Optional<Match> centred =
        g.match(sub(X, bind("mean", MEAN)), d)
            .filter(c -> firstAxis(c.get("mean"), g).equals(axis));
    if (centred.isPresent()) {
      return Optional.of(g.emit(new LayerNorm(axis.getAsInt(), epsilon), centred.get().get("x")));
    }
    Tensor ones = ones(d, axis.getAsInt());
    return ones.elements() == 0
        ? Optional.empty()
        : Optional.of(g.emit(new RmsNorm(axis.getAsInt(), epsilon), d, g.constant(ones)));
  }

  /** The first axis of a reduction over all last axes, from the end. */
  private static OptionalInt firstAxis(Value reduced, Rewriter g) {
    Node node = g.producer(reduced).orElseThrow();
    Optional<Shape> shape = node.input(0).knownShape();
    if (shape.isEmpty() || node.input(1).isPresent()) {
      return OptionalInt.empty();
    }
    int rank = shape.get().rank();
    TreeSet<Integer> axes = new TreeSet<>();
    ((Reduce) node.op()).axes().forEach(a -> axes.add(a < 0 ? a + rank : a));
    return !axes.isEmpty() && axes.first() == rank - axes.size()
        ? OptionalInt.of(-axes.size())
        : OptionalInt.empty();
  }

  /** Ones of the shape of the normalised axes; empty if an extent is not known. */
  private static Tensor ones(Value x, int axis) {
    int rank = x.shape().rank();
    Shape shape = new Shape(x.shape().dims().subList(rank + axis, rank));
    Optional<long[]> dims = shape.constant();
    return dims.isPresent()
        ? Constants.like(Tensor.allocate(x.dtype(), dims.get()), 1)
        : Tensor.allocate(DType.FLOAT32, 0);
  }

  private static Optional<Value> scale(Node node, Rewriter g) {
    return operands(mul(any("n"), any("w")), node, g)
        .flatMap(
            m -> {
              Node norm = normalization(m.get("n"), g).orElseThrow();
              if (norm.op() instanceof LayerNorm) {
                return norm.inputs().size() == 1
                    ? Optional.of(g.emit(norm.op(), norm.input(0), m.get("w")))
                    : Optional.empty();
              }
              boolean plain =
                  g.constant(norm.input(1)).map(RecogniseNormalizations::isOnes).orElse(false);
              return plain
                  ? Optional.of(g.emit(norm.op(), norm.input(0), m.get("w")))
                  : Optional.empty();
            });
  }

  private static boolean isOnes(Tensor tensor) {
    for (long i = 0; i < tensor.elements(); i++) {
      if (tensor.getDouble(i) != 1) {
        return false;
      }
    }
    return true;
  }

  private static Optional<Value> bias(Node node, Rewriter g) {
    return operands(add(any("n"), any("w")), node, g)
        .flatMap(
            m -> {
              Node norm = normalization(m.get("n"), g).orElseThrow();
              return norm.op() instanceof LayerNorm && norm.inputs().size() == 2
                  ? Optional.of(g.emit(norm.op(), norm.input(0), norm.input(1), m.get("w")))
                  : Optional.empty();
            });
  }

  /**
   * A normalisation {@code n} that only this node reads, and constants {@code w} of its inner
   * shape.
   */
  private static Optional<Match> operands(Pattern pattern, Node node, Rewriter g) {
    return g.match(pattern, node)
        .flatMap(
            m ->
                fits(m.get("n"), m.get("w"), g)
                    ? Optional.of(m)
                    : fits(m.get("w"), m.get("n"), g)
                        ? Optional.of(m.swapped("n", "w"))
                        : Optional.empty());
  }

  private static boolean fits(Value norm, Value parameter, Rewriter g) {
    Optional<Node> node = normalization(norm, g);
    if (node.isEmpty() || !g.isSingleUse(norm) || g.constant(parameter).isEmpty()) {
      return false;
    }
    int axis =
        node.get().op() instanceof LayerNorm layer
            ? layer.axis()
            : ((RmsNorm) node.get().op()).axis();
    Value x = node.get().input(0);
    if (x.knownShape().isEmpty() || x.dtype() != parameter.dtype()) {
      return false;
    }
    int rank = x.shape().rank();
    int first = axis < 0 ? axis + rank : axis;
    return parameter.shape().dims().equals(x.shape().dims().subList(first, rank));
  }

  private static Optional<Node> normalization(Value value, Rewriter g) {
    return g.producer(value)
        .filter(n -> n.outputs().size() == 1)
        .filter(n -> n.op() instanceof LayerNorm || n.op() instanceof RmsNorm);
  }
}
