package fluidml.reference;

import fluidml.graph.op.Indexing;
import java.util.List;

/** Computes the ops of {@link Indexing}. */
final class IndexingOps {
  private IndexingOps() {}

  static List<Datum> execute(Indexing op, Operands operands) {
    if (operands.count() >= 0) {
      throw operands.unsupported("the interpreter has no " + op.mnemonic());
    }
    return List.of();
  }
}
