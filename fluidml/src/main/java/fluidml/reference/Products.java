package fluidml.reference;

import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Matrix products: real ones summed in double and rounded once, those of wide integers in 64 bits.
 */
final class Products {
  private static final int ROWS = 4;
  private static final int COLUMNS = 256;

  private Products() {}

  /** {@code a·b} as numpy's matmul, as another type. */
  static Tensor matmul(Tensor a, Tensor b, DType to) {
    if (a.rank() == 0 || b.rank() == 0) {
      throw new IllegalArgumentException("a matrix product needs at least one axis");
    }
    long[] left = a.rank() == 1 ? new long[] {1, a.dim(0)} : a.dims();
    long[] right = b.rank() == 1 ? new long[] {b.dim(0), 1} : b.dims();
    int m = (int) left[left.length - 2];
    int k = (int) left[left.length - 1];
    int n = (int) right[right.length - 1];
    if (right[right.length - 2] != k) {
      throw new IllegalArgumentException("the inner extents of " + a + " and " + b + " differ");
    }
    long[] leftBatch = Arrays.copyOf(left, left.length - 2);
    long[] rightBatch = Arrays.copyOf(right, right.length - 2);
    long[] batch = NdIndex.broadcast(leftBatch, rightBatch);
    long[] leftStrides = NdIndex.broadcastStrides(leftBatch, batch);
    long[] rightStrides = NdIndex.broadcastStrides(rightBatch, batch);
    int batches = (int) NdIndex.product(batch);
    long[] dims = Arrays.copyOf(batch, batch.length + 2);
    dims[batch.length] = m;
    dims[batch.length + 1] = n;
    Tensor y = Tensor.allocate(to, dims);
    boolean exact = a.dtype().isInteger() && a.dtype().bits() >= 32;
    for (int i = 0; i < batches; i++) {
      long[] at = NdIndex.coordinates(i, batch);
      long leftAt = NdIndex.offset(at, leftStrides) * m * k;
      long rightAt = NdIndex.offset(at, rightStrides) * k * n;
      long into = (long) i * m * n;
      if (exact) {
        integers(m, n, k, a, leftAt, b, rightAt, y, into);
      } else {
        gemm(m, n, k, rows(a, leftAt, k, 1), rows(b, rightAt, n, 1), sink(y, into, n));
      }
    }
    long[] result = dims;
    if (a.rank() == 1) {
      result = without(result, result.length - 2);
    }
    return y.reshaped(b.rank() == 1 ? without(result, result.length - 1) : result);
  }

  /** The product of two matrices of real numbers, each transposed first if asked. */
  static Tensor product(Tensor a, boolean transposeA, Tensor b, boolean transposeB, DType to) {
    int m = (int) a.dim(transposeA ? 1 : 0);
    int k = (int) a.dim(transposeA ? 0 : 1);
    int n = (int) b.dim(transposeB ? 0 : 1);
    if (b.dim(transposeB ? 1 : 0) != k) {
      throw new IllegalArgumentException("the inner extents of " + a + " and " + b + " differ");
    }
    Tensor y = Tensor.allocate(to, m, n);
    gemm(
        m,
        n,
        k,
        transposeA ? rows(a, 0, 1, m) : rows(a, 0, k, 1),
        transposeB ? rows(b, 0, 1, k) : rows(b, 0, n, 1),
        sink(y, 0, n));
    return y;
  }

  private static long[] without(long[] dims, int axis) {
    long[] rest = Arrays.copyOf(dims, dims.length - 1);
    System.arraycopy(dims, axis + 1, rest, axis, dims.length - axis - 1);
    return rest;
  }

