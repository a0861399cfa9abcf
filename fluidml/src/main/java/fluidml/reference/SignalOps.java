package fluidml.reference;

import fluidml.graph.op.Signal;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/** Computes the ops of {@link Signal} in double precision. */
final class SignalOps {
  private SignalOps() {}

  static List<Datum> execute(Signal op, Operands operands) {
    return Operands.result(
        switch (op) {
          case Signal.Dft dft -> Fourier.transform(dft, operands);
          case Signal.Stft stft -> Fourier.shortTime(stft, operands);
          case Signal.MelWeightMatrix mel -> mel(mel.dtype(), operands);
          case Signal.WindowFunction window -> window(window, operands.scalarLong(0));
          case Signal.Determinant determinant -> determinants(operands.tensor(0));
        });
  }

  private static Tensor window(Signal.WindowFunction op, long size) {
    Tensor result = Tensor.allocate(op.dtype(), size);
    long period = op.periodic() ? size : size - 1;
    for (long i = 0; i < size; i++) {
      double angle = period == 0 ? Math.PI : 2 * Math.PI * i / period;
      result.setDouble(
          i,
          switch (op.kind()) {
            case HANN -> 0.5 - 0.5 * Math.cos(angle);
            case HAMMING -> 25.0 / 46 - 21.0 / 46 * Math.cos(angle);
            case BLACKMAN -> 0.42 - 0.5 * Math.cos(angle) + 0.08 * Math.cos(2 * angle);
          });
    }
    return result;
  }

  private static double hertzToMel(double hertz) {
    return 2595 * Math.log10(1 + hertz / 700);
  }

  private static Tensor mel(DType dtype, Operands operands) {
    int bins = Math.toIntExact(operands.scalarLong(0));
    long length = operands.scalarLong(1);
    long rate = operands.scalarLong(2);
    double low = hertzToMel(operands.scalarDouble(3));
    double high = hertzToMel(operands.scalarDouble(4));
    int[] edges = new int[bins + 2];
    for (int i = 0; i < edges.length; i++) {
      double hertz = 700 * (Math.pow(10, (low + i * (high - low) / edges.length) / 2595) - 1);
      edges[i] = (int) Math.floor((length + 1) * hertz / rate);
    }
    long rows = length / 2 + 1;
    Tensor result = Tensor.allocate(dtype, rows, bins);
    for (int bin = 0; bin < bins; bin++) {
      int left = edges[bin];
      int centre = edges[bin + 1];
      int right = edges[bin + 2];
      for (int row = left; row <= centre; row++) {
        double weight = left == centre ? 1 : (double) (row - left) / (centre - left);
        setWeight(result, row, bin, weight);
      }
      for (int row = centre; row < right; row++) {
        setWeight(result, row, bin, (double) (right - row) / (right - centre));
      }
    }
    return result;
  }

  private static void setWeight(Tensor weights, int row, int bin, double weight) {
    if (row < 0 || row >= weights.dim(0)) {
      throw new IllegalArgumentException("an edge lies in spectrum bin " + row + " of " + weights);
    }
    weights.setDouble(row * weights.dim(1) + bin, weight);
  }

  private static Tensor determinants(Tensor x) {
    int n = Math.toIntExact(x.dim(-1));
    if (x.dim(-2) != n) {
      throw new IllegalArgumentException("matrices must be square, not " + x);
    }
    Tensor result = Tensor.allocate(x.dtype(), Arrays.copyOf(x.dims(), x.rank() - 2));
    for (long m = 0; m < result.elements(); m++) {
      double[][] a = new double[n][n];
      for (int i = 0; i < n * n; i++) {
        a[i / n][i % n] = x.getDouble(m * n * n + i);
      }
      result.setDouble(m, determinant(a));
    }
    return result;
  }

  /** Gaussian elimination with partial pivoting; changes the matrix. */
  private static double determinant(double[][] a) {
    double product = 1;
    for (int k = 0; k < a.length; k++) {
      int pivot = k;
      for (int row = k + 1; row < a.length; row++) {
        pivot = Math.abs(a[row][k]) > Math.abs(a[pivot][k]) ? row : pivot;
      }
      if (a[pivot][k] == 0) {
        return 0;
      }
      if (pivot != k) {
        double[] row = a[k];
        a[k] = a[pivot];
        a[pivot] = row;
        product = -product;
      }
      product *= a[k][k];
      for (int row = k + 1; row < a.length; row++) {
        double factor = a[row][k] / a[k][k];
        for (int column = k; column < a.length; column++) {
          a[row][column] -= factor * a[k][column];
        }
      }
    }
    return product;
  }
}
