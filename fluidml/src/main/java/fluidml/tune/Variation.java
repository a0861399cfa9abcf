package fluidml.tune;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction;
import fluidml.loop.ScalarType;
import fluidml.loop.Target;
import fluidml.loop.schedule.TileShape;
import fluidml.lower.Decisions;
import fluidml.lower.Decisions.Tiling;
import fluidml.lower.OrderCandidates;
import fluidml.lower.Storage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * One way to run a whole model, in which every operator that has the choice makes the same one. The
 * costs of the variants of all operators come from a few such programs.
 *
 * @param name for people
 * @param decisions the choices
 * @param layouts whether it differs from the default in where values lie
 */
record Variation(String name, Decisions decisions, boolean layouts) {
  /** Rows and vectors of tiles that are worth a measurement where they fit the registers. */
  private static final List<Tiling> TILINGS =
      List.of(
          new Tiling(12, 2),
          new Tiling(6, 4),
          new Tiling(8, 3),
          new Tiling(14, 2),
          new Tiling(6, 2),
          new Tiling(4, 3));

  /** The default first, then by what they promise. */
  static List<Variation> of(Graph graph, Target target) {
    List<Variation> all = new ArrayList<>();
    all.add(new Variation("default", Decisions.NONE, false));
    TileShape usual = TileShape.of(target, ScalarType.F32);
    for (Tiling tiling : TILINGS) {
      boolean other = tiling.rows() != usual.rows() || tiling.vectors() != usual.vectors();
      if (other && usual.allows(tiling.rows(), tiling.vectors())) {
        Map<String, Tiling> tiles = new HashMap<>();
        names(graph, Contraction.MatMul.class).forEach(n -> tiles.put(n, tiling));
        if (!tiles.isEmpty()) {
          Decisions decisions = new Decisions(tiles, Map.of(), Set.of());
          all.add(new Variation("tile " + tiling.label(), decisions, false));
        }
      }
    }
    Set<String> convolutions = names(graph, Contraction.Conv.class);
    if (!convolutions.isEmpty()) {
      all.add(new Variation("direct", new Decisions(Map.of(), Map.of(), convolutions), false));
    }
    Map<String, List<Integer>> rowMajor = rowMajor(graph);
    if (!rowMajor.isEmpty()) {
      Decisions decisions = new Decisions(Map.of(), rowMajor, Set.of());
      all.add(new Variation("row-major", decisions, true));
    }
    return all;
  }

  private static Set<String> names(Graph graph, Class<?> kind) {
    Set<String> names = new HashSet<>();
    for (Node node : graph.nodes()) {
      if (kind.isInstance(node.op())) {
        names.add(node.name());
      }
    }
    return names;
  }

  /** Values that lie in another order by default, in the order of their axes. */
  private static Map<String, List<Integer>> rowMajor(Graph graph) {
    Set<String> symbols = new TreeSet<>();
    for (Value input : graph.inputs()) {
      input.knownShape().ifPresent(s -> s.dims().forEach(d -> symbols.addAll(d.symbols())));
    }
    Storage storage = new Storage(graph, symbols, Decisions.NONE);
    Map<String, List<Integer>> orders = new HashMap<>();
    for (Node node : graph.nodes()) {
      for (Value output : node.outputs()) {
        if (output.isPresent()
            && storage.isPlannable(output)
            && !graph.isOutput(output)
            && storage.view(output).root().equals(output)
            && !storage.view(output).isRowMajor()) {
          orders.put(output.name(), IntStream.range(0, output.shape().rank()).boxed().toList());
        }
      }
    }
    OrderCandidates.of(graph, storage)
        .forEach(
            (name, order) -> orders.put(name, IntStream.range(0, order.size()).boxed().toList()));
    return orders;
  }
}
