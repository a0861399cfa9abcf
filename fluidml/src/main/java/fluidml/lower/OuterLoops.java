package fluidml.lower;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The loops around rows as one range, which can be split anywhere. Runs along the last of them go
 * without divisions.
 */
final class OuterLoops {
  private OuterLoops() {}

  /** How many rows there are: the extent of the range. */
  static Expr count(List<Expr> extents) {
    Expr product = Exprs.index(1);
    for (Expr extent : extents) {
      product = product.times(extent);
    }
    return product;
  }

  /**
   * Writes the body for every row of a part of the range.
   *
   * @param extents outermost first; none for a single row
   * @param body gets one index for each extent
   */
  static void write(
      BodyBuilder b, List<Expr> extents, Expr begin, Expr end, Consumer<List<Expr>> body) {
    if (extents.isEmpty()) {
      body.accept(List.of());
      return;
    }
    int outer = extents.size() - 1;
    if (outer == 0) {
      b.loop("r", begin, end, r -> body.accept(List.of(r)));
      return;
    }
    Expr count = extents.get(outer);
    b.loop(
        "plane",
        Exprs.floorDiv(begin, count),
        Exprs.floorDiv(end.plus(count).minus(Exprs.index(1)), count),
        plane -> {
          Expr first = b.let("first", plane.times(count));
          Expr from = b.let("from", begin.minus(first).max(Exprs.index(0)));
          Expr to = b.let("to", end.minus(first).min(count));
          List<Expr> indices = decompose(b, plane, extents.subList(0, outer));
          b.loop(
              "r",
              from,
              to,
              r -> {
                List<Expr> all = new ArrayList<>(indices);
                all.add(r);
                body.accept(all);
              });
        });
  }

  /** One index for each extent from one counter, innermost fastest. */
  static List<Expr> decompose(BodyBuilder b, Expr counter, List<Expr> extents) {
    int axes = extents.size();
    Expr[] indices = new Expr[axes];
    Expr rest = counter;
    for (int i = axes - 1; i > 0; i--) {
      indices[i] = b.let("i" + i, Exprs.floorMod(rest, extents.get(i)));
      rest = b.let("rest", Exprs.floorDiv(rest, extents.get(i)));
    }
    if (axes > 0) {
      indices[0] = rest;
    }
    return List.of(indices);
  }
}
