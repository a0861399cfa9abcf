package fluidml.reference;

import fluidml.graph.op.Learning;
import java.util.List;

/** Computes the ops of {@link Learning}. */
final class LearningOps {
  private LearningOps() {}

  static List<Datum> execute(Learning op, Operands operands) {
    if (operands.count() >= 0) {
      throw operands.unsupported("the interpreter has no " + op.mnemonic());
    }
    return List.of();
  }
}
