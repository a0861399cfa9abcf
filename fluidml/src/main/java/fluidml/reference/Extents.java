package fluidml.reference;

import java.util.Arrays;
import java.util.List;

/** Arithmetic of axes and extents. Everything that does not fit throws IllegalArgumentException. */
final class Extents {
  private Extents() {}

  /** Axes in [0, rank), in the given order; each may occur once. */
  static int[] axes(long[] axes, int rank) {
    int[] result = new int[axes.length];
    boolean[] seen = new boolean[rank];
    for (int i = 0; i < axes.length; i++) {
      result[i] = Operands.axis(axes[i], rank);
      if (seen[result[i]]) {
        throw new IllegalArgumentException("axis " + axes[i] + " occurs twice");
      }
      seen[result[i]] = true;
    }
    return result;
  }

  /** The given axes, or every axis if there are none. */
  static int[] axesOrAll(List<Integer> axes, int rank) {
    if (axes.isEmpty()) {
      int[] all = new int[rank];
      Arrays.setAll(all, i -> i);
      return all;
    }
    return axes(axes.stream().mapToLong(Integer::longValue).toArray(), rank);
  }

  /** A list as an array. */
  static long[] array(List<Long> values) {
    return values.stream().mapToLong(Long::longValue).toArray();
  }

  /**
   * Extents that ONNX's Reshape asks for.
   *
   * @param wish −1 at most once: what remains; 0: the extent of that axis unless {@code allowZero}
   */
  static long[] reshape(long[] dims, long[] wish, boolean allowZero) {
    long[] result = wish.clone();
    int inferred = -1;
    long known = 1;
    for (int i = 0; i < wish.length; i++) {
      if (wish[i] == 0 && !allowZero) {
        if (i >= dims.length) {
          throw new IllegalArgumentException(
              "shape %s copies axis %d of %s"
                  .formatted(Arrays.toString(wish), i, Arrays.toString(dims)));
        }
        result[i] = dims[i];
      }
      if (wish[i] == -1) {
        if (inferred >= 0) {
          throw new IllegalArgumentException("two extents of −1 in " + Arrays.toString(wish));
        }
        inferred = i;
      } else {
        known *= result[i];
      }
    }
    long total = NdIndex.product(dims);
    if (inferred >= 0) {
      result[inferred] = known == 0 ? 0 : total / known;
    }
    if (NdIndex.product(result) != total) {
      throw new IllegalArgumentException(
          "%s cannot become %s".formatted(Arrays.toString(dims), Arrays.toString(wish)));
    }
    return result;
  }

  /** Extents without the given axes, or without every axis of extent 1 if there are none. */
  static long[] squeeze(long[] dims, long[] axes) {
    boolean[] drop = new boolean[dims.length];
    for (int axis : axes(axes, dims.length)) {
      if (dims[axis] != 1) {
        throw new IllegalArgumentException(
            "axis %d of %s is not 1".formatted(axis, Arrays.toString(dims)));
      }
      drop[axis] = true;
    }
    long[] result = new long[dims.length];
    int rank = 0;
    for (int i = 0; i < dims.length; i++) {
      if (!(axes.length == 0 ? dims[i] == 1 : drop[i])) {
        result[rank++] = dims[i];
      }
    }
    return Arrays.copyOf(result, rank);
  }

  /** Extents with 1 inserted at the given axes of the result. */
  static long[] unsqueeze(long[] dims, long[] axes) {
    int rank = dims.length + axes.length;
    long[] result = new long[rank];
    for (int axis : axes(axes, rank)) {
      result[axis] = 1;
    }
    int next = 0;
    for (int i = 0; i < rank; i++) {
      if (result[i] == 0) {
        result[i] = dims[next++];
      } else {
        result[i] = 1;
      }
    }
    return result;
  }

  /** Extents of a matrix split before {@code axis} (which may equal the rank). */
  static long[] flatten(long[] dims, int axis) {
    int split = axis < 0 ? axis + dims.length : axis;
    return new long[] {NdIndex.product(dims, 0, split), NdIndex.product(dims, split, dims.length)};
  }

  /**
   * Sizes of {@code parts} equal parts of an extent, the last one smaller if it does not divide.
   */
  static long[] equalParts(long extent, int parts) {
    long size = Math.ceilDiv(extent, parts);
    long[] sizes = new long[parts];
    for (int i = 0; i < parts; i++) {
      sizes[i] = Math.clamp(extent - i * size, 0, size);
    }
    return sizes;
  }
}
