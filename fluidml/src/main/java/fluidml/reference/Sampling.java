package fluidml.reference;

import fluidml.graph.op.Vision.AffineGrid;
import fluidml.graph.op.Vision.GridSample;
import fluidml.graph.op.Vision.ResizeMode;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.Arrays;

/** Reading of images at positions that are data, in any number of spatial axes. */
final class Sampling {
  /** Neighbours of points that are kept at a time. */
  private static final int KEPT = 1 << 16;

  private final GridSample op;
  private final Tensor x;
  private final Tensor grid;
  private final int axes;
  private final long[] space;
  private final long[] strides;
  private final long channels;
  private final int pixels;
  private final long points;

  private Sampling(GridSample op, Tensor x, Tensor grid) {
    this.op = op;
    this.x = x;
    this.grid = grid;
    axes = x.rank() - 2;
    space = Arrays.copyOfRange(x.dims(), 2, x.rank());
    strides = NdIndex.strides(space);
    channels = x.dim(1);
    pixels = Math.toIntExact(NdIndex.product(space));
    points = NdIndex.product(grid.dims(), 1, grid.rank() - 1);
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
    long[] dims = grid.dims();
    System.arraycopy(grid.dims(), 1, dims, 2, axes);
    dims[1] = x.dim(1);
    Sampling sampling = new Sampling(op, x, grid);
    return switch (op.mode()) {
      case NEAREST -> sampling.pick(dims);
      case LINEAR -> sampling.interpolate(2, dims);
      case CUBIC -> sampling.interpolate(4, dims);
    };
  }

  /** Elements of any type at the rounded positions. */
  private Tensor pick(long[] dims) {
    Elements result = new Elements(x.dtype(), dims);
    for (long point = 0; point < dims[0] * points; point++) {
      long at = 0;
      for (int axis = 0; axis < axes && at >= 0; axis++) {
        double coordinate = grid.getDouble(point * axes + coordinate(axis));
        long i = neighbour((long) position(coordinate, axis), axis);
        at = i < 0 ? -1 : at * space[axis] + i;
      }
      long n = point / points;
      for (long c = n * channels; c < (n + 1) * channels && at >= 0; c++) {
        result.copy(c * points + point % points, x, c * pixels + at);
      }
    }
    return result.build();
  }

  /** Weighted sums of {@code taps} neighbours along each axis. */
  private Tensor interpolate(int taps, long[] dims) {
    Tensor result = Tensor.allocate(x.dtype(), dims);
    int neighbours = Math.toIntExact(Math.round(Math.pow(taps, axes)));
    int part = Math.clamp(points, 1, Math.max(1, KEPT / neighbours));
    int[][] places = new int[neighbours][part];
    double[][] weights = new double[neighbours][part];
    double[] sums = new double[part];
    // What is outside of the image is read from behind it.
    double[] plane = new double[pixels + 1];
    for (long n = 0; n < dims[0]; n++) {
      for (long first = 0; first < points; first += part) {
        int count = (int) Math.min(part, points - first);
        neighbours(n * points + first, count, taps, places, weights);
        for (long c = n * channels; c < (n + 1) * channels; c++) {
          Loops.doubles(x, c * pixels, pixels, plane);
          Arrays.fill(sums, 0);
          for (int k = 0; k < neighbours; k += 2) {
            add(plane, places[k], weights[k], places[k + 1], weights[k + 1], count, sums);
          }
          Loops.store(sums, count, result, c * points + first);
        }
      }
    }
    return result;
  }

  /** Adds two neighbours of each of n points, one after the other. */
  private static void add(
      double[] plane, int[] a, double[] weightsA, int[] b, double[] weightsB, int n, double[] to) {
    for (int p = 0; p < n; p++) {
      to[p] = to[p] + weightsA[p] * plane[a[p]] + weightsB[p] * plane[b[p]];
    }
  }

  /**
   * Finds the neighbours of some points.
   *
   * @param places for each neighbour, in row-major order, and point its position in the image;
   *     behind the end for those outside, which weigh nothing
   */
  private void neighbours(long first, int n, int taps, int[][] places, double[][] weights) {
    double[] coordinates = new double[n * axes];
    Loops.doubles(grid, first * axes, coordinates.length, coordinates);
    double[] positions = new double[n];
    int[] steps = new int[n];
    double[] factors = new double[n];
    Arrays.fill(places[0], 0);
    Arrays.fill(weights[0], 1);
    for (int axis = axes - 1, known = 1; axis >= 0; axis--, known *= taps) {
      for (int p = 0; p < n; p++) {
        positions[p] = position(coordinates[p * axes + coordinate(axis)], axis);
      }
      for (int tap = taps - 1; tap >= 0; tap--) {
        taps(positions, axis, tap, taps, steps, factors);
        for (int k = known - 1; k >= 0; k--) {
          int to = tap * known + k;
          extend(places[k], weights[k], steps, factors, places[to], weights[to]);
        }
      }
    }
  }

  /** Finds what a tap along an axis adds to the places of points, −1 outside, and its weights. */
  private void taps(
      double[] positions, int axis, int tap, int taps, int[] steps, double[] factors) {
    for (int p = 0; p < positions.length; p++) {
      long i = (long) Math.floor(positions[p]) + tap + 1 - taps / 2;
      double distance = Math.abs(positions[p] - i);
      long neighbour = neighbour(i, axis);
      steps[p] = neighbour < 0 ? -1 : (int) (neighbour * strides[axis]);
      factors[p] = taps == 2 ? 1 - distance : Resizing.cubic(distance, -0.75);
    }
  }

  private void extend(
      int[] places, double[] weights, int[] steps, double[] factors, int[] to, double[] weightsTo) {
    for (int p = 0; p < steps.length; p++) {
      boolean outside = steps[p] < 0 || places[p] == pixels;
      to[p] = outside ? pixels : places[p] + steps[p];
      weightsTo[p] = outside ? 0 : weights[p] * factors[p];
    }
  }

  /** Where in the grid the coordinate on an axis stands. */
  private int coordinate(int axis) {
    return axes - 1 - axis;
  }

  /** Position on a spatial axis of a grid coordinate, where −1 and 1 are the borders. */
  private double position(double coordinate, int axis) {
    long extent = space[axis];
    double position;
    if (grid.dtype() == DType.FLOAT64) {
      double c = coordinate;
      position = op.alignCorners() ? (c + 1) / 2 * (extent - 1) : ((c + 1) * extent - 1) / 2;
    } else {
      float c = (float) coordinate;
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

  /** What is read on an axis instead of position i; −1 for "zero". */
  private long neighbour(long i, int axis) {
    long extent = space[axis];
    if (i >= 0 && i < extent) {
      return i;
    }
    return switch (op.padding()) {
      case "border" -> Math.clamp(i, 0, extent - 1);
      case "reflection" -> Math.clamp((long) reflect((double) i, axis), 0, extent - 1);
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
