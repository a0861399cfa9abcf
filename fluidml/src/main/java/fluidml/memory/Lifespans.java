package fluidml.memory;

import java.util.Arrays;
import java.util.List;

/**
 * The part of a problem that does not depend on shapes, with everything that can be derived from it
 * once: which buffers overlap in time, and the order of births and deaths.
 */
final class Lifespans {
  /** Above this many pairs, lists of them would cost more than they save. */
  private static final long MOST_NEIGHBOURS = 1 << 23;

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
   * {@code neighbours[start[i] .. start[i + 1])} are the buffers that overlap {@code i} in time;
   * both are empty when there are more than {@link #MOST_NEIGHBOURS} of them in all.
   */
  final int[] start;

  final int[] neighbours;

  /** How many ordered pairs of buffers overlap in time. */
  final long overlaps;

  /** Returns the lifespans of buffers, in their order. */
  static Lifespans of(List<Buffer> buffers) {
    int n = buffers.size();
    String[] ids = new String[n];
    int[] lower = new int[n];
    int[] upper = new int[n];
    long[] alignment = new long[n];
    long[] fixed = new long[n];
    for (int i = 0; i < n; i++) {
      Buffer buffer = buffers.get(i);
      ids[i] = buffer.id();
      lower[i] = buffer.lower();
      upper[i] = buffer.upper();
      alignment[i] = buffer.alignment();
      fixed[i] = buffer.fixedOffset().orElse(MemoryProblem.FREE);
    }
    return new Lifespans(ids, lower, upper, alignment, fixed);
  }

  /** Whether an offset is given. */
  boolean anyFixed() {
    return Arrays.stream(fixed).anyMatch(f -> f != MemoryProblem.FREE);
  }

  private Lifespans(String[] ids, int[] lower, int[] upper, long[] alignment, long[] fixed) {
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
    int[] degree = degrees();
    long pairs = 0;
    for (int d : degree) {
      pairs += d;
    }
    overlaps = pairs;
    boolean listed = pairs <= MOST_NEIGHBOURS;
    start = new int[listed ? n + 1 : 0];
    neighbours = new int[listed ? (int) pairs : 0];
    if (listed) {
      for (int i = 0; i < n; i++) {
        start[i + 1] = start[i] + degree[i];
      }
      collectOverlaps();
    }
  }

  /** Returns about how many pairs of buffers a greedy planner looks at. */
  long greedyPairs() {
    long n = ids.length;
    long walked = n * n / 2;
    // Keeping all placed buffers sorted costs a little for each pair, too.
    return listsNeighbours() ? Math.min(overlaps * 8, walked) + n * n / 16 : walked;
  }

  boolean listsNeighbours() {
    return start.length > 0;
  }

  /** Returns with how many others each buffer overlaps: all but those dead before or born after. */
  private int[] degrees() {
    int n = ids.length;
    int[] births = new int[n];
    int[] deaths = new int[n];
    for (int i = 0; i < n; i++) {
      births[i] = lower[byLower[i]];
      deaths[i] = upper[byUpper[i]];
    }
    int[] degree = new int[n];
    int dead = 0;
    for (int i : byLower) {
      while (deaths[dead] <= lower[i]) {
        dead++;
      }
      degree[i] = -dead;
    }
    int born = 0;
    for (int i : byUpper) {
      while (born < n && births[born] < upper[i]) {
        born++;
      }
      degree[i] += born - 1;
    }
    return degree;
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
