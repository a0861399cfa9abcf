package fluidml.graph;

import fluidml.error.InvalidModelException;
import fluidml.graph.infer.Contents;
import fluidml.graph.infer.SymbolicTensor;
import fluidml.graph.infer.TypeInference;
import fluidml.graph.infer.Types;
import fluidml.graph.op.Generation;
import fluidml.graph.op.Op;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * The one way to make a graph: add inputs, constants and nodes in execution order, name the
 * outputs, build. Types of results are inferred as nodes are added, and so are the contents of
 * small integer tensors, as symbolic numbers; names are made unique.
 */
public final class GraphBuilder {
  private final String name;
  private final List<Value> inputs = new ArrayList<>();
  private final List<Value> outputs = new ArrayList<>();
  private final List<Node> nodes = new ArrayList<>();
  private final Set<String> names = new HashSet<>();
  private final Contents contents = new Contents();

  /** A builder of an empty graph. */
  public GraphBuilder(String name) {
    this.name = name;
  }

  /** Adds a graph input. */
  public Value input(String valueName, Type type) {
    Value value = new Value(unique(valueName), type);
    inputs.add(value);
    contents.reserve(type);
    return value;
  }

  /** Adds a constant. */
  public Value constant(String valueName, Tensor tensor) {
    return add(valueName, new Generation.Constant(tensor), List.of(), List.of(valueName))
        .getFirst();
  }

  /** Adds a node with one result, named after its op. */
  public Value add(Op op, Value... operands) {
    return add(
            op.mnemonic(), op, List.of(operands), List.of(op.mnemonic().toLowerCase(Locale.ROOT)))
        .getFirst();
  }

  /**
   * Adds a node.
   *
   * @param nodeName where the node comes from, for messages
   * @param operands values of this builder, {@link Value#ABSENT} for optional ones not given
   * @param resultNames a wish for the name of each result; their number says how many results there
   *     are
   * @return the results, with inferred types
   * @throws fluidml.error.InvalidModelException if the operands' types do not fit the op
   */
  public List<Value> add(String nodeName, Op op, List<Value> operands, List<String> resultNames) {
    List<Type> types = TypeInference.infer(nodeName, op, operands, resultNames.size(), contents);
    Node node = append(nodeName, op, operands, resultNames, types);
    contents.record(node);
    return node.outputs();
  }

  private Node append(
      String nodeName, Op op, List<Value> operands, List<String> resultNames, List<Type> types) {
    List<Value> results = new ArrayList<>(types.size());
    for (int i = 0; i < types.size(); i++) {
      results.add(new Value(unique(resultNames.get(i)), types.get(i)));
    }
    Node node = new Node(nodeName, op, operands, results);
    nodes.add(node);
    return node;
  }

  /**
   * Adds a node whose results have types that somebody claims; where they contradict inference,
   * nothing is concluded from the node.
   */
  List<Value> addClaimed(
      String nodeName, Op op, List<Value> operands, List<String> resultNames, List<Type> types) {
    Node node = append(nodeName, op, operands, resultNames, types);
    types.forEach(type -> contents.reserve(Types.symbols(type)));
    if (isConsistent(node)) {
      contents.record(node);
    }
    return node.outputs();
  }

  private boolean isConsistent(Node node) {
    try {
      List<Type> inferred =
          TypeInference.infer(
              node.name(), node.op(), node.inputs(), node.outputs().size(), contents);
      boolean consistent = true;
      for (int i = 0; i < inferred.size(); i++) {
        consistent &= Types.compatible(inferred.get(i), node.output(i).type());
      }
      return consistent;
    } catch (InvalidModelException e) {
      return false;
    }
  }

  /** Appends a graph output. */
  public void output(Value value) {
    outputs.add(value);
  }

  /** What is known of the elements of an integer (or bool) tensor before the graph runs. */
  public Optional<SymbolicTensor> contents(Value value) {
    return contents.of(value);
  }

  /** What is known of the elements of tensors before the graph runs. */
  public Contents contents() {
    return contents;
  }

  /** The nodes added so far. */
  public List<Node> nodes() {
    return List.copyOf(nodes);
  }

  /** The graph. */
  public Graph build() {
    return new Graph(name, inputs, outputs, nodes);
  }

  private String unique(String wish) {
    String base = wish.isEmpty() ? "v" : wish;
    String candidate = base;
    for (int i = 1; !names.add(candidate); i++) {
      candidate = base + "_" + i;
    }
    return candidate;
  }
}
