package fluidml.lower;

import fluidml.graph.Node;
import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.ScalarType;
import fluidml.loop.Target;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A copy whose source is dense along one axis and whose target is dense along another, in tiles
 * that are transposed in registers.
 *
 * <p>As many vectors as the tile has rows are loaded. A stage of zips takes row {@code r} and row
 * {@code r + rows / 2} in turns; after log₂(rows) stages, the vectors hold the tile column by
 * column. With as many rows as lanes every vector is a row of the target. With fewer, the target's
 * rows must lie one behind the other, and a vector is several of them.
 */
final class TransposedCopy {
  private final CallBuilder call;
  private final BufferView from;
  private final BufferView to;
  private final int inner;
  private final int across;
  private final int rows;
  private final int lanes;
  private final List<Expr> extents;
  private final Dim elements;

  private TransposedCopy(MapKernel kernel, int across, int rows, int lanes) {
    this.call = kernel.call();
    this.from = kernel.read(0);
    this.to = kernel.write(0);
    this.inner = kernel.inner();
    this.across = across;
    this.rows = rows;
    this.lanes = lanes;
    this.extents = call.sizes(kernel.loops().shape().dims());
    this.elements = kernel.loops().shape().elements();
  }

  /** The copy as a call, if its elements are I32 and vectors can be transposed. */
  static Optional<KernelCall> of(String label, List<Node> nodes, MapKernel kernel, Target target) {
    int inner = kernel.inner();
    OptionalInt across = MapKernel.across(List.of(kernel.read(0)), inner);
    int lanes = target.lanes(ScalarType.I32);
    if (across.isEmpty()
        || !kernel.write(0).isDense(inner)
        || kernel.read(0).view().dtype() != DType.INT32
        || lanes < 4) {
      return Optional.empty();
    }
    List<Dim> dims = kernel.loops().shape().dims();
    long count = dims.get(inner).constant().orElse(lanes);
    long columns = dims.get(across.getAsInt()).constant().orElse(lanes);
    int rows = lanes;
    if (count < lanes) {
      Dim stride = kernel.write(0).view().strides().get(across.getAsInt());
      if (Long.bitCount(count) != 1 || count == 1 || !stride.is(count)) {
        return Optional.empty();
      }
      rows = Math.toIntExact(count);
    }
    if (columns < lanes / 2) {
      return Optional.empty();
    }
    return Optional.of(
        new TransposedCopy(kernel, across.getAsInt(), rows, lanes).build(label, nodes));
  }

  /** A unit is a line of tiles along the innermost axis. */
  private KernelCall build(String label, List<Node> nodes) {
    List<Integer> others = new ArrayList<>();
    for (int i = 0; i < inner; i++) {
      if (i != across) {
        others.add(i);
      }
    }
    String whole = call.kernel().procedure("tile", List.of("x", "y"), this::whole);
    String edge = call.kernel().procedure("edge", List.of("x", "y", "rows", "columns"), this::edge);
    Expr tiles = Exprs.ceilDiv(extents.get(across), lanes);
    Expr units = tiles;
    for (int axis : others) {
      units = units.times(extents.get(axis));
    }
    return call.build(
        label,
        nodes,
        elements,
        units,
        (b, begin, end) ->
            b.loop("unit", begin, end, unit -> line(b, unit, tiles, others, whole, edge)));
  }

