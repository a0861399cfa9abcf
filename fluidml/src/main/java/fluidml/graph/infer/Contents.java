package fluidml.graph.infer;

import fluidml.graph.Node;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Generation;
import fluidml.tensor.Dim;
import fluidml.tensor.Tensor;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** What is known, before a graph runs, of the elements of its small integer tensors. */
public final class Contents {
  /** Tensors with more elements are not tracked. */
  static final int MAX_ELEMENTS = 1024;

  /** Real constants with more elements are not tracked: they are no scales of extents. */
  private static final int MAX_FRACTIONS = 16;

  private final Map<Value, SymbolicTensor> known = new HashMap<>();
  private final Map<Value, Fractions> fractions = new HashMap<>();
  private final Map<Value, Tensor> constants = new HashMap<>();
  private Consumer<Assumptions.Condition> observer = condition -> {};
  private final Set<String> given = new HashSet<>();
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
    given.addAll(Types.symbols(type));
  }

  /** Lets somebody know what inference with these contents assumes. */
  void observe(Consumer<Assumptions.Condition> newObserver) {
    observer = newObserver;
  }

  /** Notes an assumption. */
  void assume(Assumptions.Condition condition) {
    observer.accept(condition);
  }

  /** Keeps symbols from being given out. */
  public void reserve(Set<String> names) {
    symbols.addAll(names);
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

  /** Whether a number depends on the graph's inputs' extents only, not on data. */
  public boolean isGiven(Dim dim) {
    return given.containsAll(dim.symbols());
  }

  /**
   * Learns what a node with known operands computes, and the symbols of its results' types.
   *
   * @param node a node of the graph, after those that compute its operands
   */
  public void record(Node node) {
    node.outputs().forEach(v -> symbols.addAll(Types.symbols(v.type())));
    if (node.op() instanceof Generation.Constant constant) {
      constants.put(node.output(), constant.tensor());
      if (constant.tensor().elements() <= MAX_FRACTIONS && constant.tensor().dtype().isFloat()) {
        Fractions.of(constant.tensor()).ifPresent(f -> fractions.put(node.output(), f));
      }
    }
    try {
      evaluate(node);
    } catch (ArithmeticException e) {
      // Symbolic numbers do not wrap around as the node's would: its result stays unknown.
      node.outputs().forEach(known::remove);
    }
  }

  private void evaluate(Node node) {
    Optional<Rearrangement> movement = Rearrangement.of(node, this);
    if (movement.isPresent()) {
      move(node, movement.get());
    } else {
      Evaluation.result(node, this).ifPresent(e -> known.put(node.output(), e));
      FractionMath.result(node, this).ifPresent(f -> fractions.put(node.output(), f));
    }
  }

  private void move(Node node, Rearrangement movement) {
    List<Value> operands = node.inputs().subList(0, movement.operands());
    if (operands.stream().allMatch(known::containsKey)) {
      List<Dim> elements =
          operands.stream().flatMap(v -> known.get(v).elements().stream()).toList();
      for (int i = 0; i < node.outputs().size(); i++) {
        Value output = node.output(i);
        known.put(
            output,
            new SymbolicTensor(
                Evaluation.extents(output).orElseThrow(), movement.apply(i, elements)));
      }
    }
    if (operands.stream().allMatch(fractions::containsKey)) {
      List<Dim> above =
          operands.stream().flatMap(v -> fractions.get(v).numerators().stream()).toList();
      List<Dim> below =
          operands.stream().flatMap(v -> fractions.get(v).denominators().stream()).toList();
      for (int i = 0; i < node.outputs().size(); i++) {
        Value output = node.output(i);
        fractions.put(
            output,
            new Fractions(
                Evaluation.extents(output).orElseThrow(),
                movement.apply(i, above),
                movement.apply(i, below)));
      }
    }
  }
}
