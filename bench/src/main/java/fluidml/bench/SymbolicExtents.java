package fluidml.bench;

import fluidml.graph.Graph;
import fluidml.graph.GraphBuilder;
import fluidml.graph.Node;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Movement;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Gives a model that was exported for one length any length up to that. Axes of the inputs and
 * extents in shapes of Reshape that equal the old length become a symbol; an operand of an
 * elementwise operator that has the old length where another one has the symbol (position tables,
 * causal masks) is cut to its first elements. An extent that equals the length by chance, in a
 * weight for example, stays what it is.
 */
final class SymbolicExtents {
  private final Graph graph;
  private final Dim symbol;
  private final long old;
  private final GraphBuilder builder;
  private final Map<Value, Value> mapped = new HashMap<>();

  private SymbolicExtents(Graph graph, String symbol, long old) {
    this.graph = graph;
    this.symbol = Dim.symbol(symbol);
    this.old = old;
    this.builder = new GraphBuilder(graph.name());
  }

  /**
   * The graph with a symbol for an extent.
   *
   * @param symbol name of the symbol; runs may give it 1 to {@code old}
   * @param old the extent in the graph
   * @throws IllegalArgumentException if a constant shape has the extent beside one to be inferred
   */
  static Graph of(Graph graph, String symbol, long old) {
    return new SymbolicExtents(graph, symbol, old).rewrite();
  }

  private Graph rewrite() {
    mapped.put(Value.ABSENT, Value.ABSENT);
    for (Value input : graph.inputs()) {
      Type type =
          input.knownShape().isPresent()
              ? Type.tensor(input.dtype(), input.shape().map(d -> d.is(old) ? symbol : d))
              : input.type();
      mapped.put(input, builder.input(input.name(), type));
    }
    for (Node node : graph.nodes()) {
      List<Value> operands = new ArrayList<>(node.inputs().stream().map(mapped::get).toList());
      Optional<Movement.Reshape> reshape = reshape(node);
      if (node.op() instanceof Elementwise) {
        cut(operands);
      }
      List<Value> results =
          builder.add(
              node.name(),
              reshape.isPresent() ? reshape.get() : node.op(),
              reshape.isPresent() ? operands.subList(0, 1) : operands,
              node.outputs().stream().map(Value::name).toList());
      for (int i = 0; i < results.size(); i++) {
        mapped.put(node.output(i), results.get(i));
      }
    }
    graph.outputs().forEach(v -> builder.output(mapped.get(v)));
    return builder.build();
  }

  /** The reshape with a symbol in its place, if the node's constant shape has the extent. */
  private Optional<Movement.Reshape> reshape(Node node) {
    if (!(node.op() instanceof Movement.ReshapeBy)) {
      return Optional.empty();
    }
    Optional<Tensor> shape = graph.constant(node.input(1));
    if (shape.isEmpty()) {
      return Optional.empty();
    }
    List<Dim> dims = new ArrayList<>();
    boolean found = false;
    boolean open = false;
    for (long extent : shape.get().toLongs()) {
      found |= extent == old;
      open |= extent <= 0;
      dims.add(extent == old ? symbol : Dim.of(Math.max(0, extent)));
    }
    if (found && open) {
      throw new IllegalArgumentException(
          "node '" + node.name() + "' infers an extent beside " + old + "; it cannot be changed");
    }
    return found ? Optional.of(new Movement.Reshape(new Shape(dims))) : Optional.empty();
  }

  private void cut(List<Value> operands) {
    int rank = operands.stream().mapToInt(v -> v.shape().rank()).max().orElse(0);
    boolean[] symbolic = new boolean[rank];
    for (Value operand : operands) {
      int shift = rank - operand.shape().rank();
      for (int axis = shift; axis < rank; axis++) {
        symbolic[axis] |= operand.shape().dim(axis - shift).equals(symbol);
      }
    }
    for (int i = 0; i < operands.size(); i++) {
      Value operand = operands.get(i);
      int shift = rank - operand.shape().rank();
      List<Movement.SliceAxis> axes = new ArrayList<>();
      for (int axis = shift; axis < rank; axis++) {
        if (symbolic[axis] && operand.shape().dim(axis - shift).is(old)) {
          axes.add(new Movement.SliceAxis(axis - shift, Dim.ZERO, symbol, 1));
        }
      }
      if (!axes.isEmpty()) {
        operands.set(i, builder.add(new Movement.Slice(axes), operand));
      }
    }
  }
}
