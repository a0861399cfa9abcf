package fluidml.layout;

import java.util.Arrays;
import java.util.function.IntToDoubleFunction;

/** An immutable table of costs; {@link Double#POSITIVE_INFINITY} forbids an entry. */
public final class CostMatrix {
  private final int rows;
  private final int columns;
  private final double[] entries;

  /** An entry's cost from its place. */
  @FunctionalInterface
  public interface Entry {
    /** The cost at a place. */
    double at(int row, int column);
  }

  private CostMatrix(int rows, int columns, double[] entries) {
    this.rows = rows;
    this.columns = columns;
    this.entries = entries;
  }

  /**
   * Fills a table.
   *
   * @throws IllegalArgumentException if an entry is not a number
   */
  public static CostMatrix of(int rows, int columns, Entry entry) {
    double[] entries = new double[rows * columns];
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        double value = entry.at(r, c);
        if (Double.isNaN(value)) {
          throw new IllegalArgumentException("cost %d,%d is not a number".formatted(r, c));
        }
        entries[r * columns + c] = value;
      }
    }
    return new CostMatrix(rows, columns, entries);
  }

  /** One row. */
  public static CostMatrix row(int columns, IntToDoubleFunction entry) {
    return of(1, columns, (_, c) -> entry.applyAsDouble(c));
  }

  /** Nothing on the diagonal, one cost everywhere else. */
  public static CostMatrix uniform(int size, double cost) {
    return of(size, size, (r, c) -> r == c ? 0 : cost);
  }

  /** Number of rows. */
  public int rows() {
    return rows;
  }

  /** Number of columns. */
  public int columns() {
    return columns;
  }

  /** The cost at a place. */
  public double at(int row, int column) {
    return entries[row * columns + column];
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof CostMatrix that
        && rows == that.rows
        && columns == that.columns
        && Arrays.equals(entries, that.entries);
  }

  @Override
  public int hashCode() {
    return 31 * columns + Arrays.hashCode(entries);
  }

  @Override
  public String toString() {
    return rows + "×" + columns + Arrays.toString(entries);
  }
}
