package fluidml.loop.schedule;

import fluidml.loop.ScalarType;
import fluidml.loop.Target;
import java.util.OptionalLong;

/**
 * The block of a product that a micro-kernel keeps in registers.
 *
 * @param rows the most rows of a tile
 * @param vectors vectors per row
 * @param lanes lanes of a vector
 */
public record TileShape(int rows, int vectors, int lanes) {
  /** Rows of tiles with 1, 2, 3 and 4 vectors. */
  private static final int[] ROWS = {8, 8, 5, 5};

  /** Their speed relative to the usual tiles'. */
  private static final double[] SPEED = {0.6, 1, 0.96, 0.98};

  /**
   * The shape for the registers of a target: 8 rows of 2 vectors where there are 32 registers, else
   * 6 rows of 2 vectors. That leaves room for the elements of two terms (with 16 registers, of one)
   * and the vectors of the other operand: C2 loads up to 16 of them early, and sums that do not fit
   * then go through memory, at half the speed. Many rows read a panel seldom: 8 × 2 loads a vector
   * of it for eight multiply-adds, 5 × 4 for five.
   */
  public static TileShape of(Target target, ScalarType accumulator) {
    int lanes = target.lanes(accumulator);
    return switch (target.vectorBits()) {
      case 512 -> new TileShape(8, 2, lanes);
      case 0 -> new TileShape(4, 2, 1);
      default -> new TileShape(6, 2, lanes);
    };
  }

  /**
   * The shape for products of some columns: fewer vectors, or four, where panels of the usual width
   * would compute so many columns that do not exist that it takes longer.
   *
   * @param columns if they are known
   */
  public static TileShape of(Target target, ScalarType accumulator, OptionalLong columns) {
    TileShape usual = of(target, accumulator);
    if (columns.isEmpty() || target.vectorBits() == 0) {
      return usual;
    }
    long needed = Math.max(1, Math.ceilDiv(columns.getAsLong(), (long) usual.lanes));
    TileShape best = usual;
    double least = Math.ceilDiv(needed, (long) usual.vectors) * usual.vectors;
    for (int vectors = 1; vectors <= ROWS.length; vectors++) {
      double cost = Math.ceilDiv(needed, (long) vectors) * vectors / SPEED[vectors - 1];
      if (cost < least && usual.allows(ROWS[vectors - 1], vectors)) {
        least = cost;
        best = new TileShape(ROWS[vectors - 1], vectors, usual.lanes);
      }
    }
    return best;
  }

  /**
   * Whether tiles of another shape fit the registers of a machine whose usual tiles are these: all
   * sums, the vectors of one line of the panel and one element.
   */
  public boolean allows(int otherRows, int otherVectors) {
    int registers = rows * vectors > 12 ? 32 : 16;
    return otherRows >= 1
        && otherVectors >= 1
        && otherRows * otherVectors + otherVectors + 1 <= registers;
  }

  /** Columns of a tile, and of a panel. */
  public int columns() {
    return vectors * lanes;
  }
}
