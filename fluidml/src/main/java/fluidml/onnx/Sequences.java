package fluidml.onnx;

import fluidml.graph.Value;
import fluidml.graph.op.SequenceOp.ConcatFromSequence;
import fluidml.graph.op.SequenceOp.OptionalGetElement;
import fluidml.graph.op.SequenceOp.OptionalHasElement;
import fluidml.graph.op.SequenceOp.OptionalOf;
import fluidml.graph.op.SequenceOp.SequenceAt;
import fluidml.graph.op.SequenceOp.SequenceConstruct;
import fluidml.graph.op.SequenceOp.SequenceEmpty;
import fluidml.graph.op.SequenceOp.SequenceErase;
import fluidml.graph.op.SequenceOp.SequenceInsert;
import fluidml.graph.op.SequenceOp.SequenceLength;
import fluidml.graph.op.SequenceOp.SplitToSequence;
import fluidml.tensor.DType;
import java.util.List;

/** Operators over sequences and optionals. */
final class Sequences {
  private Sequences() {}

  static void register(Operators to) {
    to.add(
        "SequenceConstruct",
        11,
        1,
        Integer.MAX_VALUE,
        c -> c.out(new SequenceConstruct(), c.operands()));
    to.add(
        "SequenceEmpty",
        11,
        0,
        0,
        c -> c.out(new SequenceEmpty(c.attributes().dtype("dtype").orElse(DType.FLOAT32))));
    to.add("SequenceAt", 11, 2, 2, c -> c.out(new SequenceAt(), c.operands()));
    to.add("SequenceInsert", 11, 2, 3, c -> c.out(new SequenceInsert(), c.operands()));
    to.add("SequenceErase", 11, 1, 2, c -> c.out(new SequenceErase(), c.operands()));
    to.add("SequenceLength", 11, 1, 1, c -> c.out(new SequenceLength(), c.operands()));
    to.add(
        "ConcatFromSequence",
        11,
        1,
        1,
        c ->
            c.out(
                new ConcatFromSequence(
                    c.attributes().requiredInt32("axis"), c.attributes().flag("new_axis", false)),
                c.operands()));
    to.add("SplitToSequence", 11, 1, 2, Sequences::splitToSequence);
    to.add(
        "Optional",
        15,
        0,
        1,
        c -> c.out(new OptionalOf(c.attributes().type("type").map(c::type)), c.operands()));
    to.add("OptionalGetElement", 15, 1, 1, c -> c.out(new OptionalGetElement(), c.operands()));
    to.add("OptionalHasElement", 15, 0, 1, c -> c.out(new OptionalHasElement(), c.operands()));
  }

  private static List<Value> splitToSequence(Call c) {
    int axis = c.axis(c.attributes().integer("axis", 0), c.in(0));
    boolean keepDims = c.attributes().flag("keepdims", true);
    // Parts of given sizes keep the axis, whatever the attribute says.
    return c.out(new SplitToSequence(axis, keepDims || c.has(1)), c.operands());
  }
}
