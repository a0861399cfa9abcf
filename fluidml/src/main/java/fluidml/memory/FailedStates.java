package fluidml.memory;

import java.util.Arrays;

/**
 * A set of states that are known to have no solution, kept as 128-bit hashes in open addressing.
 * Starts anew when it is full.
 */
final class FailedStates {
  private static final int MAX_SLOTS = 1 << 21;

  private long[] first = new long[1 << 11];
  private long[] second = new long[1 << 11];
  private int size;

  void clear() {
    Arrays.fill(first, 0);
    Arrays.fill(second, 0);
    size = 0;
  }

  boolean contains(long a, long b) {
    return first[slot(first, second, a, b)] != 0;
  }

  void add(long a, long b) {
    if (2 * size >= first.length) {
      grow();
    }
    int slot = slot(first, second, a, b);
    if (first[slot] == 0) {
      first[slot] = a | 1;
      second[slot] = b;
      size++;
    }
  }

  private void grow() {
    if (first.length >= MAX_SLOTS) {
      clear();
      return;
    }
    long[] newFirst = new long[first.length * 2];
    long[] newSecond = new long[first.length * 2];
    for (int i = 0; i < first.length; i++) {
      if (first[i] != 0) {
        int slot = slot(newFirst, newSecond, first[i], second[i]);
        newFirst[slot] = first[i];
        newSecond[slot] = second[i];
      }
    }
    first = newFirst;
    second = newSecond;
  }

  private static int slot(long[] first, long[] second, long a, long b) {
    int mask = first.length - 1;
    int slot = (int) (b >>> 20) & mask;
    while (first[slot] != 0 && (first[slot] != (a | 1) || second[slot] != b)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  /** Mixes the bits of a number well (the finisher of SplitMix64). */
  static long mix(long value) {
    long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
