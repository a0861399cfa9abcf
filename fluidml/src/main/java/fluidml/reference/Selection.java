package fluidml.reference;

import fluidml.tensor.DType;
import fluidml.tensor.Tensor;

/**
 * The first few elements of lines of a tensor by their values, equal ones by their places: a heap
 * of those found so far, the last of them on top. Takes {@code n log k} steps at most, and {@code
 * n} where most elements are not among the first.
 */
final class Selection {
  /** A number for each element that grows with its value, or falls if the largest come first. */
  private final long[] keys;

  private final int[] heap;
  private int size;
  private int start;
  private int inner;

  /**
   * Prepares for the elements of a tensor. Zeros of either sign are equal; NaN is the largest.
   *
   * @param count number of elements to find in a line
   */
  Selection(Tensor x, boolean largestFirst, int count) {
    keys = new long[Math.toIntExact(x.elements())];
    heap = new int[count];
    if (x.dtype().isFloat()) {
      double[] values = Loops.doubles(x);
      for (int i = 0; i < keys.length; i++) {
        long bits = Double.doubleToLongBits(values[i] + 0.0);
        keys[i] = bits ^ ((bits >> 63) & Long.MAX_VALUE);
      }
    } else {
      long sign = x.dtype() == DType.UINT64 ? Long.MIN_VALUE : 0;
      for (int i = 0; i < keys.length; i++) {
        keys[i] = x.getLong(i) ^ sign;
      }
    }
    if (largestFirst) {
      for (int i = 0; i < keys.length; i++) {
        keys[i] = ~keys[i];
      }
    }
  }

  /**
   * Finds the first elements of a line, in order.
   *
   * @param from where the line begins
   * @param length its elements, at least as many as are to be found
   * @param step elements between neighbours
   * @return their numbers in the line; valid until the next call
   */
  int[] first(long from, long length, long step) {
    start = Math.toIntExact(from);
    inner = Math.toIntExact(step);
    size = 0;
    for (int i = 0; i < length && heap.length > 0; i++) {
      if (size < heap.length) {
        heap[size++] = i;
        rise(size - 1);
      } else if (isBefore(i, heap[0])) {
        heap[0] = i;
        sink(0);
      }
    }
    while (size > 1) {
      int last = heap[0];
      heap[0] = heap[--size];
      sink(0);
      heap[size] = last;
    }
    return heap;
  }

  private boolean isBefore(int a, int b) {
    long first = keys[start + a * inner];
    long second = keys[start + b * inner];
    return first != second ? first < second : a < b;
  }

  private void rise(int from) {
    int place = from;
    while (place > 0 && isBefore(heap[(place - 1) / 2], heap[place])) {
      swap(place, (place - 1) / 2);
      place = (place - 1) / 2;
    }
  }

  private void sink(int from) {
    int place = from;
    while (2 * place + 1 < size) {
      int child = 2 * place + 1;
      if (child + 1 < size && isBefore(heap[child], heap[child + 1])) {
        child++;
      }
      if (!isBefore(heap[place], heap[child])) {
        return;
      }
      swap(place, child);
      place = child;
    }
  }

  private void swap(int a, int b) {
    int kept = heap[a];
    heap[a] = heap[b];
    heap[b] = kept;
  }
}
