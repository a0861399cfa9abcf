package fluidml.cli;

import fluidml.reference.Datum;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * How far a computed value is from a stored one.
 *
 * @param maxError largest |a−b|; infinite where only one is NaN or an infinity
 * @param meanError mean of |a−b|
 * @param maxStored largest finite |b|
 * @param cosine cosine of the angle between both as vectors
 * @param exact whether every element is equal
 * @param elements elements compared
 */
record Comparison(
    double maxError,
    double meanError,
    double maxStored,
    double cosine,
    boolean exact,
    long elements) {
  /** What decides whether a value verifies. */
  enum Metric {
    /** Largest |a−b| is at most tolerance · max(1, max |b|). */
    MAX(1e-4),
    /** Mean |a−b| is at most tolerance. */
    MEAN(1e-4),
    /** The cosine is at least the tolerance. */
    COSINE(0.999);

    final double usual;

    Metric(double usual) {
      this.usual = usual;
    }
  }

  /** Whether this is close enough. */
  boolean passes(Metric metric, double tolerance) {
    return switch (metric) {
      case MAX -> maxError <= tolerance * Math.max(1, maxStored);
      case MEAN -> meanError <= tolerance;
      case COSINE -> cosine >= tolerance && Double.isFinite(maxError);
    };
  }

  /** The worst of several. */
  Comparison and(Comparison other) {
    long all = elements + other.elements;
    double mean = all == 0 ? 0 : (meanError * elements + other.meanError * other.elements) / all;
    return new Comparison(
        Math.max(maxError, other.maxError),
        mean,
        Math.max(maxStored, other.maxStored),
        Math.min(cosine, other.cosine),
        exact && other.exact,
        all);
  }

  private static Comparison same(long elements) {
    return new Comparison(0, 0, 0, 1, true, elements);
  }

  /** A comparison, or why there is none. */
  sealed interface Outcome {
    /** Both can be compared. */
    record Compared(Comparison comparison) implements Outcome {}

    /** Both have nothing in common. */
    record Different(String why) implements Outcome {}
  }

  /**
   * Compares values.
   *
   * @param rows if more than 1, what is stored may be only every so many rows of axis 1
   */
  static Outcome of(Datum computed, Datum stored, int rows) {
    return switch (stored) {
      case Datum.TensorDatum(Tensor b) ->
          computed instanceof Datum.TensorDatum(Tensor a)
              ? tensors(a, b, rows)
              : different(computed, stored);
      case Datum.SequenceDatum(List<Datum> b) -> {
        if (!(computed instanceof Datum.SequenceDatum(List<Datum> a)) || a.size() != b.size()) {
          yield different(computed, stored);
        }
        Comparison all = same(0);
        for (int i = 0; i < a.size(); i++) {
          Outcome one = of(a.get(i), b.get(i), 1);
          if (!(one instanceof Outcome.Compared(Comparison comparison))) {
            yield one;
          }
          all = all.and(comparison);
        }
        yield new Outcome.Compared(all);
      }
      case Datum.OptionalDatum(Optional<Datum> b) ->
          computed instanceof Datum.OptionalDatum(Optional<Datum> a)
                  && a.isPresent() == b.isPresent()
              ? b.isPresent() ? of(a.get(), b.get(), 1) : new Outcome.Compared(same(0))
              : different(computed, stored);
      case Datum.NoDatum() -> different(computed, stored);
    };
  }

  private static Outcome different(Datum computed, Datum stored) {
    return new Outcome.Different(
        computed.describe() + " computed, " + stored.describe() + " stored");
  }

  private static Outcome tensors(Tensor a, Tensor b, int rows) {
    if (a.dtype() != b.dtype()) {
      return different(Datum.of(a), Datum.of(b));
    }
    if (Arrays.equals(a.dims(), b.dims())) {
      return new Outcome.Compared(compare(a, b, 1));
    }
    long[] dims = a.dims();
    if (rows > 1 && dims.length > 1) {
      dims[1] = Math.ceilDiv(dims[1], rows);
      if (Arrays.equals(dims, b.dims())) {
        return new Outcome.Compared(compare(a, b, rows));
      }
    }
    return different(Datum.of(a), Datum.of(b));
  }

  private static Comparison compare(Tensor a, Tensor b, int rows) {
    long stored = b.rank() > 1 ? b.dim(1) : 1;
    long computed = a.rank() > 1 ? a.dim(1) : 1;
    long inner = 1;
    for (int axis = 2; axis < b.rank(); axis++) {
      inner *= b.dim(axis);
    }
    Sums sums = new Sums();
    for (long i = 0; i < b.elements(); i++) {
      long at = i;
      if (rows > 1) {
        long row = i / inner;
        at = ((row / stored) * computed + row % stored * rows) * inner + i % inner;
      }
      sums.add(a, at, b, i);
    }
    return sums.comparison(b.elements());
  }

  private static final class Sums {
    private double maxError;
    private double sumError;
    private double maxStored;
    private double dot;
    private double aa;
    private double bb;
    private boolean exact = true;

    void add(Tensor a, long at, Tensor b, long index) {
      switch (b.dtype().kind()) {
        case FLOAT -> real(a.getDouble(at), b.getDouble(index));
        case COMPLEX -> {
          real(a.getReal(at), b.getReal(index));
          real(a.getImaginary(at), b.getImaginary(index));
        }
        case SIGNED, UNSIGNED, BOOL -> {
          boolean equal = a.getLong(at) == b.getLong(index);
          real(a.getDouble(at), b.getDouble(index));
          exact &= equal;
        }
        case STRING -> {
          boolean equal = a.getString(at).equals(b.getString(index));
          exact &= equal;
          maxError = equal ? maxError : Double.POSITIVE_INFINITY;
        }
      }
    }

    private void real(double a, double b) {
      if (Double.isNaN(a) ? Double.isNaN(b) : a == b && Double.isInfinite(a)) {
        return;
      }
      double error = Math.abs(a - b);
      error = Double.isNaN(error) ? Double.POSITIVE_INFINITY : error;
      exact &= error == 0;
      maxError = Math.max(maxError, error);
      sumError += error;
      if (Double.isFinite(b)) {
        maxStored = Math.max(maxStored, Math.abs(b));
      }
      dot += a * b;
      aa += a * a;
      bb += b * b;
    }

    Comparison comparison(long elements) {
      double norm = Math.sqrt(aa) * Math.sqrt(bb);
      double cosine = norm > 0 ? dot / norm : exact || aa == bb ? 1 : 0;
      return new Comparison(
          maxError,
          elements == 0 ? 0 : sumError / elements,
          maxStored,
          exact ? 1 : cosine,
          exact,
          elements);
    }
  }

  /** Whether values of a type are compared exactly, whatever the metric. */
  static boolean isExact(Datum stored) {
    return stored instanceof Datum.TensorDatum(Tensor tensor)
        && (tensor.dtype() == DType.BOOL
            || tensor.dtype() == DType.STRING
            || tensor.dtype().isInteger());
  }
}
