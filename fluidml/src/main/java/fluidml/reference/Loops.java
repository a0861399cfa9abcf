package fluidml.reference;

import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;

/**
 * Loops that apply a scalar function to every element, with numpy's broadcasting. Real functions
 * are computed in double and rounded once to the result's type; integer functions in 64 bits,
 * wrapped to it.
 */
final class Loops {
  /** Elements that are converted at once. */
  private static final int PART = 1024;

  private Loops() {}

  /** {@code f(x)} of real numbers. */
  static Tensor mapReal(Tensor x, DType to, DoubleUnaryOperator f) {
    Tensor y = Tensor.allocate(to, x.dims());
    long n = x.elements();
    if (x.dtype() == DType.FLOAT32 && to == DType.FLOAT32) {
      MemorySegment from = x.data();
      MemorySegment into = y.data();
      for (long i = 0; i < n; i++) {
        into.set(NdIndex.FLOAT, i * 4, (float) f.applyAsDouble(from.get(NdIndex.FLOAT, i * 4)));
      }
      return y;
    }
    for (long i = 0; i < n; i++) {
      y.setDouble(i, f.applyAsDouble(x.getDouble(i)));
    }
    return y;
  }

  /** {@code f(x)} of integers and bools. */
  static Tensor mapLong(Tensor x, DType to, LongUnaryOperator f) {
    Tensor y = Tensor.allocate(to, x.dims());
    for (long i = 0; i < x.elements(); i++) {
      y.setLong(i, f.applyAsLong(x.getLong(i)));
    }
    return y;
  }

  /** {@code f(a, b)} of real numbers. */
  static Tensor zipReal(Tensor a, Tensor b, DType to, DoubleBinaryOperator f) {
    boolean float32 =
        a.dtype() == DType.FLOAT32 && b.dtype() == DType.FLOAT32 && to == DType.FLOAT32;
    return zip(
        a,
        b,
        to,
        (y, at, step, count) -> {
          if (float32) {
            zipFloats(a.data(), b.data(), y.data(), at, step, count, f);
            return;
          }
          for (long i = 0; i < count; i++) {
            double left = a.getDouble(at[1] + i * step[1]);
            y.setDouble(at[0] + i, f.applyAsDouble(left, b.getDouble(at[2] + i * step[2])));
          }
        });
  }

  private static void zipFloats(
      MemorySegment a,
      MemorySegment b,
      MemorySegment y,
      long[] at,
      long[] step,
      long count,
      DoubleBinaryOperator f) {
    for (long i = 0; i < count; i++) {
      float left = a.get(NdIndex.FLOAT, (at[1] + i * step[1]) * 4);
      float right = b.get(NdIndex.FLOAT, (at[2] + i * step[2]) * 4);
      y.set(NdIndex.FLOAT, (at[0] + i) * 4, (float) f.applyAsDouble(left, right));
    }
  }

  /** {@code f(a, b)} of integers and bools. */
  static Tensor zipLong(Tensor a, Tensor b, DType to, LongBinaryOperator f) {
    return zip(
        a,
        b,
        to,
        (y, at, step, count) -> {
          for (long i = 0; i < count; i++) {
            long left = a.getLong(at[1] + i * step[1]);
            y.setLong(at[0] + i, f.applyAsLong(left, b.getLong(at[2] + i * step[2])));
          }
        });
  }

  /** A run of results: views are the result, a and b; the result's elements are neighbours. */
  @FunctionalInterface
  interface Run {
    void run(Tensor y, long[] starts, long[] steps, long count);
  }

  /** Walks a result and two operands that broadcast to it. */
  static Tensor zip(Tensor a, Tensor b, DType to, Run run) {
    long[] dims = NdIndex.broadcast(a.dims(), b.dims());
    Tensor y = Tensor.allocate(to, dims);
    NdIndex.rows(
        dims,
        new long[3],
        new long[][] {
          NdIndex.strides(dims),
          NdIndex.broadcastStrides(a.dims(), dims),
          NdIndex.broadcastStrides(b.dims(), dims)
        },
        (starts, steps, count) -> run.run(y, starts, steps, count));
    return y;
  }

  /** All elements as doubles (a copy). */
  static double[] doubles(Tensor x) {
    double[] values = new double[Math.toIntExact(x.elements())];
    doubles(x, 0, values.length, values);
    return values;
  }

  /** Copies {@code count} elements from {@code from} on as doubles to the front of an array. */
  static void doubles(Tensor x, long from, int count, double[] into) {
    if (x.dtype() != DType.FLOAT32) {
      for (int i = 0; i < count; i++) {
        into[i] = x.getDouble(from + i);
      }
      return;
    }
    float[] part = new float[Math.min(count, PART)];
    for (int done = 0; done < count; done += part.length) {
      int length = Math.min(part.length, count - done);
      MemorySegment.copy(x.data(), NdIndex.FLOAT, (from + done) * 4, part, 0, length);
      for (int i = 0; i < length; i++) {
        into[done + i] = part[i];
      }
    }
  }

  /** A tensor of numbers, rounded to a type. */
  static Tensor tensor(DType dtype, double[] values, long... dims) {
    Tensor y = Tensor.allocate(dtype, dims);
    store(values, values.length, y, 0);
    return y;
  }

  /** Rounds the first {@code count} numbers of an array into elements from {@code to} on. */
  static void store(double[] values, int count, Tensor y, long to) {
    if (y.dtype() != DType.FLOAT32) {
      for (int i = 0; i < count; i++) {
        y.setDouble(to + i, values[i]);
      }
      return;
    }
    float[] part = new float[Math.min(count, PART)];
    for (int done = 0; done < count; done += part.length) {
      int length = Math.min(part.length, count - done);
      for (int i = 0; i < length; i++) {
        part[i] = (float) values[done + i];
      }
      MemorySegment.copy(part, 0, y.data(), NdIndex.FLOAT, (to + done) * 4, length);
    }
  }
}
