package fluidml.reference;

import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
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
    double[] wholeLeft = exact ? new double[0] : Loops.doubles(a);
    double[] wholeRight = exact ? new double[0] : Loops.doubles(b);
    double[] product = new double[exact ? 0 : m * n];
    for (int i = 0; i < batches; i++) {
      long[] at = NdIndex.coordinates(i, batch);
      int leftAt = (int) NdIndex.offset(at, leftStrides) * m * k;
      int rightAt = (int) NdIndex.offset(at, rightStrides) * k * n;
      if (exact) {
        integers(m, n, k, a, leftAt, b, rightAt, y, (long) i * m * n);
      } else {
        gemm(m, n, k, wholeLeft, leftAt, wholeRight, rightAt, product, 0);
        store(product, y, (long) i * m * n);
      }
    }
    long[] result = dims;
    if (a.rank() == 1) {
      result = without(result, result.length - 2);
    }
    return y.reshaped(b.rank() == 1 ? without(result, result.length - 1) : result);
  }

  private static long[] without(long[] dims, int axis) {
    long[] rest = Arrays.copyOf(dims, dims.length - 1);
    System.arraycopy(dims, axis + 1, rest, axis, dims.length - axis - 1);
    return rest;
  }

  /** Rounds numbers into a tensor from element {@code at} on. */
  static void store(double[] values, Tensor y, long at) {
    if (y.dtype() == DType.FLOAT32) {
      for (int i = 0; i < values.length; i++) {
        y.data().set(NdIndex.FLOAT, (at + i) * 4, (float) values[i]);
      }
      return;
    }
    for (int i = 0; i < values.length; i++) {
      y.setDouble(at + i, values[i]);
    }
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

  /**
   * {@code c = a·b} of row-major matrices m × k and k × n that begin at given places; each element
   * is summed in the order of k.
   */
  static void gemm(
      int m, int n, int k, double[] a, int aAt, double[] b, int bAt, double[] c, int cAt) {
    double[][] sums = new double[ROWS][COLUMNS];
    for (int j = 0; j < n; j += COLUMNS) {
      int columns = Math.min(COLUMNS, n - j);
      for (int i = 0; i < m; i += ROWS) {
        int rows = Math.min(ROWS, m - i);
        for (double[] sum : sums) {
          Arrays.fill(sum, 0, columns, 0);
        }
        for (int p = 0; p < k; p++) {
          int row = bAt + p * n + j;
          if (rows == ROWS) {
            int left = aAt + i * k + p;
            addFour(sums, a[left], a[left + k], a[left + 2 * k], a[left + 3 * k], b, row, columns);
          } else {
            for (int r = 0; r < rows; r++) {
              addOne(sums[r], a[aAt + (i + r) * k + p], b, row, columns);
            }
          }
        }
        for (int r = 0; r < rows; r++) {
          System.arraycopy(sums[r], 0, c, cAt + (i + r) * n + j, columns);
        }
      }
    }
  }

  private static void addFour(
      double[][] sums, double a0, double a1, double a2, double a3, double[] b, int at, int n) {
    double[] s0 = sums[0];
    double[] s1 = sums[1];
    double[] s2 = sums[2];
    double[] s3 = sums[3];
    for (int j = 0; j < n; j++) {
      double value = b[at + j];
      s0[j] += a0 * value;
      s1[j] += a1 * value;
      s2[j] += a2 * value;
      s3[j] += a3 * value;
    }
  }

  private static void addOne(double[] sum, double a, double[] b, int at, int n) {
    for (int j = 0; j < n; j++) {
      sum[j] += a * b[at + j];
    }
  }
}
