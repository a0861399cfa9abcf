package fluidml.memory;

/**
 * Places buffers one after the other among those placed before: the common core of all planners
 * that are an order plus a rule for choosing the gap. Buffers with a fixed offset are placed from
 * the start. Reusable through {@link #reset}.
 */
final class Placement {
  /** Which of the gaps that are large enough is taken; without one the buffer goes on top. */
  enum Fit {
    /** The lowest. */
    FIRST,
    /** The smallest, ties the lowest. */
    BEST
  }

  /** Up to this many neighbours are sorted on the spot. */
  private static final int FEW = 24;

  /** Sorting many neighbours pays when there are that many times more placed buffers. */
  private static final int FAR_MORE = 16;

  private final Lifespans spans;
  private final long[] bytes;
  private final long[] offset;
  private final boolean[] placed;

  /** Placed buffers by offset. */
  private final int[] sorted;

  private int placedCount;
  private final int[] near;
  private long arena;

  Placement(MemoryProblem problem) {
    int n = problem.count();
    spans = problem.spans();
    bytes = problem.sizes();
    offset = new long[n];
    placed = new boolean[n];
    sorted = new int[n];
    near = new int[n];
    reset();
  }

  void reset() {
    placedCount = 0;
    arena = 0;
    for (int i = 0; i < placed.length; i++) {
      placed[i] = false;
    }
    for (int i = 0; i < placed.length; i++) {
      if (spans.fixed[i] != MemoryProblem.FREE) {
        put(i, spans.fixed[i]);
      }
    }
  }

  boolean isPlaced(int i) {
    return placed[i];
  }

  long offset(int i) {
    return offset[i];
  }

  long end(int i) {
    return offset[i] + bytes[i];
  }

  long arena() {
    return arena;
  }

  /** Places all buffers in this order; gives up and returns false once one ends above the limit. */
  boolean placeAll(int[] order, Fit fit, long limit) {
    for (int i : order) {
      place(i, fit);
      if (arena > limit) {
        return false;
      }
    }
    return true;
  }

  /** Places one buffer unless it is placed already. */
  void place(int i, Fit fit) {
    if (placed[i]) {
      return;
    }
    put(i, choose(i, fit));
  }

  private long choose(int i, Fit fit) {
    long need = bytes[i];
    if (need == 0) {
      return 0;
    }
    int count = gather(i);
    long align = spans.alignment[i];
    long cursor = 0;
    long best = -1;
    long bestGap = Long.MAX_VALUE;
    for (int k = 0; k < count; k++) {
      long low = offset[near[k]];
      long candidate = MemoryProblem.alignUp(cursor, align);
      if (low - candidate >= need && low - cursor < bestGap) {
        best = candidate;
        bestGap = low - cursor;
        if (fit == Fit.FIRST) {
          return best;
        }
      }
      cursor = Math.max(cursor, low + bytes[near[k]]);
    }
    return best >= 0 ? best : MemoryProblem.alignUp(cursor, align);
  }

  /** Fills {@link #near} with the placed buffers that overlap in time, by offset. */
  private int gather(int i) {
    int count = 0;
    if (spans.listsNeighbours()) {
      int from = spans.start[i];
      int to = spans.start[i + 1];
      if (to - from <= FEW) {
        return gatherFew(from, to);
      }
      if ((long) FAR_MORE * (to - from) < placedCount) {
        return gatherMany(from, to);
      }
    }
    int lower = spans.lower[i];
    int upper = spans.upper[i];
    for (int k = 0; k < placedCount; k++) {
      int b = sorted[k];
      if (spans.lower[b] < upper && lower < spans.upper[b]) {
        near[count++] = b;
      }
    }
    return count;
  }

  private int gatherFew(int from, int to) {
    int count = 0;
    for (int k = from; k < to; k++) {
      int b = spans.neighbours[k];
      if (placed[b] && bytes[b] > 0) {
        int at = count++;
        while (at > 0 && offset[near[at - 1]] > offset[b]) {
          near[at] = near[at - 1];
          at--;
        }
        near[at] = b;
      }
    }
    return count;
  }

  private int gatherMany(int from, int to) {
    int count = 0;
    for (int k = from; k < to; k++) {
      int b = spans.neighbours[k];
      if (placed[b] && bytes[b] > 0) {
        near[count++] = b;
      }
    }
    Orders.sort(near, count, (a, b) -> Long.compare(offset[a], offset[b]));
    return count;
  }

  private void put(int i, long where) {
    placed[i] = true;
    offset[i] = where;
    arena = Math.max(arena, where + bytes[i]);
    if (bytes[i] == 0) {
      return;
    }
    int low = 0;
    int high = placedCount;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (offset[sorted[middle]] <= where) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    System.arraycopy(sorted, low, sorted, low + 1, placedCount - low);
    sorted[low] = i;
    placedCount++;
  }

  MemoryPlan toPlan(String planner) {
    return new MemoryPlan(planner, offset, arena);
  }
}
