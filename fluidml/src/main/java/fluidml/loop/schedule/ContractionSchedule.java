package fluidml.loop.schedule;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.Kernel;
import fluidml.loop.KernelBuilder;
import fluidml.loop.Target;
import fluidml.tensor.DType;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Matrix products in tiles that stay in registers: a few rows of the left operand, broadcast
 * element by element, times the vectors of one panel of the right operand. Finished rows pass from
 * scratch to a {@link ProductStore}.
 *
 * <p>Three levels of blocks (after Goto and van de Geijn, Anatomy of High-Performance Matrix
 * Multiplication, 2008), the innermost last:
 *
 * <ol>
 *   <li>a group of panels goes through all terms before the next group begins; its sums lie in the
 *       second-level cache;
 *   <li>a block of terms: the left operand's elements of it serve all panels of the group;
 *   <li>a panel's part of the block stays in the second-level cache while all tiles of rows use it,
 *       and the next one is read meanwhile ({@link ReadAhead}).
 * </ol>
 *
 * <p>Rows are cut into tiles of nearly equal heights. A unit of the parallel range is one tile of
 * rows with one panel, tiles running fastest: a part of the range streams its own panels. Results
 * do not depend on the partition.
 */
public final class ContractionSchedule {
  /** The most tiles that take turns with a panel's part. */
  private static final int TURN = 32;

  /** Vectors of sums in a tile, so that elements that C2 loads early have registers, too. */
  private static final int MOST_SUMS = 20;

  /** Bytes of a panel's part. Longer parts mean fewer visits of every tile. */
  private static final int PART_BYTES = 144 << 10;

  private static final int MOST_TERMS = 768;

  /** Panels of a group. */
  private static final int GROUP = 8;

  private final KernelBuilder kernel;
  private final Contraction contraction;
  private final ProductStore result;
  private final TileShape shape;
  private final Buffer panels;
  private final int block;
  private final boolean packs;
  private final Optional<ReadAhead> ahead;
  private final BlockSums sums;

  private ContractionSchedule(
      KernelBuilder kernel, Contraction contraction, TileShape most, ProductStore result) {
    this.kernel = kernel;
    this.contraction = contraction;
    this.result = result;
    this.shape =
        new TileShape(
            Math.min(most.rows(), Math.max(1, MOST_SUMS / most.vectors())),
            most.vectors(),
            most.lanes());
    this.packs = contraction.right() instanceof Contraction.Strided;
    DType rightType = contraction.right().buffer().dtype();
    this.block = blockTerms(shape, rightType);
    this.panels =
        packs
            ? kernel.scratch(
                "panel", rightType, contraction.depth().times(shape.columns() * rightType.bytes()))
            : contraction.right().buffer();
    int bits = shape.lanes() * contraction.accumulator().bits();
    this.ahead =
        !packs && rightType == DType.FLOAT32 && bits == 512
            ? Optional.of(ReadAhead.declare(kernel, panels, shape.columns()))
            : Optional.empty();
    Expr mostRows = contraction.rows().min(Exprs.index((long) TURN * shape.rows()));
    Expr mostPanels = packs ? Exprs.index(1) : panelCount().min(Exprs.index(GROUP));
    Expr count = mostRows.times(mostPanels).times(shape.columns());
    this.sums = new BlockSums(kernel, contraction, shape, panels, block, ahead, count);
  }

  /**
   * Terms of a sum that a part of a panel holds.
   *
   * @param type of the panel's elements
   */
  static int blockTerms(TileShape shape, DType type) {
    int line = shape.columns() * type.bytes();
    return Math.min(MOST_TERMS, Math.max(16, PART_BYTES / line / 16 * 16));
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
   * @param shape of the tiles, which have fewer rows where that would be too many sums; a packed
   *     right operand has panels of as many columns
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
    sums.write(!packs);
    List<String> place = List.of("batch", "row", "rows", "column", "from");
    kernel.procedure("finish", place, (b, p) -> finish(b, p, true));
    kernel.procedure("finishEdge", place, (b, p) -> finish(b, p, false));
    kernel.procedure(
        "group", List.of("batch", "panel", "count", "firstTile", "lastTile"), this::group);
    Expr units = contraction.batches().times(panelCount()).times(tileCount());
    return kernel.entry(units, this::main);
  }

  private Expr panelCount() {
    return Exprs.ceilDiv(contraction.columns(), shape.columns());
  }

  private Expr tileCount() {
    return Exprs.ceilDiv(contraction.rows(), shape.rows());
  }

