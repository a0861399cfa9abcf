package fluidml.reference;

import fluidml.error.FluidmlException;
import fluidml.error.InvalidInputException;
import fluidml.error.KernelFailureException;
import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction;
import fluidml.graph.op.Control;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Generation;
import fluidml.graph.op.Indexing;
import fluidml.graph.op.Learning;
import fluidml.graph.op.Movement;
import fluidml.graph.op.Normalization;
import fluidml.graph.op.Quantization;
import fluidml.graph.op.Recurrent;
import fluidml.graph.op.Reduction;
import fluidml.graph.op.SequenceOp;
import fluidml.graph.op.Signal;
import fluidml.graph.op.Text;
import fluidml.graph.op.Vision;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Runs graphs node by node, each op by its definition. Stateless and safe for use by many threads.
 */
public final class Interpreter {
  private Interpreter() {}

  /**
   * Runs a graph. Values are dropped after their last use.
   *
   * @param inputs one datum for each graph input; {@link Datum#absent} only where nothing reads it
   * @return one datum for each graph output
   * @throws InvalidInputException if an input does not fit its type
   * @throws fluidml.error.UnsupportedModelException if a node asks for something not supported
   * @throws KernelFailureException naming the node, if an op fails on its operands
   */
  public static List<Datum> run(Graph graph, List<Datum> inputs) {
    return run(graph, inputs, Map.of());
  }

  /**
   * Runs a graph that may use dim symbols of a graph around it.
   *
   * @param symbols values of dim symbols known so far; extents of the inputs override them
   * @see #run(Graph, List)
   */
  public static List<Datum> run(Graph graph, List<Datum> inputs, Map<String, Long> symbols) {
    if (inputs.size() != graph.inputs().size()) {
      throw new InvalidInputException(
          graph.name(), graph.inputs().size() + " inputs expected, not " + inputs.size());
    }
    Map<Value, Datum> values = new HashMap<>();
    Map<String, Long> scope = new HashMap<>(symbols);
    Set<String> bound = new HashSet<>();
    for (int i = 0; i < inputs.size(); i++) {
      Value input = graph.inputs().get(i);
      check(input, inputs.get(i));
      bind(input, inputs.get(i), scope, bound);
      values.put(input, inputs.get(i));
    }
    Map<Value, Node> lastUse = new HashMap<>();
    graph.nodes().forEach(n -> n.inputs().forEach(v -> lastUse.put(v, n)));
    for (Node node : graph.nodes()) {
      List<Datum> operands = new ArrayList<>();
      for (Value input : node.inputs()) {
        operands.add(input.isPresent() ? values.get(input) : Datum.absent());
      }
      List<Datum> results = execute(node, operands, scope);
      for (int i = 0; i < node.outputs().size(); i++) {
        Value output = node.output(i);
        if (output.isPresent() && (lastUse.containsKey(output) || graph.isOutput(output))) {
          values.put(output, results.get(i));
          bind(output, results.get(i), scope, bound);
        }
      }
      for (Value input : node.inputs()) {
        if (node.equals(lastUse.get(input)) && !graph.isOutput(input)) {
          values.remove(input);
        }
      }
    }
    return graph.outputs().stream().map(values::get).toList();
  }

  private static void check(Value input, Datum datum) {
    if (datum instanceof Datum.TensorDatum(Tensor tensor)
        && input.type() instanceof Type.TensorType type) {
      if (tensor.dtype() != type.dtype()) {
        throw new InvalidInputException(input.name(), tensor + " given, " + type + " expected");
      }
      type.shape()
          .filter(s -> s.rank() != tensor.rank())
          .ifPresent(
              s -> {
                throw new InvalidInputException(
                    input.name(), tensor + " given, " + type + " expected");
              });
    }
  }

  /** Gives bare symbols in the shape of {@code value} the extents that they have now. */
  private static void bind(Value value, Datum datum, Map<String, Long> scope, Set<String> bound) {
    if (!(datum instanceof Datum.TensorDatum(Tensor tensor)) || value.knownShape().isEmpty()) {
      return;
    }
    Shape shape = value.shape();
    if (shape.rank() != tensor.rank()) {
      return;
    }
    for (int axis = 0; axis < shape.rank(); axis++) {
      Dim dim = shape.dim(axis);
      Set<String> symbols = dim.symbols();
      if (symbols.size() == 1) {
        String symbol = symbols.iterator().next();
        if (dim.equals(Dim.symbol(symbol)) && bound.add(symbol)) {
          scope.put(symbol, tensor.dim(axis));
        }
      }
    }
  }

  /**
   * Computes one node whose geometry is known without dim symbols.
   *
   * @see #execute(Node, List, Map)
   */
  public static List<Datum> execute(Node node, List<Datum> operands) {
    return execute(node, operands, Map.of());
  }

  /**
   * Computes one node.
   *
   * @param operands one datum for each operand, {@link Datum#absent} where it is not given
   * @param symbols values of the dim symbols that the op's attributes use
   * @return a datum for each result at least; {@link Datum#absent} where the node does not ask for
   *     it
   * @throws fluidml.error.UnsupportedModelException if the node asks for something not supported
   * @throws KernelFailureException naming the node, if the op fails on its operands
   */
  public static List<Datum> execute(Node node, List<Datum> operands, Map<String, Long> symbols) {
    try {
      List<Datum> results = dispatch(node, new Operands(node, operands, symbols));
      if (results.size() < node.outputs().size()) {
        throw new IllegalStateException(
            results.size() + " results, the node has " + node.outputs().size());
      }
      return results;
    } catch (FluidmlException e) {
      throw e;
    } catch (RuntimeException e) {
      String on = String.join(", ", operands.stream().map(Datum::describe).toList());
      throw new KernelFailureException(
          node.name(), node.op().mnemonic() + " on (" + on + "): " + e.getMessage(), e);
    }
  }

  private static List<Datum> dispatch(Node node, Operands operands) {
    return switch (node.op()) {
      case Elementwise op -> ElementwiseOps.execute(op, operands);
      case Contraction op -> ContractionOps.execute(op, operands);
      case Reduction op -> ReductionOps.execute(op, operands);
      case Normalization op -> NormalizationOps.execute(op, operands);
      case Movement op -> MovementOps.execute(op, operands);
      case Indexing op -> IndexingOps.execute(op, operands);
      case Generation op -> GenerationOps.execute(op, operands);
      case Control op -> ControlOps.execute(op, operands);
      case SequenceOp op -> SequenceOps.execute(op, operands);
      case Quantization op -> QuantizationOps.execute(op, operands);
      case Recurrent op -> RecurrentOps.execute(op, operands);
      case Vision op -> VisionOps.execute(op, operands);
      case Signal op -> SignalOps.execute(op, operands);
      case Text op -> TextOps.execute(op, operands);
      case Learning op -> LearningOps.execute(op, operands);
    };
  }
}
