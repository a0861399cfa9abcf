package fluidml.reference;

import fluidml.graph.op.Vision;
import java.util.List;

/** Computes the ops of {@link Vision}. */
final class VisionOps {
  private VisionOps() {}

  static List<Datum> execute(Vision op, Operands operands) {
    if (operands.count() >= 0) {
      throw operands.unsupported("the interpreter has no " + op.mnemonic());
    }
    return List.of();
  }
}
