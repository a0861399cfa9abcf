package fluidml.reference;

import fluidml.graph.op.Quantization;
import fluidml.tensor.DType;
import fluidml.tensor.NarrowFloats;
import fluidml.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Computes the ops of {@link Quantization}. */
final class QuantizationOps {
  private QuantizationOps() {}

  static List<Datum> execute(Quantization op, Operands operands) {
    Tensor x = operands.tensor(0);
    return switch (op) {
      case Quantization.QuantizeLinear quantize ->
          Operands.result(quantize(quantize, x, operands.tensor(1), operands.optionalTensor(2)));
      case Quantization.DequantizeLinear dequantize ->
          Operands.result(
              dequantize(dequantize, x, operands.tensor(1), operands.optionalTensor(2)));
      case Quantization.DynamicQuantizeLinear() -> dynamic(x);
    };
  }

  /** The nearest number of an integer type's range; other types are left to their own rounding. */
  private static double saturated(double value, DType to) {
    return switch (to.kind()) {
      case SIGNED -> {
        double bound = Math.scalb(1.0, to.bits() - 1);
        yield Math.clamp(value, -bound, bound - 1);
      }
      case UNSIGNED -> Math.clamp(value, 0, Math.scalb(1.0, to.bits()) - 1);
      case FLOAT, BOOL, COMPLEX, STRING -> value;
    };
  }

  /** {@code ratio + zero}; for an integer type the ratio is rounded and the sum kept in range. */
  static double quantized(double ratio, double zero, DType to) {
    return to.isFloat() ? ratio + zero : saturated(Math.rint(ratio) + zero, to);
  }

  /**
   * For each element of x the index of its scale: one for all, one along an axis, or one per block.
   */
  private static long[] groups(Tensor x, Tensor scale, int axis, long blockSize) {
    long[] dims = x.dims();
    long[] strides = new long[dims.length];
    long[] index = new long[Math.toIntExact(x.elements())];
    if (scale.elements() == 1 || dims.length == 0) {
      return index;
    }
    int along = Operands.axis(axis, dims.length);
    long[] at = new long[dims.length];
    boolean blocked = blockSize > 0;
    if (blocked) {
      strides = NdIndex.strides(scale.dims());
    } else if (scale.rank() != 1 || scale.elements() != dims[along]) {
      throw new IllegalArgumentException(scale + " does not fit axis " + along + " of " + x);
    }
    for (int i = 0; i < index.length; i++) {
      if (blocked) {
        long position = at[along];
        at[along] = position / blockSize;
        index[i] = NdIndex.offset(at, strides);
        at[along] = position;
      } else {
        index[i] = at[along];
      }
      NdIndex.next(at, dims);
    }
    return index;
  }

  private static Tensor quantize(
      Quantization.QuantizeLinear op, Tensor x, Tensor scale, Optional<Tensor> zero) {
    DType to = op.to().or(() -> zero.map(Tensor::dtype)).orElse(DType.UINT8);
    DType precision = op.precision().orElse(scale.dtype());
    long[] group = groups(x, scale, op.axis(), op.blockSize());
    Tensor y = Tensor.allocate(to, x.dims());
    Tensor ratio = Tensor.allocate(precision.isFloat() ? precision : DType.FLOAT32, 1);
    for (int i = 0; i < group.length; i++) {
      ratio.setDouble(0, x.getDouble(i) / scale.getDouble(group[i]));
      double shift = zero.isPresent() ? zero.get().getDouble(group[i]) : 0;
      double value = quantized(ratio.getDouble(0), shift, to);
      switch (to) {
        case FLOAT8E4M3FN, FLOAT8E4M3FNUZ, FLOAT8E5M2, FLOAT8E5M2FNUZ ->
            y.setRawBits(i, NarrowFloats.encode(to, value, op.saturate()));
        default -> y.setDouble(i, value);
      }
    }
    return y;
  }

  private static Tensor dequantize(
      Quantization.DequantizeLinear op, Tensor x, Tensor scale, Optional<Tensor> zero) {
    long[] group = groups(x, scale, op.axis(), op.blockSize());
    double[] y = new double[group.length];
    for (int i = 0; i < y.length; i++) {
      double shift = zero.isPresent() ? zero.get().getDouble(group[i]) : 0;
      y[i] = (x.getDouble(i) - shift) * scale.getDouble(group[i]);
    }
    return Loops.tensor(op.to().orElse(scale.dtype()), y, x.dims());
  }

  private static List<Datum> dynamic(Tensor x) {
    double[] values = Loops.doubles(x);
    double min = Math.min(0, Arrays.stream(values).min().orElse(0));
    double max = Math.max(0, Arrays.stream(values).max().orElse(0));
    float scale = (float) ((max - min) / 255);
    double zero = scale == 0 ? 0 : quantized((float) (-min / scale), 0, DType.UINT8);
    double divisor = scale == 0 ? 1 : scale;
    Tensor y =
        Loops.mapReal(x, DType.UINT8, v -> quantized((float) (v / divisor), zero, DType.UINT8));
    Tensor zeroPoint = Tensor.allocate(DType.UINT8);
    zeroPoint.setDouble(0, zero);
    return Operands.result(y, Tensor.scalar(scale), zeroPoint);
  }
}
