package fluidml.reference;

import fluidml.graph.op.Generation;
import java.util.List;

/** Computes the ops of {@link Generation}. */
final class GenerationOps {
  private GenerationOps() {}

  static List<Datum> execute(Generation op, Operands operands) {
    if (operands.count() >= 0) {
      throw operands.unsupported("the interpreter has no " + op.mnemonic());
    }
    return List.of();
  }
}
