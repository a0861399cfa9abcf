package fluidml.reference;

import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The first few elements of lines of a tensor by their values, equal ones by their places. Few are
 * kept in a heap, the last of them on top, which most elements do not enter; for many a line is
 * sorted.
 */
final class Selection {
  /** Of how many elements one must be wanted at least for a line to be sorted. */
  private static final int SORTED_SHARE = 8;

  private final Tensor x;
  private final boolean largestFirst;

  /** A number for each element of a line: the larger it is, the earlier the element comes. */
  private final long[] keys;

  /** The elements of a line of float32. */
  private final float[] floats;

  private final PlaceHeap heap;
  private final int[] found;

  /**
   * Prepares for lines of a tensor. Zeros of either sign are equal; NaN is the largest.
   *
   * @param length elements of a line
   * @param count how many of them to find, at most all
   */
  Selection(Tensor x, boolean largestFirst, int length, int count) {
    this.x = x;
    this.largestFirst = largestFirst;
    keys = new long[length];
    floats = new float[x.dtype() == DType.FLOAT32 ? length : 0];
    heap = new PlaceHeap(count);
    found = new int[count];
  }

  /**
   * Finds the first elements of a line, in order.
   *
   * @param from where the line begins
   * @param step elements between neighbours
   * @return their numbers in the line; valid until the next call
   */
  int[] first(long from, long step) {
    if (found.length == 0) {
      return found;
    }
    boolean sorts = x.dtype().bits() <= 32 && found.length > keys.length / SORTED_SHARE;
    if (x.dtype() == DType.FLOAT32 && !sorts) {
      selectFloats(from, step);
      return found;
    }
    OrderKeys.read(x, from, step, keys);
    if (!largestFirst) {
      for (int i = 0; i < keys.length; i++) {
        keys[i] = ~keys[i];
      }
    }
    if (sorts) {
      sort();
    } else {
      select();
    }
    return found;
  }

  /** Sorts keys that fit an int, each with the complement of its place below it. */
  private void sort() {
    for (int i = 0; i < keys.length; i++) {
      keys[i] = (keys[i] << 32) | Integer.toUnsignedLong(~i);
    }
    Arrays.sort(keys);
    for (int i = 0; i < found.length; i++) {
      found[i] = ~(int) keys[keys.length - 1 - i];
    }
  }

  /** Places are complemented in the heap, where the last of equal elements is to be on top. */
  private void select() {
    heap.clear();
    for (int i = 0; i < found.length; i++) {
      heap.add(keys[i], ~i);
    }
    long last = heap.key();
    for (int i = found.length; i < keys.length; i++) {
      if (keys[i] > last) {
        heap.replace(keys[i], ~i);
        last = heap.key();
      }
    }
    empty();
  }

  /** The same for floats, which have keys only where they do not come behind the last for sure. */
  private void selectFloats(long from, long step) {
    if (step == 1) {
      MemorySegment.copy(x.data(), NdIndex.FLOAT, from * 4, floats, 0, floats.length);
    } else {
      for (int i = 0; i < floats.length; i++) {
        floats[i] = x.getFloat(from + i * step);
      }
    }
    boolean largest = largestFirst;
    heap.clear();
    for (int i = 0; i < found.length; i++) {
      heap.add(key(floats[i]), ~i);
    }
    float last = floats[~heap.place()];
    for (int i = found.length; i < floats.length; i++) {
      float value = floats[i];
      if (largest ? value <= last : value >= last) {
        continue;
      }
      long key = key(value);
      if (key > heap.key()) {
        heap.replace(key, ~i);
        last = floats[~heap.place()];
      }
    }
    empty();
  }

  private long key(float value) {
    int key = OrderKeys.of(value);
    return largestFirst ? key : ~key;
  }

  /** Takes the places from the heap, the last first. */
  private void empty() {
    for (int i = found.length - 1; i >= 0; i--) {
      found[i] = ~heap.remove();
    }
  }
}
