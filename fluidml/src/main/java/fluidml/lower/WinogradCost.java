package fluidml.lower;

import fluidml.loop.schedule.CookToom;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.OptionalInt;

/**
 * Estimates the time of a convolution with 3 × 3 filters on one core, as a plain convolution and by
 * minimal filtering, from rates measured on a server core.
 */
final class WinogradCost {
  /** Arithmetic of a product, in operations per nanosecond and lane. */
  private static final double FLOPS_PER_LANE = 9.5;

  /** Filters, each read once per image block, in bytes per nanosecond. */
  private static final double FILTER_BYTES = 12;

  /** Transforming one element there or back, in nanoseconds for a vector. */
  private static final double TRANSFORM = 4.5;

  /** Starting a tile of products, in nanoseconds. */
  private static final double TILE_START = 20;

  /** Rows of a tile of products. */
  private static final int TILE_ROWS = 6;

  /** Columns are computed in multiples of this many vectors. */
  private static final int TILE_VECTORS = 4;

  /** Extents that are not known when a model is compiled count as this much. */
  private static final long UNKNOWN_EXTENT = 56;

  private WinogradCost() {}

  /** The fastest choice; see {@link WinogradLowering.Choice}. */
  static OptionalInt fastest(long channels, long filters, Shape y, int lanes) {
    double best = plain(channels, filters, y, lanes);
    OptionalInt outputs = OptionalInt.empty();
    for (int m : new int[] {2, 4}) {
      double time = filtering(m, channels, filters, y, lanes);
      if (time < best) {
        best = time;
        outputs = OptionalInt.of(m);
      }
    }
    return outputs;
  }

  private static double plain(long channels, long filters, Shape y, int lanes) {
    double pixels = (double) images(y) * extent(y.dim(2)) * extent(y.dim(3));
    return product(pixels, 9 * channels, filters, lanes);
  }

  private static double filtering(int m, long channels, long filters, Shape y, int lanes) {
    CookToom transform = WinogradLowering.transform(m);
    double products = (double) transform.products() * transform.products();
    long down = Math.ceilDiv(extent(y.dim(2)), (long) m);
    long across = Math.ceilDiv(extent(y.dim(3)), (long) m);
    double squares = (double) images(y) * down * across;
    double elements = squares * products * (channels + filters);
    return products * product(squares, channels, filters, lanes) + elements / lanes * TRANSFORM;
  }

  private static double product(double rows, long depth, long filters, int lanes) {
    long columns = Math.ceilDiv(filters, (long) lanes) * lanes;
    double tiles = Math.ceil(rows / TILE_ROWS) * Math.ceil((double) columns / lanes / TILE_VECTORS);
    double weights = (double) depth * columns;
    return 2 * rows * weights / (FLOPS_PER_LANE * lanes)
        + weights * Float.BYTES / FILTER_BYTES
        + tiles * TILE_START;
  }

  private static long images(Shape y) {
    return y.dim(0).constant().orElse(1);
  }

  private static long extent(Dim dim) {
    return dim.constant().orElse(UNKNOWN_EXTENT);
  }
}
