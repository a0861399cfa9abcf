package fluidml.reference;

import fluidml.graph.op.Normalization;
import java.util.List;

/** Computes the ops of {@link Normalization}. */
final class NormalizationOps {
  private NormalizationOps() {}

  static List<Datum> execute(Normalization op, Operands operands) {
    if (operands.count() >= 0) {
      throw operands.unsupported("the interpreter has no " + op.mnemonic());
    }
    return List.of();
  }
}
