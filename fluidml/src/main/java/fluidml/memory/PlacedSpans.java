package fluidml.memory;

import java.util.Arrays;

/**
 * Placed buffers, with the question which of them are live together with another one, in the order
 * of where they begin and of where they end.
 *
 * <p>There is a list of all of them, and one for each of a number of windows in time that overlap,
 * so that what asks about a short lifespan looks at a share of the buffers only.
 */
final class PlacedSpans {
  /** Windows are twice as wide as they are apart: shorter lifespans lie within one. */
  private static final int WINDOWS = 16;

  /** Buffers live together with another one. */
  static final class Hits {
    /** The buffers in the order of their beginnings. */
    final int[] byBegin;

    /** The buffers in the order of their ends. */
    final int[] byEnd;

    /** How many they are. */
    int count;

    /** How many buffers were looked at to find them. */
    int seen;

    Hits(int buffers) {
      // One more: what is not found is written, too, and overwritten by the next.
      byBegin = new int[buffers + 1];
      byEnd = new int[buffers + 1];
    }
  }

  private final int[] lower;
  private final int[] upper;
  private final long[] offset;
  private final long[] height;
  private final int steps;
  private final Sorted[] begins = new Sorted[WINDOWS + 1];
  private final Sorted[] ends = new Sorted[WINDOWS + 1];

  /**
   * Creates it without buffers.
   *
   * @param lower first step of every buffer
   * @param upper step after the last of every buffer
   * @param offset where every buffer begins; read when it is put and taken
   * @param height sizes in the same unit
   */
  PlacedSpans(int[] lower, int[] upper, long[] offset, long[] height) {
    this.lower = lower;
    this.upper = upper;
    this.offset = offset;
    this.height = height;
    this.steps = Math.max(1, Arrays.stream(upper).max().orElse(1));
    for (int w = 0; w <= WINDOWS; w++) {
      begins[w] = new Sorted();
      ends[w] = new Sorted();
    }
  }

  private int window(int step) {
    return (int) ((long) step * WINDOWS / steps);
  }

  /** Adds a buffer. */
  void put(int buffer) {
    update(buffer, true);
  }

  /** Removes a buffer; it must still have the offset that it was put with. */
  void take(int buffer) {
    update(buffer, false);
  }

  private void update(int buffer, boolean put) {
    update(WINDOWS, buffer, put);
    int last = window(upper[buffer] - 1);
    for (int w = Math.max(0, window(lower[buffer]) - 1); w <= last; w++) {
      update(w, buffer, put);
    }
  }

  private void update(int list, int buffer, boolean put) {
    long end = offset[buffer] + height[buffer];
    if (put) {
      begins[list].put(offset[buffer], lower[buffer], upper[buffer], buffer);
      ends[list].put(end, lower[buffer], upper[buffer], buffer);
    } else {
      begins[list].take(offset[buffer], buffer);
      ends[list].take(end, buffer);
    }
  }

  /** Finds the buffers that are live together with one. */
  void find(int buffer, Hits hits) {
    int from = lower[buffer];
    int to = upper[buffer];
    int first = window(from);
    int list = window(to - 1) <= first + 1 ? first : WINDOWS;
    hits.count = begins[list].live(from, to, hits.byBegin);
    ends[list].live(from, to, hits.byEnd);
    hits.seen = begins[list].count;
  }

  /** Buffers in ascending order of a number. */
  private static final class Sorted {
    private long[] key = new long[16];
    private int[] from = new int[16];
    private int[] to = new int[16];
    private int[] buffer = new int[16];
    private int count;

    private int find(long wanted) {
      int low = 0;
      int high = count;
      while (low < high) {
        int middle = (low + high) >>> 1;
        if (key[middle] < wanted) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      return low;
    }

    void put(long at, int lower, int upper, int id) {
      if (count == key.length) {
        int more = 2 * count;
        key = Arrays.copyOf(key, more);
        from = Arrays.copyOf(from, more);
        to = Arrays.copyOf(to, more);
        buffer = Arrays.copyOf(buffer, more);
      }
      int k = find(at);
      move(k, k + 1);
      key[k] = at;
      from[k] = lower;
      to[k] = upper;
      buffer[k] = id;
      count++;
    }

    void take(long at, int id) {
      int k = find(at);
      while (buffer[k] != id) {
        k++;
      }
      move(k + 1, k);
      count--;
    }

    private void move(int source, int target) {
      System.arraycopy(key, source, key, target, count - source);
      System.arraycopy(from, source, from, target, count - source);
      System.arraycopy(to, source, to, target, count - source);
      System.arraycopy(buffer, source, buffer, target, count - source);
    }

    /** Writes those with a common step; without branches, which could not be foreseen. */
    int live(int lower, int upper, int[] result) {
      int found = 0;
      for (int k = 0; k < count; k++) {
        result[found] = buffer[k];
        found += ((from[k] - upper) & (lower - to[k])) >>> 31;
      }
      return found;
    }
  }
}
