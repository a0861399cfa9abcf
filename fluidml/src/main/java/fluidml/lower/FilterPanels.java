package fluidml.lower;

import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;

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
    long depth = depth(source);
    long taps = channels == 0 ? 0 : depth / channels;
    long perGroup = source.dim(0) / groups;
    long panels = Math.ceilDiv(perGroup, columns);
    int size = size(source);
    MemorySegment from = source.data();
    for (long filter = 0; filter < source.dim(0); filter++) {
      long inGroup = filter % perGroup;
      long panel = filter / perGroup * panels + inGroup / columns;
      for (long channel = 0; channel < channels; channel++) {
        for (long tap = 0; tap < taps; tap++) {
          long at = (filter * channels + channel) * taps + tap;
          long line = (panel * taps + tap) * channels + channel;
          long to = line * columns + inGroup % columns;
          MemorySegment.copy(from, at * size, target, to * size, size);
        }
      }
    }
  }
}
