package fluidml.pass;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Movement.Slice;
import fluidml.graph.op.Movement.SliceAxis;
import fluidml.graph.op.Window;
import fluidml.tensor.Dim;
import java.util.ArrayList;
import java.util.List;

/**
 * A band of rows of an image.
 *
 * @param from the first
 * @param to after the last
 */
record Rows(long from, long to) {
  /** The axis of rows. */
  static final int AXIS = 2;

  /**
   * A convolution of two spatial axes that computes some rows of the result.
   *
   * @param op what to do with the rows that are read
   * @param read the rows of the operand that it needs
   */
  record Band(Conv op, Rows read) {
    /** The convolution of those rows of its operand. */
    Value emit(Node conv, Rewriter g) {
      List<Value> operands = new ArrayList<>(conv.inputs());
      operands.set(0, read.slice(conv.input(0), g));
      return g.emit(op, operands.toArray(Value[]::new));
    }
  }

  /** These rows of a convolution with known pads: from those of its operand, with less padding. */
  Band of(Node conv) {
    Conv op = (Conv) conv.op();
    Window window = op.window();
    long given = conv.input(0).shape().dim(AXIS).constant().orElseThrow();
    long stride = window.strides().getFirst();
    long first = from * stride - window.padsBegin().getFirst();
    long end = (to - 1) * stride - window.padsBegin().getFirst() + window.span(0);
    Rows read = new Rows(Math.max(0, first), Math.min(given, end));
    Window narrow =
        window.withPads(
            List.of(read.from - first, window.padsBegin().get(1)),
            List.of(end - read.to, window.padsEnd().get(1)));
    return new Band(new Conv(narrow, op.groups(), op.exact()), read);
  }

  /** These rows of a value. */
  Value slice(Value value, Rewriter g) {
    SliceAxis axis = new SliceAxis(AXIS, Dim.of(from), Dim.of(to - from), 1);
    return g.emit(new Slice(List.of(axis)), value);
  }
}
