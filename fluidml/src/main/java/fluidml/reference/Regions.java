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
    return new RegionAlignment(op, x, rois, batches).align();
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
