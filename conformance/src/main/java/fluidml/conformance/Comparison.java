package fluidml.conformance;

import fluidml.reference.Datum;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Compares outputs with what is expected. */
final class Comparison {
  /** Stored outputs of large models hold every so-manieth index of axis 1. */
  private static final int STORED_STRIDE = 64;

  /** Relative error that floats of at most 16 bits may have. */
  private static final double NARROW_FLOATS = 2e-2;

  private final Tolerance tolerance;

  Comparison(Tolerance tolerance) {
    this.tolerance = tolerance;
  }

  /** How a result differs from what is expected, for people; empty if it does not. */
  Optional<String> difference(Datum actual, Datum expected) {
    if (actual instanceof Datum.TensorDatum(Tensor a)
        && expected instanceof Datum.TensorDatum(Tensor e)) {
      return difference(a, e);
    }
    if (actual instanceof Datum.SequenceDatum(List<Datum> a)
        && expected instanceof Datum.SequenceDatum(List<Datum> e)
        && a.size() == e.size()) {
      for (int i = 0; i < a.size(); i++) {
        Optional<String> difference = difference(a.get(i), e.get(i));
        if (difference.isPresent()) {
          return Optional.of("element " + i + " of the sequence: " + difference.get());
        }
      }
      return Optional.empty();
    }
    if (actual instanceof Datum.OptionalDatum(Optional<Datum> a)
        && expected instanceof Datum.OptionalDatum(Optional<Datum> e)
        && a.isPresent() == e.isPresent()) {
      return a.flatMap(v -> difference(v, e.get()));
    }
    return Optional.of(actual.describe() + " instead of " + expected.describe());
  }

  private Optional<String> difference(Tensor actual, Tensor expected) {
    if (actual.dtype() != expected.dtype()) {
      return Optional.of(actual + " instead of " + expected);
    }
    if (expected.dtype() == DType.STRING) {
      return actual.strings().equals(expected.strings())
              && Arrays.equals(actual.dims(), expected.dims())
          ? Optional.empty()
          : Optional.of(actual.strings() + " instead of " + expected.strings());
    }
    boolean everyRow = Arrays.equals(actual.dims(), expected.dims());
    if (!everyRow && !isStoredSubset(actual, expected)) {
      return Optional.of(actual + " instead of " + expected);
    }
    return compare(new Pair(actual, expected, everyRow ? 1 : STORED_STRIDE));
  }

  private static boolean isStoredSubset(Tensor actual, Tensor expected) {
    if (actual.rank() < 2 || actual.rank() != expected.rank()) {
      return false;
    }
    long[] dims = actual.dims();
    dims[1] = (dims[1] + STORED_STRIDE - 1) / STORED_STRIDE;
    return Arrays.equals(dims, expected.dims());
  }

  /** Two tensors read as lists of numbers; complex ones as pairs of numbers. */
  private record Pair(Tensor actual, Tensor expected, long stride) {
    boolean complex() {
      return expected.dtype().kind() == DType.Kind.COMPLEX;
    }

    long count() {
      return expected.elements() * (complex() ? 2 : 1);
    }

    double actual(long index) {
      return get(actual, position(index));
    }

    /** Where a number that is expected lies in the actual tensor. */
    long position(long index) {
      if (stride == 1) {
        return index;
      }
      long inner = 1;
      for (int axis = 2; axis < expected.rank(); axis++) {
        inner *= expected.dim(axis);
      }
      inner *= complex() ? 2 : 1;
      long row = index / inner;
      long outer = row / expected.dim(1);
      return (outer * actual.dim(1) + row % expected.dim(1) * stride) * inner + index % inner;
    }

    double expected(long index) {
      return get(expected, index);
    }

    private double get(Tensor tensor, long index) {
      if (!complex()) {
        return tensor.getDouble(index);
      }
      return index % 2 == 0 ? tensor.getReal(index / 2) : tensor.getImaginary(index / 2);
    }
  }

  private Optional<String> compare(Pair pair) {
    DType dtype = pair.expected.dtype();
    if (!dtype.isFloat() && !pair.complex()) {
      return exact(pair);
    }
    return switch (tolerance) {
      case Tolerance.Elementwise(double relative, double absolute) ->
          elementwise(
              pair, dtype.bits() <= 16 ? Math.max(relative, NARROW_FLOATS) : relative, absolute);
      case Tolerance.ToLargest(double bound) -> {
        double largest = 1;
        for (long i = 0; i < pair.count(); i++) {
          double magnitude = Math.abs(pair.expected(i));
          largest = magnitude < Double.POSITIVE_INFINITY ? Math.max(largest, magnitude) : largest;
        }
        yield elementwise(pair, 0, bound * largest);
      }
      case Tolerance.Cosine(double bound) -> cosine(pair, bound);
    };
  }

  private static Optional<String> exact(Pair pair) {
    for (long i = 0; i < pair.count(); i++) {
      long a = pair.actual.getLong(pair.position(i));
      long e = pair.expected.getLong(i);
      if (a != e) {
        return Optional.of(
            "element %d of %s is %d instead of %d".formatted(i, pair.expected, a, e));
      }
    }
    return Optional.empty();
  }

  private static Optional<String> elementwise(Pair pair, double relative, double absolute) {
    for (long i = 0; i < pair.count(); i++) {
      double a = pair.actual(i);
      double e = pair.expected(i);
      boolean same =
          a == e
              || (Double.isNaN(a) && Double.isNaN(e))
              || (Double.isFinite(e) && Math.abs(a - e) <= absolute + relative * Math.abs(e));
      if (!same) {
        return Optional.of(
            "element %d of %s is %s instead of %s".formatted(i, pair.expected, a, e));
      }
    }
    return Optional.empty();
  }

  private static Optional<String> cosine(Pair pair, double bound) {
    double product = 0;
    double actual = 0;
    double expected = 0;
    for (long i = 0; i < pair.count(); i++) {
      product += pair.actual(i) * pair.expected(i);
      actual += pair.actual(i) * pair.actual(i);
      expected += pair.expected(i) * pair.expected(i);
    }
    double cosine = product / Math.sqrt(actual * expected);
    return cosine >= bound
        ? Optional.empty()
        : Optional.of("the cosine of the angle is %.6f, not %s".formatted(cosine, bound));
  }
}
