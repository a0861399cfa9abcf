package fluidml.reference;

import fluidml.graph.op.Vision.AspectPolicy;
import fluidml.graph.op.Vision.CoordinateMode;
import fluidml.graph.op.Vision.Resize;
import fluidml.graph.op.Vision.ResizeMode;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.Arrays;
import java.util.Optional;

/**
 * Resize: interpolation is separable, so axes are resized one after the other in double precision;
 * NEAREST picks elements of any type.
 */
final class Resizing {
  private final Resize op;
  private final Tensor x;
  private final int[] axes;
  private final double[] scales;
  private final long[] sizes;
  private final double[] starts;
  private final double[] ends;

  private Resizing(Resize op, Operands operands) {
    this.op = op;
    this.x = operands.tensor(0);
    int rank = x.rank();
    this.axes = Extents.axesOrAll(op.axes(), rank);
    this.scales = new double[rank];
    this.sizes = x.dims();
    this.starts = new double[rank];
    this.ends = new double[rank];
    Arrays.fill(scales, 1);
    Arrays.fill(ends, 1);
    given(operands, 1)
        .filter(roi -> op.coordinates() == CoordinateMode.TF_CROP_AND_RESIZE)
        .ifPresent(this::region);
    Optional<Tensor> factors = given(operands, 2);
    Optional<Tensor> targets = given(operands, 3);
    if (targets.isPresent()) {
      sizes(targets.get().toLongs());
    } else if (factors.isPresent()) {
      scales(factors.get());
    } else {
      throw new IllegalArgumentException("neither scales nor sizes are given");
    }
  }

  /** Computes the op. */
  static Tensor resize(Resize op, Operands operands) {
    Resizing resizing = new Resizing(op, operands);
    return op.mode() == ResizeMode.NEAREST ? resizing.pick() : resizing.interpolate();
  }

  private static Optional<Tensor> given(Operands operands, int index) {
    return operands.optionalTensor(index).filter(t -> t.elements() > 0);
  }

  private void checkCount(long count, long expected, String what) {
    if (count != expected) {
      throw new IllegalArgumentException(
          "%d %s for %d axes of %s".formatted(count, what, axes.length, x));
    }
  }

  private void region(Tensor roi) {
    checkCount(roi.elements(), 2L * axes.length, "bounds of the region");
    for (int i = 0; i < axes.length; i++) {
      starts[axes[i]] = roi.getDouble(i);
      ends[axes[i]] = roi.getDouble(axes.length + i);
    }
  }

  private void scales(Tensor factors) {
    checkCount(factors.elements(), axes.length, "scales");
    for (int i = 0; i < axes.length; i++) {
      scales[axes[i]] = factors.getDouble(i);
      sizes[axes[i]] = Resize.scaled(x.dim(axes[i]), factors.getFloat(i));
    }
  }

  private void sizes(long[] targets) {
    checkCount(targets.length, axes.length, "sizes");
    double least = Double.POSITIVE_INFINITY;
    double most = 0;
    for (int i = 0; i < axes.length; i++) {
      double scale = (double) targets[i] / x.dim(axes[i]);
      scales[axes[i]] = scale;
      sizes[axes[i]] = targets[i];
      least = Math.min(least, scale);
      most = Math.max(most, scale);
    }
    if (op.aspect() != AspectPolicy.STRETCH) {
      double scale = op.aspect() == AspectPolicy.NOT_LARGER ? least : most;
      for (int axis : axes) {
        scales[axis] = scale;
        sizes[axis] = (long) Math.floor(scale * x.dim(axis) + 0.5);
      }
    }
  }

  private boolean isWhole(int axis) {
    return scales[axis] == 1 && sizes[axis] == x.dim(axis) && starts[axis] == 0 && ends[axis] == 1;
  }

  /** Where result position {@code i} lies on a source axis. */
  private double source(int axis, long i) {
    double scale = scales[axis];
    double extent = x.dim(axis);
    double length = scale * extent;
    return switch (op.coordinates()) {
      case HALF_PIXEL -> (i + 0.5) / scale - 0.5;
      case HALF_PIXEL_SYMMETRIC ->
          extent / 2 * (1 - sizes[axis] / length) + (i + 0.5) / scale - 0.5;
      case PYTORCH_HALF_PIXEL -> length == 1 ? -0.5 : (i + 0.5) / scale - 0.5;
      case ALIGN_CORNERS -> length == 1 ? 0 : i * (extent - 1) / (length - 1);
      case ASYMMETRIC -> i / scale;
      case TF_CROP_AND_RESIZE -> {
        double span = (ends[axis] - starts[axis]) * (extent - 1);
        yield starts[axis] * (extent - 1) + (length == 1 ? span / 2 : i * span / (length - 1));
      }
    };
  }

  private boolean isOutside(int axis, double source) {
    return op.coordinates() == CoordinateMode.TF_CROP_AND_RESIZE
        && (source < 0 || source > x.dim(axis) - 1);
  }

