package fluidml.bench.models;

import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Tensors of integers and of other floats by formulas. */
final class Quantities {
  private Quantities() {}

  /** int8 in −7 … 7. */
  static Tensor bytes(long... dims) {
    return bytes(DType.INT8, 7, dims);
  }

  /** uint8 in 0 … 14. */
  static Tensor unsignedBytes(long... dims) {
    return bytes(DType.UINT8, 0, dims);
  }

  private static Tensor bytes(DType dtype, int zero, long... dims) {
    byte[] bytes = new byte[count(dims)];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (7919L * i % 15 - zero);
    }
    return Tensor.wrap(dtype, MemorySegment.ofArray(bytes), dims);
  }

  /** int32 in −7 … 7. */
  static Tensor ints(long... dims) {
    int[] numbers = new int[count(dims)];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = (int) (7919L * i % 15) - 7;
    }
    return Tensor.of(numbers, dims);
  }

  /** int64: (7919 · i + 13) mod {@code bound}. */
  static Tensor longs(int bound, long... dims) {
    long[] numbers = new long[count(dims)];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = (7919L * i + 13) % bound;
    }
    return Tensor.of(numbers, dims);
  }

  /** float64 in −1 … 1. */
  static Tensor doubles(long... dims) {
    double[] numbers = new double[count(dims)];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = 7919L * i % 1001 / 500.0 - 1;
    }
    return Tensor.of(numbers, dims);
  }

  private static int count(long... dims) {
    return Math.toIntExact(Arrays.stream(dims).reduce(1, (a, b) -> a * b));
  }
}
