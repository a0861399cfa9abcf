package fluidml.lower;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What lowering may choose freely, chosen from outside: the shape of the tiles of a contraction,
 * the order in which the axes of a value lie in memory. Where nothing is chosen, an analytic rule
 * decides. Decisions that do not fit the graph or the machine are passed over; none changes a
 * result beyond the rounding of sums.
 *
 * @param tiles for contractions, by the name of their node
 * @param orders axes from the outermost to the innermost, by the name of the value; only for values
 *     with a buffer of their own
 * @param direct convolutions, by the name of their node, that are computed term by term even where
 *     minimal filtering is allowed
 */
public record Decisions(
    Map<String, Tiling> tiles, Map<String, List<Integer>> orders, Set<String> direct) {
  /** Nothing is chosen. */
  public static final Decisions NONE = new Decisions(Map.of(), Map.of(), Set.of());

  public Decisions {
    tiles = Map.copyOf(tiles);
    orders = Map.copyOf(orders);
    direct = Set.copyOf(direct);
  }

  /**
   * The tiles of a contraction.
   *
   * @param rows the most rows of a tile
   * @param vectors vectors per row
   */
  public record Tiling(int rows, int vectors) {
    /** For people and tables: {@code 6x4}. */
    public String label() {
      return rows + "x" + vectors;
    }
  }

  /** The same with other orders for values that have none. */
  Decisions elseOrders(Map<String, List<Integer>> others) {
    Map<String, List<Integer>> all = new HashMap<>(others);
    all.putAll(orders);
    return new Decisions(tiles, all, direct);
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
