package fluidml.reference;

import fluidml.graph.op.Control;
import java.util.List;

/** Computes the ops of {@link Control}. */
final class ControlOps {
  private ControlOps() {}

  static List<Datum> execute(Control op, Operands operands) {
    if (operands.count() >= 0) {
      throw operands.unsupported("the interpreter has no " + op.mnemonic());
    }
    return List.of();
  }
}
