package fluidml.pass;

import static fluidml.pass.Pattern.add;
import static fluidml.pass.Pattern.any;
import static fluidml.pass.Pattern.div;
import static fluidml.pass.Pattern.oneOf;
import static fluidml.pass.Pattern.op;
import static fluidml.pass.Pattern.scalar;
import static fluidml.pass.Pattern.unary;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise.Binary;
import fluidml.graph.op.Elementwise.Clip;
import fluidml.graph.op.Elementwise.ParametricFunction;
import fluidml.graph.op.Elementwise.ParametricUnary;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Op;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Finds activation functions that were written out: GELU with erf or tanh, sigmoid, SiLU, softplus,
 * Mish, hard sigmoid and hard swish, whatever the order of their multiplications.
 *
 * <pre>
 * before: a = Div(x, 1.4142135); b = Erf(a); c = Add(b, 1); d = Mul(x, c); return Mul(d, 0.5)
 * after:  return Unary{GELU}(x)
 * </pre>
 */
public final class RecogniseActivations implements Pass {
  private static final Pattern X = any("x");
  private static final Pattern ONE_PLUS_ERF = add(unary(UnaryFunction.ERF, any("u")), scalar(1));
  private static final Pattern ONE_PLUS_TANH = add(unary(UnaryFunction.TANH, any("u")), scalar(1));
  private static final Pattern ONE_PLUS_EXP = add(unary(UnaryFunction.EXP, any("u")), scalar(1));
  private static final Pattern SUM = add(X, any("y"));

  private static final List<Rule> RULES =
      List.of(
          Rule.of(
              "1 / (1 + exp(-x)) is a sigmoid",
              Binary.class,
              div(scalar(1), add(unary(UnaryFunction.EXP, unary(UnaryFunction.NEG, X)), scalar(1))),
              m -> m.emit(UnaryFunction.SIGMOID, m.get("x"))),
          Rule.of(
              "1 / (1 + exp(-x)) is a sigmoid",
              Unary.class,
              unary(
                  UnaryFunction.RECIPROCAL,
                  add(unary(UnaryFunction.EXP, unary(UnaryFunction.NEG, X)), scalar(1))),
              m -> m.emit(UnaryFunction.SIGMOID, m.get("x"))),
          Rule.of(
              "log(1 + exp(x)) is a softplus",
              Unary.class,
              (node, g) ->
                  node.op().equals(new Unary(UnaryFunction.LOG))
                      ? g.match(ONE_PLUS_EXP, node.input(0))
                          .map(m -> m.emit(UnaryFunction.SOFTPLUS, m.get("u")))
                      : Optional.empty()),
          Rule.of(
              "clip(x + 3, 0, 6) / 6 is a hard sigmoid",
              Binary.class,
              div(op(op -> op instanceof Clip, add(X, scalar(3)), scalar(0), scalar(6)), scalar(6)),
              m -> m.emit(hardSigmoid(), m.get("x"))),
          Rule.of("products that are activations", Binary.class, RecogniseActivations::product));

  @Override
  public String name() {
    return "recognise-activations";
  }

  @Override
  public Graph run(Graph graph) {
    return Rewriter.rewrite(graph, RULES);
  }

  private static Op hardSigmoid() {
    return new ParametricUnary(ParametricFunction.HARD_SIGMOID, 1.0 / 6, 0.5);
  }

  private static Optional<Value> product(Node node, Rewriter g) {
    Product all = Product.of(node, Set.of(), g);
    if (all.factors().size() < 2) {
      return Optional.empty();
    }
    for (Value factor : all.factors()) {
      Optional<Node> producer = g.producer(factor);
      if (producer.isEmpty()) {
        continue;
      }
      Optional<Value> found =
          switch (producer.get().op()) {
            case Binary _ -> gelu(node, factor, g);
            case Unary(UnaryFunction function) -> gated(node, factor, function, g);
            case ParametricUnary(ParametricFunction function, double alpha, double beta)
                when function == ParametricFunction.HARD_SIGMOID
                    && Match.near(alpha, 1.0 / 6)
                    && Match.near(beta, 0.5) ->
                times(node, factor, producer.get().input(0), 1, g)
                    .map(x -> g.emit(new Unary(UnaryFunction.HARD_SWISH), x));
            case Clip _ -> hardSwish(node, factor, g);
            default -> Optional.empty();
          };
      if (found.isPresent()) {
        return found;
      }
    }
    return Optional.empty();
  }

