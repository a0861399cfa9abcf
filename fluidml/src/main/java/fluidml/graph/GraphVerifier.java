package fluidml.graph;

import fluidml.error.InvalidModelException;
import fluidml.error.VerificationException;
import fluidml.graph.Type.TensorType;
import fluidml.graph.infer.Contents;
import fluidml.graph.infer.TypeInference;
import fluidml.graph.infer.Types;
import fluidml.tensor.Shape;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The specification of {@link Graph}, and its check. In a graph
 *
 * <ol>
 *   <li><b>names</b>: every value has a name that is not empty and that no other value has;
 *   <li><b>definition</b>: every value is an input or a result of exactly one node, never both, and
 *       an input once only;
 *   <li><b>order</b>: a node reads inputs, results of earlier nodes, and {@link Value#ABSENT},
 *       nothing else; bodies of control flow are graphs of their own and read nothing from outside;
 *   <li><b>outputs</b>: every output is an input or a result;
 *   <li><b>types</b>: the operands fit the op, and each result has the kind, element type and,
 *       where the operands determine it, the rank that inference finds, and extents that may be
 *       equal to the inferred ones;
 *   <li><b>symbols</b>: the symbols in a node's attributes occur in the type of an input or of a
 *       result of an earlier node;
 *   <li><b>bodies</b>: the graphs that a node runs keep these rules, too.
 * </ol>
 */
public final class GraphVerifier {
  private final String phase;
  private final Graph graph;
  private final Set<Value> defined = new HashSet<>();
  private final Set<String> names = new HashSet<>();
  private final Set<String> symbols = new HashSet<>();
  private final Contents contents = new Contents();

  private GraphVerifier(String phase, Graph graph) {
    this.phase = phase;
    this.graph = graph;
  }

  /**
   * Checks a graph.
   *
   * @param phase what made it, for the message: the importer or a pass
   * @throws VerificationException if a rule is broken, naming graph, node and rule
   */
  public static void verify(String phase, Graph graph) {
    new GraphVerifier(phase, graph).run();
  }

  private void run() {
    String where = "graph '" + graph.name() + "'";
    for (Value input : graph.inputs()) {
      contents.reserve(input.type());
      define(where, input);
    }
    for (Node node : graph.nodes()) {
      String place = "%s, node '%s' (%s)".formatted(where, node.name(), node.op().mnemonic());
      for (Value operand : node.inputs()) {
        if (operand.isPresent() && !defined.contains(operand)) {
          throw broken(place, "order", operand + " is read, but no earlier node computes it");
        }
      }
      for (String symbol : OpSymbols.symbols(node.op())) {
        if (!symbols.contains(symbol)) {
          throw broken(
              place, "symbols", "no input or earlier result has the symbol '" + symbol + "'");
        }
      }
      OpSymbols.bodies(node.op()).forEach(body -> verify(phase, body));
      types(place, node);
      node.outputs().forEach(output -> define(place, output));
      contents.record(node);
    }
    for (Value output : graph.outputs()) {
      if (!defined.contains(output)) {
        throw broken(where, "outputs", output + " is not computed");
      }
    }
  }

  private void define(String place, Value value) {
    if (value.name().isEmpty() || !names.add(value.name())) {
      throw broken(place, "names", "the name '" + value.name() + "' is empty or taken");
    }
    if (!defined.add(value)) {
      throw broken(place, "definition", value + " is defined twice");
    }
    symbols.addAll(Types.symbols(value.type()));
  }

  private void types(String place, Node node) {
    List<Type> inferred;
    try {
      inferred =
          TypeInference.infer(
              node.name(), node.op(), node.inputs(), node.outputs().size(), contents);
    } catch (InvalidModelException e) {
      throw broken(place, "types", e.getMessage());
    }
    for (int i = 0; i < inferred.size(); i++) {
      Value result = node.output(i);
      if (!Types.compatible(inferred.get(i), result.type())
          || (rank(inferred.get(i)).isPresent() && rank(result.type()).isEmpty())) {
        throw broken(
            place,
            "types",
            "%s: %s should be %s".formatted(result, result.type(), inferred.get(i)));
      }
    }
  }

  private static Optional<Shape> rank(Type type) {
    return type instanceof TensorType tensor ? tensor.shape() : Optional.empty();
  }

  private VerificationException broken(String place, String rule, String problem) {
    return new VerificationException(phase, place, "rule '%s': %s".formatted(rule, problem));
  }
}
