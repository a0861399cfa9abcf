package fluidml.reference;

import fluidml.graph.op.Movement;
import java.util.List;

/** Computes the ops of {@link Movement}. */
final class MovementOps {
  private MovementOps() {}

  static List<Datum> execute(Movement op, Operands operands) {
    if (operands.count() >= 0) {
      throw operands.unsupported("the interpreter has no " + op.mnemonic());
    }
    return List.of();
  }
}
