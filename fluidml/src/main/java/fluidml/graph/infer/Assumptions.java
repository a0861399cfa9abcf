package fluidml.graph.infer;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.tensor.Dim;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToLongFunction;

/**
 * What inference took for granted about symbolic extents because a graph makes no sense otherwise:
 * that operands of a broadcast fit, that axes which are summed over are equal. Whoever knows the
 * real extents checks it with {@link #violation}.
 *
 * @param conditions each once, in execution order of the nodes that need them
 */
public record Assumptions(List<Condition> conditions) {
  public Assumptions {
    conditions = List.copyOf(conditions);
  }

  /**
   * Two extents that must be equal.
   *
   * @param extent the one
   * @param other the other
   * @param orOne whether the first may be 1 instead, as in a broadcast
   * @param node the first node that needs it, for messages
   */
  public record Condition(Dim extent, Dim other, boolean orOne, String node) {
    /** Whether it holds for given extents. */
    public boolean holds(ToLongFunction<String> symbols) {
      long value = extent.evaluate(symbols);
      return (orOne && value == 1) || value == other.evaluate(symbols);
    }
  }

  /**
   * The assumptions about extents of the graph's inputs that were made for the nodes of a graph,
   * without its bodies.
   */
  public static Assumptions of(Graph graph) {
    Contents contents = new Contents();
    graph.inputs().forEach(input -> contents.reserve(input.type()));
    Map<List<Object>, Condition> conditions = new LinkedHashMap<>();
    contents.observe(
        condition -> {
          if (contents.isGiven(condition.extent()) && contents.isGiven(condition.other())) {
            conditions.putIfAbsent(
                List.of(condition.extent(), condition.other(), condition.orOne()), condition);
          }
        });
    for (Node node : graph.nodes()) {
      for (Value output : node.outputs()) {
        contents.reserve(Types.symbols(output.type()));
      }
      TypeInference.infer(node.name(), node.op(), node.inputs(), node.outputs().size(), contents);
      contents.record(node);
    }
    return new Assumptions(new ArrayList<>(conditions.values()));
  }

  /** The first condition that does not hold for given extents, as a sentence; empty if all hold. */
  public Optional<String> violation(ToLongFunction<String> symbols) {
    for (Condition condition : conditions) {
      if (!condition.holds(symbols)) {
        return Optional.of(
            "node '%s' needs %s = %s%s, but they are %d and %d"
                .formatted(
                    condition.node(),
                    condition.extent(),
                    condition.other(),
                    condition.orOne() ? " or 1" : "",
                    condition.extent().evaluate(symbols),
                    condition.other().evaluate(symbols)));
      }
    }
    return Optional.empty();
  }
}
