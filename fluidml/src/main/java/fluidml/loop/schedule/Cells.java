package fluidml.loop.schedule;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Copies of single elements of any width. */
public final class Cells {
  private Cells() {}

  /** Copies {@code count} elements between regular places; indices and strides in elements. */
  public static void copy(
      MemorySegment source,
      long from,
      long fromStride,
      MemorySegment target,
      long to,
      long toStride,
      long count,
      int bytes) {
    for (long i = 0; i < count; i++) {
      long s = (from + i * fromStride) * bytes;
      long t = (to + i * toStride) * bytes;
      switch (bytes) {
        case 1 -> target.set(ValueLayout.JAVA_BYTE, t, source.get(ValueLayout.JAVA_BYTE, s));
        case 2 ->
            target.set(
                ValueLayout.JAVA_SHORT_UNALIGNED,
                t,
                source.get(ValueLayout.JAVA_SHORT_UNALIGNED, s));
        case 4 ->
            target.set(
                ValueLayout.JAVA_INT_UNALIGNED, t, source.get(ValueLayout.JAVA_INT_UNALIGNED, s));
        case 8 ->
            target.set(
                ValueLayout.JAVA_LONG_UNALIGNED, t, source.get(ValueLayout.JAVA_LONG_UNALIGNED, s));
        default -> throw new IllegalArgumentException("elements of " + bytes + " bytes");
      }
    }
  }
}
