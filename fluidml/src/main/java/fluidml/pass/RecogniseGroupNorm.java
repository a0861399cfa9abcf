package fluidml.pass;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise.Binary;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Movement.Reshape;
import fluidml.graph.op.Normalization.GroupNorm;
import fluidml.graph.op.Normalization.InstanceNorm;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Finds group normalisation in the form of an instance normalisation whose channels are the groups,
 * as exporters without an operator for it write it, with the scale and bias that follow. Between
 * reshapes a layout with the channels inside would be lost.
 *
 * <pre>
 * before: n = Reshape[n,c,h,w](InstanceNorm(Reshape[n,32,c/32·h·w](x), s, t))
 *         return Add(Mul(n, w[c,1,1]), b[c,1,1])
 * after:  return GroupNorm{groups=32}(x, s·w, t·w + b)
 * </pre>
 */
public final class RecogniseGroupNorm implements Pass {
  private static final List<Rule> RULES =
      List.of(
          Rule.of(
              "an instance normalisation of groups", Reshape.class, RecogniseGroupNorm::grouped),
          Rule.of(
              "scale or bias of a group normalisation", Binary.class, RecogniseGroupNorm::affine));

  @Override
  public String name() {
    return "recognise-group-norm";
  }

  @Override
  public Graph run(Graph graph) {
    return Rewriter.rewrite(graph, RULES);
  }

  private static Optional<Value> grouped(Node node, Rewriter g) {
    Optional<Node> norm = producer(node.input(0), InstanceNorm.class, g);
    Optional<Node> split = norm.flatMap(n -> producer(n.input(0), Reshape.class, g));
    if (split.isEmpty()) {
      return Optional.empty();
    }
    Value x = split.get().input(0);
    if (x.knownShape().isEmpty()
        || x.shape().rank() < 3
        || !node.output().knownShape().equals(x.knownShape())) {
      return Optional.empty();
    }
    Shape groups = split.get().output().shape();
    OptionalLong count = groups.dim(1).constant();
    OptionalLong channels = x.shape().dim(1).constant();
    Optional<Tensor> scale = g.constant(norm.get().input(1));
    Optional<Tensor> bias = g.constant(norm.get().input(2));
    if (!groups.dim(0).equals(x.shape().dim(0))
        || count.isEmpty()
        || channels.isEmpty()
        || scale.isEmpty()
        || bias.isEmpty()
        || channels.getAsLong() % count.getAsLong() != 0) {
      return Optional.empty();
    }
    long each = channels.getAsLong() / count.getAsLong();
    double epsilon = ((InstanceNorm) norm.get().op()).epsilon();
    return Optional.of(
        g.emit(
            new GroupNorm(count.getAsLong(), epsilon),
            x,
            g.constant(repeated(scale.get(), each)),
            g.constant(repeated(bias.get(), each))));
  }

  private static Optional<Node> producer(Value value, Class<?> op, Rewriter g) {
    return g.producer(value)
        .filter(n -> op.isInstance(n.op()) && n.outputs().size() == 1 && g.isSingleUse(value));
  }

  /** Every element several times. */
  private static Tensor repeated(Tensor vector, long times) {
    Tensor result = Tensor.allocate(vector.dtype(), vector.elements() * times);
    for (long i = 0; i < result.elements(); i++) {
      result.setDouble(i, vector.getDouble(i / times));
    }
    return result;
  }

  private static Optional<Value> affine(Node node, Rewriter g) {
    return affine(node, 0, g).or(() -> affine(node, 1, g));
  }

  private static Optional<Value> affine(Node node, int side, Rewriter g) {
    BinaryFunction function = ((Binary) node.op()).function();
    Optional<Node> norm = producer(node.input(side), GroupNorm.class, g);
    Value parameter = node.input(1 - side);
    if (norm.isEmpty()
        || (function != BinaryFunction.MUL && function != BinaryFunction.ADD)
        || g.constant(parameter).isEmpty()
        || !isPerChannel(parameter.shape(), node.input(side).shape())) {
      return Optional.empty();
    }
    Value vector = g.emit(new Reshape(norm.get().input(1).shape()), parameter);
    Value scale = norm.get().input(1);
    Value bias = norm.get().input(2);
    boolean scales = function == BinaryFunction.MUL;
    return Optional.of(
        g.emit(
            norm.get().op(),
            norm.get().input(0),
            scales ? g.emit(node.op(), scale, vector) : scale,
            g.emit(node.op(), bias, vector)));
  }

  /** Whether a parameter broadcasts to a value with one element for each channel. */
  private static boolean isPerChannel(Shape parameter, Shape value) {
    int axis = parameter.rank() - (value.rank() - 1);
    return axis >= 0
        && parameter.rank() <= value.rank()
        && parameter.dim(axis).equals(value.dim(1))
        && parameter.elements().equals(value.dim(1));
  }
}
