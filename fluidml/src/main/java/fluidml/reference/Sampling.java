package fluidml.reference;

import fluidml.graph.op.Vision.AffineGrid;
import fluidml.graph.op.Vision.GridSample;
import fluidml.graph.op.Vision.ResizeMode;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.Arrays;

/** Reading of images at positions that are data, in any number of spatial axes. */
final class Sampling {
  private final GridSample op;
  private final Tensor x;
  private final long[] space;
  private final int taps;

  private Sampling(GridSample op, Tensor x) {
    this.op = op;
    this.x = x;
    this.space = new long[x.rank() - 2];
    System.arraycopy(x.dims(), 2, space, 0, space.length);
    this.taps =
        switch (op.mode()) {
          case NEAREST -> 1;
          case LINEAR -> 2;
          case CUBIC -> 4;
        };
  }

  /**
   * x [n, channels, space…] at grid [n, positions…, axes], whose last axis names the innermost
   * first.
   */
  static Tensor sample(GridSample op, Tensor x, Tensor grid) {
    int axes = x.rank() - 2;
    if (grid.rank() != x.rank() || grid.dim(-1) != axes || grid.dim(0) != x.dim(0)) {
      throw new IllegalArgumentException("grid " + grid + " of " + x);
    }
    Sampling sampling = new Sampling(op, x);
    long[] dims = grid.dims();
    System.arraycopy(grid.dims(), 1, dims, 2, axes);
    dims[1] = x.dim(1);
    Elements result = new Elements(x.dtype(), dims);
    long points = NdIndex.product(dims, 2, dims.length);
    for (long n = 0; n < dims[0]; n++) {
      for (long p = 0; p < points; p++) {
        double[] position = new double[axes];
        for (int k = 0; k < axes; k++) {
          long at = (n * points + p) * axes + (axes - 1 - k);
          position[k] = sampling.position(grid, at, k);
        }
        sampling.point(position, n, p, points, result);
      }
    }
    return result.build();
  }

  /** Position on a spatial axis of a grid coordinate, where −1 and 1 are the borders. */
  private double position(Tensor grid, long index, int axis) {
    long extent = space[axis];
    double position;
    if (grid.dtype() == DType.FLOAT64) {
      double c = grid.getDouble(index);
      position = op.alignCorners() ? (c + 1) / 2 * (extent - 1) : ((c + 1) * extent - 1) / 2;
    } else {
      float c = grid.getFloat(index);
      position = op.alignCorners() ? (c + 1) / 2 * (extent - 1) : ((c + 1) * extent - 1) / 2;
    }
    if (op.mode() == ResizeMode.NEAREST) {
      position = Math.rint(position);
    }
    if (position < low() || position > high(axis)) {
      return switch (op.padding()) {
        case "border" -> Math.clamp(position, 0, (double) (extent - 1));
        case "reflection" -> reflect(position, axis);
        default -> position;
      };
    }
    return position;
  }

  private double low() {
    return op.alignCorners() ? 0 : -0.5;
  }

  private double high(int axis) {
    return op.alignCorners() ? space[axis] - 1 : space[axis] - 0.5;
  }

  private double reflect(double position, int axis) {
    double range = high(axis) - low();
    if (range <= 0) {
      return 0;
    }
    double phase = (position - low()) % (2 * range);
    phase = phase < 0 ? phase + 2 * range : phase;
    return low() + (phase <= range ? phase : 2 * range - phase);
  }

  private void point(double[] position, long n, long p, long points, Elements result) {
    int axes = space.length;
    long[] counts = new long[axes];
    Arrays.fill(counts, taps);
    long channels = x.dim(1);
    long pixels = NdIndex.product(space);
    if (taps == 1) {
      long at = 0;
      for (int k = 0; k < axes; k++) {
        at = at < 0 ? at : next(at, (long) position[k], k);
      }
      for (long c = 0; c < channels && at >= 0; c++) {
        result.copy((n * channels + c) * points + p, x, (n * channels + c) * pixels + at);
      }
      return;
    }
    double[] sums = new double[Math.toIntExact(channels)];
    long[] tap = new long[axes];
    do {
      long at = 0;
      double weight = 1;
      for (int k = 0; k < axes && at >= 0; k++) {
        long i = (long) Math.floor(position[k]) + tap[k] + 1 - taps / 2;
        double distance = Math.abs(position[k] - i);
        weight *= taps == 2 ? 1 - distance : Resizing.cubic(distance, -0.75);
        at = next(at, i, k);
      }
      for (int c = 0; c < sums.length && at >= 0; c++) {
        sums[c] += weight * x.getDouble((n * channels + c) * pixels + at);
      }
    } while (NdIndex.next(tap, counts));
    for (int c = 0; c < sums.length; c++) {
      result.setDouble((n * channels + c) * points + p, sums[c]);
    }
  }

  /** Row-major index {@code at} extended by position i on an axis; −1 for "zero". */
  private long next(long at, long i, int axis) {
    long extent = space[axis];
    if (i >= 0 && i < extent) {
      return at * extent + i;
    }
    return switch (op.padding()) {
      case "border" -> at * extent + Math.clamp(i, 0, extent - 1);
      case "reflection" ->
          at * extent + Math.clamp((long) reflect((double) i, axis), 0, extent - 1);
      default -> -1;
    };
  }

  /**
   * Positions of the pixels of an image of {@code size} [n, channels, space…] after affine maps.
   */
  static Tensor affineGrid(AffineGrid op, Tensor theta, long[] size) {
    int axes = size.length - 2;
    if (theta.rank() != 3 || theta.dim(1) != axes || theta.dim(2) != axes + 1) {
      throw new IllegalArgumentException(theta + " for " + axes + " spatial axes");
    }
    long[] dims = new long[axes + 2];
    dims[0] = size[0];
    System.arraycopy(size, 2, dims, 1, axes);
    dims[axes + 1] = axes;
    Tensor result = Tensor.allocate(theta.dtype(), dims);
    long[] space = Arrays.copyOfRange(size, 2, size.length);
    long points = NdIndex.product(space);
    for (long n = 0; n < size[0]; n++) {
      for (long p = 0; p < points; p++) {
        long[] at = NdIndex.coordinates(p, space);
        for (int row = 0; row < axes; row++) {
          long parameters = (n * axes + row) * (axes + 1);
          double sum = theta.getDouble(parameters + axes);
          for (int k = 0; k < axes; k++) {
            int axis = axes - 1 - k;
            sum += theta.getDouble(parameters + k) * centre(op, at[axis], space[axis]);
          }
          result.setDouble((n * points + p) * axes + row, sum);
        }
      }
    }
    return result;
  }

  private static double centre(AffineGrid op, long i, long extent) {
    if (op.alignCorners()) {
      return extent == 1 ? 0 : -1 + 2.0 * i / (extent - 1);
    }
    return -1 + (2.0 * i + 1) / extent;
  }
}
