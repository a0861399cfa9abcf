package fluidml.memory;

/** Numbers per section with addition to a range and the place of the maximum of a range. */
final class LoadTree {
  private final int leaves;
  private final long[] most;
  private final long[] pending;
  private int found;
  private long foundValue;

  LoadTree(long[] values) {
    leaves = Math.max(1, Integer.highestOneBit(Math.max(1, 2 * values.length - 1)));
    most = new long[2 * leaves];
    pending = new long[2 * leaves];
    System.arraycopy(values, 0, most, leaves, values.length);
    for (int node = leaves - 1; node > 0; node--) {
      most[node] = Math.max(most[2 * node], most[2 * node + 1]);
    }
  }

  /** Adds to all numbers in {@code [from, to)}. */
  void add(int from, int to, long value) {
    add(1, 0, leaves, from, to, value);
  }

  private void add(int node, int low, int high, int from, int to, long value) {
    if (from <= low && high <= to) {
      most[node] += value;
      pending[node] += value;
      return;
    }
    int middle = (low + high) >>> 1;
    if (from < middle) {
      add(2 * node, low, middle, from, to, value);
    }
    if (to > middle) {
      add(2 * node + 1, middle, high, from, to, value);
    }
    most[node] = Math.max(most[2 * node], most[2 * node + 1]) + pending[node];
  }

  /** Returns a place of the largest number in {@code [from, to)}, which is not empty. */
  int largest(int from, int to) {
    found = from;
    foundValue = Long.MIN_VALUE;
    largest(1, 0, leaves, from, to, 0);
    return found;
  }

  private void largest(int node, int low, int high, int from, int to, long above) {
    if (most[node] + above <= foundValue) {
      return;
    }
    if (from <= low && high <= to) {
      foundValue = most[node] + above;
      found = descend(node);
      return;
    }
    int middle = (low + high) >>> 1;
    if (from < middle) {
      largest(2 * node, low, middle, from, to, above + pending[node]);
    }
    if (to > middle) {
      largest(2 * node + 1, middle, high, from, to, above + pending[node]);
    }
  }

  private int descend(int node) {
    int at = node;
    while (at < leaves) {
      at = most[2 * at] >= most[2 * at + 1] ? 2 * at : 2 * at + 1;
    }
    return at - leaves;
  }
}
