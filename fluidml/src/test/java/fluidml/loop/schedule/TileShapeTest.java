package fluidml.loop.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.loop.ScalarType;
import fluidml.loop.Target;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class TileShapeTest {
  private static TileShape of(int bits, long columns) {
    return TileShape.of(new Target(bits, false), ScalarType.F32, OptionalLong.of(columns));
  }

  /** Vectors of a tile of 512 bits, by columns. */
  @ParameterizedTest
  @CsvSource({
    "1,1", "16,1", "17,2", "32,2", "48,3", "64,2", "65,2", "81,2", "96,2", "144,3", "256,2",
    "768,2", "1000,2", "50257,2"
  })
  void columnsFillPanels(long columns, int vectors) {
    assertEquals(vectors, of(512, columns).vectors());
  }

  @Test
  void sixteenRegistersHoldTwoVectors() {
    for (long columns = 1; columns < 100; columns++) {
      TileShape shape = of(256, columns);
      assertTrue(shape.vectors() <= 2);
      assertTrue(
          TileShape.of(new Target(256, false), ScalarType.F32)
              .allows(shape.rows(), shape.vectors()));
    }
    assertEquals(1, of(256, 8).vectors());
    assertEquals(2, of(256, 9).vectors());
  }

  @Test
  void unknownColumnsTakeTheUsualTile() {
    Target target = new Target(512, false);
    assertEquals(
        TileShape.of(target, ScalarType.F32),
        TileShape.of(target, ScalarType.F32, OptionalLong.empty()));
  }
}