  private static void integers(
      int m, int n, int k, Tensor a, long leftAt, Tensor b, long rightAt, Tensor y, long at) {
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        long sum = 0;
        for (int p = 0; p < k; p++) {
          sum += a.getLong(leftAt + (long) i * k + p) * b.getLong(rightAt + (long) p * n + j);
        }
        y.setLong(at + (long) i * n + j, sum);
      }
    }
  }

  /** A matrix to read from. */
  @FunctionalInterface
  interface Rows {
    /**
     * Reads {@code count} elements of a row, from a column on, to the beginning of {@code into}.
     */
    void read(int row, int column, double[] into, int count);
  }

  /** A matrix to write to. */
  @FunctionalInterface
  interface Sink {
    /** Stores the first {@code count} values in a row, from a column on. */
    void write(int row, int column, double[] values, int count);
  }

  /**
   * A matrix inside of a real tensor: element (i, j) is at {@code at + i·rowStep + j·columnStep}.
   */
  static Rows rows(Tensor x, long at, long rowStep, long columnStep) {
    if (x.dtype() == DType.FLOAT32) {
      MemorySegment data = x.data();
      return (row, column, into, count) -> {
        long from = at + row * rowStep + column * columnStep;
        for (int j = 0; j < count; j++) {
          into[j] = data.get(NdIndex.FLOAT, (from + j * columnStep) * 4);
        }
      };
    }
    return (row, column, into, count) -> {
      long from = at + row * rowStep + column * columnStep;
      for (int j = 0; j < count; j++) {
        into[j] = x.getDouble(from + j * columnStep);
      }
    };
  }

  /** A matrix inside of an array: element (i, j) is at {@code at + i·rowStep + j·columnStep}. */
  static Rows rows(double[] values, int at, int rowStep, int columnStep) {
    return (row, column, into, count) -> {
      int from = at + row * rowStep + column * columnStep;
      for (int j = 0; j < count; j++) {
        into[j] = values[from + j * columnStep];
      }
    };
  }

  /** Writes to a row-major matrix of {@code n} columns inside of an array. */
  static Sink sink(double[] values, int at, int n) {
    return (row, column, from, count) ->
        System.arraycopy(from, 0, values, at + row * n + column, count);
  }

  /** Rounds to a row-major matrix of {@code n} columns inside of a tensor. */
  static Sink sink(Tensor y, long at, int n) {
    boolean float32 = y.dtype() == DType.FLOAT32;
    return (row, column, from, count) -> {
      long into = at + (long) row * n + column;
      for (int j = 0; j < count; j++) {
        if (float32) {
          y.data().set(NdIndex.FLOAT, (into + j) * 4, (float) from[j]);
        } else {
          y.setDouble(into + j, from[j]);
        }
      }
    };
  }

  /** {@code c = a·b}, m × k times k × n; each element is summed in the order of k. */
  static void gemm(int m, int n, int k, Rows a, Rows b, Sink c) {
    double[][] sums = new double[ROWS][COLUMNS];
    double[][] left = new double[ROWS][k];
    double[][] panel = new double[k][Math.min(COLUMNS, n)];
    for (int j = 0; j < n; j += COLUMNS) {
      int columns = Math.min(COLUMNS, n - j);
      for (int p = 0; p < k; p++) {
        b.read(p, j, panel[p], columns);
      }
      for (int i = 0; i < m; i += ROWS) {
        int rows = Math.min(ROWS, m - i);
        for (int r = 0; r < rows; r++) {
          a.read(i + r, 0, left[r], k);
          Arrays.fill(sums[r], 0);
        }
        for (int p = 0; p < k; p++) {
          if (rows == ROWS) {
            addFour(sums, left, p, panel[p], columns);
          } else {
            for (int r = 0; r < rows; r++) {
              addOne(sums[r], left[r][p], panel[p], columns);
            }
          }
        }
        for (int r = 0; r < rows; r++) {
          c.write(i + r, j, sums[r], columns);
        }
      }
    }
  }

  private static void addFour(double[][] sums, double[][] left, int p, double[] row, int n) {
    double[] s0 = sums[0];
    double[] s1 = sums[1];
    double[] s2 = sums[2];
    double[] s3 = sums[3];
    double a0 = left[0][p];
    double a1 = left[1][p];
    double a2 = left[2][p];
    double a3 = left[3][p];
    for (int j = 0; j < n; j++) {
      double value = row[j];
      s0[j] += a0 * value;
      s1[j] += a1 * value;
      s2[j] += a2 * value;
      s3[j] += a3 * value;
    }
  }

  private static void addOne(double[] sum, double a, double[] row, int n) {
    for (int j = 0; j < n; j++) {
      sum[j] += a * row[j];
    }
  }
}
