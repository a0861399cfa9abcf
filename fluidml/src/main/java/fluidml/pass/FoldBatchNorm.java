package fluidml.pass;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Contraction.ConvTranspose;
import fluidml.graph.op.Contraction.Gemm;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Normalization.BatchNorm;
import fluidml.tensor.Shape;
import java.util.List;
import java.util.Optional;

/**
 * Turns batch normalisation, with statistics that are constant, into weights and bias of the
 * convolution or product before it, else into a product and a sum per channel.
 *
 * <pre>
 * before: y = Conv(x, w, b); return BatchNorm(y, scale, bias, mean, variance)
 * after:  return Conv(x, w·f, (b − mean)·f + bias)            with f = scale / √(variance + epsilon)
 * </pre>
 */
public final class FoldBatchNorm implements Pass {
  private static final List<Rule> RULES =
      List.of(Rule.of("batch normalisation", BatchNorm.class, FoldBatchNorm::fold));

  @Override
  public String name() {
    return "fold-batch-norm";
  }

  @Override
  public Graph run(Graph graph) {
    return Rewriter.rewrite(graph, RULES);
  }

  private static Optional<Value> fold(Node node, Rewriter g) {
    List<Value> parameters = node.inputs().subList(1, 5);
    Value x = node.input(0);
    boolean constant = parameters.stream().allMatch(p -> g.constant(p).isPresent());
    boolean sameType = parameters.stream().allMatch(p -> p.dtype() == x.dtype());
    if (!constant || !sameType || x.knownShape().isEmpty() || x.shape().rank() < 2) {
      return Optional.empty();
    }
    double epsilon = ((BatchNorm) node.op()).epsilon();
    Value small = g.scalar(x.dtype(), epsilon);
    Value deviation =
        g.emit(new Unary(UnaryFunction.SQRT), g.binary(BinaryFunction.ADD, node.input(4), small));
    Value factor = g.binary(BinaryFunction.DIV, node.input(1), deviation);
    Optional<Node> producer = g.producer(x).filter(n -> g.isSingleUse(x) && isConstant(n, g));
    Optional<Value> weights = producer.flatMap(n -> scaledWeights(n, factor, g));
    if (weights.isPresent()) {
      Node inner = producer.get();
      Value shift = shift(inner.input(2), node, factor, g);
      return Optional.of(g.emit(inner.op(), inner.input(0), weights.get(), shift));
    }
    Value shift = shift(Value.ABSENT, node, factor, g);
    Value scaled = g.binary(BinaryFunction.MUL, x, perChannel(factor, x, g));
    return Optional.of(g.binary(BinaryFunction.ADD, scaled, perChannel(shift, x, g)));
  }

  private static boolean isConstant(Node node, Rewriter g) {
    return node.inputs().size() >= 2
        && node.inputs().subList(1, node.inputs().size()).stream()
            .allMatch(v -> !v.isPresent() || g.constant(v).isPresent());
  }

  /** {@code (b − mean)·factor + bias}. */
  private static Value shift(Value bias, Node norm, Value factor, Rewriter g) {
    Value centred =
        bias.isPresent()
            ? g.binary(BinaryFunction.SUB, bias, norm.input(3))
            : g.emit(new Unary(UnaryFunction.NEG), norm.input(3));
    Value scaled = g.binary(BinaryFunction.MUL, centred, factor);
    return g.binary(BinaryFunction.ADD, scaled, norm.input(2));
  }

  /** The weights with the slice of each output channel multiplied by its factor. */
  private static Optional<Value> scaledWeights(Node node, Value factor, Rewriter g) {
    Value weights = node.input(1);
    Optional<long[]> dims = weights.knownShape().flatMap(Shape::constant);
    if (dims.isEmpty()) {
      return Optional.empty();
    }
    int rank = dims.get().length;
    return switch (node.op()) {
      case Conv _ -> Optional.of(times(weights, factor, 0, rank, g));
      case ConvTranspose op when op.groups() == 1 ->
          Optional.of(times(weights, factor, 1, rank, g));
      case Gemm gemm
          when gemm.alpha() == 1
              && (gemm.beta() == 1 || !node.input(2).isPresent())
              && isPerChannel(node.input(2), factor) ->
          Optional.of(times(weights, factor, gemm.transposeB() ? 0 : 1, rank, g));
      default -> Optional.empty();
    };
  }

  private static boolean isPerChannel(Value bias, Value factor) {
    return !bias.isPresent() || bias.knownShape().equals(factor.knownShape());
  }

  private static Value times(Value weights, Value factor, int axis, int rank, Rewriter g) {
    Value shaped = g.along(factor, axis, rank);
    return g.binary(BinaryFunction.MUL, weights, shaped);
  }

  private static Value perChannel(Value parameter, Value x, Rewriter g) {
    return g.along(parameter, 1, x.shape().rank());
  }
}
