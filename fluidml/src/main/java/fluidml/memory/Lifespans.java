package fluidml.memory;

/**
 * The part of a problem that does not depend on shapes, with everything that can be derived from it
 * once: which buffers overlap in time, and the order of births and deaths.
 */
final class Lifespans {
  final String[] ids;
  final int[] lower;
  final int[] upper;
  final long[] alignment;

  /** Given offset per buffer, or {@link MemoryProblem#FREE}. */
  final long[] fixed;

  /** Largest power of two that divides every offset of every plan. */
  final long grain;

  /** Buffers by first step, ties by index. */
  final int[] byLower;

  /** Buffers by end step, ties by index. */
  final int[] byUpper;

  /**
   * {@code neighbours[start[i] .. start[i + 1])} are the buffers that overlap {@code i} in time.
   */
  final int[] start;

  final int[] neighbours;

  Lifespans(String[] ids, int[] lower, int[] upper, long[] alignment, long[] fixed) {
    int n = ids.length;
    this.ids = ids;
    this.lower = lower;
    this.upper = upper;
    this.alignment = alignment;
    this.fixed = fixed;
    long smallest = n == 0 ? 1 : Long.MAX_VALUE;
    for (long a : alignment) {
      smallest = Math.min(smallest, a);
    }
    grain = smallest;
    byLower = Orders.identity(n);
    Orders.sort(byLower, (a, b) -> Integer.compare(lower[a], lower[b]));
    byUpper = Orders.identity(n);
    Orders.sort(byUpper, (a, b) -> Integer.compare(upper[a], upper[b]));
    start = new int[n + 1];
    countOverlaps();
    neighbours = new int[start[n]];
    collectOverlaps();
  }

  private void countOverlaps() {
    int n = ids.length;
    for (int x = 0; x < n; x++) {
      int a = byLower[x];
      for (int y = x + 1; y < n && lower[byLower[y]] < upper[a]; y++) {
        start[a + 1]++;
        start[byLower[y] + 1]++;
      }
    }
    for (int i = 0; i < n; i++) {
      start[i + 1] = Math.addExact(start[i + 1], start[i]);
    }
  }

  private void collectOverlaps() {
    int n = ids.length;
    int[] fill = start.clone();
    for (int x = 0; x < n; x++) {
      int a = byLower[x];
      for (int y = x + 1; y < n && lower[byLower[y]] < upper[a]; y++) {
        int b = byLower[y];
        neighbours[fill[a]++] = b;
        neighbours[fill[b]++] = a;
      }
    }
  }
}
