package fluidml.reference;

import fluidml.graph.op.Signal;
import fluidml.tensor.Tensor;

/** Discrete Fourier transforms: halves while the length is even, then by definition. */
final class Fourier {
  private Fourier() {}

  /** Transforms along an axis; the signal is cropped or padded with zeros to the length. */
  static Tensor transform(Signal.Dft op, Operands operands) {
    Tensor x = operands.tensor(0);
    int axis = Operands.axis(operands.scalarLong(2, -2), x.rank());
    if (axis == x.rank() - 1 || x.dim(-1) > 2) {
      throw new IllegalArgumentException("axis " + axis + " of (real, imaginary) signal " + x);
    }
    boolean half = op.inverse() && op.oneSided();
    long given = x.dim(axis);
    int length = Math.toIntExact(operands.scalarLong(1, half ? 2 * (given - 1) : given));
    long[] dims = x.dims();
    dims[axis] = op.oneSided() && !op.inverse() ? length / 2 + 1 : length;
    int parts = half ? 1 : 2;
    dims[dims.length - 1] = parts;
    Tensor result = Tensor.allocate(x.dtype(), dims);
    int components = Math.toIntExact(x.dim(-1));
    long inner = NdIndex.product(dims, axis + 1, dims.length - 1);
    long outer = NdIndex.product(dims, 0, axis);
    for (long o = 0; o < outer; o++) {
      for (long i = 0; i < inner; i++) {
        double[] re = new double[length];
        double[] im = new double[length];
        for (int k = 0; k < Math.min(length, given); k++) {
          long at = ((o * given + k) * inner + i) * components;
          re[k] = x.getDouble(at);
          im[k] = components == 2 ? x.getDouble(at + 1) : 0;
        }
        if (half) {
          mirror(re, im);
        }
        double[][] y = dft(re, im, op.inverse() ? 1 : -1);
        double scale = op.inverse() ? 1.0 / length : 1;
        for (long k = 0; k < dims[axis]; k++) {
          for (int part = 0; part < parts; part++) {
            result.setDouble(
                ((o * dims[axis] + k) * inner + i) * parts + part, y[part][(int) k] * scale);
          }
        }
      }
    }
    return result;
  }

  /** Completes the spectrum of a real signal from its first half. */
  private static void mirror(double[] re, double[] im) {
    int n = re.length;
    im[0] = 0;
    if (n % 2 == 0) {
      im[n / 2] = 0;
    }
    for (int k = n / 2 + 1; k < n; k++) {
      re[k] = re[n - k];
      im[k] = -im[n - k];
    }
  }

  /** Spectra of overlapping windowed frames: [batch, frames, bins, 2]. */
  static Tensor shortTime(Signal.Stft op, Operands operands) {
    Tensor x = operands.tensor(0);
    long samples = x.dim(1);
    int components = x.rank() == 3 ? Math.toIntExact(x.dim(2)) : 1;
    long step = operands.scalarLong(1);
    long windowSize = operands.optionalTensor(2).map(Tensor::elements).orElse(samples);
    int length = Math.toIntExact(operands.scalarLong(3, windowSize));
    if (step <= 0 || length > samples) {
      throw new IllegalArgumentException("frames of " + length + ", step " + step + ", in " + x);
    }
    long frames = 1 + (samples - length) / step;
    int bins = op.oneSided() ? length / 2 + 1 : length;
    Tensor result = Tensor.allocate(x.dtype(), x.dim(0), frames, bins, 2);
    for (long batch = 0; batch < x.dim(0); batch++) {
      for (long frame = 0; frame < frames; frame++) {
        double[] re = new double[length];
        double[] im = new double[length];
        for (int k = 0; k < length; k++) {
          double weight = weight(operands, k, windowSize);
          long at = (batch * samples + frame * step + k) * components;
          re[k] = x.getDouble(at) * weight;
          im[k] = components == 2 ? x.getDouble(at + 1) * weight : 0;
        }
        double[][] y = dft(re, im, -1);
        long row = (batch * frames + frame) * bins;
        for (int k = 0; k < bins; k++) {
          result.setDouble((row + k) * 2, y[0][k]);
          result.setDouble((row + k) * 2 + 1, y[1][k]);
        }
      }
    }
    return result;
  }

  private static double weight(Operands operands, int k, long windowSize) {
    if (!operands.has(2)) {
      return 1;
    }
    return k < windowSize ? operands.tensor(2).getDouble(k) : 0;
  }

  /** {@code Σ x[j]·exp(sign·2πi·jk/n)} for each k, as (real, imaginary). */
  private static double[][] dft(double[] re, double[] im, int sign) {
    int n = re.length;
    double[] cos = new double[n];
    double[] sin = new double[n];
    for (int k = 0; k < n; k++) {
      cos[k] = Math.cos(2 * Math.PI * k / n);
      sin[k] = sign * Math.sin(2 * Math.PI * k / n);
    }
    return dft(re, im, 0, 1, n, cos, sin);
  }

  /** The transform of elements offset, offset + step, …, n of them; roots are those of n·step. */
  private static double[][] dft(
      double[] re, double[] im, int offset, int step, int n, double[] cos, double[] sin) {
    double[][] y = new double[2][n];
    if (n % 2 == 0) {
      double[][] even = dft(re, im, offset, step * 2, n / 2, cos, sin);
      double[][] odd = dft(re, im, offset + step, step * 2, n / 2, cos, sin);
      for (int k = 0; k < n; k++) {
        int h = k % (n / 2);
        double c = cos[k * step];
        double s = sin[k * step];
        y[0][k] = even[0][h] + c * odd[0][h] - s * odd[1][h];
        y[1][k] = even[1][h] + c * odd[1][h] + s * odd[0][h];
      }
      return y;
    }
    for (int k = 0; k < n; k++) {
      for (int j = 0; j < n; j++) {
        int root = (int) ((long) j * k % n) * step;
        int at = offset + j * step;
        y[0][k] += re[at] * cos[root] - im[at] * sin[root];
        y[1][k] += re[at] * sin[root] + im[at] * cos[root];
      }
    }
    return y;
  }
}
