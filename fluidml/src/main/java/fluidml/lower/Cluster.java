package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Nodes that one schedule computes together.
 *
 * <p>The anchor is the node that decides the schedule (a contraction, a row operation, a reduction,
 * a movement that needs a copy, …). The prologue is elementwise over the anchor's first operand's
 * index space and feeds only the anchor; the epilogue is elementwise over the index space of the
 * anchor's first result. A cluster without anchor is elementwise throughout, over the index space
 * of its outputs, which all have the same shape.
 *
 * @param prologue in execution order
 * @param anchor empty for purely elementwise clusters, whose nodes are all in {@code epilogue}
 * @param epilogue in execution order
 * @param inputs values that come from outside, each once, without {@link Value#ABSENT}
 * @param outputs values that are read outside or are graph outputs, each once
 */
public record Cluster(
    List<Node> prologue,
    Optional<Node> anchor,
    List<Node> epilogue,
    List<Value> inputs,
    List<Value> outputs) {
  public Cluster {
    prologue = List.copyOf(prologue);
    epilogue = List.copyOf(epilogue);
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
  }

  /** All nodes in execution order. */
  public List<Node> nodes() {
    List<Node> all = new ArrayList<>(prologue);
    anchor.ifPresent(all::add);
    all.addAll(epilogue);
    return all;
  }

  /** The ops' names joined with {@code +}. */
  public String label() {
    StringBuilder text = new StringBuilder();
    for (Node node : nodes()) {
      text.append(text.isEmpty() ? "" : "+").append(Labels.of(node.op()));
    }
    return text.toString();
  }
}
