package fluidml.reference;

import fluidml.graph.op.Contraction;
import java.util.List;

/** Computes the ops of {@link Contraction}. */
final class ContractionOps {
  private ContractionOps() {}

  static List<Datum> execute(Contraction op, Operands operands) {
    if (operands.count() >= 0) {
      throw operands.unsupported("the interpreter has no " + op.mnemonic());
    }
    return List.of();
  }
}
