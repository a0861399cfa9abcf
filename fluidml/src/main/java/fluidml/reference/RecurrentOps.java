package fluidml.reference;

import fluidml.graph.op.Recurrent;
import java.util.List;

/** Computes the ops of {@link Recurrent}. */
final class RecurrentOps {
  private RecurrentOps() {}

  static List<Datum> execute(Recurrent op, Operands operands) {
    if (operands.count() >= 0) {
      throw operands.unsupported("the interpreter has no " + op.mnemonic());
    }
    return List.of();
  }
}