  private void line(
      BodyBuilder b, Expr unit, Expr tiles, List<Integer> others, String whole, String edge) {
    Expr count = b.let("tiles", tiles);
    Expr column = b.let("column", Exprs.floorMod(unit, count).times(Exprs.index(lanes)));
    Expr rest = b.let("rest", Exprs.floorDiv(unit, count));
    Expr x = from.base().plus(column.times(from.strides().get(across)));
    Expr y = to.base().plus(column.times(to.strides().get(across)));
    for (int i = others.size() - 1; i >= 0; i--) {
      Expr extent = extents.get(others.get(i));
      Expr index = i == 0 ? rest : b.let("index", Exprs.floorMod(rest, extent));
      rest = i == 0 ? rest : b.let("rest", Exprs.floorDiv(rest, extent));
      x = x.plus(index.times(from.strides().get(others.get(i))));
      y = y.plus(index.times(to.strides().get(others.get(i))));
    }
    Expr fromLine = b.let("x", x);
    Expr toLine = b.let("y", y);
    Expr columns = b.let("columns", extents.get(across).minus(column).min(Exprs.index(lanes)));
    b.loop(
        "row",
        Exprs.index(0),
        extents.get(inner),
        rows,
        row -> {
          Expr source = b.let("source", fromLine.plus(row.times(from.strides().get(inner))));
          Expr target = b.let("target", toLine.plus(row));
          Expr left = b.let("left", extents.get(inner).minus(row).min(Exprs.index(rows)));
          Expr full = Exprs.and(left.eq(Exprs.index(rows)), columns.eq(Exprs.index(lanes)));
          b.when(
              full,
              () -> b.call(whole, source, target),
              () -> b.call(edge, source, target, left, columns));
        });
  }

  private void whole(BodyBuilder b, List<Expr> parameters) {
    List<Expr> lines = new ArrayList<>();
    for (int r = 0; r < rows; r++) {
      Expr at = parameters.get(0).plus(from.strides().get(inner).times(Exprs.index(r)));
      lines.add(b.let("row", b.load(from.buffer(), at, lanes)));
    }
    List<Expr> columns = transposed(b, lines);
    for (int i = 0; i < rows; i++) {
      b.store(to.buffer(), parameters.get(1).plus(target(i)), columns.get(i));
    }
  }

  /** Rows beyond the last are the last once more, and are not stored. */
  private void edge(BodyBuilder b, List<Expr> parameters) {
    Expr last = b.let("last", parameters.get(2).minus(Exprs.index(1)));
    Expr columns = parameters.get(3);
    Expr read = b.let("mask", Exprs.laneMask(columns, lanes));
    List<Expr> lines = new ArrayList<>();
    for (int r = 0; r < rows; r++) {
      Expr at = parameters.get(0).plus(Exprs.index(r).min(last).times(from.strides().get(inner)));
      lines.add(b.let("row", b.load(from.buffer(), at, lanes, read)));
    }
    List<Expr> all = transposed(b, lines);
    if (rows == lanes) {
      Expr mask = b.let("mask", Exprs.laneMask(parameters.get(2), lanes));
      for (int i = 0; i < rows; i++) {
        Expr vector = all.get(i);
        Expr at = parameters.get(1).plus(target(i));
        b.when(Exprs.index(i).lt(columns), () -> b.store(to.buffer(), at, vector, mask));
      }
      return;
    }
    for (int i = 0; i < rows; i++) {
      Expr left = columns.times(Exprs.index(rows)).minus(Exprs.index((long) i * lanes));
      Expr at = parameters.get(1).plus(target(i));
      b.store(to.buffer(), at, all.get(i), Exprs.laneMask(left, lanes));
    }
  }

  /** Where a vector of the transposed tile goes. */
  private Expr target(int vector) {
    return rows == lanes
        ? to.strides().get(across).times(Exprs.index(vector))
        : Exprs.index((long) vector * lanes);
  }

  private List<Expr> transposed(BodyBuilder b, List<Expr> lines) {
    List<Expr> current = lines;
    for (int stage = 1; stage < rows; stage *= 2) {
      List<Expr> next = new ArrayList<>();
      for (int r = 0; r < rows / 2; r++) {
        Expr left = current.get(r);
        Expr right = current.get(r + rows / 2);
        next.add(b.let("zip", new Expr.Zip(left, right, false)));
        next.add(b.let("zip", new Expr.Zip(left, right, true)));
      }
      current = next;
    }
    return current;
  }
}
