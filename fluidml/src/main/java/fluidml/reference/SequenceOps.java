package fluidml.reference;

import fluidml.graph.op.SequenceOp;
import java.util.List;

/** Computes the ops of {@link SequenceOp}. */
final class SequenceOps {
  private SequenceOps() {}

  static List<Datum> execute(SequenceOp op, Operands operands) {
    if (operands.count() >= 0) {
      throw operands.unsupported("the interpreter has no " + op.mnemonic());
    }
    return List.of();
  }
}
