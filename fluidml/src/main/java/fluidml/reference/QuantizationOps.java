package fluidml.reference;

import fluidml.graph.op.Quantization;
import java.util.List;

/** Computes the ops of {@link Quantization}. */
final class QuantizationOps {
  private QuantizationOps() {}

  static List<Datum> execute(Quantization op, Operands operands) {
    if (operands.count() >= 0) {
      throw operands.unsupported("the interpreter has no " + op.mnemonic());
    }
    return List.of();
  }
}
