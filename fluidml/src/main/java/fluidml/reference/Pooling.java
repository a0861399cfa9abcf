package fluidml.reference;

import fluidml.graph.op.Reduction;
import fluidml.graph.op.Window;
import fluidml.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/** Reductions over sliding windows. */
final class Pooling {
  private Pooling() {}

  /** The result of one window over the plane that begins at {@code base}. */
  @FunctionalInterface
  private interface Pool {
    void pool(WindowGeometry geometry, long[] at, int base, int result);
  }

  /** Applies {@code pool} to every window of every channel. */
  private static void each(Tensor x, WindowGeometry geometry, Pool pool) {
    int plane = (int) NdIndex.product(geometry.input());
    int windows = (int) NdIndex.product(geometry.output());
    if (windows == 0) {
      return;
    }
    long planes = x.dim(0) * x.dim(1);
    for (int p = 0; p < planes; p++) {
      long[] at = new long[geometry.rank()];
      int result = p * windows;
      do {
        pool.pool(geometry, at, p * plane, result++);
      } while (NdIndex.next(at, geometry.output()));
    }
  }

  private static WindowGeometry geometry(Tensor x, Window window, boolean ceil) {
    long[] spatial = Arrays.copyOfRange(x.dims(), 2, x.rank());
    long[] kernel = window.kernel().stream().mapToLong(Long::longValue).toArray();
    return WindowGeometry.of(window, spatial, kernel, ceil);
  }

  private static long[] dims(Tensor x, WindowGeometry geometry) {
    long[] dims = x.dims();
    System.arraycopy(geometry.output(), 0, dims, 2, geometry.rank());
    return dims;
  }

  static List<Datum> max(Reduction.MaxPool op, Tensor x) {
    WindowGeometry geometry = geometry(x, op.window(), op.ceilMode());
    double[] in = Loops.doubles(x);
    long[] dims = dims(x, geometry);
    double[] out = new double[(int) NdIndex.product(dims)];
    long[] indices = new long[out.length];
    each(
        x,
        geometry,
        (g, at, base, result) -> {
          double[] best = {Double.NEGATIVE_INFINITY};
          long[] where = {-1};
          g.taps(
              at,
              (position, k) -> {
                double value = in[base + (int) position];
                if (where[0] < 0 || value > best[0] || Double.isNaN(value)) {
                  best[0] = value;
                  where[0] = position;
                }
              });
          out[result] = best[0];
          indices[result] = base + (op.columnMajorIndices() ? columnMajor(where[0], g) : where[0]);
        });
    return Operands.result(Loops.tensor(x.dtype(), out, dims), Tensor.of(indices, dims));
  }

  /** The position of a row-major spatial index when the first axis is the innermost. */
  private static long columnMajor(long index, WindowGeometry geometry) {
    long[] at = NdIndex.coordinates(index, geometry.input());
    long position = 0;
    for (int axis = at.length - 1; axis >= 0; axis--) {
      position = position * geometry.input()[axis] + at[axis];
    }
    return position;
  }

  static Tensor average(Reduction.AveragePool op, Tensor x) {
    WindowGeometry geometry = geometry(x, op.window(), op.ceilMode());
    double[] in = Loops.doubles(x);
    long[] dims = dims(x, geometry);
    double[] out = new double[(int) NdIndex.product(dims)];
    each(
        x,
        geometry,
        (g, at, base, result) -> {
          double[] sum = {0, 0};
          g.taps(
              at,
              (position, k) -> {
                sum[0] += in[base + (int) position];
                sum[1]++;
              });
          out[result] = sum[0] / (op.countIncludePad() ? g.padded(at) : sum[1]);
        });
    return Loops.tensor(x.dtype(), out, dims);
  }

  static Tensor lp(Reduction.LpPool op, Tensor x) {
    WindowGeometry geometry = geometry(x, op.window(), op.ceilMode());
    double[] in = Loops.doubles(x);
    long[] dims = dims(x, geometry);
    double[] out = new double[(int) NdIndex.product(dims)];
    each(
        x,
        geometry,
        (g, at, base, result) -> {
          double[] sum = {0};
          g.taps(
              at,
              (position, k) ->
                  sum[0] += Math.pow(Math.abs(in[base + (int) position]), (double) op.p()));
          out[result] = Math.pow(sum[0], 1.0 / op.p());
        });
    return Loops.tensor(x.dtype(), out, dims);
  }
}
