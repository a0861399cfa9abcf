package fluidml.pass;

import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.LongStream;

/** What the weights of a product add up to, each without its sign. */
@FunctionalInterface
interface TermMagnitudes {
  /** An upper bound for the magnitudes of any sum over {@code part} places of an axis. */
  long largestSum(long part);

  /**
   * The same bound for every number.
   *
   * @param each largest magnitude of a number
   * @param behind whether a sum also spans the axes behind {@code axis}
   * @return empty if the number of terms is not known
   */
  static Optional<TermMagnitudes> bounded(long each, Shape weights, int axis, boolean behind) {
    long terms = 1;
    if (behind) {
      for (Dim dim : weights.dims().subList(axis + 1, weights.rank())) {
        OptionalLong extent = dim.constant();
        if (extent.isEmpty()) {
          return Optional.empty();
        }
        terms *= extent.getAsLong();
      }
    }
    long atOnePlace = each * terms;
    return Optional.of(part -> part * atOnePlace);
  }

  /**
   * The magnitudes of numbers of eight bits.
   *
   * @param zero what is subtracted from them: one number, or one for each place before {@code axis}
   *     if {@code behind}, else for each behind it
   * @param behind whether a sum also spans the axes behind {@code axis}
   */
  static TermMagnitudes of(Tensor weights, Tensor zero, int axis, boolean behind) {
    long[] dims = weights.dims();
    long before = 1;
    long after = 1;
    for (int i = 0; i < dims.length; i++) {
      before *= i < axis ? dims[i] : 1;
      after *= i > axis ? dims[i] : 1;
    }
    long rows = before;
    int columns = Math.toIntExact(after);
    return part -> largestSum(weights, zero, rows, dims[axis], columns, behind, part);
  }

  private static long largestSum(
      Tensor weights, Tensor zero, long rows, long depth, int columns, boolean behind, long part) {
    int mask = weights.dtype() == DType.INT8 ? -1 : 0xff;
    long[] points = LongStream.range(0, zero.elements()).map(zero::getLong).toArray();
    long[] sums = new long[behind ? 1 : columns];
    long largest = 0;
    byte[] numbers = new byte[columns];
    long at = 0;
    for (long row = 0; row < rows; row++) {
      for (long k = 0; k < depth; k++) {
        MemorySegment.copy(weights.data(), ValueLayout.JAVA_BYTE, at, numbers, 0, columns);
        at += columns;
        for (int column = 0; column < columns; column++) {
          int point = points.length == 1 ? 0 : behind ? Math.toIntExact(row) : column;
          int number = numbers[column] & mask;
          sums[behind ? 0 : column] += Math.abs(number - points[point]);
        }
        if ((k + 1) % part == 0 || k + 1 == depth) {
          for (int i = 0; i < sums.length; i++) {
            largest = Math.max(largest, sums[i]);
            sums[i] = 0;
          }
        }
      }
    }
    return largest;
  }
}
