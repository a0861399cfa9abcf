package fluidml.loop.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class CookToomTest {
  private static final double[] POINTS = {0, 1, -1, 0.5, -2, 3};

  @Test
  void computesCorrelations() {
    Random random = new Random(1);
    for (int taps = 1; taps <= 4; taps++) {
      for (int outputs = 1; outputs + taps - 2 <= POINTS.length; outputs++) {
        double[] points = Arrays.copyOf(POINTS, outputs + taps - 2);
        CookToom transform = CookToom.of(outputs, taps, points);
        double[] d = random.doubles(transform.products(), -1, 1).toArray();
        double[] g = random.doubles(taps, -1, 1).toArray();
        double[] x = times(transform.input(), d);
        double[] w = times(transform.filter(), g);
        for (int i = 0; i < x.length; i++) {
          x[i] *= w[i];
        }
        double[] y = times(transform.output(), x);
        for (int i = 0; i < outputs; i++) {
          double expected = 0;
          for (int k = 0; k < taps; k++) {
            expected += d[i + k] * g[k];
          }
          assertEquals(expected, y[i], 1e-9, "F(" + outputs + ", " + taps + ")");
        }
      }
    }
  }

  @Test
  void wantsTheRightNumberOfPoints() {
    assertThrows(IllegalArgumentException.class, () -> CookToom.of(2, 3, 0, 1));
  }

  private static double[] times(double[][] matrix, double[] column) {
    double[] product = new double[matrix.length];
    for (int i = 0; i < product.length; i++) {
      for (int k = 0; k < column.length; k++) {
        product[i] += matrix[i][k] * column[k];
      }
    }
    return product;
  }
}
