package fluidml.tune;

import fluidml.lower.Decisions;
import fluidml.lower.Decisions.Algorithm;
import fluidml.lower.Decisions.Tiling;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One way to run a whole model. The costs of the variants of all operators come from a few such
 * programs.
 *
 * @param name for people
 * @param ways of operators that are not computed the usual way, by the name of their node
 * @param orders of the axes of values that may lie in several, by name; empty for the rules of the
 *     lowering
 */
record Variation(String name, Map<String, Way> ways, Map<String, List<Integer>> orders) {
  /** What the rules of the lowering choose. */
  static final Variation USUAL = new Variation("default", Map.of(), Map.of());

  Variation {
    ways = Map.copyOf(ways);
    orders = Map.copyOf(orders);
  }

  /** Whether it differs from the default in where values lie. */
  boolean layouts() {
    return !orders.isEmpty();
  }

  /** This for the lowering. */
  Decisions decisions() {
    Map<String, Tiling> tiles = new HashMap<>();
    Map<String, Algorithm> algorithms = new HashMap<>();
    ways.forEach(
        (node, way) -> {
          way.tiling().ifPresent(t -> tiles.put(node, t));
          way.algorithm().ifPresent(a -> algorithms.put(node, a));
        });
    return new Decisions(tiles, orders, algorithms);
  }
}
