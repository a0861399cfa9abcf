package fluidml.reference;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Index arithmetic over dense row-major tensors and strided views of them; strides count elements.
 */
final class NdIndex {
  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private NdIndex() {}

  /**
   * What to do with a run of elements: for each view where it starts and the distance of its
   * elements.
   */
  @FunctionalInterface
  interface Row {
    void row(long[] starts, long[] steps, long count);
  }

  /** Number of elements. */
  static long product(long... dims) {
    return product(dims, 0, dims.length);
  }

  /** Number of elements of the axes {@code from} to {@code to}. */
  static long product(long[] dims, int from, int to) {
    long product = 1;
    for (int i = from; i < to; i++) {
      product *= dims[i];
    }
    return product;
  }

  /** Row-major strides. */
  static long[] strides(long... dims) {
    long[] strides = new long[dims.length];
    long stride = 1;
    for (int i = dims.length - 1; i >= 0; i--) {
      strides[i] = stride;
      stride *= dims[i];
    }
    return strides;
  }

  /** The coordinates of element {@code index} of the row-major order. */
  static long[] coordinates(long index, long... dims) {
    long[] at = new long[dims.length];
    long rest = index;
    for (int i = dims.length - 1; i >= 0; i--) {
      at[i] = rest % dims[i];
      rest /= dims[i];
    }
    return at;
  }

  /** The position of coordinates: {@code Σ at·strides}. */
  static long offset(long[] at, long[] strides) {
    long offset = 0;
    for (int i = 0; i < at.length; i++) {
      offset += at[i] * strides[i];
    }
    return offset;
  }

  /** Steps to the next coordinates in row-major order; false after the last. */
  static boolean next(long[] at, long[] dims) {
    for (int axis = dims.length - 1; axis >= 0; axis--) {
      if (++at[axis] < dims[axis]) {
        return true;
      }
      at[axis] = 0;
    }
    return false;
  }

  /**
   * The extents that all operands broadcast to, as in numpy.
   *
   * @throws IllegalArgumentException if they do not fit
   */
  static long[] broadcast(long[]... operands) {
    int rank = 0;
    for (long[] dims : operands) {
      rank = Math.max(rank, dims.length);
    }
    long[] result = new long[rank];
    Arrays.fill(result, 1);
    for (long[] dims : operands) {
      for (int i = 0; i < dims.length; i++) {
        int axis = rank - dims.length + i;
        if (result[axis] == 1) {
          result[axis] = dims[i];
        } else if (dims[i] != 1 && dims[i] != result[axis]) {
          throw new IllegalArgumentException(
              "extents do not broadcast: " + Arrays.deepToString(operands));
        }
      }
    }
    return result;
  }

  /**
   * Strides of a dense tensor of extents {@code dims} seen as {@code target}, which it broadcasts
   * to.
   */
  static long[] broadcastStrides(long[] dims, long[] target) {
    long[] own = strides(dims);
    long[] result = new long[target.length];
    for (int i = 0; i < dims.length; i++) {
      int axis = target.length - dims.length + i;
      if (dims[i] != 1 && dims[i] != target[axis]) {
        throw new IllegalArgumentException(
            Arrays.toString(dims) + " does not broadcast to " + Arrays.toString(target));
      }
      result[axis] = dims[i] == 1 ? 0 : own[i];
    }
    return result;
  }

  /**
   * Walks several views of the same extents together, in row-major order, in runs as long as
   * possible.
   *
   * @param starts where each view begins
   * @param strides of each view, one for each axis
   */
  static void rows(long[] dims, long[] starts, long[][] strides, Row action) {
    if (product(dims) == 0) {
      return;
    }
    int views = starts.length;
    long[] extents = new long[dims.length + 1];
    long[][] merged = new long[dims.length + 1][views];
    int axes = 0;
    for (int axis = 0; axis < dims.length; axis++) {
      if (dims[axis] == 1) {
        continue;
      }
      boolean joins = axes > 0;
      for (int v = 0; joins && v < views; v++) {
        joins = merged[axes - 1][v] == strides[v][axis] * dims[axis];
      }
      int into = joins ? axes - 1 : axes++;
      extents[into] = joins ? extents[into] * dims[axis] : dims[axis];
      for (int v = 0; v < views; v++) {
        merged[into][v] = strides[v][axis];
      }
    }
    if (axes == 0) {
      extents[0] = 1;
      Arrays.fill(merged[0], 1);
      axes = 1;
    }
    long[] at = starts.clone();
    long[] outer = Arrays.copyOf(extents, axes - 1);
    long[] counter = new long[axes - 1];
    while (true) {
      action.row(at.clone(), merged[axes - 1], extents[axes - 1]);
      int axis = axes - 2;
      for (; axis >= 0; axis--) {
        for (int v = 0; v < views; v++) {
          at[v] += merged[axis][v];
        }
        if (++counter[axis] < outer[axis]) {
          break;
        }
        for (int v = 0; v < views; v++) {
          at[v] -= merged[axis][v] * outer[axis];
        }
        counter[axis] = 0;
      }
      if (axis < 0) {
        return;
      }
    }
  }
}
