package fluidml.lower;

import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Filters {@code [filter, channel, r, r]} of float32, transformed for Winograd's minimal filtering,
 * as panels {@code [product][panel][channel][column]}, zero where there is no filter. Sums are in
 * double precision, rounded once.
 *
 * @param outputs results of the filtering along an axis
 * @param columns filters of a panel
 */
record WinogradPanels(long channels, long filters, int outputs, int columns) implements Packing {
  @Override
  public long bytes(Tensor source) {
    int n = WinogradLowering.transform(outputs).products();
    return panels() * n * n * channels * columns * Float.BYTES;
  }

  private long panels() {
    return Math.ceilDiv(filters, (long) columns);
  }

  @Override
  public void pack(Tensor source, MemorySegment target) {
    double[][] g = WinogradLowering.transform(outputs).filter();
    int products = g.length * g.length;
    float[] lines = new float[products * columns];
    MemorySegment from = MemorySegment.ofArray(lines);
    for (long panel = 0; panel < panels(); panel++) {
      long first = panel * columns;
      int width = (int) Math.min(columns, filters - first);
      for (long channel = 0; channel < channels; channel++) {
        for (int column = 0; column < width; column++) {
          transform(source, (first + column) * channels + channel, g, lines, column);
        }
        for (int product = 0; product < products; product++) {
          long line = (product * panels() + panel) * channels + channel;
          MemorySegment.copy(
              from,
              (long) product * columns * Float.BYTES,
              target,
              line * columns * Float.BYTES,
              (long) columns * Float.BYTES);
        }
      }
    }
  }

  /** One filter on one channel: both axes of its taps, to one column of every product. */
  private void transform(Tensor source, long place, double[][] g, float[] lines, int column) {
    int n = g.length;
    int r = g[0].length;
    double[] half = new double[n * r];
    for (int k = 0; k < r; k++) {
      for (int l = 0; l < r; l++) {
        long at = ((place * r + k) * r + l) * Float.BYTES;
        double tap = source.data().get(ValueLayout.JAVA_FLOAT_UNALIGNED, at);
        for (int i = 0; i < n; i++) {
          half[i * r + l] += g[i][k] * tap;
        }
      }
    }
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        double sum = 0;
        for (int l = 0; l < r; l++) {
          sum += half[i * r + l] * g[j][l];
        }
        lines[(i * n + j) * columns + column] = (float) sum;
      }
    }
  }
}
