package fluidml.reference;

import fluidml.graph.op.Normalization;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Computes the ops of {@link Normalization}; statistics are taken in double. */
final class NormalizationOps {
  private NormalizationOps() {}

  static List<Datum> execute(Normalization op, Operands operands) {
    Tensor x = operands.tensor(0);
    return switch (op) {
      case Normalization.BatchNorm(double epsilon) ->
          Operands.result(batchNorm(x, operands, epsilon));
      case Normalization.LayerNorm(int axis, double epsilon) ->
          layerNorm(x, operands.optionalTensor(1), operands.optionalTensor(2), axis, epsilon);
      case Normalization.RmsNorm(int axis, double epsilon) ->
          Operands.result(rmsNorm(x, operands.tensor(1), axis, epsilon));
      case Normalization.InstanceNorm(double epsilon) ->
          Operands.result(groupNorm(x, operands.tensor(1), operands.tensor(2), x.dim(1), epsilon));
      case Normalization.GroupNorm(long groups, double epsilon) ->
          Operands.result(groupNorm(x, operands.tensor(1), operands.tensor(2), groups, epsilon));
      case Normalization.LpNorm(int axis, long p) -> Operands.result(lpNorm(x, axis, p));
      case Normalization.LocalResponseNorm lrn -> Operands.result(localResponse(lrn, x));
      case Normalization.RotaryEmbedding rotary ->
          Operands.result(
              rotate(
                  rotary, x, operands.tensor(1), operands.tensor(2), operands.optionalTensor(3)));
    };
  }

  private static Tensor batchNorm(Tensor x, Operands operands, double epsilon) {
    double[] scale = Loops.doubles(operands.tensor(1));
    double[] bias = Loops.doubles(operands.tensor(2));
    double[] mean = Loops.doubles(operands.tensor(3));
    double[] variance = Loops.doubles(operands.tensor(4));
    double[] values = Loops.doubles(x);
    int channels = x.rank() > 1 ? (int) x.dim(1) : 1;
    int inner = x.rank() > 2 ? (int) NdIndex.product(x.dims(), 2, x.rank()) : 1;
    for (int i = 0; i < values.length; i++) {
      int c = i / inner % channels;
      values[i] = (values[i] - mean[c]) / Math.sqrt(variance[c] + epsilon) * scale[c] + bias[c];
    }
    return Loops.tensor(x.dtype(), values, x.dims());
  }

  /** Mean and 1/√(variance + epsilon) of {@code count} neighbouring elements. */
  private static double[] moments(double[] values, int at, int count, double epsilon) {
    double sum = 0;
    for (int i = at; i < at + count; i++) {
      sum += values[i];
    }
    double mean = sum / count;
    double squares = 0;
    for (int i = at; i < at + count; i++) {
      squares += (values[i] - mean) * (values[i] - mean);
    }
    return new double[] {mean, 1 / Math.sqrt(squares / count + epsilon)};
  }

  private static List<Datum> layerNorm(
      Tensor x, Optional<Tensor> scale, Optional<Tensor> bias, int axis, double epsilon) {
    int from = Operands.axis(axis, x.rank());
    int count = (int) NdIndex.product(x.dims(), from, x.rank());
    double[] values = Loops.doubles(x);
    int rows = count == 0 ? 0 : values.length / count;
    double[] means = new double[rows];
    double[] inverses = new double[rows];
    for (int row = 0; row < rows; row++) {
      double[] moments = moments(values, row * count, count, epsilon);
      means[row] = moments[0];
      inverses[row] = moments[1];
      for (int i = row * count; i < (row + 1) * count; i++) {
        values[i] = (values[i] - moments[0]) * moments[1];
      }
    }
    Tensor y = affine(x, values, scale, bias);
    long[] dims = x.dims();
    Arrays.fill(dims, from, dims.length, 1);
    return Operands.result(
        y, Loops.tensor(DType.FLOAT32, means, dims), Loops.tensor(DType.FLOAT32, inverses, dims));
  }

  /** {@code values · scale + bias}, both broadcast to x. */
  private static Tensor affine(
      Tensor x, double[] values, Optional<Tensor> scale, Optional<Tensor> bias) {
    Tensor y = Loops.tensor(DType.FLOAT64, values, x.dims());
    if (scale.isPresent()) {
      y = Loops.zipReal(y, scale.get(), DType.FLOAT64, (v, s) -> v * s);
    }
    return bias.isPresent()
        ? Loops.zipReal(y, bias.get(), x.dtype(), Double::sum)
        : Loops.mapReal(y, x.dtype(), v -> v);
  }

