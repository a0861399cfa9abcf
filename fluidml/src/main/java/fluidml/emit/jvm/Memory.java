package fluidml.emit.jvm;

import fluidml.error.KernelFailureException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What emitted code calls: the global segment, and helpers that take and give plain numbers only.
 */
final class Memory {
  /** All of memory: an address is an offset into it. */
  static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  private Memory() {}

  /**
   * Up to eight narrow elements as the bytes of a long, reading only those whose mask bit is set.
   *
   * @param bytes size of an element, 1 or 2
   */
  static long gather(long address, long mask, int bytes) {
    long result = 0;
    int count = 8 / bytes;
    for (int i = 0; i < count; i++) {
      if (((mask >>> i) & 1) != 0) {
        long at = address + (long) i * bytes;
        long value =
            bytes == 1
                ? ALL.get(ValueLayout.JAVA_BYTE, at) & 0xFFL
                : ALL.get(ValueLayout.JAVA_SHORT_UNALIGNED, at) & 0xFFFFL;
        result |= value << (8 * bytes * i);
      }
    }
    return result;
  }

  /**
   * Writes those of up to eight narrow elements, given as the bytes of a long, whose mask bit is
   * set.
   *
   * @param bytes size of an element, 1 or 2
   */
  static void scatter(long address, long value, long mask, int bytes) {
    int count = 8 / bytes;
    for (int i = 0; i < count; i++) {
      if (((mask >>> i) & 1) != 0) {
        long at = address + (long) i * bytes;
        long element = value >>> (8 * bytes * i);
        if (bytes == 1) {
          ALL.set(ValueLayout.JAVA_BYTE, at, (byte) element);
        } else {
          ALL.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, (short) element);
        }
      }
    }
  }

  /** What ends a run if a loop does not fit into an int. */
  static ArithmeticException tooManyTurns() {
    return new ArithmeticException("a loop of more than 2^31 turns");
  }

  /**
   * The end of a loop that counts {@code pace} for each unit and {@code step} in a turn. The
   * minimum changes nothing; it tells C2 that counting past the end does not overflow.
   */
  static int paced(int end, int pace, int step) {
    long scaled = (long) end * pace;
    if (scaled > Integer.MAX_VALUE - step) {
      throw tooManyTurns();
    }
    return Math.min((int) scaled, Integer.MAX_VALUE - step);
  }

  /** The offset, if {@code length} bytes from it lie inside a buffer of {@code size} bytes. */
  static long checked(long offset, long length, long size, String kernel, String buffer) {
    if (offset < 0 || offset > size - length) {
      throw outside(offset, length, size, kernel, buffer);
    }
    return offset;
  }

  /** The offset, if the elements whose mask bit is set lie inside the buffer. */
  static long checkedMasked(
      long offset, int bytes, long mask, long size, String kernel, String buffer) {
    if (mask != 0) {
      long first = offset + (long) Long.numberOfTrailingZeros(mask) * bytes;
      long end = offset + (64L - Long.numberOfLeadingZeros(mask)) * bytes;
      if (first < 0 || end > size) {
        throw outside(first, end - first, size, kernel, buffer);
      }
    }
    return offset;
  }

  /** Ends the run. */
  static void fail(long value, String kernel, String problem) {
    throw new KernelFailureException(kernel, value + " " + problem);
  }

  private static KernelFailureException outside(
      long offset, long length, long size, String kernel, String buffer) {
    return new KernelFailureException(
        kernel,
        "access to buffer '%s' at byte offset %d, %d bytes long, is outside its %d bytes"
            .formatted(buffer, offset, length, size));
  }
}
