package fluidml.loop.schedule;

import fluidml.loop.ScalarType;
import fluidml.loop.Target;

/**
 * The block of a product that a micro-kernel keeps in registers.
 *
 * @param rows the most rows of a tile
 * @param vectors vectors per row
 * @param lanes lanes of a vector
 */
public record TileShape(int rows, int vectors, int lanes) {

  /**
   * The shape that fills the registers of a target: 7 rows of 3 vectors where there are 32
   * registers, else 6 rows of 2 vectors. That leaves more registers than the broadcast elements and
   * the {@code vectors} of the other operand need: C2 loads up to eight of them early, and sums
   * that do not fit then go through memory, at half the speed (6 rows of 4 vectors, without the
   * strip mining of loops that only some collectors switch on).
   */
  public static TileShape of(Target target, ScalarType accumulator) {
    int lanes = target.lanes(accumulator);
    return switch (target.vectorBits()) {
      case 512 -> new TileShape(7, 3, lanes);
      case 0 -> new TileShape(4, 2, 1);
      default -> new TileShape(6, 2, lanes);
    };
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
