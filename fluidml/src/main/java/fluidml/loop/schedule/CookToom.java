package fluidml.loop.schedule;

/**
 * The transforms of Winograd's minimal filtering F(m, r): {@code m} outputs of a correlation with
 * {@code r} taps from {@code n = m + r − 1} products,
 *
 * <p>{@code output · ((filter · g) ⊙ (input · d))}
 *
 * <p>for taps {@code g} and inputs {@code d}. Built by Toom's and Cook's method: polynomials are
 * evaluated at {@code n − 1} points and at infinity. In two dimensions each transform runs along
 * both axes. See Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2015).
 */
public final class CookToom {
  private final double[][] output;
  private final double[][] filter;
  private final double[][] input;

  private CookToom(double[][] output, double[][] filter, double[][] input) {
    this.output = output;
    this.filter = filter;
    this.input = input;
  }

  /**
   * The transforms for some outputs and taps.
   *
   * @param outputs m
   * @param taps r
   * @param points {@code m + r − 2} different numbers; small ones of both signs keep rounding
   *     errors small
   * @throws IllegalArgumentException if there are more or fewer points
   */
  public static CookToom of(int outputs, int taps, double... points) {
    int finite = outputs + taps - 2;
    if (points.length != finite) {
      throw new IllegalArgumentException(
          "F(" + outputs + ", " + taps + ") needs " + finite + " points, got " + points.length);
    }
    int n = finite + 1;
    double[][] output = new double[outputs][n];
    double[][] filter = new double[n][taps];
    double[][] input = new double[n][];
    for (int j = 0; j < finite; j++) {
      double scale = 1;
      for (int l = 0; l < finite; l++) {
        scale *= l == j ? 1 : points[j] - points[l];
      }
      for (int i = 0; i < outputs; i++) {
        output[i][j] = Math.pow(points[j], i);
      }
      for (int k = 0; k < taps; k++) {
        filter[j][k] = Math.pow(points[j], k) / scale;
      }
      input[j] = product(points, j, n);
    }
    output[outputs - 1][finite] = 1;
    filter[finite][taps - 1] = 1;
    input[finite] = product(points, finite, n);
    return new CookToom(output, filter, input);
  }

  /** Coefficients of {@code Π (x − point)} over all points but one, from the constant one on. */
  private static double[] product(double[] points, int without, int length) {
    double[] coefficients = new double[length];
    coefficients[0] = 1;
    int degree = 0;
    for (int l = 0; l < points.length; l++) {
      if (l == without) {
        continue;
      }
      for (int k = ++degree; k >= 0; k--) {
        double lower = k == 0 ? 0 : coefficients[k - 1];
        coefficients[k] = lower - points[l] * coefficients[k];
      }
    }
    return coefficients;
  }

  /** m: results along an axis. */
  public int outputs() {
    return output.length;
  }

  /** r: taps along an axis. */
  public int taps() {
    return filter[0].length;
  }

  /** n: products along an axis, and inputs. */
  public int products() {
    return filter.length;
  }

  /** The transform of products, m × n. */
  double[][] output() {
    return copy(output);
  }

  /** The transform of taps, n × r. */
  public double[][] filter() {
    return copy(filter);
  }

  /** The transform of inputs, n × n. */
  double[][] input() {
    return copy(input);
  }

  private static double[][] copy(double[][] matrix) {
    double[][] copy = new double[matrix.length][];
    for (int i = 0; i < copy.length; i++) {
      copy[i] = matrix[i].clone();
    }
    return copy;
  }
}
