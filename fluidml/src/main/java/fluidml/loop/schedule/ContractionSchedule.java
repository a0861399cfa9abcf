package fluidml.loop.schedule;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.Kernel;
import fluidml.loop.KernelBuilder;
import fluidml.loop.ScalarType;
import fluidml.loop.Target;
import fluidml.loop.Type;
import fluidml.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Matrix products in tiles that stay in registers: a few rows of the left operand, broadcast
 * element by element, times the vectors of one panel of the right operand. Finished tiles pass
 * through scratch, in the first-level cache, to a {@link ProductStore}.
 *
 * <p>Rows are cut into tiles of nearly equal heights. A unit of the parallel range is one tile of
 * rows with one panel, tiles running fastest: a part of the range streams its own panels, each of
 * them once per cache life. Results do not depend on the partition. Sums longer than {@link #BLOCK}
 * are cut into blocks, which bounds what the caches must hold.
 */
public final class ContractionSchedule {
  /** Terms of a sum between two writes of the tile. */
  static final int BLOCK = 1536;

  private final KernelBuilder kernel;
  private final Contraction contraction;
  private final ProductStore result;
  private final TileShape shape;
  private final Type accumulator;
  private final Buffer tile;
  private final Buffer panels;
  private final boolean packs;

  private ContractionSchedule(
      KernelBuilder kernel, Contraction contraction, TileShape shape, ProductStore result) {
    this.kernel = kernel;
    this.contraction = contraction;
    this.result = result;
    ScalarType scalar = contraction.accumulator();
    this.shape = shape;
    this.accumulator = new Type(scalar, shape.lanes());
    int bytes = scalar.bits() / 8;
    this.tile =
        kernel.scratch(
            "tile", storage(scalar), Exprs.index((2L * tileSize() + shape.lanes()) * bytes));
    this.packs = contraction.right() instanceof Contraction.Strided;
    DType rightType = contraction.right().buffer().dtype();
    this.panels =
        packs
            ? kernel.scratch(
                "panel", rightType, contraction.depth().times(shape.columns() * rightType.bytes()))
            : contraction.right().buffer();
  }

  private static DType storage(ScalarType scalar) {
    return switch (scalar) {
      case F32 -> DType.FLOAT32;
      case F64 -> DType.FLOAT64;
      case I32 -> DType.INT32;
      case I64 -> DType.INT64;
      case BOOL -> throw new IllegalArgumentException("truth values cannot be summed");
    };
  }

  /**
   * Writes the procedures of a contraction and finishes the kernel.
   *
   * @param kernel has the buffers and sizes of the contraction and of {@code result}
   */
  public static Kernel build(
      KernelBuilder kernel, Contraction contraction, Target target, ProductStore result) {
    TileShape shape = TileShape.of(target, contraction.accumulator());
    return build(kernel, contraction, shape, result);
  }

  /**
   * Writes the procedures of a contraction and finishes the kernel.
   *
   * @param kernel has the buffers and sizes of the contraction and of {@code result}
   * @param shape of the tiles; a packed right operand has panels of as many columns
   */
  public static Kernel build(
      KernelBuilder kernel, Contraction contraction, TileShape shape, ProductStore result) {
    return new ContractionSchedule(kernel, contraction, shape, result).build();
  }

  private Kernel build() {
    if (contraction.right() instanceof Contraction.Strided strided) {
      kernel.procedure(
          "pack", List.of("base", "width"), (b, p) -> pack(b, strided, p.get(0), p.get(1)));
    }
    for (int rows = 1; rows <= shape.rows(); rows++) {
      int height = rows;
      kernel.procedure(
          "multiply" + rows,
          List.of("left", "right", "terms", "to", "ahead", "step"),
          (b, p) -> multiply(b, height, p));
    }
    kernel.procedure("add", List.of("rows"), (b, p) -> add(b, p.getFirst()));
    List<String> place = List.of("batch", "row", "rows", "column");
    kernel.procedure("finish", place, (b, p) -> finish(b, p, true));
    kernel.procedure("finishEdge", place, (b, p) -> finish(b, p, false));
    kernel.procedure(
        "tile",
        List.of("batch", "row", "rows", "left", "right", "column", "begin", "step"),
        this::tile);
    Expr tiles = Exprs.ceilDiv(contraction.rows(), shape.rows());
    Expr panelCount = Exprs.ceilDiv(contraction.columns(), shape.columns());
    return kernel.entry(
        contraction.batches().times(panelCount).times(tiles),
        (b, begin, end) -> main(b, begin, end, tiles, panelCount));
  }

  private void main(BodyBuilder b, Expr begin, Expr end, Expr tileCount, Expr panelCount) {
    Expr tiles = b.let("tiles", tileCount.max(Exprs.index(1)));
    Expr panelsPerBatch = b.let("panels", panelCount.max(Exprs.index(1)));
    Expr height = b.let("height", contraction.rows().div(tiles));
    Expr higher = b.let("higher", contraction.rows().minus(height.times(tiles)));
    Expr last = end.minus(1);
    b.loop(
        "unit",
        begin.div(tiles),
        b.let("units", Exprs.select(begin.lt(end), last.div(tiles).plus(1), begin.div(tiles))),
        unit -> {
          Expr batch = b.let("batch", unit.div(panelsPerBatch));
          Expr panel = b.let("panel", unit.minus(batch.times(panelsPerBatch)));
          Expr column = b.let("column", panel.times(shape.columns()));
          Expr leftBase = b.let("leftBase", contraction.left().offset().apply(b, batch));
          Expr right = b.let("right", right(b, batch, panel, column));
          Expr step = b.let("step", step(panel, tiles, panelsPerBatch));
          Expr skipped = b.let("skipped", unit.times(tiles));
          b.loop(
              "t",
              begin.minus(skipped).max(Exprs.index(0)),
              end.minus(skipped).min(tiles),
              t -> {
                Expr row = b.let("row", t.times(height).plus(t.min(higher)));
                Expr rows = height.plus(Exprs.select(t.lt(higher), Exprs.index(1), Exprs.index(0)));
                Expr left = leftBase.plus(row.times(contraction.left().rowStride()));
                Expr before = t.times(contraction.depth());
                b.call("tile", batch, row, rows, left, right, column, before, step);
              });
        });
  }

  /** Where the panel begins that the tiles read; one that is not packed yet is packed here. */
  private Expr right(BodyBuilder b, Expr batch, Expr panel, Expr column) {
    Expr base = contraction.right().offset().apply(b, batch);
    return switch (contraction.right()) {
      case Contraction.Packed _ ->
          base.plus(panel.times(contraction.depth().times(shape.columns())));
      case Contraction.Strided s -> {
        Expr width = contraction.columns().minus(column).min(Exprs.index(shape.columns()));
        b.call("pack", base.plus(column.times(s.columnStride())), width);
        yield Exprs.index(0);
      }
    };
  }

  private void pack(BodyBuilder b, Contraction.Strided right, Expr base, Expr width) {
    Expr one = Exprs.index(1);
    Expr depth = contraction.depth();
    if (right.columnStride().equals(one)) {
      Panels.packRows(b, right.buffer(), base, right.depthStride(), depth, width, panels, shape);
    } else if (right.depthStride().equals(one)) {
      Panels.packColumns(
          b, right.buffer(), base, right.columnStride(), depth, width, panels, shape);
    } else {
      Panels.packElements(
          b,
          right.buffer(),
          base,
          right.depthStride(),
          right.columnStride(),
          depth,
          Exprs.index(0),
          width,
          panels,
          shape);
    }
  }

  /** All terms of a tile, then its store. */
  private void tile(BodyBuilder b, List<Expr> place) {
    Expr batch = place.get(0);
    Expr row = place.get(1);
    Expr rows = place.get(2);
    Expr left = place.get(3);
    Expr right = place.get(4);
    Expr column = place.get(5);
    Expr begin = place.get(6);
    Expr step = place.get(7);
    Expr depth = contraction.depth();
    Expr size = depth.times(shape.columns());
    Expr next = b.let("next", Exprs.select(step.eq(Exprs.index(0)), right, right.plus(size)));
    Expr first = b.let("first", depth.min(Exprs.index(BLOCK)));
    Expr ahead = begin.times(step).min(size.minus(first.times(step)));
    choose(
        b, shape.rows(), rows, List.of(left, right, first, Exprs.index(0), next.plus(ahead), step));
    b.loop(
        "done",
        Exprs.index(BLOCK),
        depth,
        BLOCK,
        done -> {
          Expr from = b.let("from", left.plus(done.times(contraction.left().depthStride())));
          Expr panel = b.let("panel", right.plus(done.times(shape.columns())));
          Expr terms = b.let("terms", depth.minus(done).min(Exprs.index(BLOCK)));
          Expr now = begin.plus(done).times(step).min(size.minus(terms.times(step)));
          choose(
              b,
              shape.rows(),
              rows,
              List.of(from, panel, terms, Exprs.index(tileSize()), next.plus(now), step));
          b.call("add", rows);
        });
    b.when(
        column.plus(shape.columns()).le(contraction.columns()),
        () -> b.call("finish", batch, row, rows, column),
        () -> b.call("finishEdge", batch, row, rows, column));
  }

  /**
   * By how many elements every term of a tile reads ahead in the next panel, so that all tiles
   * together have read it before its turn comes; 0 where there is nothing to gain.
   */
  private Expr step(Expr panel, Expr tiles, Expr panelCount) {
    Expr none = Exprs.index(0);
    if (packs) {
      return none;
    }
    Expr useful = Exprs.and(tiles.gt(Exprs.index(1)), panel.plus(1).lt(panelCount));
    Expr step = Exprs.floorDiv(Exprs.index(shape.columns() - 1), tiles).plus(1);
    return Exprs.select(useful, step, none);
  }

  private int tileSize() {
    return shape.rows() * shape.columns();
  }

  private void choose(BodyBuilder b, int height, Expr rows, List<Expr> arguments) {
    if (height == 1) {
      b.call("multiply1", arguments.toArray(Expr[]::new));
      return;
    }
    b.when(
        rows.eq(Exprs.index(height)),
        () -> b.call("multiply" + height, arguments.toArray(Expr[]::new)),
        () -> choose(b, height - 1, rows, arguments));
  }

  /** Adds the sums of a block to those of the blocks before. */
  private void add(BodyBuilder b, Expr rows) {
    int lanes = shape.lanes();
    b.loop(
        "i",
        Exprs.index(0),
        rows.times(shape.columns()),
        lanes,
        i -> {
          Expr block = b.load(tile, i.plus(tileSize()), lanes);
          b.store(tile, i, b.load(tile, i, lanes).plus(block));
        });
  }

  /**
   * The micro-kernel: {@code rows} rows of the tile over some terms. With every term it reads an
   * element of the next panel: the hardware fetches a panel at the pace of the arithmetic, before
   * its first tile would wait for it line by line. What was read goes to a place behind the tiles.
   *
   * @param place where the rows and the panel begin, the number of terms, where in the scratch tile
   *     the sums go, where the next panel is read and by how many elements every term advances
   *     there
   */
  private void multiply(BodyBuilder b, int rows, List<Expr> place) {
    Expr left = place.get(0);
    Expr right = place.get(1);
    Expr terms = place.get(2);
    Expr to = place.get(3);
    ScalarType bits = accumulator.scalar().bits() == 64 ? ScalarType.I64 : ScalarType.I32;
    Expr.Read seen = b.variable("seen", Exprs.constant(new Type(bits, 1), 0));
    int vectors = shape.vectors();
    List<Expr.Read> sums = new ArrayList<>();
    for (int i = 0; i < rows * vectors; i++) {
      sums.add(b.variable("sum", Exprs.constant(accumulator, 0)));
    }
    Contraction.Left a = contraction.left();
    List<Expr> starts = new ArrayList<>();
    for (int r = 0; r < rows; r++) {
      starts.add(r == 0 ? left : b.let("start", left.plus(a.rowStride().times(r))));
    }
    b.loop(
        "k",
        Exprs.index(0),
        terms.min(Exprs.index(BLOCK)),
        k -> {
          List<Expr> columns = new ArrayList<>();
          for (int v = 0; v < vectors; v++) {
            Expr at = right.plus(k.times(shape.columns())).plus(v * shape.lanes());
            Expr loaded = b.load(panels, at, shape.lanes());
            columns.add(b.let("b", contraction.right().transform().apply(loaded)));
          }
          for (int r = 0; r < rows; r++) {
            Expr at = starts.get(r).plus(k.times(a.depthStride()));
            Expr loaded = a.transform().apply(b.load(a.buffer(), at));
            Expr element = b.let("a", Exprs.spread(loaded, shape.lanes()));
            for (int v = 0; v < vectors; v++) {
              Expr.Read sum = sums.get(r * vectors + v);
              b.assign(sum, element.fma(columns.get(v), sum));
            }
          }
          if (!packs) {
            Expr ahead = b.load(panels, place.get(4).plus(k.times(place.get(5))));
            b.assign(seen, Exprs.or(seen, Exprs.bitcast(bits, ahead)));
          }
        });
    for (int i = 0; i < sums.size(); i++) {
      b.store(tile, to.plus(i * shape.lanes()), sums.get(i));
    }
    if (!packs) {
      b.store(tile, Exprs.index(2L * tileSize()), Exprs.bitcast(accumulator.scalar(), seen));
    }
  }

  /**
   * Hands the rows of a tile to the store: whole panels without masks, the last one up to its edge.
   */
  private void finish(BodyBuilder b, List<Expr> place, boolean whole) {
    Expr batch = place.get(0);
    Expr column = place.get(3);
    int lanes = shape.lanes();
    Expr width = whole ? Exprs.index(shape.columns()) : b.let(contraction.columns().minus(column));
    b.loop(
        "r",
        Exprs.index(0),
        place.get(2),
        r -> {
          Expr row = b.let("row", place.get(1).plus(r));
          b.loop(
              "c",
              Exprs.index(0),
              width,
              lanes,
              c -> {
                Optional<Expr> mask =
                    whole || lanes == 1
                        ? Optional.empty()
                        : Optional.of(b.let("mask", Exprs.laneMask(width.minus(c), lanes)));
                Expr value = b.let("value", b.load(tile, r.times(shape.columns()).plus(c), lanes));
                result.store(b, value, batch, row, b.let("at", column.plus(c)), mask);
              });
        });
  }
}
