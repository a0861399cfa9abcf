package fluidml.reference;

import fluidml.graph.op.Window;
import java.util.ArrayList;
import java.util.List;

/**
 * A sliding window over concrete spatial extents.
 *
 * @param input extents it slides over
 * @param kernel extents of the window
 * @param strides steps between windows
 * @param dilations steps within a window
 * @param before padding before each axis
 * @param after padding after each axis
 * @param output number of windows along each axis
 */
record WindowGeometry(
    long[] input,
    long[] kernel,
    long[] strides,
    long[] dilations,
    long[] before,
    long[] after,
    long[] output) {

  /** What to do with one element under a window. */
  @FunctionalInterface
  interface Tap {
    /**
     * @param input position in the row-major spatial extents
     * @param kernel position in the row-major window
     */
    void tap(long input, int kernel);
  }

  /**
   * Resolves pads and extents. With {@code ceil}, a last window that covers its input only in part
   * counts too, unless it starts in the padding after the input.
   */
  static WindowGeometry of(Window window, long[] input, long[] kernel, boolean ceil) {
    int rank = input.length;
    long[] strides = orOnes(window.strides(), rank);
    long[] dilations = orOnes(window.dilations(), rank);
    long[] before = new long[rank];
    long[] after = new long[rank];
    long[] output = new long[rank];
    for (int i = 0; i < rank; i++) {
      long span = (kernel[i] - 1) * dilations[i] + 1;
      switch (window.padding()) {
        case SAME_UPPER, SAME_LOWER -> {
          output[i] = Math.ceilDiv(input[i], strides[i]);
          long total = Math.max(0, (output[i] - 1) * strides[i] + span - input[i]);
          long less = total / 2;
          boolean upper = window.padding() == Window.Padding.SAME_UPPER;
          before[i] = upper ? less : total - less;
          after[i] = total - before[i];
        }
        case EXPLICIT, VALID -> {
          boolean given = window.padding() == Window.Padding.EXPLICIT;
          before[i] = given && !window.padsBegin().isEmpty() ? window.padsBegin().get(i) : 0;
          after[i] = given && !window.padsEnd().isEmpty() ? window.padsEnd().get(i) : 0;
          long room = input[i] + before[i] + after[i] - span;
          if (room < 0) {
            throw new IllegalArgumentException(
                "a window that spans " + span + " does not fit the padded extent " + (room + span));
          }
          output[i] = (ceil ? Math.ceilDiv(room, strides[i]) : room / strides[i]) + 1;
          if (ceil && (output[i] - 1) * strides[i] >= input[i] + before[i]) {
            output[i]--;
          }
        }
      }
    }
    return new WindowGeometry(input, kernel, strides, dilations, before, after, output);
  }

  private static long[] orOnes(List<Long> values, int rank) {
    List<Long> result = new ArrayList<>(values);
    while (result.size() < rank) {
      result.add(1L);
    }
    return result.stream().mapToLong(Long::longValue).toArray();
  }

  int rank() {
    return input.length;
  }

  /** Elements of the window. */
  int taps() {
    return (int) NdIndex.product(kernel);
  }

  /** Visits the elements of the input under the window at {@code at}, padding left out. */
  void taps(long[] at, Tap tap) {
    visit(at, 0, 0, 0, tap);
  }

  private void visit(long[] at, int axis, long position, int index, Tap tap) {
    if (axis == rank()) {
      tap.tap(position, index);
      return;
    }
    long start = at[axis] * strides[axis] - before[axis];
    for (int k = 0; k < kernel[axis]; k++) {
      long x = start + k * dilations[axis];
      if (x >= 0 && x < input[axis]) {
        visit(at, axis + 1, position * input[axis] + x, index * (int) kernel[axis] + k, tap);
      }
    }
  }

  /** How many elements of the window at {@code at} lie inside the input and its padding. */
  long padded(long[] at) {
    long count = 1;
    for (int i = 0; i < rank(); i++) {
      long start = at[i] * strides[i] - before[i];
      long inside = 0;
      for (int k = 0; k < kernel[i]; k++) {
        inside += start + k * dilations[i] < input[i] + after[i] ? 1 : 0;
      }
      count *= inside;
    }
    return count;
  }
}
