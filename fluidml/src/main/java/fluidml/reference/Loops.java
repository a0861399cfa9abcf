package fluidml.reference;

import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
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
  private Loops() {}

  /** {@code f(x)} of real numbers. */
  static Tensor mapReal(Tensor x, DType to, DoubleUnaryOperator f) {
    Tensor y = Tensor.allocate(to, x.dims());
    long n = x.elements();
    if (x.dtype() == DType.FLOAT32 && to == DType.FLOAT32) {
      float[] part = new float[Parts.SIZE];
      Parts.each(
          n,
          (from, count) -> {
            Parts.floats(x, from, 1, count, part);
            for (int i = 0; i < count; i++) {
              part[i] = (float) f.applyAsDouble(part[i]);
            }
            Parts.store(part, count, y, from);
          });
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
    long[] part = new long[Parts.SIZE];
    Parts.each(
        x.elements(),
        (from, count) -> {
          Parts.longs(x, from, count, part);
          for (int i = 0; i < count; i++) {
            part[i] = f.applyAsLong(part[i]);
          }
          Parts.store(part, count, y, from);
        });
    return y;
  }

  /** {@code f(a, b)} of real numbers. */
  static Tensor zipReal(Tensor a, Tensor b, DType to, DoubleBinaryOperator f) {
    boolean float32 =
        a.dtype() == DType.FLOAT32 && b.dtype() == DType.FLOAT32 && to == DType.FLOAT32;
    float[] left = new float[Parts.SIZE];
    float[] right = new float[Parts.SIZE];
    return zip(
        a,
        b,
        to,
        (y, at, step, count) -> {
          if (float32) {
            Parts.each(
                count,
                (from, length) -> {
                  Parts.floats(a, at[1] + from * step[1], step[1], length, left);
                  Parts.floats(b, at[2] + from * step[2], step[2], length, right);
                  zip(left, right, length, f);
                  Parts.store(left, length, y, at[0] + from);
                });
            return;
          }
          for (long i = 0; i < count; i++) {
            double x = a.getDouble(at[1] + i * step[1]);
            y.setDouble(at[0] + i, f.applyAsDouble(x, b.getDouble(at[2] + i * step[2])));
          }
        });
  }

  /** Replaces the left operands by the results. */
  private static void zip(float[] left, float[] right, int count, DoubleBinaryOperator f) {
    for (int i = 0; i < count; i++) {
      left[i] = (float) f.applyAsDouble(left[i], right[i]);
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
    float[] part = new float[Math.min(count, Parts.SIZE)];
    for (int done = 0; done < count; done += part.length) {
      int length = Math.min(part.length, count - done);
      Parts.floats(x, from + done, 1, length, part);
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
    float[] part = new float[Math.min(count, Parts.SIZE)];
    for (int done = 0; done < count; done += part.length) {
      int length = Math.min(part.length, count - done);
      for (int i = 0; i < length; i++) {
        part[i] = (float) values[done + i];
      }
      Parts.store(part, length, y, to + done);
    }
  }
}
