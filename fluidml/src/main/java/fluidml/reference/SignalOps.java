package fluidml.reference;

import fluidml.graph.op.Signal;
import java.util.List;

/** Computes the ops of {@link Signal}. */
final class SignalOps {
  private SignalOps() {}

  static List<Datum> execute(Signal op, Operands operands) {
    if (operands.count() >= 0) {
      throw operands.unsupported("the interpreter has no " + op.mnemonic());
    }
    return List.of();
  }
}
