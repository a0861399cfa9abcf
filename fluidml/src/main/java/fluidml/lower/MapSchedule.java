package fluidml.lower;

import fluidml.graph.Node;
import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.tensor.Dim;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;

/**
 * The map schedule: every point of a space on its own. The innermost loop runs over vectors; the
 * outer loops are the parallel range. Where the innermost loop is long, its chunks are parallel,
 * too; where an operand is dense along another axis, both are walked in tiles so that every cache
 * line is used while it is there.
 */
final class MapSchedule {
  /** Elements that one unit of the parallel range handles where the innermost loop is split. */
  private static final int CHUNK = 4096;

  /** Extent of a tile on both axes: a cache line of F32. */
  private static final int TILE = 16;

  /** What happens at the points. */
  @FunctionalInterface
  interface Body {
    /**
     * Writes what is common to a row of points, and says what happens at each of them.
     *
     * @param row a point of the row; its index on the innermost axis means nothing
     */
    Consumer<Point> begin(BodyBuilder body, Point row);
  }

  private final CallBuilder call;
  private final LoopSpace space;
  private final int lanes;
  private final Body body;
  private final List<Expr> extents;
  private final int inner;

  /**
   * A schedule.
   *
   * @param lanes lanes of the innermost loop, 1 for scalar code
   */
  MapSchedule(CallBuilder call, LoopSpace space, int lanes, Body body) {
    this.call = call;
    this.space = space;
    this.lanes = lanes;
    this.body = body;
    this.extents = call.sizes(space.shape().dims());
    this.inner = space.rank() - 1;
  }

  /**
   * Writes the loops and finishes the call.
   *
   * @param across an axis that some operand is dense along while the innermost one is strided
   * @param workPerPoint an estimate of the arithmetic operations
   */
  KernelCall build(String label, List<Node> nodes, OptionalInt across, int workPerPoint) {
    Dim work = space.shape().elements().times(Math.max(1, workPerPoint));
    if (across.isPresent() && lanes == 1) {
      return tiled(label, nodes, across.getAsInt(), work);
    }
    Dim length = space.shape().dim(inner);
    boolean splits =
        inner == 0 || (length.isConstant() && length.constant().getAsLong() > 2 * CHUNK);
    return splits ? chunked(label, nodes, work) : rows(label, nodes, work);
  }

  /** Rows are independent; consecutive rows of the last outer loop run without divisions. */
  private KernelCall rows(String label, List<Node> nodes, Dim work) {
    List<Expr> outer = extents.subList(0, inner);
    String row =
        call.kernel()
            .procedure(
                "row",
                names(inner),
                (b, indices) -> inner(b, indices, Exprs.index(0), extents.get(inner)));
    return call.build(
        label,
        nodes,
        work,
        OuterLoops.count(outer),
        (b, begin, end) ->
            OuterLoops.write(
                b, outer, begin, end, indices -> b.call(row, indices.toArray(Expr[]::new))));
  }

  /** Chunks of the innermost loop are independent; neighbours are done as one. */
  private KernelCall chunked(String label, List<Node> nodes, Dim work) {
    Expr length = extents.get(inner);
    Expr chunks = Exprs.ceilDiv(length, CHUNK);
    List<String> parameters = new ArrayList<>(names(inner));
    parameters.add("from");
    parameters.add("to");
    String part =
        call.kernel()
            .procedure(
                "part",
                parameters,
                (b, p) -> inner(b, p.subList(0, inner), p.get(inner), p.get(inner + 1)));
    return call.build(
        label,
        nodes,
        work,
        OuterLoops.count(extents.subList(0, inner)).times(chunks),
        (b, begin, end) -> {
          Expr count = b.let("chunks", chunks);
          b.loop(
              "row",
              Exprs.floorDiv(begin, count),
              Exprs.floorDiv(end.plus(count).minus(Exprs.index(1)), count),
              row -> {
                Expr first = b.let("first", row.times(count));
                Expr from = begin.minus(first).max(Exprs.index(0)).times(Exprs.index(CHUNK));
                Expr to = end.minus(first).times(Exprs.index(CHUNK)).min(length);
                List<Expr> all =
                    new ArrayList<>(OuterLoops.decompose(b, row, extents.subList(0, inner)));
                all.add(from);
                all.add(to);
                b.call(part, all.toArray(Expr[]::new));
              });
        });
  }

  private static List<String> names(int count) {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      names.add("i" + i);
    }
    return names;
  }

  private void inner(BodyBuilder b, List<Expr> indices, Expr from, Expr to) {
    Consumer<Point> points = body.begin(b, Point.scalar(with(indices, Exprs.index(0))));
    b.vectorLoop(
        "i",
        from,
        to,
        lanes,
        (i, mask) -> points.accept(Point.vector(with(indices, i), inner, lanes, mask)));
  }

  private static List<Expr> with(List<Expr> indices, Expr last) {
    List<Expr> all = new ArrayList<>(indices);
    all.add(last);
    return all;
  }

  /** Tiles of the innermost axis and the one across; lines of the operand are read whole. */
  private KernelCall tiled(String label, List<Node> nodes, int across, Dim work) {
    List<Integer> others = new ArrayList<>();
    for (int i = 0; i < inner; i++) {
      if (i != across) {
        others.add(i);
      }
    }
    Expr tilesAcross = Exprs.ceilDiv(extents.get(across), TILE);
    Expr units = tilesAcross;
    for (int axis : others) {
      units = units.times(extents.get(axis));
    }
    List<String> parameters = new ArrayList<>(names(inner));
    parameters.add("j");
    String tile = call.kernel().procedure("tile", parameters, (b, p) -> tile(b, p, across));
    return call.build(
        label,
        nodes,
        work,
        units,
        (b, begin, end) ->
            b.loop(
                "unit",
                begin,
                end,
                unit -> {
                  Expr[] first = new Expr[inner + 1];
                  Expr count = b.let("tiles", tilesAcross);
                  first[across] = b.let("a", Exprs.floorMod(unit, count).times(Exprs.index(TILE)));
                  Expr rest = b.let("rest", Exprs.floorDiv(unit, count));
                  for (int i = others.size() - 1; i >= 0; i--) {
                    int axis = others.get(i);
                    first[axis] =
                        i == 0 ? rest : b.let("i" + axis, Exprs.floorMod(rest, extents.get(axis)));
                    rest = i == 0 ? rest : b.let("rest", Exprs.floorDiv(rest, extents.get(axis)));
                  }
                  b.loop(
                      "j",
                      Exprs.index(0),
                      extents.get(inner),
                      TILE,
                      j -> {
                        first[inner] = j;
                        b.call(tile, first);
                      });
                }));
  }

  private void tile(BodyBuilder b, List<Expr> first, int across) {
    Expr j0 = first.get(inner);
    Expr a0 = first.get(across);
    Expr jEnd = b.let("jEnd", j0.plus(Exprs.index(TILE)).min(extents.get(inner)));
    Expr aEnd = b.let("aEnd", a0.plus(Exprs.index(TILE)).min(extents.get(across)));
    b.loop(
        "jj",
        j0,
        jEnd,
        j ->
            b.loop(
                "aa",
                a0,
                aEnd,
                a -> {
                  List<Expr> indices = new ArrayList<>(first);
                  indices.set(inner, j);
                  indices.set(across, a);
                  body.begin(b, Point.scalar(indices))
                      .accept(new Point(indices, -1, 1, Optional.empty()));
                }));
  }
}
