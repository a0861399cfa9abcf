package fluidml.reference;

import fluidml.graph.op.Vision.MaxRoiPool;
import fluidml.graph.op.Vision.RoiAlign;
import fluidml.tensor.Tensor;

/** Pooling of regions of interest. */
final class Regions {
  private Regions() {}

  /**
   * Mean or maximum of bilinear samples in each bin of each region.
   *
   * @param x [n, channels, height, width]
   * @param rois [regions, 4] as x1, y1, x2, y2
   * @param batches [regions]
   */
  static Tensor align(RoiAlign op, Tensor x, Tensor rois, Tensor batches) {
    long height = op.outputHeight();
    long width = op.outputWidth();
    long channels = x.dim(1);
    Tensor result = Tensor.allocate(x.dtype(), rois.dim(0), channels, height, width);
    double shift = op.halfPixel() ? 0.5 : 0;
    for (long r = 0; r < rois.dim(0); r++) {
      double left = rois.getDouble(r * 4) * op.spatialScale() - shift;
      double top = rois.getDouble(r * 4 + 1) * op.spatialScale() - shift;
      double spanX = rois.getDouble(r * 4 + 2) * op.spatialScale() - shift - left;
      double spanY = rois.getDouble(r * 4 + 3) * op.spatialScale() - shift - top;
      if (!op.halfPixel()) {
        spanX = Math.max(spanX, 1);
        spanY = Math.max(spanY, 1);
      }
      double binX = spanX / width;
      double binY = spanY / height;
      long samplesX = op.samplingRatio() > 0 ? op.samplingRatio() : (long) Math.ceil(binX);
      long samplesY = op.samplingRatio() > 0 ? op.samplingRatio() : (long) Math.ceil(binY);
      long batch = IndexingOps.index(batches.getLong(r), x.dim(0));
      for (long c = 0; c < channels; c++) {
        for (long i = 0; i < height * width; i++) {
          double sum = 0;
          double max = Double.NEGATIVE_INFINITY;
          long row = i / width;
          long column = i % width;
          for (long s = 0; s < samplesX * samplesY; s++) {
            long sampleRow = s / samplesX;
            long sampleColumn = s % samplesX;
            double px = left + (column + (sampleColumn + 0.5) / samplesX) * binX;
            double py = top + (row + (sampleRow + 0.5) / samplesY) * binY;
            double[] products = bilinear(x, batch * channels + c, py, px);
            sum += products[0] + products[1] + products[2] + products[3];
            max =
                Math.max(
                    max,
                    Math.max(
                        Math.max(products[0], products[1]), Math.max(products[2], products[3])));
          }
          long count = Math.max(samplesX * samplesY, 1);
          double value = op.max() ? (max == Double.NEGATIVE_INFINITY ? 0 : max) : sum / count;
          result.setDouble((r * channels + c) * height * width + i, value);
        }
      }
    }
    return result;
  }

  /**
   * The four weighted neighbours of a position; zeros outside of the image by more than a pixel.
   */
  private static double[] bilinear(Tensor x, long plane, double py, double px) {
    long height = x.dim(2);
    long width = x.dim(3);
    if (py < -1 || py > height || px < -1 || px > width) {
      return new double[4];
    }
    double y = Math.clamp(py, 0, (double) (height - 1));
    double u = Math.clamp(px, 0, (double) (width - 1));
    long y0 = (long) y;
    long x0 = (long) u;
    long y1 = Math.min(y0 + 1, height - 1);
    long x1 = Math.min(x0 + 1, width - 1);
    double fy = y - y0;
    double fx = u - x0;
    long base = plane * height;
    return new double[] {
      (1 - fy) * (1 - fx) * x.getDouble((base + y0) * width + x0),
      (1 - fy) * fx * x.getDouble((base + y0) * width + x1),
      fy * (1 - fx) * x.getDouble((base + y1) * width + x0),
      fy * fx * x.getDouble((base + y1) * width + x1)
    };
  }

  /**
   * Maximum in each bin of each region, whose corners are rounded to whole pixels (Fast R-CNN).
   *
   * @param x [n, channels, height, width]
   * @param rois [regions, 5] as batch, x1, y1, x2, y2
   */
  static Tensor maxPool(MaxRoiPool op, Tensor x, Tensor rois) {
    long rows = op.pooledHeight();
    long columns = op.pooledWidth();
    long channels = x.dim(1);
    Tensor result = Tensor.allocate(x.dtype(), rois.dim(0), channels, rows, columns);
    for (long r = 0; r < rois.dim(0); r++) {
      long batch = IndexingOps.index(rois.getLong(r * 5), x.dim(0));
      long[] corners = new long[4];
      for (int i = 0; i < 4; i++) {
        corners[i] = Math.round(rois.getDouble(r * 5 + 1 + i) * op.spatialScale());
      }
      double binX = (double) Math.max(corners[2] - corners[0] + 1, 1) / columns;
      double binY = (double) Math.max(corners[3] - corners[1] + 1, 1) / rows;
      for (long c = 0; c < channels; c++) {
        for (long i = 0; i < rows * columns; i++) {
          long row = i / columns;
          long column = i % columns;
          long top = bound(Math.floor(row * binY) + corners[1], x.dim(2));
          long bottom = bound(Math.ceil((row + 1) * binY) + corners[1], x.dim(2));
          long left = bound(Math.floor(column * binX) + corners[0], x.dim(3));
          long right = bound(Math.ceil((column + 1) * binX) + corners[0], x.dim(3));
          double max = top < bottom && left < right ? Double.NEGATIVE_INFINITY : 0;
          for (long v = top; v < bottom; v++) {
            for (long u = left; u < right; u++) {
              long at = ((batch * channels + c) * x.dim(2) + v) * x.dim(3) + u;
              max = Math.max(max, x.getDouble(at));
            }
          }
          result.setDouble((r * channels + c) * rows * columns + i, max);
        }
      }
    }
    return result;
  }

  private static long bound(double position, long extent) {
    return Math.clamp((long) position, 0, extent);
  }
}
