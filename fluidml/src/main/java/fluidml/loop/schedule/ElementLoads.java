package fluidml.loop.schedule;

import fluidml.loop.Expr;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.ObjIntConsumer;

/**
 * How a micro-kernel loads single elements, each of which is multiplied with vectors.
 *
 * <p>C2 makes hundreds of nodes for each load. After 18,000 it inlines at once no ordinary method,
 * such as the one that swaps the bytes of an element, or does not: the load that crosses the limit
 * becomes a call, and around a call in a loop all sums go to the stack and back, which takes two to
 * three times as long as the products. What comes later is put off until nodes have been removed,
 * and then inlined. Vector operations have no such method in them, wherever they are. So a
 * micro-kernel loads all its elements first, as many as surely come before the limit, and
 * multiplies then. Where there are 16 vector registers tiles are small and stay below the limit,
 * and there is no register for an element before its turn.
 */
final class ElementLoads {
  /** Nodes for loading one element and spreading it over a vector. */
  private static final int ELEMENT = 750;

  /** Nodes for loading a vector. */
  private static final int VECTOR = 460;

  /** Of the 18,000, 2,500 are for what a procedure does besides. */
  private static final int NODES = 15_500;

  private ElementLoads() {}

  /**
   * Whether loads are compiled without calls.
   *
   * @param elements single elements, those loaded before the loop included
   * @param vectors loaded before the last element
   */
  static boolean fit(int elements, int vectors) {
    return elements * ELEMENT + vectors * VECTOR <= NODES;
  }

  /**
   * Loads elements and uses them.
   *
   * @param vectorBits width of the vectors that they are multiplied with
   * @param count of elements
   * @param load writes the load of an element, spread over a vector
   * @param use writes the products with one
   */
  static void each(int vectorBits, int count, IntFunction<Expr> load, ObjIntConsumer<Expr> use) {
    if (vectorBits < 512) {
      for (int i = 0; i < count; i++) {
        use.accept(load.apply(i), i);
      }
      return;
    }
    List<Expr> loaded = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      loaded.add(load.apply(i));
    }
    for (int i = 0; i < count; i++) {
      use.accept(loaded.get(i), i);
    }
  }
}
