package fluidml.pass;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Removes nodes whose results nothing needs. Graph inputs stay.
 *
 * <pre>
 * before: a = Exp(x); b = Log(x); return a
 * after:  a = Exp(x); return a
 * </pre>
 */
public final class RemoveDeadCode implements Pass {
  @Override
  public String name() {
    return "remove-dead-code";
  }

  @Override
  public Graph run(Graph graph) {
    Set<Value> live = new HashSet<>(graph.outputs());
    List<Node> kept = new ArrayList<>();
    for (Node node : graph.nodes().reversed()) {
      if (node.outputs().stream().anyMatch(live::contains)) {
        live.addAll(node.inputs());
        kept.add(node);
      }
    }
    Collections.reverse(kept);
    return kept.size() == graph.nodes().size()
        ? graph
        : new Graph(graph.name(), graph.inputs(), graph.outputs(), kept);
  }
}