  private Tensor pick() {
    Tensor result = x;
    for (int axis : axes) {
      if (isWhole(axis)) {
        continue;
      }
      long[] positions = new long[Math.toIntExact(sizes[axis])];
      for (int i = 0; i < positions.length; i++) {
        positions[i] = Math.clamp(round(source(axis, i)), 0, x.dim(axis) - 1);
      }
      result = IndexingOps.gather(result, Tensor.ofLongs(positions), axis);
      long inner = NdIndex.product(result.dims(), axis + 1, result.rank());
      for (int i = 0; i < positions.length; i++) {
        if (isOutside(axis, source(axis, i))) {
          for (long o = 0; o < NdIndex.product(result.dims(), 0, axis); o++) {
            for (long k = 0; k < inner; k++) {
              result.setDouble((o * positions.length + i) * inner + k, op.extrapolationValue());
            }
          }
        }
      }
    }
    return result;
  }

  private long round(double position) {
    double floor = Math.floor(position);
    double fraction = position - floor;
    boolean up =
        switch (op.nearest()) {
          case FLOOR -> false;
          case CEIL -> fraction > 0;
          case ROUND_PREFER_FLOOR -> fraction > 0.5;
          case ROUND_PREFER_CEIL -> fraction >= 0.5;
        };
    return (long) floor + (up ? 1 : 0);
  }

  private Tensor interpolate() {
    long[] dims = x.dims();
    double[] values = new double[Math.toIntExact(x.elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = x.getDouble(i);
    }
    for (int axis : axes) {
      if (!isWhole(axis)) {
        values = interpolate(values, dims, axis);
        dims[axis] = sizes[axis];
      }
    }
    Tensor result = Tensor.allocate(x.dtype(), dims);
    for (int i = 0; i < values.length; i++) {
      result.setDouble(i, x.dtype().isInteger() ? saturate(values[i], x.dtype()) : values[i]);
    }
    return result;
  }

  /** Rounds to nearest even and clamps to the range of an integer type. */
  private static double saturate(double value, DType dtype) {
    boolean signed = dtype.kind() == DType.Kind.SIGNED;
    double high = Math.pow(2, signed ? dtype.bits() - 1 : dtype.bits()) - 1;
    return Math.clamp(Math.rint(value), signed ? -high - 1 : 0, high);
  }

  private double[] interpolate(double[] values, long[] dims, int axis) {
    int extent = (int) dims[axis];
    int size = Math.toIntExact(sizes[axis]);
    int inner = (int) NdIndex.product(dims, axis + 1, dims.length);
    int outer = (int) NdIndex.product(dims, 0, axis);
    double[] result = new double[Math.toIntExact((long) outer * size * inner)];
    for (int i = 0; i < size; i++) {
      double source = source(axis, i);
      if (isOutside(axis, source)) {
        for (int o = 0; o < outer; o++) {
          int to = (o * size + i) * inner;
          Arrays.fill(result, to, to + inner, op.extrapolationValue());
        }
        continue;
      }
      long base = (long) Math.ceil(source) - 1;
      int reach = reach(scales[axis]);
      double[] weights = weights(source - base, scales[axis], reach, base, extent);
      for (int tap = 0; tap < weights.length; tap++) {
        int at = Math.toIntExact(Math.clamp(base + 1 - reach + tap, 0, extent - 1));
        for (int o = 0; o < outer; o++) {
          int from = (o * extent + at) * inner;
          int to = (o * size + i) * inner;
          for (int k = 0; k < inner; k++) {
            result[to + k] += weights[tap] * values[from + k];
          }
        }
      }
    }
    return result;
  }

  private double stretch(double scale) {
    return op.antialias() ? Math.min(scale, 1) : 1;
  }

  /** How many source positions on each side contribute. */
  private int reach(double scale) {
    int radius = op.mode() == ResizeMode.CUBIC ? 2 : 1;
    return (int) -Math.floor(-radius / stretch(scale));
  }

  /**
   * Weights of the positions {@code base + 1 − reach … base + reach}.
   *
   * @param ratio distance of the source position from base, in (0, 1]
   */
  private double[] weights(double ratio, double scale, int reach, long base, int extent) {
    double[] weights = new double[2 * reach];
    double sum = 0;
    for (int tap = 0; tap < weights.length; tap++) {
      long offset = 1L - reach + tap;
      boolean outside = base + offset < 0 || base + offset >= extent;
      double distance = Math.abs(offset - ratio) * stretch(scale);
      weights[tap] = op.excludeOutside() && outside ? 0 : filter(distance);
      sum += weights[tap];
    }
    for (int tap = 0; tap < weights.length; tap++) {
      weights[tap] /= sum == 0 ? 1 : sum;
    }
    return weights;
  }

  private double filter(double distance) {
    return op.mode() == ResizeMode.CUBIC
        ? cubic(distance, op.cubicCoefficient())
        : Math.max(0, 1 - distance);
  }

  /** The cubic convolution kernel of Keys (1981) at a distance ≥ 0. */
  static double cubic(double t, double a) {
    if (t <= 1) {
      return ((a + 2) * t - (a + 3)) * t * t + 1;
    }
    return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;
  }
}
