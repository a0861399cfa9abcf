package fluidml.loop.schedule;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Copies a matrix into panels {@code [panel][row][column]} by way of arrays. Hundreds of megabytes
 * are packed in code of the quick JIT, for which a copy from or to memory takes long to begin, and
 * an element of memory dozens of calls.
 */
final class PanelCopies {
  /** Columns of dense rows that are read at once. */
  private static final int COLUMNS = 1024;

  /** Bytes that are read before they are written. */
  private static final int BYTES = 1 << 17;

  /** Bytes of rows that are copied into all panels before the next ones take their turn. */
  private static final long ROWS_BYTES = 1 << 20;

  /** Rows of a panel that are filled, column after column, while they are in the nearest cache. */
  private static final int BLOCK_ROWS = 128;

  private final MemorySegment source;
  private final MemorySegment packed;
  private final long rows;
  private final long columns;
  private final int panelColumns;
  private final int size;
  private byte[] dense = {};
  private byte[] block = {};
  private int[] column = {};
  private int[] transposed = {};

  /**
   * Copies of one matrix.
   *
   * @param packed all zero
   * @param panelColumns columns of a panel
   * @param size bytes of an element: 1, 2, 4 or 8
   */
  PanelCopies(
      MemorySegment source,
      MemorySegment packed,
      long rows,
      long columns,
      int panelColumns,
      int size) {
    this.source = source;
    this.packed = packed;
    this.rows = rows;
    this.columns = columns;
    this.panelColumns = panelColumns;
    this.size = size;
  }

  private int columnsAtOnce() {
    long panels = Math.max(1, Math.min(COLUMNS, columns) / panelColumns);
    return (int) panels * panelColumns;
  }

  /** Rows that {@link #denseRows} takes, at most. */
  int rowsAtOnce() {
    long most =
        Math.min(BYTES / (columnsAtOnce() * size), ROWS_BYTES / Math.max(1, columns * size));
    return (int) Math.min(rows, Math.max(1, most));
  }

  /**
   * Copies rows whose elements are neighbours into all panels.
   *
   * @param offset the matrix' first element
   * @param stride elements between rows
   */
  void denseRows(long offset, long stride, long first, int count) {
    int line = columnsAtOnce();
    if (dense.length == 0) {
      dense = new byte[rowsAtOnce() * line * size];
      block = new byte[rowsAtOnce() * panelColumns * size];
    }
    for (long begin = 0; begin < columns; begin += line) {
      int width = (int) Math.min(line, columns - begin);
      for (int row = 0; row < count; row++) {
        long from = (offset + (first + row) * stride + begin) * size;
        MemorySegment.copy(
            source, ValueLayout.JAVA_BYTE, from, dense, row * line * size, width * size);
      }
      for (int at = 0; at < width; at += panelColumns) {
        panel(at, Math.min(panelColumns, width - at), line, count);
        long to = ((begin + at) / panelColumns * rows + first) * panelColumns * size;
        MemorySegment.copy(
            block, 0, packed, ValueLayout.JAVA_BYTE, to, count * panelColumns * size);
      }
    }
  }

  private void panel(int at, int width, int line, int count) {
    if (width < panelColumns) {
      Arrays.fill(block, (byte) 0);
    }
    for (int row = 0; row < count; row++) {
      System.arraycopy(
          dense, (row * line + at) * size, block, row * panelColumns * size, width * size);
    }
  }

  /**
   * Copies a panel's columns.
   *
   * @param from the first one's first element
   * @param rowStride elements between rows
   * @param columnStride elements between columns
   */
  void columns(long from, long rowStride, long columnStride, long panel, int width) {
    for (long row = 0; row < rows; row += BLOCK_ROWS) {
      int count = (int) Math.min(BLOCK_ROWS, rows - row);
      long begin = from + row * rowStride;
      long to = (panel * rows + row) * panelColumns;
      if (rowStride == 1 && size == Integer.BYTES) {
        transposeInts(begin, columnStride, count, width, to);
        continue;
      }
      for (int c = 0; c < width; c++) {
        Cells.copy(
            source, begin + c * columnStride, rowStride, packed, to + c, panelColumns, count, size);
      }
    }
  }

  /** Copies columns whose elements are neighbours. */
  private void transposeInts(long from, long stride, int count, int width, long to) {
    if (column.length == 0) {
      column = new int[BLOCK_ROWS];
      transposed = new int[BLOCK_ROWS * panelColumns];
    }
    if (width < panelColumns) {
      Arrays.fill(transposed, 0);
    }
    for (int c = 0; c < width; c++) {
      long at = (from + c * stride) * Integer.BYTES;
      MemorySegment.copy(source, ValueLayout.JAVA_INT_UNALIGNED, at, column, 0, count);
      for (int row = 0; row < count; row++) {
        transposed[row * panelColumns + c] = column[row];
      }
    }
    MemorySegment.copy(
        transposed,
        0,
        packed,
        ValueLayout.JAVA_INT_UNALIGNED,
        to * Integer.BYTES,
        count * panelColumns);
  }
}
