package fluidml.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import fluidml.graph.op.Vision.GridSample;
import fluidml.graph.op.Vision.ResizeMode;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SamplingTest {
  private static final String[] PADDINGS = {"zeros", "border", "reflection"};

  private static Tensor numbers(DType dtype, double reach, Random random, long... dims) {
    Tensor x = Tensor.allocate(dtype, dims);
    for (long i = 0; i < x.elements(); i++) {
      x.setDouble(i, (random.nextDouble() * 2 - 1) * reach);
    }
    return x;
  }

  @Test
  void samplesAreSumsOverAllNeighbours() {
    Random random = new Random(5);
    for (int axes = 1; axes <= 3; axes++) {
      for (ResizeMode mode : ResizeMode.values()) {
        for (String padding : PADDINGS) {
          for (DType dtype : new DType[] {DType.FLOAT32, DType.FLOAT64, DType.FLOAT16}) {
            long[] image = Arrays.copyOf(new long[] {2, 3, 5, 4, 3}, axes + 2);
            long[] points = Arrays.copyOf(new long[] {2, 3, 7, 2, axes}, axes + 2);
            points[axes + 1] = axes;
            Tensor x = numbers(dtype, 1, random, image);
            Tensor grid = numbers(dtype, 1.7, random, points);
            check(new GridSample(mode, padding, random.nextBoolean()), x, grid);
          }
        }
      }
    }
  }

  @Test
  void pointsMayBeMany() {
    Random random = new Random(6);
    Tensor x = numbers(DType.FLOAT32, 1, random, 1, 2, 3, 4, 2);
    Tensor grid = numbers(DType.FLOAT32, 1.2, random, 1, 13, 10, 11, 3);
    check(new GridSample(ResizeMode.CUBIC, "zeros", true), x, grid);
  }

  @Test
  void whatIsOutsideHasNoInfluence() {
    Tensor x =
        Tensor.of(new float[] {Float.NaN, 1, Float.POSITIVE_INFINITY, Float.NaN}, 1, 1, 2, 2);
    Tensor grid = Tensor.of(new float[] {-4, -4, 4, 0, Float.POSITIVE_INFINITY, 0}, 1, 1, 3, 2);
    for (ResizeMode mode : ResizeMode.values()) {
      Tensor y = Single.run(new GridSample(mode, "zeros", false), x, grid);
      assertArrayEquals(new float[3], y.toFloats());
    }
  }

  private static void check(GridSample op, Tensor x, Tensor grid) {
    Tensor y = Single.run(op, x, grid);
    long points = NdIndex.product(grid.dims(), 1, grid.rank() - 1);
    Tensor rounded = Tensor.allocate(x.dtype(), 1);
    for (long i = 0; i < y.elements(); i++) {
      long plane = i / points;
      long point = plane / x.dim(1) * points + i % points;
      rounded.setDouble(0, sample(op, x, plane, grid, point));
      double expected = rounded.getDouble(0);
      double tolerance = x.dtype() == DType.FLOAT64 ? 1e-12 : 0;
      assertEquals(expected, y.getDouble(i), tolerance, op + " " + x + " at " + i);
    }
  }

  /** The sum over all pixels around a point that have a weight. */
  private static double sample(GridSample op, Tensor x, long plane, Tensor grid, long point) {
    int axes = x.rank() - 2;
    int reach = op.mode() == ResizeMode.NEAREST ? 0 : op.mode() == ResizeMode.LINEAR ? 1 : 2;
    long[] at = new long[axes];
    long[] counts = new long[axes];
    Arrays.fill(counts, Math.max(1, 2 * reach));
    double sum = 0;
    do {
      double weight = 1;
      long index = plane;
      for (int axis = 0; axis < axes; axis++) {
        double position = position(op, x.dim(axis + 2), grid, point * axes + axes - 1 - axis);
        long i = (long) Math.floor(position) + at[axis] - Math.max(0, reach - 1);
        double distance = Math.abs(position - i);
        weight *=
            switch (op.mode()) {
              case NEAREST -> 1;
              case LINEAR -> 1 - distance;
              case CUBIC -> Resizing.cubic(distance, -0.75);
            };
        long inside = (long) pad(op, (double) i, x.dim(axis + 2));
        boolean outside = inside < 0 || inside >= x.dim(axis + 2);
        weight = outside ? 0 : weight;
        index = index * x.dim(axis + 2) + (outside ? 0 : inside);
      }
      sum += weight * x.getDouble(index);
    } while (NdIndex.next(at, counts));
    return sum;
  }

  private static double position(GridSample op, long extent, Tensor grid, long index) {
    double position;
    if (grid.dtype() == DType.FLOAT64) {
      double c = grid.getDouble(index);
      position = op.alignCorners() ? (c + 1) / 2 * (extent - 1) : ((c + 1) * extent - 1) / 2;
    } else {
      float c = grid.getFloat(index);
      position = op.alignCorners() ? (c + 1) / 2 * (extent - 1) : ((c + 1) * extent - 1) / 2;
    }
    return pad(op, op.mode() == ResizeMode.NEAREST ? Math.rint(position) : position, extent);
  }

  /** A position brought into the image; unchanged where what is outside is zero. */
  private static double pad(GridSample op, double position, long extent) {
    double low = op.alignCorners() ? 0 : -0.5;
    double high = op.alignCorners() ? extent - 1 : extent - 0.5;
    if (op.padding().equals("zeros") || (position >= 0 && position <= extent - 1)) {
      return position;
    }
    if (op.padding().equals("border")) {
      return position >= low && position <= high ? position : Math.clamp(position, 0, extent - 1.0);
    }
    double inside = position;
    while (inside < low || inside > high) {
      inside = inside < low ? 2 * low - inside : 2 * high - inside;
    }
    return inside;
  }
}
