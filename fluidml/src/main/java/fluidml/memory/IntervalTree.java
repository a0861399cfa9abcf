package fluidml.memory;

import java.util.Arrays;

/**
 * Weighted intervals {@code [from, to)} with the question for the heaviest whose ends lie in given
 * ranges: a k-d tree over both ends with the largest weight below each node (Bentley, 1975).
 */
final class IntervalTree {
  private static final int LEAF = 8;

  private final int[] from;
  private final int[] to;
  private final double[] weight;

  /** The intervals in the order of the leaves, and the way back. */
  private final int[] order;

  private final int[] position;
  private final int leaves;
  private final double[] best;

  /** Four numbers per node: smallest and largest start, smallest and largest end. */
  private final int[] box;

  /** The answer where only the heaviest is wanted. */
  private final int[] one = new int[1];

  // The question being answered.
  private int minFrom;
  private int maxFrom;
  private int minTo;
  private int maxTo;
  private int[] few = {};
  private int fewCount;

  IntervalTree(int[] from, int[] to) {
    this.from = from;
    this.to = to;
    int n = from.length;
    weight = new double[n];
    order = Orders.identity(n);
    position = new int[n];
    int blocks = Math.max(1, (n + LEAF - 1) / LEAF);
    leaves = blocks == 1 ? 1 : Integer.highestOneBit(blocks - 1) * 2;
    best = new double[2 * leaves];
    box = new int[8 * leaves];
    build(1, 0, n, true);
    for (int i = 0; i < n; i++) {
      position[order[i]] = i;
    }
  }

  /** Where the range of a node's right half starts; halves are alike, so nothing is stored. */
  private static int middle(int low, int high) {
    return (low + high) >>> 1;
  }

  private void build(int node, int low, int high, boolean byFrom) {
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
      build(2 * node, low, middle(low, high), !byFrom);
      build(2 * node + 1, middle(low, high), high, !byFrom);
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
    System.arraycopy(weights, 0, weight, 0, weights.length);
    Arrays.fill(best, Double.NEGATIVE_INFINITY);
    fill(1, 0, order.length);
  }

  private void fill(int node, int low, int high) {
    if (node >= leaves) {
      best[node] = leafBest(low, high);
      return;
    }
    fill(2 * node, low, middle(low, high));
    fill(2 * node + 1, middle(low, high), high);
    best[node] = Math.max(best[2 * node], best[2 * node + 1]);
  }

  private double leafBest(int low, int high) {
    double most = Double.NEGATIVE_INFINITY;
    for (int i = low; i < high; i++) {
      most = Math.max(most, weight[order[i]]);
    }
    return most;
  }

  /** Takes an interval out. */
  void remove(int interval) {
    set(interval, Double.NEGATIVE_INFINITY);
  }

  /** Puts an interval back that was taken out. */
  void add(int interval, double weightNow) {
    set(interval, weightNow);
  }

  private void set(int interval, double weightNow) {
    weight[interval] = weightNow;
    int node = 1;
    int low = 0;
    int high = order.length;
    while (node < leaves) {
      int middle = middle(low, high);
      if (position[interval] < middle) {
        node = 2 * node;
        high = middle;
      } else {
        node = 2 * node + 1;
        low = middle;
      }
    }
    best[node] = leafBest(low, high);
    for (int up = node >>> 1; up > 0; up >>>= 1) {
      best[up] = Math.max(best[2 * up], best[2 * up + 1]);
    }
  }

  /** A copy of what is in the tree. */
  final class Copy {
    private final double[] weight = new double[order.length];
    private final double[] best = new double[2 * leaves];

    void save() {
      System.arraycopy(IntervalTree.this.weight, 0, weight, 0, weight.length);
      System.arraycopy(IntervalTree.this.best, 0, best, 0, best.length);
    }

    void restore() {
      System.arraycopy(weight, 0, IntervalTree.this.weight, 0, weight.length);
      System.arraycopy(best, 0, IntervalTree.this.best, 0, best.length);
    }
  }

  /**
   * Returns the heaviest interval that starts in {@code [startLow, startHigh]} and ends in {@code
   * [endLow, endHigh]}, or -1.
   */
  int heaviest(int startLow, int startHigh, int endLow, int endHigh) {
    return heaviest(one, startLow, startHigh, endLow, endHigh) == 0 ? -1 : one[0];
  }

  /**
   * Finds the heaviest intervals that start in {@code [startLow, startHigh]} and end in {@code
   * [endLow, endHigh]}, the heaviest first.
   *
   * @param result room for as many as are wanted
   * @return how many there are
   */
  int heaviest(int[] result, int startLow, int startHigh, int endLow, int endHigh) {
    minFrom = startLow;
    maxFrom = startHigh;
    minTo = endLow;
    maxTo = endHigh;
    few = result;
    fewCount = 0;
    search(1, 0, order.length);
    return fewCount;
  }

  private void search(int node, int low, int high) {
    int b = 4 * node;
    if (best[node] <= enough()
        || box[b] > maxFrom
        || box[b + 1] < minFrom
        || box[b + 2] > maxTo
        || box[b + 3] < minTo) {
      return;
    }
    if (node >= leaves) {
      for (int i = low; i < high; i++) {
        int x = order[i];
        if (weight[x] > enough()
            && from[x] >= minFrom
            && from[x] <= maxFrom
            && to[x] >= minTo
            && to[x] <= maxTo) {
          insert(x);
        }
      }
      return;
    }
    int middle = middle(low, high);
    if (best[2 * node] >= best[2 * node + 1]) {
      search(2 * node, low, middle);
      search(2 * node + 1, middle, high);
    } else {
      search(2 * node + 1, middle, high);
      search(2 * node, low, middle);
    }
  }

  private double enough() {
    return fewCount < few.length ? Double.NEGATIVE_INFINITY : weight[few[fewCount - 1]];
  }

  private void insert(int x) {
    int at = fewCount < few.length ? fewCount++ : fewCount - 1;
    while (at > 0 && weight[few[at - 1]] < weight[x]) {
      few[at] = few[at - 1];
      at--;
    }
    few[at] = x;
  }
}
