package fluidml.lower;

import fluidml.loop.schedule.Cells;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Filters {@code [filter, channel, taps…]}, or {@code [channel, filter, taps…]} if transposed, as
 * panels {@code [group][panel][tap][channel][column]}, zero where there is no filter.
 *
 * @param merged groups of the convolution that are one here, with zeros for the channels of others
 * @param columns filters of a panel, at most
 * @param lanes filters of a vector; panels differ by one vector at most, wider ones first
 */
record FilterPanels(
    long groups,
    long channels,
    long filters,
    long taps,
    boolean transposed,
    long merged,
    int columns,
    int lanes)
    implements Packing {
  /** Elements of a panel that may be put together on the heap. */
  private static final long MOST_ON_HEAP = 1 << 22;

  /** The panels of a convolution. */
  static FilterPanels of(ConvolutionShape shape, int columns, int lanes) {
    return new FilterPanels(
        shape.groups(),
        shape.channels(),
        shape.filters(),
        shape.taps(),
        shape.transposed(),
        shape.merged(),
        columns,
        lanes);
  }

  /** Elements of all panels. */
  long elements() {
    return groups * Math.ceilDiv(filters, (long) columns) * columns * taps * channels;
  }

  @Override
  public long bytes(Tensor source) {
    return elements() * size(source);
  }

  private static int size(Tensor source) {
    return source.dtype().bytes();
  }

  @Override
  public void pack(Tensor source, MemorySegment target) {
    if (merged > 1) {
      packMerged(source, target);
      return;
    }
    long panels = Math.ceilDiv(filters, (long) columns);
    long step = transposed ? taps : channels * taps;
    long vectors = Math.ceilDiv(filters, (long) lanes);
    long least = vectors / Math.max(1, panels);
    long wider = vectors % Math.max(1, panels);
    long area = taps * channels * columns;
    boolean onHeap = !transposed && size(source) == Integer.BYTES && area <= MOST_ON_HEAP;
    for (long panel = 0; panel < groups * panels; panel++) {
      long group = panel / panels;
      long place = panel % panels;
      long first = (place * least + Math.min(place, wider)) * lanes;
      long count = Math.min((least + (place < wider ? 1 : 0)) * lanes, filters - first);
      if (onHeap) {
        packInts(source.data(), group * filters + first, (int) count, target, panel * area);
        continue;
      }
      for (long channel = 0; channel < channels; channel++) {
        long row =
            transposed
                ? (group * channels + channel) * filters + first
                : (group * filters + first) * channels + channel;
        for (long tap = 0; tap < taps; tap++) {
          long line = (panel * taps + tap) * channels + channel;
          Cells.copy(
              source.data(),
              row * taps + tap,
              step,
              target,
              line * columns,
              1,
              count,
              size(source));
        }
      }
    }
  }

  /** One panel by way of arrays: in code that runs once, they are many times faster. */
  private void packInts(MemorySegment source, long filter, int count, MemorySegment to, long at) {
    int depth = (int) (taps * channels);
    int[] row = new int[depth];
    int[] panel = new int[depth * columns];
    for (int f = 0; f < count; f++) {
      long from = (filter + f) * depth * Integer.BYTES;
      MemorySegment.copy(source, ValueLayout.JAVA_INT_UNALIGNED, from, row, 0, depth);
      int i = 0;
      for (int channel = 0; channel < channels; channel++) {
        for (int tap = 0; tap < taps; tap++) {
          panel[(tap * (int) channels + channel) * columns + f] = row[i++];
        }
      }
    }
    MemorySegment.copy(
        panel, 0, to, ValueLayout.JAVA_INT_UNALIGNED, at * Integer.BYTES, panel.length);
  }

  /** All filters of merged groups are in one panel. */
  private void packMerged(Tensor source, MemorySegment target) {
    long ofGroup = filters / merged;
    long depth = channels / merged;
    for (long group = 0; group < groups; group++) {
      for (long channel = 0; channel < channels; channel++) {
        long first = channel / depth * ofGroup;
        long row = (group * filters + first) * depth + channel % depth;
        for (long tap = 0; tap < taps; tap++) {
          long line = (group * taps + tap) * channels + channel;
          long from = row * taps + tap;
          long to = line * columns + first;
          Cells.copy(source.data(), from, depth * taps, target, to, 1, ofGroup, size(source));
        }
      }
    }
  }
}
