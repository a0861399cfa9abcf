package fluidml.lower;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Generation;
import fluidml.graph.op.Movement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Orders of axes under which a copy disappears: where a Reshape follows a Transpose, strides cannot
 * express it, unless the producer writes its result in the order that the Transpose makes of it.
 * The innermost axis stays innermost, so the producer writes rows as long as before.
 */
public final class OrderCandidates {
  private OrderCandidates() {}

  /**
   * The orders for a program's values.
   *
   * @return for each value by name the one order that makes the first copy behind it a view
   */
  public static Map<String, List<Integer>> of(Graph graph, Storage storage) {
    Map<String, List<Integer>> orders = new LinkedHashMap<>();
    for (Node node : graph.nodes()) {
      if (node.op() instanceof Movement.Reshape
          && node.input(0).isPresent()
          && storage.isPlannable(node.output())
          && storage.isPlannable(node.input(0))
          && !storage.isView(node)) {
        candidate(graph, storage, node.input(0), orders);
      }
    }
    return orders;
  }

  private static void candidate(
      Graph graph, Storage storage, Value copied, Map<String, List<Integer>> orders) {
    List<Integer> order =
        new ArrayList<>(IntStream.range(0, copied.shape().rank()).boxed().toList());
    Value value = copied;
    Optional<Node> producer = graph.producer(value);
    while (producer.isPresent() && producer.get().op() instanceof Movement.Transpose transpose) {
      order.replaceAll(axis -> transpose.permutation().get(axis));
      value = producer.get().input(0);
      producer = graph.producer(value);
    }
    boolean computed =
        producer.isPresent()
            && !(producer.get().op() instanceof Generation)
            && !graph.isOutput(value)
            && storage.isPlannable(value)
            && order.getLast() == order.size() - 1
            && storage.view(value).root().equals(value);
    if (computed) {
      orders.putIfAbsent(value.name(), List.copyOf(order));
    }
  }
}
