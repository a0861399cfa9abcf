package fluidml.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class CalibrationTest {
  private static final CostTable.Cost COST = new CostTable.Cost(10, 1, 7);

  /** The default's costs were measured while the machine was at two thirds of its usual speed. */
  @Test
  void usualSpeedIsThatOfMostRuns() {
    Calibration calibration = Calibration.of(3, List.of(3.0, 3.0, 2.0, 2.0, 2.0, 2.1, 1.9));
    assertEquals(2.0 / 3, calibration.factor(), 1e-12);
    CostTable.Cost cost = calibration.of(COST);
    assertEquals(20.0 / 3, cost.seconds(), 1e-12);
    assertEquals(2.0 / 3, cost.spread(), 1e-12);
    assertEquals(7, cost.samples());
  }

  @Test
  void nothingMeasuredChangesNothing() {
    assertEquals(COST, Calibration.of(3, List.of()).of(COST));
    assertEquals(COST, Calibration.of(0, List.of(1.0)).of(COST));
  }
}
