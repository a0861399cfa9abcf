package fluidml.pass;

import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Contraction.MatMul;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Movement.Reshape;
import fluidml.graph.op.Movement.Slice;
import fluidml.graph.op.Movement.SliceAxis;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BinaryOperator;

/**
 * Products of integers of eight bits in float32, which holds every integer up to 2²⁴: a sum is
 * exact in any order while the magnitudes of its terms do not add up to more. Longer sums are split
 * into equal parts, as few as that allows, and these added as int32. Weights that are constants
 * count with their numbers, other operands with what their types and zero points can give.
 *
 * <pre>
 * before: %y: i32[…] = MatMulInteger() %a, %b
 * after:  %y: i32[…] = Cast(MatMul(Cast{f32}(a)[:, 0…], Cast{f32}(b)[0…])) + …
 * </pre>
 */
final class ExactProducts {
  private static final long LARGEST = 1L << 24;

  /** More parts than these cost more than products of another type. */
  private static final long MOST_PARTS = 8;

  /** An operand and its zero point, which may be absent. */
  record Quantized(Value value, Value zero) {
    /** {@code value − zero} in another type. */
    Value shifted(DType to, Rewriter g) {
      Value wide = g.cast(value, to);
      return zero.isPresent() ? g.binary(BinaryFunction.SUB, wide, g.cast(zero, to)) : wide;
    }

    /** The zero points if they are constant, whatever shape they were given to broadcast. */
    Optional<Tensor> points(Rewriter g) {
      if (!zero.isPresent()) {
        return Optional.of(Constants.scalar(value.dtype(), 0));
      }
      return g.constant(
          g.producer(zero)
              .filter(n -> n.op() instanceof Reshape)
              .map(n -> n.input(0))
              .orElse(zero));
    }

    /** No number of the operand is further from the zero point; empty if bytes are not its type. */
    private OptionalLong magnitude(Rewriter g) {
      long least;
      long most;
      switch (value.dtype()) {
        case UINT8 -> {
          least = 0;
          most = 255;
        }
        case INT8 -> {
          least = -128;
          most = 127;
        }
        default -> {
          return OptionalLong.empty();
        }
      }
      Optional<Tensor> points = points(g);
      long first = least;
      long last = most;
      if (points.isPresent() && points.get().elements() > 0) {
        first = most;
        last = least;
        for (long i = 0; i < points.get().elements(); i++) {
          first = Math.min(first, points.get().getLong(i));
          last = Math.max(last, points.get().getLong(i));
        }
      }
      return OptionalLong.of(Math.max(most - first, last - least));
    }
  }

  private final Rewriter g;

  private ExactProducts(Rewriter g) {
    this.g = g;
  }

  /**
   * A matrix product; exact sums as float32, or as int32 if they have several parts.
   *
   * @param b its zero point may be a number for each column
   * @return empty if the number of terms is not known, or float32 would be no gain
   */
  static Optional<Value> matMul(Quantized a, Quantized b, Rewriter g) {
    if (a.value.knownShape().isEmpty() || b.value.knownShape().isEmpty()) {
      return Optional.empty();
    }
    int row = Math.max(0, b.value.shape().rank() - 2);
    int column = a.value.shape().rank() - 1;
    ExactProducts products = new ExactProducts(g);
    return products.sums(
        a, column, b, row, false, MOST_PARTS, (x, y) -> g.emit(new MatMul(), x, y));
  }

  /**
   * A convolution without a bias; exact sums as float32, or as int32 if they have several parts.
   *
   * @param w its zero point is a number, or broadcasts along the filters
   * @return empty if float32 would be no gain
   */
  static Optional<Value> conv(Conv op, Quantized x, Quantized w, Rewriter g) {
    if (x.value.knownShape().isEmpty() || w.value.knownShape().isEmpty()) {
      return Optional.empty();
    }
    Conv exact = new Conv(op.window(), op.groups(), true);
    long parts = op.groups() == 1 ? MOST_PARTS : 1;
    return new ExactProducts(g).sums(x, 1, w, 1, true, parts, (a, b) -> g.emit(exact, a, b));
  }

  /**
   * Sums over an axis of either operand.
   *
   * @param behind whether axes behind that of the right operand are summed over, too
   */
  private Optional<Value> sums(
      Quantized left,
      int leftAxis,
      Quantized right,
      int rightAxis,
      boolean behind,
      long mostParts,
      BinaryOperator<Value> product) {
    OptionalLong terms = right.value.shape().dim(rightAxis).constant();
    OptionalLong magnitude = left.magnitude(g);
    if (terms.isEmpty() || magnitude.isEmpty()) {
      return Optional.empty();
    }
    OptionalLong part =
        magnitudes(right, rightAxis, behind)
            .map(m -> part(m, terms.getAsLong(), LARGEST / magnitude.getAsLong(), mostParts))
            .orElse(OptionalLong.empty());
    if (part.isEmpty()) {
      return Optional.empty();
    }
    Value a = left.shifted(DType.FLOAT32, g);
    if (part.getAsLong() >= terms.getAsLong()) {
      return Optional.of(product.apply(a, right.shifted(DType.FLOAT32, g)));
    }
    Value sum = Value.ABSENT;
    for (long from = 0; from < terms.getAsLong(); from += part.getAsLong()) {
      long size = Math.min(part.getAsLong(), terms.getAsLong() - from);
      Quantized some = new Quantized(slice(right.value, rightAxis, from, size), right.zero);
      Value term = product.apply(slice(a, leftAxis, from, size), some.shifted(DType.FLOAT32, g));
      Value whole = g.cast(term, DType.INT32);
      sum = sum.isPresent() ? g.binary(BinaryFunction.ADD, sum, whole) : whole;
    }
    return Optional.of(sum);
  }

  /** Bytes are cut before they are cast: casts of constants are folded, parts of them are not. */
  private Value slice(Value value, int axis, long from, long size) {
    SliceAxis part = new SliceAxis(axis, Dim.of(from), Dim.of(size), 1);
    return g.emit(new Slice(List.of(part)), value);
  }

  /** Places on the axis that a sum may span if no sum of magnitudes may exceed {@code most}. */
  private static OptionalLong part(
      TermMagnitudes magnitudes, long terms, long most, long mostParts) {
    long fewest = Math.max(1, Math.ceilDiv(magnitudes.largestSum(terms), most));
    for (long parts = fewest; parts <= Math.min(mostParts, Math.max(1, terms)); parts++) {
      long part = Math.ceilDiv(terms, parts);
      if (magnitudes.largestSum(part) <= most) {
        return OptionalLong.of(part);
      }
    }
    return OptionalLong.empty();
  }

  private Optional<TermMagnitudes> magnitudes(Quantized right, int axis, boolean behind) {
    OptionalLong each = right.magnitude(g);
    if (each.isEmpty()) {
      return Optional.empty();
    }
    Optional<Tensor> weights = g.constant(right.value);
    Optional<Tensor> zero = right.points(g);
    return weights.isPresent() && zero.isPresent()
        ? Optional.of(TermMagnitudes.of(weights.get(), zero.get(), axis, behind))
        : TermMagnitudes.bounded(each.getAsLong(), right.value.shape(), axis, behind);
  }
}
