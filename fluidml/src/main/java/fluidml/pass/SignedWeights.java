package fluidml.pass;

import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.function.LongUnaryOperator;

/**
 * Weights as signed bytes, and what they add up to.
 *
 * @param tensor of int8: unsigned weights less 128, with zeros where there are no weights
 * @param sums of the weights of every column or filter
 */
record SignedWeights(Tensor tensor, int[] sums) {
  /** Turns an unsigned byte into the signed one that is 128 less. */
  private static final int SIGN = 0x80;

  /** Columns that are transposed at a time. */
  private static final int TURNED = 64;

  /**
   * The weights of a matrix {@code [depth, columns]}.
   *
   * @param padded rows of the result
   */
  static SignedWeights ofRows(Tensor matrix, long padded) {
    int columns = Math.toIntExact(matrix.dims()[1]);
    Tensor result = result(matrix, padded, columns);
    int[] sums = new int[columns];
    copy(
        matrix,
        result,
        new Lines(matrix.dims()[0], columns, i -> i * columns),
        (_, numbers) -> {
          for (int c = 0; c < columns; c++) {
            sums[c] += numbers[c];
          }
        });
    return new SignedWeights(result, sums);
  }

  /**
   * The weights of filters {@code [filter, channel, taps…]}.
   *
   * @param channels of the result
   * @param width of the result's last axis
   */
  static SignedWeights ofFilters(Tensor filters, long channels, long width) {
    long[] dims = filters.dims();
    int last = dims.length - 1;
    long height = last == 3 ? dims[2] : 1;
    long lines = dims[1] * height;
    int line = Math.toIntExact(dims[last]);
    long count = dims[0];
    dims[1] = channels;
    dims[last] = width;
    Tensor result = result(filters, dims);
    int[] sums = new int[Math.toIntExact(count)];
    copy(
        filters,
        result,
        new Lines(count * lines, line, i -> (i / lines * channels * height + i % lines) * width),
        (i, numbers) -> {
          for (byte number : numbers) {
            sums[(int) (i / lines)] += number;
          }
        });
    return new SignedWeights(result, sums);
  }

  /** The sums of the weights less their zero points, {@code depth} of them in each sum. */
  int[] terms(long depth, int[] zeros) {
    int[] terms = sums.clone();
    for (int i = 0; i < terms.length; i++) {
      terms[i] -= Math.toIntExact(depth) * zeros[i];
    }
    return terms;
  }

  /** One filter of ones where these filters have weights. */
  static SignedWeights ones(Tensor filters, long channels, long width) {
    long[] dims = filters.dims();
    dims[0] = 1;
    Tensor ones = Tensor.allocate(DType.INT8, dims);
    ones.data().fill((byte) 1);
    return ofFilters(ones, channels, width);
  }

  /** The transpose of a matrix of bytes. */
  static Tensor transposed(Tensor matrix) {
    int rows = Math.toIntExact(matrix.dim(0));
    int columns = Math.toIntExact(matrix.dim(1));
    Tensor result = Tensor.allocate(matrix.dtype(), columns, rows);
    byte[] from = new byte[TURNED];
    byte[] to = new byte[Math.multiplyExact(TURNED, rows)];
    for (int first = 0; first < columns; first += TURNED) {
      int count = Math.min(TURNED, columns - first);
      for (int row = 0; row < rows; row++) {
        long at = (long) row * columns + first;
        MemorySegment.copy(matrix.data(), ValueLayout.JAVA_BYTE, at, from, 0, count);
        for (int i = 0; i < count; i++) {
          to[i * rows + row] = from[i];
        }
      }
      long at = (long) first * rows;
      MemorySegment.copy(to, 0, result.data(), ValueLayout.JAVA_BYTE, at, count * rows);
    }
    return result;
  }

  /**
   * Lines of weights.
   *
   * @param count of all
   * @param length of each; they lie one after another
   * @param place where each begins in the result
   */
  private record Lines(long count, int length, LongUnaryOperator place) {}

  /** Takes the numbers of a line. */
  @FunctionalInterface
  private interface Sums {
    void add(long line, byte[] numbers);
  }

  /** The weights themselves if nothing is to be changed, else room for others. */
  private static Tensor result(Tensor source, long... dims) {
    boolean same = source.dtype() == DType.INT8 && Arrays.equals(dims, source.dims());
    return same ? source : Tensor.allocate(DType.INT8, dims);
  }

  private static void copy(Tensor source, Tensor result, Lines lines, Sums sums) {
    int sign = source.dtype() == DType.UINT8 ? SIGN : 0;
    int length = lines.length;
    byte[] numbers = new byte[length];
    for (long i = 0; i < lines.count; i++) {
      MemorySegment.copy(source.data(), ValueLayout.JAVA_BYTE, i * length, numbers, 0, length);
      for (int j = 0; j < length; j++) {
        numbers[j] = (byte) (numbers[j] ^ sign);
      }
      sums.add(i, numbers);
      if (!result.equals(source)) {
        long to = lines.place.applyAsLong(i);
        MemorySegment.copy(numbers, 0, result.data(), ValueLayout.JAVA_BYTE, to, length);
      }
    }
  }
}
