package fluidml.graph.op;

import java.util.List;

/** Ops that combine the elements along some axes. */
public sealed interface Reduction extends Op {
  /** How elements are combined. */
  enum ReduceFunction {
    SUM,
    MEAN,
    PROD,
    MIN,
    MAX,
    L1,
    L2,
    SUM_SQUARE,
    LOG_SUM,
    LOG_SUM_EXP
  }

  /**
   * {@code (x, axes?) → reduced x}. Axes are attributes, or the second operand where they are known
   * at run time only. No axes at all: every axis, or none if {@code noopWithEmptyAxes}.
   */
  record Reduce(
      ReduceFunction function, List<Integer> axes, boolean keepDims, boolean noopWithEmptyAxes)
      implements Reduction {
    public Reduce {
      axes = List.copyOf(axes);
    }

    /** A reduction along given axes. */
    public Reduce(ReduceFunction function, List<Integer> axes, boolean keepDims) {
      this(function, axes, keepDims, false);
    }
  }

  /** {@code (x) → int64 index of the extreme element along an axis}. */
  record ArgReduce(boolean max, int axis, boolean keepDims, boolean selectLastIndex)
      implements Reduction {}

  /** {@code (x) → eˣ / Σ eˣ along an axis}. */
  record Softmax(int axis) implements Reduction {}

  /** {@code (x) → log(softmax(x)) along an axis}. */
  record LogSoftmax(int axis) implements Reduction {}

  /** {@code (x) → 1 at the first maximum along an axis, else 0}. */
  record Hardmax(int axis) implements Reduction {}

  /** {@code (x, axis) → running sum}. */
  record CumulativeSum(boolean exclusive, boolean reverse) implements Reduction {}

  /** {@code (x, axis) → running product}. */
  record CumulativeProduct(boolean exclusive, boolean reverse) implements Reduction {}

  /** {@code (x, k) → (values, int64 indices)}. */
  record TopK(int axis, boolean largest, boolean sorted) implements Reduction {}

  /** {@code (x) → (y, int64 indices?)} over spatial windows. */
  record MaxPool(Window window, boolean ceilMode, boolean columnMajorIndices)
      implements Reduction {}

  /** {@code (x) → mean over spatial windows}. */
  record AveragePool(Window window, boolean ceilMode, boolean countIncludePad)
      implements Reduction {}

  /** {@code (x) → p-norm over spatial windows}. */
  record LpPool(Window window, boolean ceilMode, long p) implements Reduction {}
}
