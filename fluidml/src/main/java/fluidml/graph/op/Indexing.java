package fluidml.graph.op;

import java.util.OptionalInt;

/** Ops whose element positions are data. */
public sealed interface Indexing extends Op {
  /** How {@link ScatterElements} and {@link ScatterND} treat the element that is there. */
  enum ScatterReduction {
    NONE,
    ADD,
    MUL,
    MIN,
    MAX
  }

  /**
   * {@code (data, indices) → slices of data along an axis}; negative indices count from the end.
   */
  record Gather(int axis) implements Indexing {}

  /** {@code (data, indices) → single elements along an axis}. */
  record GatherElements(int axis) implements Indexing {}

  /** {@code (data, indices) → slices named by index tuples}. */
  record GatherND(long batchDims) implements Indexing {}

  /** {@code (data, indices, updates) → data with elements replaced}. */
  record ScatterElements(int axis, ScatterReduction reduction) implements Indexing {}

  /** {@code (data, indices, updates) → data with slices replaced}. */
  record ScatterND(ScatterReduction reduction) implements Indexing {}

  /** {@code (past, update, writeIndices?) → past with update written along an axis}. */
  record TensorScatter(int axis, boolean circular) implements Indexing {}

  /** {@code (indices, depth, values) → one-hot}. */
  record OneHot(int axis) implements Indexing {}

  /** {@code (x) → int64 [rank, count]}: a data-dependent shape. */
  record NonZero() implements Indexing {}

  /**
   * {@code (x, condition) → selected slices}; without axis x is flattened. Data-dependent shape.
   */
  record Compress(OptionalInt axis) implements Indexing {}

  /** {@code (x) → (values, indices?, inverse?, counts?)}. Data-dependent shape. */
  record Unique(OptionalInt axis, boolean sorted) implements Indexing {}

  /**
   * {@code (boxes, scores, maxOutput?, iouThreshold?, scoreThreshold?) → int64 [count, 3]}.
   * Data-dependent shape.
   */
  record NonMaxSuppression(boolean centerPointBox) implements Indexing {}
}
