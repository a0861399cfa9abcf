package fluidml.lower;

import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Filters {@code [filter, channel, taps…]} as panels {@code [group][panel][tap][channel][column]},
 * zero where there is no filter.
 *
 * @param groups number of groups
 * @param columns filters of a panel
 */
record FilterPanels(long groups, int columns) implements Packing {
  @Override
  public long bytes(Tensor source) {
    long perGroup = source.dim(0) / groups;
    return groups * Math.ceilDiv(perGroup, columns) * columns * depth(source) * size(source);
  }

  private static long depth(Tensor source) {
    return source.dim(0) == 0 ? 0 : source.elements() / source.dim(0);
  }

  private static int size(Tensor source) {
    return source.dtype().bytes();
  }

  @Override
  public void pack(Tensor source, MemorySegment target) {
    long channels = source.dim(1);
    long taps = channels == 0 ? 0 : depth(source) / channels;
    long perGroup = source.dim(0) / groups;
    long panels = Math.ceilDiv(perGroup, columns);
    for (long panel = 0; panel < groups * panels; panel++) {
      long inGroup = panel % panels * columns;
      long first = panel / panels * perGroup + inGroup;
      long count = Math.min(columns, perGroup - inGroup);
      for (long channel = 0; channel < channels; channel++) {
        for (long tap = 0; tap < taps; tap++) {
          long line = (panel * taps + tap) * channels + channel;
          long from = (first * channels + channel) * taps + tap;
          copyLine(source.data(), from, channels * taps, target, line * columns, count, source);
        }
      }
    }
  }

  /** Copies elements that lie {@code step} apart to neighbours. */
  private static void copyLine(
      MemorySegment from,
      long first,
      long step,
      MemorySegment to,
      long place,
      long count,
      Tensor source) {
    switch (size(source)) {
      case Integer.BYTES -> {
        for (long i = 0; i < count; i++) {
          int bits = from.get(ValueLayout.JAVA_INT_UNALIGNED, (first + i * step) * Integer.BYTES);
          to.set(ValueLayout.JAVA_INT_UNALIGNED, (place + i) * Integer.BYTES, bits);
        }
      }
      case Long.BYTES -> {
        for (long i = 0; i < count; i++) {
          long bits = from.get(ValueLayout.JAVA_LONG_UNALIGNED, (first + i * step) * Long.BYTES);
          to.set(ValueLayout.JAVA_LONG_UNALIGNED, (place + i) * Long.BYTES, bits);
        }
      }
      default -> {
        int size = size(source);
        for (long i = 0; i < count; i++) {
          MemorySegment.copy(from, (first + i * step) * size, to, (place + i) * size, size);
        }
      }
    }
  }
}
