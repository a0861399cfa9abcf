package fluidml.memory;

/**
 * Weighted intervals {@code [from, to)} with the question for the heaviest whose ends lie in given
 * ranges: a k-d tree over both ends with the largest weight below each node (Bentley, 1975).
 */
final class IntervalTree {
  private static final int LEAF = 8;

  /** The intervals in the order of the leaves; ends and weights are in this order, too. */
  private final int[] order;

  private final int[] from;
  private final int[] to;
  private final double[] weight;

  /** Where an interval is in the order of the leaves. */
  private final int[] position;

  /** The leaf of each interval, and where each leaf starts in the order of the leaves. */
  private final int[] leaf;

  private final int[] leafStart;
  private final int leaves;
  private final double[] best;

  /** Four numbers per node: smallest and largest start, smallest and largest end. */
  private final int[] box;

  // The question being answered.
  private int minFrom;
  private int maxFrom;
  private int minTo;
  private int maxTo;
  private int found;
  private double foundWeight;

  IntervalTree(int[] from, int[] to) {
    int n = from.length;
    weight = new double[n];
    order = Orders.identity(n);
    position = new int[n];
    int blocks = Math.max(1, (n + LEAF - 1) / LEAF);
    leaves = blocks == 1 ? 1 : Integer.highestOneBit(blocks - 1) * 2;
    best = new double[2 * leaves];
    box = new int[8 * leaves];
    leaf = new int[n];
    leafStart = new int[leaves + 1];
    leafStart[leaves] = n;
    build(1, 0, n, from, to, true);
    this.from = new int[n];
    this.to = new int[n];
    for (int i = 0; i < n; i++) {
      position[order[i]] = i;
      this.from[i] = from[order[i]];
      this.to[i] = to[order[i]];
    }
  }

  /** Where the range of a node's right half starts; halves are alike, so nothing is stored. */
  private static int middle(int low, int high) {
    return (low + high) >>> 1;
  }

  private void build(int node, int low, int high, int[] from, int[] to, boolean byFrom) {
    int b = 4 * node;
    box[b] = Integer.MAX_VALUE;
    box[b + 1] = Integer.MIN_VALUE;
    box[b + 2] = Integer.MAX_VALUE;
    box[b + 3] = Integer.MIN_VALUE;
    for (int i = low; i < high; i++) {
      box[b] = Math.min(box[b], from[order[i]]);
      box[b + 1] = Math.max(box[b + 1], from[order[i]]);
      box[b + 2] = Math.min(box[b + 2], to[order[i]]);
      box[b + 3] = Math.max(box[b + 3], to[order[i]]);
    }
    if (node < leaves) {
      select(low, high, middle(low, high), byFrom ? from : to);
      build(2 * node, low, middle(low, high), from, to, !byFrom);
      build(2 * node + 1, middle(low, high), high, from, to, !byFrom);
    } else {
      leafStart[node - leaves] = low;
      for (int i = low; i < high; i++) {
        leaf[order[i]] = node;
      }
    }
  }

  /** Moves the smaller intervals before the k-th and the larger behind it (Hoare's selection). */
  private void select(int start, int end, int k, int[] key) {
    int low = start;
    int high = end - 1;
    while (low < high) {
      int pivot = key[order[(low + high) >>> 1]];
      int i = low;
      int j = high;
      while (i <= j) {
        while (key[order[i]] < pivot) {
          i++;
        }
        while (key[order[j]] > pivot) {
          j--;
        }
        if (i <= j) {
          int kept = order[i];
          order[i++] = order[j];
          order[j--] = kept;
        }
      }
      if (k <= j) {
        high = j;
      } else if (k >= i) {
        low = i;
      } else {
        return;
      }
    }
  }

  /** Puts all intervals back with these weights. */
  void reset(double[] weights) {
    for (int i = 0; i < weight.length; i++) {
      weight[i] = weights[order[i]];
    }
    for (int node = leaves; node < 2 * leaves; node++) {
      best[node] = leafBest(node);
    }
    for (int node = leaves - 1; node > 0; node--) {
      best[node] = Math.max(best[2 * node], best[2 * node + 1]);
    }
  }

  private double leafBest(int node) {
    double most = Double.NEGATIVE_INFINITY;
    for (int i = leafStart[node - leaves]; i < leafStart[node - leaves + 1]; i++) {
      most = Math.max(most, weight[i]);
    }
    return most;
  }

  /** Takes an interval out. */
  void remove(int interval) {
    weight[position[interval]] = Double.NEGATIVE_INFINITY;
    int node = leaf[interval];
    double most = leafBest(node);
    // A node above changes only if the one below it has.
    while (best[node] != most) {
      best[node] = most;
      node >>>= 1;
      if (node == 0) {
        return;
      }
      most = Math.max(best[2 * node], best[2 * node + 1]);
    }
  }

  /** Returns whether an interval has not been taken out. */
  boolean contains(int interval) {
    return weight[position[interval]] != Double.NEGATIVE_INFINITY;
  }

  /**
   * Returns the heaviest interval that starts in {@code [startLow, startHigh]} and ends in {@code
   * [endLow, endHigh]}, or -1.
   */
  int heaviest(int startLow, int startHigh, int endLow, int endHigh) {
    minFrom = startLow;
    maxFrom = startHigh;
    minTo = endLow;
    maxTo = endHigh;
    found = -1;
    foundWeight = Double.NEGATIVE_INFINITY;
    search(1);
    return found < 0 ? -1 : order[found];
  }

  private void search(int node) {
    int b = 4 * node;
    if (best[node] <= foundWeight
        || box[b] > maxFrom
        || box[b + 1] < minFrom
        || box[b + 2] > maxTo
        || box[b + 3] < minTo) {
      return;
    }
    if (node >= leaves) {
      int stop = leafStart[node - leaves + 1];
      for (int i = leafStart[node - leaves]; i < stop; i++) {
        if (weight[i] > foundWeight
            && from[i] >= minFrom
            && from[i] <= maxFrom
            && to[i] >= minTo
            && to[i] <= maxTo) {
          found = i;
          foundWeight = weight[i];
        }
      }
    } else if (best[2 * node] >= best[2 * node + 1]) {
      search(2 * node);
      search(2 * node + 1);
    } else {
      search(2 * node + 1);
      search(2 * node);
    }
  }
}
