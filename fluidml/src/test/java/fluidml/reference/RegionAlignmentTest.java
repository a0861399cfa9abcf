package fluidml.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;

import fluidml.graph.op.Vision.RoiAlign;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RegionAlignmentTest {
  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "FLOAT64", "FLOAT16"})
  void binsPoolTheirSamples(DType dtype) {
    Random random = new Random(9);
    for (int round = 0; round < 40; round++) {
      Tensor x = Tensor.allocate(dtype, 3, 2, 1 + random.nextInt(9), 1 + random.nextInt(9));
      for (long i = 0; i < x.elements(); i++) {
        x.setDouble(i, random.nextGaussian());
      }
      Tensor rois = Tensor.allocate(dtype, 5, 4);
      for (long i = 0; i < rois.elements(); i++) {
        rois.setDouble(i, random.nextDouble() * 30 - 6);
      }
      Tensor batches = Tensor.ofLongs(2, 0, 2, -1, 0);
      RoiAlign op =
          new RoiAlign(
              random.nextBoolean(),
              random.nextBoolean(),
              1 + random.nextInt(4),
              1 + random.nextInt(4),
              random.nextInt(4),
              0.5);
      check(op, x, rois, batches);
    }
  }

  @Test
  void noImageMayBeAskedFor() {
    RoiAlign op = new RoiAlign(false, true, 2, 2, 0, 1);
    Tensor x = Single.random(1, 2, 3, 4, 4);
    Tensor y =
        Single.run(op, x, Tensor.allocate(DType.FLOAT32, 0, 4), Tensor.allocate(DType.INT64, 0));
    assertEquals(0, y.elements());
  }

  private static void check(RoiAlign op, Tensor x, Tensor rois, Tensor batches) {
    Tensor y = Single.run(op, x, rois, batches);
    Tensor rounded = Tensor.allocate(x.dtype(), 1);
    long width = op.outputWidth();
    long bins = op.outputHeight() * width;
    for (long i = 0; i < y.elements(); i++) {
      long region = i / bins / x.dim(1);
      long image = (batches.getLong(region) + x.dim(0)) % x.dim(0);
      long plane = image * x.dim(1) + i / bins % x.dim(1);
      long bin = i % bins;
      rounded.setDouble(0, pooled(op, x, plane, rois, region, bin / width, bin % width));
      assertEquals(rounded.getDouble(0), y.getDouble(i), op + " " + x + " at " + i);
    }
  }

  private static double pooled(
      RoiAlign op, Tensor x, long plane, Tensor rois, long region, long row, long column) {
    double[] start = new double[2];
    double[] bin = new double[2];
    long[] samples = new long[2];
    for (int axis = 0; axis < 2; axis++) {
      double shift = op.halfPixel() ? 0.5 : 0;
      long at = region * 4 + 1 - axis;
      start[axis] = rois.getDouble(at) * op.spatialScale() - shift;
      double span = rois.getDouble(at + 2) * op.spatialScale() - shift - start[axis];
      span = op.halfPixel() ? span : Math.max(span, 1);
      bin[axis] = span / (axis == 0 ? op.outputHeight() : op.outputWidth());
      samples[axis] =
          op.samplingRatio() > 0 ? op.samplingRatio() : Math.max(0, (long) Math.ceil(bin[axis]));
    }
    double sum = 0;
    double max = Double.NEGATIVE_INFINITY;
    for (long v = 0; v < samples[0]; v++) {
      for (long u = 0; u < samples[1]; u++) {
        double py = start[0] + (row + (v + 0.5) / samples[0]) * bin[0];
        double px = start[1] + (column + (u + 0.5) / samples[1]) * bin[1];
        double[] weighted = neighbours(x, plane, py, px);
        double sample = 0;
        for (double each : weighted) {
          sample += each;
          max = Math.max(max, each);
        }
        sum += sample;
      }
    }
    double largest = max == Double.NEGATIVE_INFINITY ? 0 : max;
    return op.max() ? largest : sum / Math.max(1, samples[0] * samples[1]);
  }

  private static double[] neighbours(Tensor x, long plane, double py, double px) {
    double[] weighted = new double[4];
    if (py < -1 || py > x.dim(2) || px < -1 || px > x.dim(3)) {
      return weighted;
    }
    double y = Math.clamp(py, 0, x.dim(2) - 1.0);
    double u = Math.clamp(px, 0, x.dim(3) - 1.0);
    for (int i = 0; i < 4; i++) {
      double down = y - Math.floor(y);
      double right = u - Math.floor(u);
      long row = Math.min((long) y + i / 2, x.dim(2) - 1);
      long column = Math.min((long) u + i % 2, x.dim(3) - 1);
      weighted[i] =
          (i / 2 == 0 ? 1 - down : down)
              * (i % 2 == 0 ? 1 - right : right)
              * x.getDouble((plane * x.dim(2) + row) * x.dim(3) + column);
    }
    return weighted;
  }
}
