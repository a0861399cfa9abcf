package fluidml.graph.infer;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Generation;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** What is known, before a graph runs, of the elements of its small integer tensors. */
public final class Contents {
  /** Tensors with more elements are not tracked. */
  static final int MAX_ELEMENTS = 64;

  private final Map<Value, SymbolicTensor> known = new HashMap<>();

  /** The elements of {@code value}, if they are known. */
  public Optional<SymbolicTensor> of(Value value) {
    return Optional.ofNullable(known.get(value));
  }

  /** Learns what a node with known operands computes. */
  public void record(Node node) {
    if (node.op() instanceof Generation.Constant constant
        && SymbolicTensor.isTracked(constant.tensor().dtype())
        && constant.tensor().elements() <= MAX_ELEMENTS) {
      known.put(node.output(), SymbolicTensor.of(constant.tensor()));
    }
  }
}
