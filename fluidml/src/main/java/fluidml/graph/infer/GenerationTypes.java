package fluidml.graph.infer;

import fluidml.graph.Type;
import fluidml.graph.op.Generation;
import fluidml.graph.op.Generation.Bernoulli;
import fluidml.graph.op.Generation.Constant;
import fluidml.graph.op.Generation.ConstantOfShape;
import fluidml.graph.op.Generation.DimTensor;
import fluidml.graph.op.Generation.EyeLike;
import fluidml.graph.op.Generation.Multinomial;
import fluidml.graph.op.Generation.Random;
import fluidml.graph.op.Generation.RandomLike;
import fluidml.graph.op.Generation.Range;
import fluidml.graph.op.Generation.RangeBy;
import fluidml.graph.op.Generation.ShapeOf;
import fluidml.graph.op.Generation.SizeOf;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Result types of the ops that make tensors out of nothing, or out of shapes. */
final class GenerationTypes {
  private GenerationTypes() {}

  static List<Type> infer(Site site, Generation op) {
    return switch (op) {
      case Constant constant -> {
        site.arity(0, 0);
        yield site.one(constant.tensor().dtype(), constant.tensor().shape());
      }
      case DimTensor dims -> {
        site.arity(0, 0);
        if (!dims.shape().elements().is(dims.elements().size())) {
          throw site.error(
              "%d elements do not fill the shape %s"
                  .formatted(dims.elements().size(), dims.shape()));
        }
        yield site.one(DType.INT64, dims.shape());
      }
      case Range range -> {
        site.arity(0, 0);
        yield site.one(range.dtype(), Shape.of(range.size()));
      }
      case RangeBy _ -> {
        site.arity(3, 3);
        site.requireNumber(0);
        yield site.one(site.sameType(0, 1, 2), Shape.of(rangeSize(site).orElseGet(site::fresh)));
      }
      case ConstantOfShape constant -> {
        site.arity(1, 1);
        if (constant.value().elements() != 1) {
          throw site.error("the value %s must have one element".formatted(constant.value()));
        }
        yield site.one(constant.value().dtype(), shapeOperand(site, 0));
      }
      case ShapeOf shapeOf -> {
        site.arity(1, 1);
        Dim length =
            site.shape(0).map(s -> Dim.of(extents(shapeOf, s).size())).orElseGet(site::fresh);
        yield site.one(DType.INT64, Shape.of(length));
      }
      case SizeOf _ -> {
        site.arity(1, 1);
        yield site.one(DType.INT64, Shape.SCALAR);
      }
      case EyeLike eye -> {
        site.arity(1, 1);
        site.rank(0, 2);
        yield site.one(eye.dtype().orElseGet(() -> site.dtype(0)), site.shape(0));
      }
      case Random random -> {
        site.arity(0, 0);
        yield site.one(random.dtype(), random.shape());
      }
      case RandomLike random -> {
        site.arity(1, 1);
        yield site.one(random.dtype().orElseGet(() -> site.dtype(0)), site.shape(0));
      }
      case Bernoulli bernoulli -> {
        site.arity(1, 1);
        site.requireFloat(0);
        yield site.one(bernoulli.dtype().orElseGet(() -> site.dtype(0)), site.shape(0));
      }
      case Multinomial multinomial -> {
        site.arity(1, 1);
        site.requireFloat(0);
        Dim batch = site.rank(0, 2).map(s -> s.dim(0)).orElseGet(site::fresh);
        yield site.one(multinomial.dtype(), Shape.of(batch, Dim.of(multinomial.samples())));
      }
    };
  }

  /** The extents that an op asks for, as far as they are there. */
  static List<Dim> extents(ShapeOf op, Shape shape) {
    int end = Math.clamp(op.end(), 0, shape.rank());
    return shape.dims().subList(Math.clamp(op.start(), 0, end), end);
  }

  /** The shape that an operand holds. */
  static Optional<Shape> shapeOperand(Site site, int index) {
    site.requireIndex(index);
    Optional<Shape> known = site.elements(index).map(e -> new Shape(e.elements()));
    if (known.isPresent()) {
      return known;
    }
    OptionalLong rank =
        site.shape(index).map(s -> s.elements().constant()).orElse(OptionalLong.empty());
    return rank.isPresent()
        ? Optional.of(site.freshShape(Math.toIntExact(rank.getAsLong())))
        : Optional.empty();
  }

  /**
   * The number of elements of the range from operand 0 to operand 1 by operand 2, if it is known.
   */
  static Optional<Dim> rangeSize(Site site) {
    Optional<Dim> start = site.scalar(0);
    Optional<Dim> limit = site.scalar(1);
    OptionalLong step = site.scalar(2).map(Dim::constant).orElse(OptionalLong.empty());
    if (start.isPresent() && limit.isPresent() && step.isPresent()) {
      return Optional.of(rangeSize(site, start.get(), limit.get(), step.getAsLong()));
    }
    Optional<Dim> fraction = fractionRange(site);
    if (fraction.isPresent()) {
      return fraction;
    }
    Optional<Tensor> from = site.constant(0);
    Optional<Tensor> to = site.constant(1);
    Optional<Tensor> by = site.constant(2);
    if (from.isPresent() && to.isPresent() && by.isPresent()) {
      if (from.get().elements() * to.get().elements() * by.get().elements() != 1) {
        throw site.error("the operands must have one element each");
      }
      double count =
          Math.ceil((to.get().getDouble(0) - from.get().getDouble(0)) / by.get().getDouble(0));
      if (!(count < 0x1p62)) {
        throw site.error("the range has no end");
      }
      return Optional.of(Dim.of(Math.max(0, (long) count)));
    }
    return Optional.empty();
  }

  /** The number of elements of a range of reals that are fractions, by a positive step. */
  private static Optional<Dim> fractionRange(Site site) {
    Optional<Fractions.Element> start = site.fractions(0).flatMap(Fractions::only);
    Optional<Fractions.Element> limit = site.fractions(1).flatMap(Fractions::only);
    Optional<Fractions.Element> step = site.fractions(2).flatMap(Fractions::only);
    if (start.isEmpty() || limit.isEmpty() || step.isEmpty()) {
      return Optional.empty();
    }
    Fractions.Element length = limit.get().minus(start.get());
    Dim above = length.above().times(step.get().below());
    Dim below = length.below().times(step.get().above());
    return below.lowerBound() > 0
        ? Optional.of(above.ceilDiv(below).max(Dim.ZERO))
        : Optional.empty();
  }

  private static Dim rangeSize(Site site, Dim start, Dim limit, long step) {
    if (step == 0) {
      throw site.error("the step of the range is 0");
    }
    Dim distance = step > 0 ? limit.minus(start) : start.minus(limit);
    return distance.ceilDiv(Dim.of(Math.abs(step))).max(Dim.ZERO);
  }
}
