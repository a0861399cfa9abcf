package fluidml.reference;

import fluidml.graph.op.Vision.RoiAlign;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Mean or maximum of bilinear samples in each bin of each region of images. A sample is the sum, or
 * the largest, of its four weighted neighbours; it is zero outside of the image by more than a
 * pixel. A bin without samples, as an inverted region has them where their number follows from its
 * size, is zero.
 */
final class RegionAlignment {
  private final RoiAlign op;
  private final Tensor x;
  private final Tensor rois;
  private final Tensor batches;
  private final int width;

  /** Prepares for {@link Regions#align}. */
  RegionAlignment(RoiAlign op, Tensor x, Tensor rois, Tensor batches) {
    this.op = op;
    this.x = x;
    this.rois = rois;
    this.batches = batches;
    this.width = Math.toIntExact(x.dim(3));
  }

  /**
   * Where the samples of a region lie on an axis: sample k of bin i, at {@code i * each + k}, lies
   * between {@code low} and {@code high}, by a fraction towards high; low is −1 outside.
   */
  private record Samples(int each, int[] low, int[] high, double[] fraction) {
    static Samples of(double start, double span, long bins, long ratio, long extent) {
      double bin = span / bins;
      int each = Math.toIntExact(Math.max(0, ratio > 0 ? ratio : (long) Math.ceil(bin)));
      int count = Math.toIntExact(Math.multiplyExact(bins, each));
      Samples samples = new Samples(each, new int[count], new int[count], new double[count]);
      for (int i = 0; i < count; i++) {
        int index = i / each;
        double position = start + (index + (i % each + 0.5) / each) * bin;
        if (position < -1 || position > extent) {
          samples.low[i] = -1;
          continue;
        }
        double inside = Math.clamp(position, 0, (double) (extent - 1));
        samples.low[i] = (int) inside;
        samples.high[i] = (int) Math.min(samples.low[i] + 1, extent - 1);
        samples.fraction[i] = inside - samples.low[i];
      }
      return samples;
    }
  }

  /** The samples of a region and its place in the result. */
  private record Region(long index, Samples rows, Samples columns) {}

  /** Computes the op. */
  Tensor align() {
    Tensor result =
        Tensor.allocate(x.dtype(), rois.dim(0), x.dim(1), op.outputHeight(), op.outputWidth());
    List<List<Region>> regions = new ArrayList<>();
    for (long n = 0; n < x.dim(0); n++) {
      regions.add(new ArrayList<>());
    }
    for (long r = 0; r < rois.dim(0); r++) {
      regions.get((int) IndexingOps.index(batches.getLong(r), x.dim(0))).add(region(r));
    }
    long channels = x.dim(1);
    double[] plane = new double[Math.toIntExact(x.dim(2) * width)];
    double[] bins = new double[Math.toIntExact(op.outputHeight() * op.outputWidth())];
    for (int n = 0; n < regions.size(); n++) {
      for (long c = 0; c < channels && !regions.get(n).isEmpty(); c++) {
        Loops.doubles(x, (n * channels + c) * plane.length, plane.length, plane);
        for (Region region : regions.get(n)) {
          pool(region, plane, bins);
          Loops.store(bins, bins.length, result, (region.index * channels + c) * bins.length);
        }
      }
    }
    return result;
  }

  private Region region(long r) {
    double shift = op.halfPixel() ? 0.5 : 0;
    double left = rois.getDouble(r * 4) * op.spatialScale() - shift;
    double top = rois.getDouble(r * 4 + 1) * op.spatialScale() - shift;
    double spanX = rois.getDouble(r * 4 + 2) * op.spatialScale() - shift - left;
    double spanY = rois.getDouble(r * 4 + 3) * op.spatialScale() - shift - top;
    if (!op.halfPixel()) {
      spanX = Math.max(spanX, 1);
      spanY = Math.max(spanY, 1);
    }
    return new Region(
        r,
        Samples.of(top, spanY, op.outputHeight(), op.samplingRatio(), x.dim(2)),
        Samples.of(left, spanX, op.outputWidth(), op.samplingRatio(), width));
  }

  private void pool(Region region, double[] plane, double[] bins) {
    long samples = (long) region.rows.each * region.columns.each;
    Arrays.fill(bins, op.max() ? Double.NEGATIVE_INFINITY : 0);
    for (int row = 0; row < region.rows.low.length && samples > 0; row++) {
      pool(region, row, plane, row / region.rows.each * (int) op.outputWidth(), bins);
    }
    for (int i = 0; i < bins.length; i++) {
      if (!op.max()) {
        bins[i] /= Math.max(samples, 1);
      } else if (bins[i] == Double.NEGATIVE_INFINITY) {
        bins[i] = 0;
      }
    }
  }

  /** Adds a row of samples, or their largest neighbours, to the bins from {@code first} on. */
  private void pool(Region region, int row, double[] plane, int first, double[] bins) {
    int upper = region.rows.low[row] * width;
    int lower = region.rows.high[row] * width;
    double down = region.rows.fraction[row];
    double up = 1 - down;
    Samples columns = region.columns;
    boolean max = op.max();
    int bin = first;
    for (int i = 0; i < columns.low.length; bin++) {
      double pooled = bins[bin];
      for (int end = i + columns.each; i < end; i++) {
        int left = columns.low[i];
        if (upper < 0 || left < 0) {
          pooled = max ? Math.max(pooled, 0) : pooled;
          continue;
        }
        int right = columns.high[i];
        double fraction = columns.fraction[i];
        double a = up * (1 - fraction) * plane[upper + left];
        double b = up * fraction * plane[upper + right];
        double c = down * (1 - fraction) * plane[lower + left];
        double d = down * fraction * plane[lower + right];
        pooled =
            max
                ? Math.max(pooled, Math.max(Math.max(a, b), Math.max(c, d)))
                : pooled + (a + b + c + d);
      }
      bins[bin] = pooled;
    }
  }
}
