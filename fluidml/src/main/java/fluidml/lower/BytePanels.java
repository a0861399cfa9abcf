package fluidml.lower;

import fluidml.loop.Stmt;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * Constant bytes as the panels of {@link fluidml.loop.schedule.ByteTileSchedule}: for every panel,
 * for every four terms, four neighbours of each column. Terms run along up to three axes, the last
 * one fastest; together they are a multiple of four. Columns that do not exist are zero.
 *
 * @param terms how the terms lie
 * @param columns of the matrix
 * @param columnStride elements between columns
 * @param offset first element
 * @param panelColumns columns of a panel
 */
record BytePanels(List<Axis> terms, long columns, long columnStride, long offset, int panelColumns)
    implements Packing {
  private static final int STEP = Stmt.ByteTile.STEP;

  BytePanels {
    terms = List.copyOf(terms);
  }

  /**
   * An axis of terms.
   *
   * @param extent number of places
   * @param stride elements between them
   */
  record Axis(long extent, long stride) {}

  private long depth() {
    return terms.stream().mapToLong(Axis::extent).reduce(1, (a, b) -> a * b);
  }

  @Override
  public long bytes(Tensor source) {
    return Math.ceilDiv(columns, (long) panelColumns) * panelColumns * depth();
  }

  @Override
  public void pack(Tensor source, MemorySegment target) {
    long[] places = places();
    long span = places[places.length - 1] + 1;
    byte[] column = new byte[Math.toIntExact(span)];
    int panelBytes = Math.toIntExact(depth() * panelColumns);
    byte[] panel = new byte[panelBytes];
    Unloading unloading = new Unloading(source.data());
    for (long first = 0; first < columns; first += panelColumns) {
      int width = (int) Math.min(panelColumns, columns - first);
      if (columnStride == 1) {
        packRows(source.data(), first, width, places, panel);
      } else {
        for (int c = 0; c < width; c++) {
          long from = offset + (first + c) * columnStride;
          MemorySegment.copy(source.data(), ValueLayout.JAVA_BYTE, from, column, 0, column.length);
          for (int k = 0; k < places.length; k++) {
            panel[place(k, c)] = column[(int) places[k]];
          }
        }
        unloading.accept(offset + first * columnStride);
      }
      for (int c = width; c < panelColumns; c++) {
        for (int k = 0; k < places.length; k++) {
          panel[place(k, c)] = 0;
        }
      }
      long at = first * places.length;
      MemorySegment.copy(panel, 0, target, ValueLayout.JAVA_BYTE, at, panelBytes);
    }
  }

  private void packRows(MemorySegment source, long first, int width, long[] places, byte[] panel) {
    byte[] row = new byte[width];
    for (int k = 0; k < places.length; k++) {
      long from = offset + places[k] + first;
      MemorySegment.copy(source, ValueLayout.JAVA_BYTE, from, row, 0, width);
      for (int c = 0; c < width; c++) {
        panel[place(k, c)] = row[c];
      }
    }
  }

  private int place(int term, int column) {
    return (term / STEP * panelColumns + column) * STEP + term % STEP;
  }

  /** Where the terms lie, from the first one of a column. */
  private long[] places() {
    long[] places = {0};
    for (Axis axis : terms) {
      long[] more = new long[Math.toIntExact(places.length * axis.extent)];
      for (int i = 0; i < more.length; i++) {
        more[i] = places[(int) (i / axis.extent)] + i % axis.extent * axis.stride;
      }
      places = more;
    }
    return places;
  }
}
