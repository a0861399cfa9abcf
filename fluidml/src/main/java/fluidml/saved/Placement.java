package fluidml.saved;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Where constants go in the section of weights. */
final class Placement {
  private static final long SMALL = 64;
  private static final long LARGE_BYTES = 16 * FileHeader.PAGE;

  /**
   * One constant.
   *
   * @param offset from the begin of the section, a multiple of 64; of a page if it is large
   * @param packed whether kernels read all of it in every run
   */
  record Item(long offset, MemorySegment data, boolean packed) {}

  private final List<Item> items = new ArrayList<>();
  private long end;

  /** Finds a place for a constant and returns its offset. */
  long add(MemorySegment data, boolean packed) {
    long alignment = data.byteSize() >= LARGE_BYTES ? FileHeader.PAGE : SMALL;
    long offset = Math.ceilDiv(end, alignment) * alignment;
    items.add(new Item(offset, data, packed));
    end = offset + data.byteSize();
    return offset;
  }

  List<Item> items() {
    return items;
  }

  /** Bytes of the section. */
  long bytes() {
    return end;
  }
}