  /** {@code x} if {@code node} computes {@code coefficient · x · factor}. */
  private static Optional<Value> times(
      Node node, Value factor, Value x, double coefficient, Rewriter g) {
    Product product = Product.of(node, Set.of(x, factor), g);
    return product.factors().contains(factor) && product.without(factor).is(coefficient, x, 1)
        ? Optional.of(x)
        : Optional.empty();
  }

  private static Optional<Value> gelu(Node node, Value factor, Rewriter g) {
    Optional<Match> erf = g.match(ONE_PLUS_ERF, factor);
    if (erf.isPresent()) {
      Value u = erf.get().get("u");
      return operand(u, Math.sqrt(0.5), g)
          .flatMap(x -> times(node, factor, x, 0.5, g))
          .map(x -> g.emit(new Unary(UnaryFunction.GELU), x));
    }
    Optional<Match> tanh = g.match(ONE_PLUS_TANH, factor);
    if (tanh.isPresent()) {
      return tanhOperand(tanh.get().get("u"), g)
          .flatMap(x -> times(node, factor, x, 0.5, g))
          .map(x -> g.emit(new Unary(UnaryFunction.GELU_TANH), x));
    }
    return Optional.empty();
  }

  /** {@code x} if {@code u} is {@code factor · x}. */
  private static Optional<Value> operand(Value u, double factor, Rewriter g) {
    return g.producer(u)
        .flatMap(
            node ->
                node.inputs().stream()
                    .filter(x -> Product.of(node, Set.of(x), g).is(factor, x, 1))
                    .findFirst());
  }

  /**
   * {@code x} if {@code u} is {@code √(2/π)·(x + 0.044715·x³)}, also with x or the factor inside.
   */
  private static Optional<Value> tanhOperand(Value u, Rewriter g) {
    double scale = Math.sqrt(2 / Math.PI);
    Product product = Product.of(u, Set.of(), g);
    for (Value factor : product.factors()) {
      for (Match m : g.match(SUM, factor).stream().toList()) {
        for (Value x : List.of(m.get("x"), m.get("y"))) {
          Value y = x.equals(m.get("x")) ? m.get("y") : m.get("x");
          if (product.is(scale, factor, 1) && Product.of(y, Set.of(x), g).is(0.044715, x, 3)) {
            return Optional.of(x);
          }
          if (g.scalar(x).isPresent() && product.factors().size() == 2) {
            Value other = product.without(factor).factors().getFirst();
            double one = g.scalar(x).getAsDouble() * product.coefficient();
            double cube = Product.of(y, Set.of(other), g).coefficient() * product.coefficient();
            if (Match.near(one, scale)
                && Match.near(cube, scale * 0.044715)
                && Product.of(y, Set.of(other), g).factors().equals(List.of(other, other))) {
              return Optional.of(other);
            }
          }
        }
      }
    }
    return Optional.empty();
  }

  /** {@code x · f(…x…)} where the factor is {@code f}. */
  private static Optional<Value> gated(
      Node node, Value factor, UnaryFunction function, Rewriter g) {
    Value inner = g.producer(factor).orElseThrow().input(0);
    if (function == UnaryFunction.TANH) {
      return g.producer(inner)
          .filter(n -> n.op().equals(new Unary(UnaryFunction.SOFTPLUS)))
          .flatMap(n -> times(node, factor, n.input(0), 1, g))
          .map(x -> g.emit(new Unary(UnaryFunction.MISH), x));
    }
    if (function != UnaryFunction.SIGMOID) {
      return Optional.empty();
    }
    Optional<Value> plain =
        times(node, factor, inner, 1, g)
            .map(x -> g.emit(new ParametricUnary(ParametricFunction.SWISH, 1, 0), x));
    return plain.isPresent() ? plain : scaledSwish(node, factor, inner, g);
  }

  private static Optional<Value> scaledSwish(Node node, Value factor, Value inner, Rewriter g) {
    return g.match(oneOf(Pattern.mul(X, scalar("c"))), inner)
        .flatMap(
            m ->
                times(node, factor, m.get("x"), 1, g)
                    .map(
                        x ->
                            g.emit(
                                new ParametricUnary(ParametricFunction.SWISH, m.number("c"), 0),
                                x)));
  }

  private static Optional<Value> hardSwish(Node node, Value factor, Rewriter g) {
    return g.match(op(op -> op instanceof Clip, add(X, scalar(3)), scalar(0), scalar(6)), factor)
        .flatMap(m -> times(node, factor, m.get("x"), 1.0 / 6, g))
        .map(x -> g.emit(new Unary(UnaryFunction.HARD_SWISH), x));
  }
}
