package fluidml.graph.infer;

import fluidml.graph.Type;
import fluidml.graph.op.Normalization;
import fluidml.graph.op.Normalization.BatchNorm;
import fluidml.graph.op.Normalization.GroupNorm;
import fluidml.graph.op.Normalization.InstanceNorm;
import fluidml.graph.op.Normalization.LayerNorm;
import fluidml.graph.op.Normalization.LocalResponseNorm;
import fluidml.graph.op.Normalization.LpNorm;
import fluidml.graph.op.Normalization.RmsNorm;
import fluidml.graph.op.Normalization.RotaryEmbedding;
import fluidml.tensor.DType;
import fluidml.tensor.Shape;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Result types of the normalisations: the type of the first operand, but for statistics. */
final class NormalizationTypes {
  private NormalizationTypes() {}

  static List<Type> infer(Site site, Normalization op) {
    DType dtype = site.requireFloat(0);
    Optional<Shape> shape = site.shape(0);
    return switch (op) {
      case BatchNorm _ -> {
        site.arity(5, 5);
        perChannel(site, 1, 2, 3, 4);
        yield site.one(dtype, shape);
      }
      case LayerNorm norm -> {
        site.arity(1, 3);
        shape.ifPresent(s -> site.axis(norm.axis(), s.rank()));
        shape.ifPresent(s -> site.broadcastsTo(1, s));
        shape.ifPresent(s -> site.broadcastsTo(2, s));
        Optional<Shape> statistics =
            shape.map(s -> reducedFrom(s, site.axis(norm.axis(), s.rank())));
        yield site.firstOf(
            new Type.TensorType(dtype, shape),
            new Type.TensorType(DType.FLOAT32, statistics),
            new Type.TensorType(DType.FLOAT32, statistics));
      }
      case RmsNorm norm -> {
        site.arity(2, 2);
        shape.ifPresent(s -> site.axis(norm.axis(), s.rank()));
        shape.ifPresent(s -> site.broadcastsTo(1, s));
        yield site.one(site.dtype(1), shape);
      }
      case InstanceNorm _, GroupNorm _ -> {
        site.arity(3, 3);
        perChannel(site, 1, 2);
        yield site.one(dtype, shape);
      }
      case LpNorm norm -> {
        site.arity(1, 1);
        shape.ifPresent(s -> site.axis(norm.axis(), s.rank()));
        yield site.one(dtype, shape);
      }
      case LocalResponseNorm _ -> {
        site.arity(1, 1);
        site.rank(0, 2, Integer.MAX_VALUE);
        yield site.one(dtype, shape);
      }
      case RotaryEmbedding _ -> {
        site.arity(3, 4);
        site.rank(0, 3, 4);
        site.sameType(0, 1, 2);
        yield site.one(dtype, shape);
      }
    };
  }

  /** Checks operands that have one element for each channel. */
  private static void perChannel(Site site, int... operands) {
    Optional<Shape> x = site.rank(0, 2, Integer.MAX_VALUE);
    for (int operand : operands) {
      site.requireFloat(operand);
      Optional<Shape> own = site.rank(operand, 1);
      if (x.isPresent() && own.isPresent()) {
        site.agree(x.get().dim(1), own.get().dim(0), "channels and operand " + operand);
      }
    }
  }

  private static Shape reducedFrom(Shape shape, int axis) {
    return ReductionTypes.without(
        shape, IntStream.range(axis, shape.rank()).boxed().toList(), true);
  }
}
