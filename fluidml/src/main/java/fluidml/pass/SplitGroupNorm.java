package fluidml.pass;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Movement.Expand;
import fluidml.graph.op.Movement.Reshape;
import fluidml.graph.op.Normalization.GroupNorm;
import fluidml.graph.op.Reduction.Reduce;
import fluidml.graph.op.Reduction.ReduceFunction;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.IntStream;

/**
 * Computes group normalisation from means and variances of channels: the mean of a group is the
 * mean of its channels' means, its variance the mean of their variances and squared distances from
 * that (Chan, Golub and LeVeque, 1979). The large tensor is then only reduced over its spatial axes
 * and scaled, which works on vectors of channels however few a group has, and what follows is fused
 * with the scaling.
 *
 * <pre>
 * before: return Swish(GroupNorm{groups=g}(x, s, t))
 * after:  m = Mean{h,w}(x); d = Sub(x, m); v = Mean{h,w}(Mul(d, d))
 *         mean, variance of g groups = … (m, v)
 *         return Swish(Add(Mul(Sub(x, mean), s / √(variance + ε)), t))
 * </pre>
 */
public final class SplitGroupNorm implements Pass {
  /** Channels for each group from which on a vector of them belongs to one group. */
  private static final long MANY_CHANNELS = 64;

  /** Elements of a tensor below which more operators cost more than they gain. */
  private static final long FEW_ELEMENTS = 8192;

  private static final List<Rule> RULES =
      List.of(
          Rule.of("a group normalisation by its channels", GroupNorm.class, SplitGroupNorm::split));

  @Override
  public String name() {
    return "split-group-norm";
  }

  @Override
  public Graph run(Graph graph) {
    return Rewriter.rewrite(graph, RULES);
  }

  private static Optional<Value> split(Node node, Rewriter g) {
    GroupNorm op = (GroupNorm) node.op();
    Value x = node.input(0);
    if (x.knownShape().isEmpty() || x.shape().rank() < 4 || x.dtype() != DType.FLOAT32) {
      return Optional.empty();
    }
    Shape shape = x.shape();
    OptionalLong channels = shape.dim(1).constant();
    long elements = shape.elements().constant().orElse(FEW_ELEMENTS);
    if (channels.isEmpty()
        || channels.getAsLong() % op.groups() != 0
        || channels.getAsLong() / op.groups() >= MANY_CHANNELS
        || elements < FEW_ELEMENTS) {
      return Optional.empty();
    }
    return Optional.of(new Grouped(shape, op, channels.getAsLong(), g).normalised(node));
  }

  private record Grouped(Shape shape, GroupNorm op, long channels, Rewriter g) {
    Value normalised(Node node) {
      Value x = node.input(0);
      List<Integer> spatial = IntStream.range(2, shape.rank()).boxed().toList();
      Value m = mean(x, spatial);
      Value d = g.binary(BinaryFunction.SUB, x, m);
      Value v = grouped(mean(g.binary(BinaryFunction.MUL, d, d), spatial));
      Value means = grouped(m);
      Value mean = mean(means, List.of(2));
      Value distance = g.binary(BinaryFunction.SUB, means, mean);
      Value squares = g.binary(BinaryFunction.MUL, distance, distance);
      Value variance = mean(g.binary(BinaryFunction.ADD, v, squares), List.of(2));
      Tensor small = Tensor.scalar((float) op.epsilon());
      Value safe = g.binary(BinaryFunction.ADD, variance, g.constant(small));
      Value deviation = g.emit(new Unary(UnaryFunction.SQRT), safe);
      Value factor = g.binary(BinaryFunction.DIV, parameter(node.input(1)), deviation);
      Value middle = perChannel(mean);
      Value scale = perChannel(factor);
      Value bias = g.along(node.input(2), 1, shape.rank());
      Value centred = g.binary(BinaryFunction.SUB, x, middle);
      return g.binary(BinaryFunction.ADD, g.binary(BinaryFunction.MUL, centred, scale), bias);
    }

    private Value mean(Value value, List<Integer> axes) {
      return g.emit(new Reduce(ReduceFunction.MEAN, axes, true, false), value, Value.ABSENT);
    }

    private Shape groups(Dim batch) {
      return new Shape(List.of(batch, Dim.of(op.groups()), Dim.of(channels / op.groups())));
    }

    /** One number for each channel, by groups. */
    private Value grouped(Value value) {
      return g.emit(new Reshape(groups(shape.dim(0))), value);
    }

    private Value parameter(Value value) {
      return g.emit(new Reshape(groups(Dim.ONE)), value);
    }

    /** Numbers by groups, one for each group or channel, as those of the channels. */
    private Value perChannel(Value value) {
      Shape all = groups(shape.dim(0));
      Value each = value.shape().equals(all) ? value : g.emit(new Expand(all), value);
      return g.emit(new Reshape(broadcast()), each);
    }

    private Shape broadcast() {
      return new Shape(
          IntStream.range(0, shape.rank()).mapToObj(a -> a < 2 ? shape.dim(a) : Dim.ONE).toList());
    }
  }
}
