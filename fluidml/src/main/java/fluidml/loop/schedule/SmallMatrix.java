package fluidml.loop.schedule;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Products of a small constant matrix with a column of registers, written out. Zeros and ones cost
 * nothing; two rows that agree up to signs share the sums of what they have in common, and so do
 * two columns.
 */
final class SmallMatrix {
  private final BodyBuilder body;
  private final double[][] matrix;

  private SmallMatrix(BodyBuilder body, double[][] matrix) {
    this.body = body;
    this.matrix = matrix;
  }

  /**
   * The rows of the product, in registers.
   *
   * @param matrix no row is all zero
   * @param column as many registers as the matrix has columns
   */
  static List<Expr> times(BodyBuilder body, double[][] matrix, List<Expr> column) {
    return new SmallMatrix(body, matrix).pairColumns(new ArrayList<>(column));
  }

  /** Replaces pairs of columns that agree up to signs by their sum and difference. */
  private List<Expr> pairColumns(List<Expr> column) {
    for (int j = 0; j < column.size(); j++) {
      for (int k = j + 1; k < column.size(); k++) {
        if (!columnsAgree(j, k)) {
          continue;
        }
        Expr sum = body.let("s", column.get(j).plus(column.get(k)));
        Expr difference = body.let("d", column.get(j).minus(column.get(k)));
        for (double[] row : matrix) {
          boolean same = row[j] == row[k];
          row[k] = same ? 0 : row[j];
          row[j] = same ? row[j] : 0;
        }
        column.set(j, sum);
        column.set(k, difference);
        break;
      }
    }
    return pairRows(column);
  }

  private boolean columnsAgree(int j, int k) {
    int same = 0;
    int opposite = 0;
    for (double[] row : matrix) {
      if (Math.abs(row[j]) != Math.abs(row[k])) {
        return false;
      }
      if (row[j] != 0) {
        same += row[j] == row[k] ? 1 : 0;
        opposite += row[j] == -row[k] ? 1 : 0;
      }
    }
    return same > 0 && opposite > 0;
  }

  private List<Expr> pairRows(List<Expr> column) {
    Expr[] results = new Expr[matrix.length];
    for (int i = 0; i < matrix.length; i++) {
      for (int l = i + 1; l < matrix.length && results[i] == null; l++) {
        if (results[l] == null) {
          pair(i, l, column, results);
        }
      }
      if (results[i] == null) {
        results[i] = body.let("t", sum(matrix[i], column).orElseThrow());
      }
    }
    return List.of(results);
  }

  private void pair(int i, int l, List<Expr> column, Expr[] results) {
    int columns = matrix[i].length;
    double[] common = new double[columns];
    double[] rest = new double[columns];
    for (int k = 0; k < columns; k++) {
      if (Math.abs(matrix[i][k]) != Math.abs(matrix[l][k])) {
        return;
      }
      if (matrix[i][k] == matrix[l][k]) {
        common[k] = matrix[i][k];
      } else {
        rest[k] = matrix[i][k];
      }
    }
    Optional<Expr> even = sum(common, column);
    Optional<Expr> odd = sum(rest, column);
    if (even.isPresent() && odd.isPresent()) {
      Expr e = body.let("e", even.get());
      Expr o = body.let("o", odd.get());
      results[i] = body.let("t", e.plus(o));
      results[l] = body.let("t", e.minus(o));
    }
  }

  /** Σ coefficients · column; empty if all coefficients are zero. */
  private static Optional<Expr> sum(double[] coefficients, List<Expr> column) {
    Optional<Expr> sum = Optional.empty();
    for (boolean one : new boolean[] {true, false}) {
      for (int k = 0; k < coefficients.length; k++) {
        double c = coefficients[k];
        if (c != 0 && (c == 1) == one) {
          Expr x = column.get(k);
          sum = Optional.of(sum.map(s -> add(s, c, x)).orElseGet(() -> scaled(c, x)));
        }
      }
    }
    return sum;
  }

  private static Expr scaled(double c, Expr x) {
    return c == 1 ? x : c == -1 ? x.neg() : x.times(c);
  }

  private static Expr add(Expr sum, double c, Expr x) {
    return c == 1 ? sum.plus(x) : c == -1 ? sum.minus(x) : x.fma(Exprs.constant(x.type(), c), sum);
  }
}
