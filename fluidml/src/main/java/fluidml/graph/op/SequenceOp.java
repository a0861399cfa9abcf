package fluidml.graph.op;

import fluidml.graph.Type;
import fluidml.tensor.DType;
import java.util.Optional;

/** Ops over sequences and optionals. */
public sealed interface SequenceOp extends Op {
  /** {@code (x…) → sequence}. */
  record SequenceConstruct() implements SequenceOp {}

  /** {@code () → empty sequence of tensors}. */
  record SequenceEmpty(DType dtype) implements SequenceOp {}

  /** {@code (sequence, position) → element}. */
  record SequenceAt() implements SequenceOp {}

  /** {@code (sequence, x, position?) → longer sequence}. */
  record SequenceInsert() implements SequenceOp {}

  /** {@code (sequence, position?) → shorter sequence}. */
  record SequenceErase() implements SequenceOp {}

  /** {@code (sequence) → int64 scalar}. */
  record SequenceLength() implements SequenceOp {}

  /** {@code (sequence) → tensor}, along an axis, a new one if {@code newAxis}. */
  record ConcatFromSequence(int axis, boolean newAxis) implements SequenceOp {}

  /**
   * {@code (x, split?) → sequence}; without split, slices of extent 1, dropped unless {@code
   * keepDims}.
   */
  record SplitToSequence(int axis, boolean keepDims) implements SequenceOp {}

  /** {@code (x?) → optional}; without operand, an empty one of the type. */
  record OptionalOf(Optional<Type> type) implements SequenceOp {}

  /** {@code (optional or plain value) → value}. */
  record OptionalGetElement() implements SequenceOp {}

  /** {@code (optional or plain value?) → bool scalar}. */
  record OptionalHasElement() implements SequenceOp {}
}
