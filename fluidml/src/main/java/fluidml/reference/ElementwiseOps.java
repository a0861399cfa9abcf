package fluidml.reference;

import fluidml.graph.op.Elementwise;
import java.util.List;

/** Computes the ops of {@link Elementwise}. */
final class ElementwiseOps {
  private ElementwiseOps() {}

  static List<Datum> execute(Elementwise op, Operands operands) {
    if (operands.count() >= 0) {
      throw operands.unsupported("the interpreter has no " + op.mnemonic());
    }
    return List.of();
  }
}
