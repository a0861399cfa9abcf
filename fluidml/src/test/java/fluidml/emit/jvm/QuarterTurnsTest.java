package fluidml.emit.jvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** Quarter turns of large angles against the Java library. */
class QuarterTurnsTest {

  private static void check(float angle) {
    double rest = QuarterTurns.quarterRest(angle);
    double turns = QuarterTurns.quarterTurns(angle);
    assertTrue(Math.abs(rest) <= Math.PI / 4, angle + " leaves " + rest);
    double sin = StrictMath.sin(angle);
    double cos = StrictMath.cos(angle);
    double expected =
        switch ((int) turns) {
          case 0 -> sin;
          case 1 -> -cos;
          case 2 -> -sin;
          case 3 -> cos;
          default -> Double.NaN;
        };
    double sine = StrictMath.sin(rest);
    assertEquals(expected, sine, Math.abs(expected) * 0x1p-30, angle + " after " + turns);
  }

  @Test
  void leavesLessThanHalfAQuarter() {
    Random random = new Random(2);
    for (int exponent = 17; exponent <= Float.MAX_EXPONENT; exponent++) {
      check(Math.scalb(1f, exponent));
      for (int i = 0; i < 100; i++) {
        check(-Math.scalb(1 + random.nextFloat(), exponent));
        check(Math.scalb(1 + random.nextFloat(), exponent));
      }
    }
    check(7.729179e28f);
    check(Float.MAX_VALUE);
  }

  @Test
  void leavesNothingKnownOfInfinities() {
    assertEquals(Double.NaN, QuarterTurns.quarterRest(Double.POSITIVE_INFINITY));
    assertEquals(Double.NaN, QuarterTurns.quarterRest(Double.NEGATIVE_INFINITY));
    assertEquals(Double.NaN, QuarterTurns.quarterRest(Double.NaN));
  }
}