  private static Tensor rmsNorm(Tensor x, Tensor scale, int axis, double epsilon) {
    int count = (int) NdIndex.product(x.dims(), Operands.axis(axis, x.rank()), x.rank());
    double[] values = Loops.doubles(x);
    for (int row = 0; row < values.length; row += count) {
      double squares = 0;
      for (int i = row; i < row + count; i++) {
        squares += values[i] * values[i];
      }
      double inverse = 1 / Math.sqrt(squares / count + epsilon);
      for (int i = row; i < row + count; i++) {
        values[i] *= inverse;
      }
    }
    return affine(x, values, Optional.of(scale), Optional.empty());
  }

  private static Tensor groupNorm(
      Tensor x, Tensor scale, Tensor bias, long groups, double epsilon) {
    int channels = (int) x.dim(1);
    int inner = (int) NdIndex.product(x.dims(), 2, x.rank());
    int count = (int) (channels / groups) * inner;
    double[] values = Loops.doubles(x);
    for (int at = 0; at < values.length; at += count) {
      double[] moments = moments(values, at, count, epsilon);
      for (int i = at; i < at + count; i++) {
        int c = i / inner % channels;
        values[i] = (values[i] - moments[0]) * moments[1] * scale.getDouble(c) + bias.getDouble(c);
      }
    }
    return Loops.tensor(x.dtype(), values, x.dims());
  }

  private static Tensor lpNorm(Tensor x, int axis, long p) {
    long[] dims = x.dims();
    int along = Operands.axis(axis, dims.length);
    int length = (int) dims[along];
    int inner = (int) NdIndex.product(dims, along + 1, dims.length);
    double[] values = Loops.doubles(x);
    for (int line = 0; line < values.length / Math.max(length, 1); line++) {
      int start = line / inner * length * inner + line % inner;
      double sum = 0;
      for (int i = 0; i < length; i++) {
        sum += Math.pow(Math.abs(values[start + i * inner]), (double) p);
      }
      double norm = Math.pow(sum, 1.0 / p);
      for (int i = 0; i < length; i++) {
        values[start + i * inner] = norm == 0 ? 0 : values[start + i * inner] / norm;
      }
    }
    return Loops.tensor(x.dtype(), values, dims);
  }

  private static Tensor localResponse(Normalization.LocalResponseNorm op, Tensor x) {
    int channels = (int) x.dim(1);
    int inner = (int) NdIndex.product(x.dims(), 2, x.rank());
    int before = (int) (op.size() - 1) / 2;
    int after = (int) op.size() - 1 - before;
    double[] values = Loops.doubles(x);
    double[] result = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      int c = i / inner % channels;
      double squares = 0;
      for (int j = Math.max(0, c - before); j <= Math.min(channels - 1, c + after); j++) {
        double v = values[i + (j - c) * inner];
        squares += v * v;
      }
      double base = op.bias() + op.alpha() / (double) op.size() * squares;
      result[i] = values[i] / Math.pow(base, op.beta());
    }
    return Loops.tensor(x.dtype(), result, x.dims());
  }

  /**
   * Rotary position embedding. x is [batch, heads, rows, depth] or [batch, rows, heads · depth];
   * the caches are [positions, rotaryDim / 2] with position ids, else [batch, rows, rotaryDim / 2].
   */
  private static Tensor rotate(
      Normalization.RotaryEmbedding op,
      Tensor x,
      Tensor cosines,
      Tensor sines,
      Optional<Tensor> positions) {
    boolean flat = x.rank() == 3;
    int heads = (int) (flat ? op.heads() : x.dim(1));
    int rows = (int) (flat ? x.dim(1) : x.dim(2));
    int depth = (int) (flat ? x.dim(2) / heads : x.dim(3));
    int half = (int) (op.rotaryDim() == 0 ? depth : op.rotaryDim()) / 2;
    double[] values = Loops.doubles(x);
    double[] result = values.clone();
    for (int vector = 0; vector < values.length / depth; vector++) {
      int b = vector / (heads * rows);
      int row = flat ? vector / heads % rows : vector % rows;
      long at = (long) b * rows + row;
      if (positions.isPresent()) {
        at = positions.get().getLong(at);
      } else if (cosines.rank() == 2 || cosines.dim(0) == 1) {
        at = row;
      }
      for (int i = 0; i < half; i++) {
        double cos = cosines.getDouble(at * half + i);
        double sin = sines.getDouble(at * half + i);
        int first = vector * depth + (op.interleaved() ? 2 * i : i);
        int second = vector * depth + (op.interleaved() ? 2 * i + 1 : i + half);
        result[first] = values[first] * cos - values[second] * sin;
        result[second] = values[first] * sin + values[second] * cos;
      }
    }
    return Loops.tensor(x.dtype(), result, x.dims());
  }
}
