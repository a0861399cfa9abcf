package fluidml.reference;

import fluidml.graph.op.Text;
import java.util.List;

/** Computes the ops of {@link Text}. */
final class TextOps {
  private TextOps() {}

  static List<Datum> execute(Text op, Operands operands) {
    if (operands.count() >= 0) {
      throw operands.unsupported("the interpreter has no " + op.mnemonic());
    }
    return List.of();
  }
}
