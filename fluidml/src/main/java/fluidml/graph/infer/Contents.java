package fluidml.graph.infer;

import fluidml.graph.Node;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Generation;
import fluidml.tensor.Dim;
import fluidml.tensor.Tensor;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What is known, before a graph runs, of the elements of its small integer tensors. */
public final class Contents {
  /** Tensors with more elements are not tracked. */
  static final int MAX_ELEMENTS = 1024;

  private final Map<Value, SymbolicTensor> known = new HashMap<>();
  private final Map<Value, Fractions> fractions = new HashMap<>();
  private final Map<Value, Tensor> constants = new HashMap<>();
  private final Set<String> symbols = new HashSet<>(Set.of("_"));

  /** The elements of an int64, int32 or bool {@code value} (bool as 0 and 1), if they are known. */
  public Optional<SymbolicTensor> of(Value value) {
    return Optional.ofNullable(known.get(value));
  }

  /** The constant that {@code value} is, of any type, if a constant node produces it. */
  public Optional<Tensor> constant(Value value) {
    return Optional.ofNullable(constants.get(value));
  }

  /** The elements of a real {@code value} that is computed from extents, if they are known. */
  Optional<Fractions> fractions(Value value) {
    return Optional.ofNullable(fractions.get(value));
  }

  /** Learns which symbols a value that is not computed, e.g. a graph input, has in its type. */
  public void reserve(Type type) {
    symbols.addAll(Types.symbols(type));
  }

  /**
   * A symbol that nothing recorded or reserved here has.
   *
   * @param hint beginning of its name: letters, digits and underscores
   */
  public Dim fresh(String hint) {
    int number = 0;
    while (!symbols.add(hint + "_" + number)) {
      number++;
    }
    return Dim.symbol(hint + "_" + number);
  }

  /** Learns what a node with known operands computes, and the symbols of its results' types. */
  public void record(Node node) {
    node.outputs().forEach(v -> reserve(v.type()));
    if (node.op() instanceof Generation.Constant constant) {
      constants.put(node.output(), constant.tensor());
      boolean small = constant.tensor().elements() <= MAX_ELEMENTS;
      if (small && SymbolicTensor.isTracked(constant.tensor().dtype())) {
        known.put(node.output(), SymbolicTensor.of(constant.tensor()));
      }
      if (small && constant.tensor().dtype().isFloat()) {
        Fractions.of(constant.tensor()).ifPresent(f -> fractions.put(node.output(), f));
      }
    }
  }
}
