package fluidml.memory;

/** Stable sorting of buffer indices without boxing. */
final class Orders {
  /** Compares two buffers by index. */
  interface IndexComparator {
    int compare(int a, int b);
  }

  private static final int RUN = 8;

  private Orders() {}

  static int[] identity(int n) {
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      order[i] = i;
    }
    return order;
  }

  /** Sorts in place, stable: insertion sort of short runs, then bottom-up merging. */
  static void sort(int[] order, IndexComparator by) {
    sort(order, order.length, by);
  }

  /** Sorts the first n in place, stable. */
  static void sort(int[] order, int n, IndexComparator by) {
    for (int from = 0; from < n; from += RUN) {
      insertionSort(order, from, Math.min(n, from + RUN), by);
    }
    int[] copy = new int[n];
    for (int width = RUN; width < n; width *= 2) {
      System.arraycopy(order, 0, copy, 0, n);
      for (int from = 0; from < n; from += 2 * width) {
        int middle = Math.min(n, from + width);
        merge(copy, order, from, middle, Math.min(n, from + 2 * width), by);
      }
    }
  }

  private static void insertionSort(int[] order, int from, int to, IndexComparator by) {
    for (int i = from + 1; i < to; i++) {
      int moved = order[i];
      int j = i;
      while (j > from && by.compare(order[j - 1], moved) > 0) {
        order[j] = order[j - 1];
        j--;
      }
      order[j] = moved;
    }
  }

  private static void merge(
      int[] source, int[] target, int from, int middle, int to, IndexComparator by) {
    int left = from;
    int right = middle;
    for (int i = from; i < to; i++) {
      boolean takeLeft =
          left < middle && (right >= to || by.compare(source[left], source[right]) <= 0);
      target[i] = source[takeLeft ? left++ : right++];
    }
  }
}