  /** Panels of which all tiles are in the part go in groups, the others alone. */
  private void main(BodyBuilder b, Expr begin, Expr end) {
    Expr one = Exprs.index(1);
    Expr tiles = b.let("tiles", tileCount().max(one));
    Expr perBatch = b.let("panels", panelCount().max(one));
    Expr firstUnit = b.let("firstUnit", begin.div(tiles));
    Expr firstWhole = b.let("firstWhole", begin.plus(tiles).minus(1).div(tiles));
    Expr lastWhole = b.let("lastWhole", end.div(tiles));
    Expr lastUnit = Exprs.select(begin.lt(end), end.minus(1).div(tiles).plus(1), firstUnit);
    b.loop(
        "unit",
        firstUnit,
        b.let("lastUnit", lastUnit),
        unit -> {
          Expr batch = b.let("batch", unit.div(perBatch));
          Expr batchBegin = b.let("batchBegin", batch.times(perBatch));
          Expr panel = b.let("panel", unit.minus(batchBegin));
          Expr skipped = b.let("skipped", unit.times(tiles));
          Expr firstTile = b.let("firstTile", begin.minus(skipped).max(Exprs.index(0)));
          Expr lastTile = b.let("lastTile", end.minus(skipped).min(tiles));
          if (packs) {
            b.call("group", batch, panel, one, firstTile, lastTile);
            return;
          }
          Expr place = b.let("place", unit.minus(firstWhole.max(batchBegin)));
          Expr whole = Exprs.and(unit.ge(firstWhole), unit.lt(lastWhole));
          Expr left = lastWhole.min(batchBegin.plus(perBatch)).minus(unit);
          b.when(
              whole,
              () ->
                  b.when(
                      Exprs.floorMod(place, Exprs.index(GROUP)).eq(Exprs.index(0)),
                      () ->
                          b.call(
                              "group",
                              batch,
                              panel,
                              left.min(Exprs.index(GROUP)),
                              firstTile,
                              lastTile)),
              () -> b.call("group", batch, panel, one, firstTile, lastTile));
        });
  }

  /**
   * How the rows are cut: {@code higher} tiles of one row more than {@code height}, then others.
   */
  private record Rows(Expr height, Expr higher) {
    /** The first row of a tile. */
    Expr before(Expr tile) {
      return tile.times(height).plus(tile.min(higher));
    }

    /** Rows of a tile. */
    Expr of(Expr tile) {
      return height.plus(Exprs.select(tile.lt(higher), Exprs.index(1), Exprs.index(0)));
    }
  }

  /** Some tiles of neighbouring panels. */
  private void group(BodyBuilder b, List<Expr> place) {
    Expr batch = place.get(0);
    Expr panel = place.get(1);
    Expr count = place.get(2);
    Expr tiles = b.let("tiles", tileCount().max(Exprs.index(1)));
    Expr height = b.let("height", contraction.rows().div(tiles));
    Rows cut = new Rows(height, b.let("higher", contraction.rows().minus(height.times(tiles))));
    Expr leftBase = b.let("leftBase", contraction.left().offset().apply(b, batch));
    Expr right = b.let("right", right(b, batch, panel));
    b.loop(
        "turn",
        place.get(3),
        place.get(4),
        TURN,
        turn -> {
          Expr turnEnd = b.let("turnEnd", turn.plus(TURN).min(place.get(4)));
          Expr row = b.let("row", cut.before(turn));
          Expr rows = b.let("rows", cut.before(turnEnd).minus(row));
          Expr size = b.let("size", rows.times(shape.columns()));
          b.when(contraction.depth().eq(Exprs.index(0)), () -> sums.clear(b, size.times(count)));
          Expr alone =
              packs
                  ? Exprs.index(0)
                  : b.let(
                      "alone",
                      Exprs.select(
                          rows.eq(Exprs.index(1)),
                          count.minus(Exprs.floorMod(count, Exprs.index(BlockSums.STREAMS))),
                          Exprs.index(0)));
          if (!packs) {
            Expr leftRow = leftBase.plus(row.times(contraction.left().rowStride()));
            b.loop(
                "p",
                Exprs.index(0),
                alone,
                BlockSums.STREAMS,
                p ->
                    blocks(
                        b,
                        now -> {
                          Expr terms = now.done().times(contraction.left().depthStride());
                          Expr to = b.let("to", p.times(size).plus(sums.begin()));
                          Expr part = begin(right, p, now.done());
                          sums.multiplyRow(b, now, leftRow.plus(terms), part, to);
                        }));
          }
          blocks(
              b,
              now -> {
                Expr from = leftBase.plus(now.done().times(contraction.left().depthStride()));
                Expr rowFrom = from.plus(row.times(contraction.left().rowStride()));
                Expr left = b.let("left", rowFrom);
                b.loop(
                    "p",
                    alone,
                    count,
                    p -> {
                      Part present = new Part(right, panel, count, p, now);
                      Expr part = b.let("part", begin(right, p, now.done()));
                      Expr next = next(b, present, part, turnEnd.minus(turn));
                      Turn all =
                          new Turn(turn, turnEnd, cut, row, p.times(size).plus(sums.begin()));
                      tiles(b, all, now, left, part, next);
                    });
              });
          b.loop(
              "p",
              Exprs.index(0),
              count,
              p -> {
                Expr column = b.let("column", panel.plus(p).times(shape.columns()));
                Expr from = p.times(size).plus(sums.begin());
                b.when(
                    column.plus(shape.columns()).le(contraction.columns()),
                    () -> b.call("finish", batch, row, rows, column, from),
                    () -> b.call("finishEdge", batch, row, rows, column, from));
              });
        });
  }

