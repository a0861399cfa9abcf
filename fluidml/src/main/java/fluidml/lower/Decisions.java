package fluidml.lower;

import fluidml.graph.Node;
import fluidml.loop.schedule.LoopOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What lowering may choose freely, chosen from outside: tiles and loop order of a contraction, the
 * algorithm of a convolution, the order in which the axes of a value lie in memory. Where nothing
 * is chosen, an analytic rule decides. Decisions that do not fit the graph or the machine are
 * passed over; none changes a result beyond the rounding of sums.
 *
 * @param tiles for matrix products and convolutions, by the name of their node
 * @param orders axes from the outermost to the innermost, by the name of the value; only for values
 *     with a buffer of their own
 * @param algorithms of convolutions, by the name of their node; minimal filtering only where it is
 *     allowed
 */
public record Decisions(
    Map<String, Tiling> tiles,
    Map<String, List<Integer>> orders,
    Map<String, Algorithm> algorithms) {
  /** Nothing is chosen. */
  public static final Decisions NONE = new Decisions(Map.of(), Map.of(), Map.of());

  public Decisions {
    tiles = Map.copyOf(tiles);
    orders = Map.copyOf(orders);
    algorithms = Map.copyOf(algorithms);
  }

  /** How a convolution is computed. */
  public enum Algorithm {
    /** Term by term: panels of filters on windows of the input where they lie. */
    DIRECT,
    /** Winograd's minimal filtering, 2 × 2 results at once. */
    WINOGRAD_2,
    /** Winograd's minimal filtering, 4 × 4 results at once. */
    WINOGRAD_4
  }

  /**
   * The loops of a contraction.
   *
   * @param rows the most rows of a tile
   * @param vectors vectors per row
   * @param block terms of a sum between two writes of a tile; 0 for the usual number
   * @param order of the loops over tiles, panels and blocks
   */
  public record Tiling(int rows, int vectors, int block, LoopOrder order) {
    /** Tiles in the usual loops. */
    public Tiling(int rows, int vectors) {
      this(rows, vectors, 0, LoopOrder.NMK);
    }

    /** For people and tables: {@code 6x4}, {@code 6x4-k384-nkm}. */
    public String label() {
      return rows
          + "x"
          + vectors
          + (block == 0 ? "" : "-k" + block)
          + (order == LoopOrder.NMK ? "" : "-" + order.label());
    }
  }

  /** The same with other orders for values that have none. */
  Decisions elseOrders(Map<String, List<Integer>> others) {
    Map<String, List<Integer>> all = new HashMap<>(others);
    all.putAll(orders);
    return new Decisions(tiles, all, algorithms);
  }

  /** Whether a way to compute a node is chosen. */
  boolean concern(Node node) {
    return tiles.containsKey(node.name()) || algorithms.containsKey(node.name());
  }

  /** The order of a value's axes, if one is chosen that fits its rank. */
  Optional<List<Integer>> order(String value, int rank) {
    List<Integer> order = orders.get(value);
    boolean fits =
        order != null
            && order.size() == rank
            && order.stream().distinct().filter(a -> a >= 0 && a < rank).count() == rank;
    return fits ? Optional.of(order) : Optional.empty();
  }
}
