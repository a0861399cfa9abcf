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
 *
 * <p>The last tile of a line ends where the line ends and may overlap the one before; masks are
 * needed only where an extent is shorter than a tile.
 */
final class TransposedCopy {
  /** Tiles of a block along either axis: those side by side are read before those below them. */
  private static final long SPAN = 4;

  private final CallBuilder call;
  private final BufferView from;
  private final BufferView to;
  private final int inner;
  private final int across;
  private final int rows;
  private final int lanes;
  private final List<Expr> extents;
  private final List<Dim> dims;

  private TransposedCopy(MapKernel kernel, int across, int rows, int lanes) {
    this.call = kernel.call();
    this.from = kernel.read(0);
    this.to = kernel.write(0);
    this.inner = kernel.inner();
    this.across = across;
    this.rows = rows;
    this.lanes = lanes;
    this.dims = kernel.loops().shape().dims();
    this.extents = call.sizes(dims);
  }

  /** The copy as a call, if its elements are integers and vectors can be transposed. */
  static Optional<KernelCall> of(String label, List<Node> nodes, MapKernel kernel, Target target) {
    int inner = kernel.inner();
    int lanes = lanes(kernel.read(0).view().dtype(), target);
    OptionalInt across = MapKernel.across(List.of(kernel.read(0)), inner, lanes / 2);
    if (across.isEmpty() || !kernel.write(0).isDense(inner) || lanes < 4) {
      return Optional.empty();
    }
    List<Dim> dims = kernel.loops().shape().dims();
    long count = dims.get(inner).constant().orElse(lanes);
    int rows = lanes;
    if (count < lanes) {
      Dim stride = kernel.write(0).view().strides().get(across.getAsInt());
      if (Long.bitCount(count) != 1 || count == 1 || !stride.is(count)) {
        return Optional.empty();
      }
      rows = Math.toIntExact(count);
    }
    return Optional.of(
        new TransposedCopy(kernel, across.getAsInt(), rows, lanes).build(label, nodes));
  }

  /** Lanes whose elements can be zipped and moved in vectors of their storage type, else 1. */
  static int lanes(DType dtype, Target target) {
    ScalarType scalar = Exprs.registerType(dtype);
    int lanes = target.lanes(List.of(dtype));
    return scalar.isInteger() && lanes * dtype.bytes() >= Long.BYTES ? lanes : 1;
  }

  /** A unit is a block of tiles. */
  private KernelCall build(String label, List<Node> nodes) {
    List<Integer> others = new ArrayList<>();
    List<Expr> units = new ArrayList<>();
    for (int i = 0; i < inner; i++) {
      if (i != across) {
        others.add(i);
        units.add(extents.get(i));
      }
    }
    units.add(Exprs.ceilDiv(extents.get(across), lanes * SPAN));
    if (dims.get(inner).constant().orElse(Long.MAX_VALUE) > rows * SPAN) {
      units.add(Exprs.ceilDiv(extents.get(inner), rows * SPAN));
    }
    boolean fits = isAtLeast(inner, rows) && isAtLeast(across, lanes);
    String whole = call.kernel().procedure("tile", List.of("x", "y"), this::whole);
    Optional<String> edge =
        fits
            ? Optional.empty()
            : Optional.of(
                call.kernel().procedure("edge", List.of("x", "y", "rows", "columns"), this::edge));
    Dim work = Dim.ONE;
    for (Dim dim : dims) {
      work = work.times(dim);
    }
    return call.build(
        label,
        nodes,
        work,
        OuterLoops.count(units),
        (b, begin, end) ->
            OuterLoops.write(
                b, units, begin, end, indices -> block(b, indices, others, whole, edge)));
  }

  private boolean isAtLeast(int axis, int count) {
    return dims.get(axis).constant().orElse(0) >= count;
  }

  private void block(
      BodyBuilder b,
      List<Expr> indices,
      List<Integer> others,
      String whole,
      Optional<String> edge) {
    Expr x = from.base();
    Expr y = to.base();
    for (int i = 0; i < others.size(); i++) {
      x = x.plus(indices.get(i).times(from.strides().get(others.get(i))));
      y = y.plus(indices.get(i).times(to.strides().get(others.get(i))));
    }
    Expr source = b.let("x", x);
    Expr target = b.let("y", y);
    Expr length = extents.get(inner);
    Expr width = extents.get(across);
    boolean one = indices.size() == others.size() + 1;
    Range down = range(b, one ? Exprs.index(0) : indices.getLast(), rows, length);
    Range along = range(b, indices.get(others.size()), lanes, width);
    Runnable inside =
        () ->
            tiles(
                b,
                down,
                along,
                (row, column) -> {
                  Expr r = b.let("r", row.min(length.minus(Exprs.index(rows))));
                  Expr c = b.let("c", column.min(width.minus(Exprs.index(lanes))));
                  b.call(whole, source.plus(place(from, r, c)), target.plus(place(to, r, c)));
                });
    if (edge.isEmpty()) {
      inside.run();
      return;
    }
    b.when(
        Exprs.and(length.ge(Exprs.index(rows)), width.ge(Exprs.index(lanes))),
        inside,
        () ->
            tiles(
                b,
                down,
                along,
                (row, column) ->
                    b.call(
                        edge.get(),
                        source.plus(place(from, row, column)),
                        target.plus(place(to, row, column)),
                        length.minus(row).min(Exprs.index(rows)),
                        width.minus(column).min(Exprs.index(lanes)))));
  }

  /** What happens at a tile. */
  @FunctionalInterface
  private interface Tile {
    void write(Expr row, Expr column);
  }

  /** The part of an axis that a block covers. */
  private record Range(Expr begin, Expr end) {}

  private static Range range(BodyBuilder b, Expr block, int tile, Expr extent) {
    Expr size = Exprs.index(tile * SPAN);
    Expr begin = b.let("begin", block.times(size));
    return new Range(begin, b.let("end", begin.plus(size).min(extent)));
  }

  private void tiles(BodyBuilder b, Range down, Range along, Tile tile) {
    b.loop(
        "row",
        down.begin(),
        down.end(),
        rows,
        row ->
            b.loop("column", along.begin(), along.end(), lanes, column -> tile.write(row, column)));
  }

  private Expr place(BufferView view, Expr row, Expr column) {
    return row.times(view.strides().get(inner)).plus(column.times(view.strides().get(across)));
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
