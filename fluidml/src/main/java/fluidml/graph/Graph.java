package fluidml.graph;

import fluidml.graph.op.Generation;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A computation: nodes in execution order over named values. Immutable and closed: a node reads
 * graph inputs and results of earlier nodes only; bodies of control flow are graphs of their own
 * and get what they read from outside as inputs.
 *
 * <p>{@code GraphVerifier} states and checks the invariants.
 */
public final class Graph {
  private final String name;
  private final List<Value> inputs;
  private final List<Value> outputs;
  private final List<Node> nodes;
  private final Map<Value, Node> producers = new HashMap<>();
  private final Map<Value, List<Node>> uses = new HashMap<>();

  /** A graph of these nodes, in this order. */
  public Graph(String name, List<Value> inputs, List<Value> outputs, List<Node> nodes) {
    this.name = name;
    this.inputs = List.copyOf(inputs);
    this.outputs = List.copyOf(outputs);
    this.nodes = List.copyOf(nodes);
    Map<Value, ArrayList<Node>> readers = new HashMap<>();
    for (Node node : this.nodes) {
      for (Value output : node.outputs()) {
        producers.put(output, node);
      }
      for (Value input : node.inputs()) {
        ArrayList<Node> list = readers.computeIfAbsent(input, v -> new ArrayList<>(2));
        if (list.isEmpty() || !list.getLast().equals(node)) {
          list.add(node);
        }
      }
    }
    readers.forEach((value, list) -> uses.put(value, List.copyOf(list)));
  }

  /** A name for people. */
  public String name() {
    return name;
  }

  /** What the caller supplies, in order. */
  public List<Value> inputs() {
    return inputs;
  }

  /** What the caller gets, in order; a value may occur twice, and may be an input. */
  public List<Value> outputs() {
    return outputs;
  }

  /** All nodes in execution order. */
  public List<Node> nodes() {
    return nodes;
  }

  /** The node that computes {@code value}; empty for inputs. */
  public Optional<Node> producer(Value value) {
    return Optional.ofNullable(producers.get(value));
  }

  /** The nodes that read {@code value}, each once, in execution order. */
  public List<Node> uses(Value value) {
    return uses.getOrDefault(value, List.of());
  }

  /** Whether {@code value} is among the outputs. */
  public boolean isOutput(Value value) {
    return outputs.contains(value);
  }

  /** The elements of {@code value} if a {@link Generation.Constant} produces it. */
  public Optional<Tensor> constant(Value value) {
    Node node = producers.get(value);
    return node != null && node.op() instanceof Generation.Constant constant
        ? Optional.of(constant.tensor())
        : Optional.empty();
  }

  /** Every value, inputs first, then results in execution order, by name. */
  public Map<String, Value> valuesByName() {
    Map<String, Value> values = new HashMap<>();
    inputs.forEach(v -> values.put(v.name(), v));
    nodes.forEach(n -> n.outputs().forEach(v -> values.put(v.name(), v)));
    return values;
  }
}
