package fluidml.graph.op;

import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** Ops that make tensors out of nothing, or out of shapes. */
public sealed interface Generation extends Op {
  /** {@code () → a constant}. */
  record Constant(Tensor tensor) implements Generation {}

  /**
   * {@code () → int64 tensor of symbolic numbers}, row-major; how shape arithmetic that must be
   * data survives folding.
   */
  record DimTensor(List<Dim> elements, Shape shape) implements Generation {
    public DimTensor {
      elements = List.copyOf(elements);
    }
  }

  /** {@code () → start, start+step, …}, {@code size} elements, int64 or int32. */
  record Range(Dim start, Dim size, long step, DType dtype) implements Generation {}

  /** {@code (start, limit, delta) → range}; scalars of any real type. */
  record RangeBy() implements Generation {}

  /** {@code (shape) → tensor filled with the one element of value}. */
  record ConstantOfShape(Tensor value) implements Generation {}

  /** {@code (x) → extents [start, end) of x, int64}; 0 ≤ start, and end may exceed the rank. */
  record ShapeOf(int start, int end) implements Generation {}

  /** {@code (x) → number of elements, int64 scalar}. */
  record SizeOf() implements Generation {}

  /** {@code (x) → matrix with ones on a diagonal}, of the shape of x. */
  record EyeLike(Optional<DType> dtype, long diagonal) implements Generation {}

  /** Distributions of {@link Random}. */
  enum Distribution {
    /** Bounds are (low, high). */
    UNIFORM,
    /** Bounds are (mean, deviation). */
    NORMAL
  }

  /** {@code () → random tensor}. Without a seed every run differs. */
  record Random(
      Distribution distribution,
      double first,
      double second,
      DType dtype,
      Shape shape,
      OptionalDouble seed)
      implements Generation {}

  /** {@code (x) → random tensor of the shape of x}. */
  record RandomLike(
      Distribution distribution,
      double first,
      double second,
      Optional<DType> dtype,
      OptionalDouble seed)
      implements Generation {}

  /** {@code (probabilities) → 0 or 1}. */
  record Bernoulli(Optional<DType> dtype, OptionalDouble seed) implements Generation {}

  /** {@code (logits [batch, classes]) → drawn classes [batch, samples]}. */
  record Multinomial(DType dtype, long samples, OptionalDouble seed) implements Generation {}
}
