package fluidml.loop.schedule;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;

/**
 * Neighbouring windows along the last axis, whose taps on that axis are written out: they share
 * elements and filters, and their results stay in registers.
 *
 * @param pixels number of windows
 * @param before elements by which the first window begins before the input; elements before it are
 *     left out
 * @param after elements by which the last window ends behind the input; they are left out
 */
record WindowBlock(int pixels, int before, int after) {
  /** The geometry of the last axis: extent of the window, and its steps. */
  record Row(int kernel, int stride, int dilation) {
    /** Elements from the first of {@code pixels} windows to the last. */
    int span(int pixels) {
      return (pixels - 1) * stride + (kernel - 1) * dilation + 1;
    }
  }

  /**
   * Splits an axis into blocks of at most {@code most} windows, as equal as possible.
   *
   * @param output number of windows, at least 1
   * @param input extent of the input
   * @param pad elements by which the first window begins before the input
   */
  static List<WindowBlock> split(Row row, long output, long input, long pad, int most) {
    long pixels = Math.ceilDiv(output, Math.ceilDiv(output, (long) most));
    List<WindowBlock> blocks = new ArrayList<>();
    for (long first = 0; first < output; first += pixels) {
      int count = (int) Math.min(pixels, output - first);
      long begin = first * row.stride - pad;
      long end = begin + row.span(count);
      blocks.add(new WindowBlock(count, (int) Math.max(0, -begin), (int) Math.max(0, end - input)));
    }
    return blocks;
  }

  /** The name of the procedure that computes such blocks. */
  String procedure() {
    return "block" + pixels + "x" + before + "x" + after;
  }

  /** Whether an element, counted from the first window's first, lies in the input. */
  private boolean isInside(Row row, int column) {
    return column >= before && column < row.span(pixels) - after;
  }

  /** Taps of a window on the last axis that lie in the input. */
  int taps(Row row, int pixel) {
    int taps = 0;
    for (int k = 0; k < row.kernel; k++) {
      taps += isInside(row, pixel * row.stride + k * row.dilation) ? 1 : 0;
    }
    return taps;
  }

  /** How a tap is added to a result. */
  interface Combine {
    /** The next value of a result, from an element and what the tap multiplies it with. */
    Expr next(Expr.Read sum, Expr x, Optional<Expr> filter);
  }

  /**
   * Writes one row of taps.
   *
   * @param sums one result for each window
   * @param elements the element at a column, counted from the first window's first
   * @param filters the filters of a tap, if there are any
   */
  void row(
      BodyBuilder b,
      Row row,
      List<Expr.Read> sums,
      IntFunction<Expr> elements,
      IntFunction<Optional<Expr>> filters,
      Combine combine) {
    Map<Integer, Expr> loaded = new HashMap<>();
    for (int k = 0; k < row.kernel; k++) {
      Optional<Expr> filter = filters.apply(k).map(f -> b.let("filter", f));
      for (int p = 0; p < pixels; p++) {
        int column = p * row.stride + k * row.dilation;
        if (isInside(row, column)) {
          Expr x = loaded.computeIfAbsent(column, at -> b.let("x", elements.apply(at)));
          b.assign(sums.get(p), combine.next(sums.get(p), x, filter));
        }
      }
    }
  }
}
