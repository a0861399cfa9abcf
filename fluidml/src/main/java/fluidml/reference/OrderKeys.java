package fluidml.reference;

import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Numbers in place of real elements, which compare as these do: equal for equal elements, among
 * them zeros of either sign and all NaN, and larger for larger ones; NaN is the largest.
 */
final class OrderKeys {
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private OrderKeys() {}

  /**
   * The keys of elements {@code from}, {@code from + step}, … of a tensor of real numbers. Those of
   * types of up to 32 bits fit an int.
   */
  static void read(Tensor x, long from, long step, long[] keys) {
    DType dtype = x.dtype();
    if (step == 1 && (dtype == DType.INT64 || dtype == DType.UINT64)) {
      MemorySegment.copy(x.data(), LONG, from * 8, keys, 0, keys.length);
    } else if (step == 1 && dtype == DType.FLOAT32) {
      for (int i = 0; i < keys.length; i++) {
        keys[i] = of(x.data().get(NdIndex.FLOAT, (from + i) * 4));
      }
    } else {
      for (int i = 0; i < keys.length; i++) {
        keys[i] = of(x, from + i * step);
      }
    }
    if (step == 1 && dtype == DType.UINT64) {
      for (int i = 0; i < keys.length; i++) {
        keys[i] ^= Long.MIN_VALUE;
      }
    }
  }

  /** The key of a float, which fits an int. */
  static int of(float value) {
    int bits = Float.floatToIntBits(value + 0.0f);
    return bits ^ ((bits >> 31) & Integer.MAX_VALUE);
  }

  private static long of(Tensor x, long at) {
    return switch (x.dtype()) {
      case FLOAT64 -> {
        long bits = Double.doubleToLongBits(x.getDouble(at) + 0.0);
        yield bits ^ ((bits >> 63) & Long.MAX_VALUE);
      }
      case UINT64 -> x.getLong(at) ^ Long.MIN_VALUE;
      case UINT32 -> x.getLong(at) + Integer.MIN_VALUE;
      default -> x.dtype().isFloat() ? of(x.getFloat(at)) : x.getLong(at);
    };
  }
}
