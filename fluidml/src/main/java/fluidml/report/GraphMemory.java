package fluidml.report;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.memory.Buffer;
import fluidml.memory.MemoryProblem;
import fluidml.tensor.Dim;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a graph needs if it runs as it is written: node after node, a buffer of its own for every
 * tensor it takes or computes, no two of them sharing memory as views. The measure against which
 * compiled plans are compared.
 *
 * @param problem the tensors with their lifespans: inputs from the start, outputs to the end
 * @param unknown how many tensors are left out because their extents are known only when the graph
 *     runs
 */
public record GraphMemory(MemoryProblem problem, int unknown) {
  /**
   * The tensors of a graph; constants are none.
   *
   * @param inputs the extents of each input by name
   */
  public static GraphMemory of(Graph graph, Map<String, long[]> inputs) {
    Map<String, Long> symbols = symbols(graph, inputs);
    int end = graph.nodes().size() + 1;
    Map<Value, int[]> lives = new LinkedHashMap<>();
    graph.inputs().forEach(v -> lives.put(v, new int[] {0, 1}));
    for (int i = 0; i < graph.nodes().size(); i++) {
      Node node = graph.nodes().get(i);
      int time = i + 1;
      for (Value operand : node.inputs()) {
        lives.computeIfPresent(operand, (_, life) -> new int[] {life[0], time + 1});
      }
      for (Value result : node.outputs()) {
        if (graph.constant(result).isEmpty() && result.isPresent() && result.isTensor()) {
          lives.put(result, new int[] {time, time + 1});
        }
      }
    }
    graph.outputs().forEach(v -> lives.computeIfPresent(v, (_, l) -> new int[] {l[0], end + 1}));
    List<Buffer> buffers = new ArrayList<>();
    int unknown = 0;
    for (Map.Entry<Value, int[]> entry : lives.entrySet()) {
      Value value = entry.getKey();
      boolean known =
          value.knownShape().isPresent()
              && value.shape().dims().stream()
                  .allMatch(d -> symbols.keySet().containsAll(d.symbols()));
      if (!known) {
        unknown++;
        continue;
      }
      long bytes = value.dtype().byteSize(value.shape().elements().evaluate(symbols::get));
      int[] life = entry.getValue();
      buffers.add(Buffer.of(value.name(), life[0], life[1], Math.max(0, bytes)));
    }
    return new GraphMemory(MemoryProblem.of(buffers), unknown);
  }

  private static Map<String, Long> symbols(Graph graph, Map<String, long[]> inputs) {
    Map<String, Long> symbols = new HashMap<>();
    for (Value input : graph.inputs()) {
      long[] extents = inputs.get(input.name());
      if (extents == null || input.knownShape().isEmpty()) {
        continue;
      }
      for (int axis = 0; axis < extents.length; axis++) {
        Dim dim = input.shape().dim(axis);
        for (String symbol : dim.symbols()) {
          if (dim.equals(Dim.symbol(symbol))) {
            symbols.put(symbol, extents[axis]);
          }
        }
      }
    }
    return symbols;
  }
}
