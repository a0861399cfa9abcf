package fluidml.reference;

import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Tensors as arrays, a few elements at a time. Where weights are folded, loops go over millions of
 * elements once, in code of the quick JIT: for that an access to a tensor is dozens of calls, and
 * one to an array an instruction.
 */
final class Parts {
  /** The most elements of a part. */
  static final int SIZE = 1024;

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Parts() {}

  /** What happens to a part: elements {@code from} to {@code from + count}. */
  @FunctionalInterface
  interface Work {
    void run(long from, int count);
  }

  /** Goes over {@code n} elements. */
  static void each(long n, Work work) {
    for (long from = 0; from < n; from += SIZE) {
      work.run(from, (int) Math.min(SIZE, n - from));
    }
  }

  /**
   * Reads real numbers of any type, rounded to float.
   *
   * @param step elements from one to the next
   */
  static void floats(Tensor x, long from, long step, int count, float[] into) {
    if (step == 1) {
      floats(x, from, count, into);
    } else if (x.dtype() == DType.FLOAT32) {
      MemorySegment data = x.data();
      if (step == 0) {
        Arrays.fill(into, 0, count, data.get(NdIndex.FLOAT, from * 4));
        return;
      }
      for (int i = 0; i < count; i++) {
        into[i] = data.get(NdIndex.FLOAT, (from + i * step) * 4);
      }
    } else {
      for (int i = 0; i < count; i++) {
        into[i] = x.getFloat(from + i * step);
      }
    }
  }

  private static void floats(Tensor x, long from, int count, float[] into) {
    switch (x.dtype()) {
      case FLOAT32 -> MemorySegment.copy(x.data(), NdIndex.FLOAT, from * 4, into, 0, count);
      case FLOAT16 -> {
        short[] bits = shorts(x, from, count);
        for (int i = 0; i < count; i++) {
          into[i] = Float.float16ToFloat(bits[i]);
        }
      }
      case BFLOAT16 -> {
        short[] bits = shorts(x, from, count);
        for (int i = 0; i < count; i++) {
          into[i] = Float.intBitsToFloat(bits[i] << Short.SIZE);
        }
      }
      default -> {
        for (int i = 0; i < count; i++) {
          into[i] = x.getFloat(from + i);
        }
      }
    }
  }

  private static short[] shorts(Tensor x, long from, int count) {
    short[] bits = new short[count];
    MemorySegment.copy(x.data(), SHORT, from * 2, bits, 0, count);
    return bits;
  }

  /** Writes elements of FLOAT32. */
  static void store(float[] values, int count, Tensor y, long to) {
    MemorySegment.copy(values, 0, y.data(), NdIndex.FLOAT, to * 4, count);
  }

  /** Reads integers and bools as {@link Tensor#getLong} does. */
  static void longs(Tensor x, long from, int count, long[] into) {
    switch (x.dtype()) {
      case INT8, UINT8 -> {
        byte[] bytes = new byte[count];
        MemorySegment.copy(x.data(), ValueLayout.JAVA_BYTE, from, bytes, 0, count);
        long mask = x.dtype() == DType.INT8 ? -1 : 0xff;
        for (int i = 0; i < count; i++) {
          into[i] = bytes[i] & mask;
        }
      }
      case INT32 -> {
        int[] ints = new int[count];
        MemorySegment.copy(x.data(), NdIndex.INT, from * 4, ints, 0, count);
        for (int i = 0; i < count; i++) {
          into[i] = ints[i];
        }
      }
      case INT64, UINT64 -> MemorySegment.copy(x.data(), LONG, from * 8, into, 0, count);
      default -> {
        for (int i = 0; i < count; i++) {
          into[i] = x.getLong(from + i);
        }
      }
    }
  }

  /** Writes integers and bools as {@link Tensor#setLong} does. */
  static void store(long[] values, int count, Tensor y, long to) {
    switch (y.dtype()) {
      case INT32 -> {
        int[] ints = new int[count];
        for (int i = 0; i < count; i++) {
          ints[i] = (int) values[i];
        }
        MemorySegment.copy(ints, 0, y.data(), NdIndex.INT, to * 4, count);
      }
      case INT64, UINT64 -> MemorySegment.copy(values, 0, y.data(), LONG, to * 8, count);
      default -> {
        for (int i = 0; i < count; i++) {
          y.setLong(to + i, values[i]);
        }
      }
    }
  }
}
