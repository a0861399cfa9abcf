package fluidml.reference;

import fluidml.graph.op.Reduction;
import java.util.List;

/** Computes the ops of {@link Reduction}. */
final class ReductionOps {
  private ReductionOps() {}

  static List<Datum> execute(Reduction op, Operands operands) {
    if (operands.count() >= 0) {
      throw operands.unsupported("the interpreter has no " + op.mnemonic());
    }
    return List.of();
  }
}