  /**
   * A block's part of a panel.
   *
   * @param right where the group's first panel begins
   * @param panel number of that panel
   * @param count panels of the group
   * @param p number of the part's panel in the group
   * @param block its terms
   */
  private record Part(Expr right, Expr panel, Expr count, Expr p, BlockSums.Block block) {}

  /** Writes something for every block of terms. */
  private void blocks(BodyBuilder b, Consumer<BlockSums.Block> body) {
    b.loop(
        "done",
        Exprs.index(0),
        contraction.depth(),
        block,
        done -> {
          Expr left = contraction.depth().minus(done);
          Expr terms = b.let("terms", left.min(Exprs.index(block)));
          body.accept(new BlockSums.Block(done, terms));
        });
  }

  /** Where a group's panel {@code p} has its terms from {@code done} on. */
  private Expr begin(Expr right, Expr p, Expr done) {
    return right.plus(p.times(contraction.depth()).plus(done).times(shape.columns()));
  }

  /**
   * Where the part begins that is read ahead: that of the next panel, of the next block, of the
   * next group. It is the present one where there is no other, or too little to do meanwhile.
   *
   * @param present where the present part begins
   * @param tiles that take turns with it
   */
  private Expr next(BodyBuilder b, Part now, Expr present, Expr tiles) {
    if (ahead.isEmpty()) {
      return present;
    }
    Expr zero = Exprs.index(0);
    Expr more = b.let("more", now.p.plus(1).lt(now.count));
    Expr deeper = b.let("deeper", now.block.done().plus(block).lt(contraction.depth()));
    Expr p = Exprs.select(more, now.p.plus(1), Exprs.select(deeper, zero, now.count));
    Expr done =
        Exprs.select(
            more, now.block.done(), Exprs.select(deeper, now.block.done().plus(block), zero));
    Expr next = b.let("next", begin(now.right, p, done));
    Expr end = begin(now.right, panelCount().minus(now.panel), zero);
    Expr exists = next.plus(now.block.terms().times(shape.columns())).le(end);
    return b.let("next", Exprs.select(Exprs.and(exists, ReadAhead.pays(tiles)), next, present));
  }

  /**
   * Tiles that take turns with a part.
   *
   * @param first number of the first tile
   * @param end number behind the last one
   * @param row the first tile's first row
   * @param sums where the sums of that row are
   */
  private record Turn(Expr first, Expr end, Rows cut, Expr row, Expr sums) {}

  /** All tiles of a turn with a panel's part of a block. */
  private void tiles(
      BodyBuilder b, Turn now, BlockSums.Block block, Expr left, Expr part, Expr next) {
    Expr to = b.let("to", now.sums);
    b.loop(
        "t",
        now.first,
        now.end,
        t -> {
          Expr row = b.let("tileRow", now.cut.before(t).minus(now.row));
          Expr start = left.plus(row.times(contraction.left().rowStride()));
          Expr sum = to.plus(row.times(shape.columns()));
          Expr from = ahead.map(a -> a.begin(next, t.minus(now.first), block.terms())).orElse(part);
          Expr rows = b.let("height", now.cut.of(t));
          sums.multiply(b, block, rows, start, part, b.let("sum", sum), from);
        });
  }

  /** Where the panel begins that the tiles read; one that is not packed yet is packed here. */
  private Expr right(BodyBuilder b, Expr batch, Expr panel) {
    Expr base = contraction.right().offset().apply(b, batch);
    return switch (contraction.right()) {
      case Contraction.Packed _ ->
          base.plus(panel.times(contraction.depth().times(shape.columns())));
      case Contraction.Strided s -> {
        Expr column = b.let("column", panel.times(shape.columns()));
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

  /**
   * Hands the rows of a panel to the store: whole panels without masks, the last one up to its
   * edge.
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
          Expr from = b.let("from", place.get(4).plus(r.times(shape.columns())));
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
                Expr value = b.let("value", b.load(sums.buffer(), from.plus(c), lanes));
                result.store(b, value, batch, row, b.let("at", column.plus(c)), mask);
              });
        });
  }
}
