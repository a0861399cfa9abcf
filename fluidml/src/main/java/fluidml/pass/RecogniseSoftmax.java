package fluidml.pass;

import static fluidml.pass.Pattern.any;
import static fluidml.pass.Pattern.div;
import static fluidml.pass.Pattern.op;
import static fluidml.pass.Pattern.sub;
import static fluidml.pass.Pattern.unary;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise.Binary;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Reduction.LogSoftmax;
import fluidml.graph.op.Reduction.Reduce;
import fluidml.graph.op.Reduction.ReduceFunction;
import fluidml.graph.op.Reduction.Softmax;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Finds softmax and its logarithm where they were written out, with or without subtraction of the
 * maximum.
 *
 * <pre>
 * before: m = Reduce{MAX,[-1]}(x); e = Exp(Sub(x, m)); s = Reduce{SUM,[-1]}(e); return Div(e, s)
 * after:  return Softmax{axis=-1}(x)
 * </pre>
 */
public final class RecogniseSoftmax implements Pass {
  private static final Pattern SHIFTED = sub(any("x"), any("max"));

  private static final List<Rule> RULES =
      List.of(
          Rule.of("exp(x) / sum(exp(x))", Binary.class, RecogniseSoftmax::softmax),
          Rule.of("log(softmax(x))", Unary.class, RecogniseSoftmax::logOfSoftmax),
          Rule.of("x - log(sum(exp(x)))", Binary.class, RecogniseSoftmax::logSoftmax));

  @Override
  public String name() {
    return "recognise-softmax";
  }

  @Override
  public Graph run(Graph graph) {
    return Rewriter.rewrite(graph, RULES);
  }

  private static Optional<Value> softmax(Node node, Rewriter g) {
    return g.match(div(any("e"), any("s")), node)
        .flatMap(
            m -> {
              OptionalInt axis = reducedAxis(m.get("s"), m.get("e"), ReduceFunction.SUM, g);
              Optional<Node> exp =
                  g.producer(m.get("e")).filter(n -> n.op().equals(new Unary(UnaryFunction.EXP)));
              return axis.isPresent() && exp.isPresent()
                  ? Optional.of(
                      g.emit(
                          new Softmax(axis.getAsInt()),
                          unshifted(exp.get().input(0), axis.getAsInt(), g)))
                  : Optional.empty();
            });
  }

  private static Optional<Value> logOfSoftmax(Node node, Rewriter g) {
    if (!node.op().equals(new Unary(UnaryFunction.LOG))) {
      return Optional.empty();
    }
    return g.producer(node.input(0))
        .flatMap(
            n ->
                n.op() instanceof Softmax(int axis)
                    ? Optional.of(g.emit(new LogSoftmax(axis), n.input(0)))
                    : Optional.empty());
  }

  private static Optional<Value> logSoftmax(Node node, Rewriter g) {
    Optional<Match> match = g.match(SHIFTED, node);
    if (match.isEmpty()) {
      return Optional.empty();
    }
    Value x = match.get().get("x");
    Value log = match.get().get("max");
    OptionalInt axis = reducedAxis(log, x, ReduceFunction.LOG_SUM_EXP, g);
    if (axis.isEmpty()) {
      Optional<Value> sum =
          g.match(unary(UnaryFunction.LOG, any("sum")), log).map(m -> m.get("sum"));
      Optional<Value> exp = sum.flatMap(g::producer).map(n -> n.input(0));
      boolean same =
          exp.flatMap(e -> g.match(unary(UnaryFunction.EXP, any("x")), e))
              .filter(m -> m.get("x").equals(x))
              .isPresent();
      if (!same) {
        return Optional.empty();
      }
      axis = reducedAxis(sum.get(), exp.get(), ReduceFunction.SUM, g);
    }
    return axis.isPresent()
        ? Optional.of(g.emit(new LogSoftmax(axis.getAsInt()), unshifted(x, axis.getAsInt(), g)))
        : Optional.empty();
  }

  /** {@code x} of {@code x − max(x)}, or the value itself. */
  private static Value unshifted(Value value, int axis, Rewriter g) {
    return g.match(SHIFTED, value)
        .filter(
            m ->
                reducedAxis(m.get("max"), m.get("x"), ReduceFunction.MAX, g)
                    .equals(OptionalInt.of(axis)))
        .map(m -> m.get("x"))
        .orElse(value);
  }

  /**
   * The one axis (not negative) along which {@code reduced} combines {@code x}, keeping the axis.
   */
  static OptionalInt reducedAxis(Value reduced, Value x, ReduceFunction function, Rewriter g) {
    return g.match(op(op -> op instanceof Reduce, any("x")), reduced)
        .filter(m -> m.get("x").equals(x) && x.knownShape().isPresent())
        .map(
            m -> {
              Reduce reduce = (Reduce) g.producer(reduced).orElseThrow().op();
              int axis = reduce.axes().size() == 1 ? reduce.axes().getFirst() : 0;
              int positive = axis < 0 ? axis + x.shape().rank() : axis;
              return reduce.axes().size() == 1 && reduce.keepDims() && reduce.function() == function
                  ? OptionalInt.of(positive)
                  : OptionalInt.empty();
            })
        .orElse(OptionalInt.empty());
  }
}
