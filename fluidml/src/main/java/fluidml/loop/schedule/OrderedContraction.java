package fluidml.loop.schedule;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.Kernel;
import fluidml.loop.KernelBuilder;
import fluidml.loop.Type;
import fluidml.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Matrix products with a packed right operand in any order of the loops over tiles of rows, panels
 * and blocks of terms; see {@link LoopOrder}. Sums that are not finished wait in scratch, one tile
 * behind the other: one where the blocks are innermost, as many as the inner loop has where they
 * are between, all of a part of the parallel range where they are outermost.
 *
 * <p>A unit of the parallel range is one tile of rows with one panel, numbered in the order of the
 * loops without that over blocks. The sum of an element has the same terms in the same order
 * whatever the partition.
 */
public final class OrderedContraction {
  private final Contraction contraction;
  private final Contraction.Packed right;
  private final ProductStore result;
  private final TileShape shape;
  private final int block;
  private final LoopOrder order;
  private final KernelBuilder kernel;
  private final Buffer sums;

  private OrderedContraction(
      KernelBuilder kernel,
      Contraction contraction,
      Contraction.Packed right,
      TileShape shape,
      int block,
      LoopOrder order,
      ProductStore result) {
    this.kernel = kernel;
    this.contraction = contraction;
    this.right = right;
    this.shape = shape;
    this.block = block;
    this.order = order;
    this.result = result;
    DType type = right.buffer().dtype();
    this.sums = kernel.scratch("sums", type, slots().plus(1).times(tileSize() * type.bytes()));
  }

  /**
   * Whether a contraction can run in any order: its right operand is packed, rows of the left one
   * lie without gaps, and both are used as they are.
   */
  public static boolean allows(Contraction contraction) {
    Expr element = Exprs.constant(new Type(contraction.accumulator(), 1), 0);
    DType type = contraction.left().buffer().dtype();
    return contraction.right() instanceof Contraction.Packed packed
        && contraction.left().depthStride().equals(Exprs.index(1))
        && type == packed.buffer().dtype()
        && (type == DType.FLOAT32 || type == DType.FLOAT64)
        && contraction.left().transform().apply(element).equals(element)
        && packed.transform().apply(element).equals(element);
  }

  /**
   * Writes the procedures of a contraction and finishes the kernel.
   *
   * @param kernel has the buffers and sizes of the contraction and of {@code result}
   * @param contraction that {@link #allows}
   * @param shape of the tiles; panels have as many columns
   * @param block terms of a sum between two visits of a tile, at least 1
   */
  public static Kernel build(
      KernelBuilder kernel,
      Contraction contraction,
      TileShape shape,
      int block,
      LoopOrder order,
      ProductStore result) {
    if (!(contraction.right() instanceof Contraction.Packed right) || block < 1) {
      throw new IllegalArgumentException("the right operand is not packed, or a block is empty");
    }
    return new OrderedContraction(kernel, contraction, right, shape, block, order, result).build();
  }

  private int tileSize() {
    return shape.rows() * shape.columns();
  }

  private Expr tiles() {
    return Exprs.ceilDiv(contraction.rows(), shape.rows());
  }

  private Expr panels() {
    return Exprs.ceilDiv(contraction.columns(), shape.columns());
  }

  private boolean isRowsFirst() {
    return switch (order) {
      case NMK, NKM, KNM -> false;
      case MNK, MKN, KMN -> true;
    };
  }

  /** Units of the inner one of the loops over tiles and panels. */
  private Expr inner() {
    return isRowsFirst() ? panels() : tiles();
  }

  /** Tiles that wait at the same time. */
  private Expr slots() {
    return switch (order) {
      case NMK, MNK -> Exprs.index(1);
      case NKM, MKN -> inner();
      case KNM, KMN -> contraction.batches().times(tiles()).times(panels());
    };
  }

  private Kernel build() {
    for (int rows = 1; rows <= shape.rows(); rows++) {
      int height = rows;
      kernel.procedure(
          "multiply" + rows,
          List.of("left", "panel", "terms", "to"),
          (b, p) -> multiply(b, height, p));
    }
    kernel.procedure("add", List.of("rows", "slot"), (b, p) -> add(b, p.get(0), p.get(1)));
    List<String> place = List.of("batch", "row", "rows", "column", "slot");
    kernel.procedure("store", place, (b, p) -> store(b, p, true));
    kernel.procedure("storeEdge", place, (b, p) -> store(b, p, false));
    kernel.procedure("visit", List.of("unit", "done", "slot"), this::visit);
    kernel.procedure("finish", List.of("unit", "slot"), this::finish);
    return kernel.entry(
        contraction.batches().times(tiles()).times(panels()),
        (b, begin, end) -> b.when(begin.lt(end), () -> main(b, begin, end)));
  }

  private void main(BodyBuilder b, Expr begin, Expr end) {
    switch (order) {
      case NMK, MNK ->
          b.loop(
              "unit",
              begin,
              end,
              unit -> {
                blocks(b, done -> b.call("visit", unit, done, Exprs.index(0)));
                b.call("finish", unit, Exprs.index(0));
              });
      case NKM, MKN -> {
        Expr inner = b.let("inner", inner().max(Exprs.index(1)));
        b.loop(
            "outer",
            begin.div(inner),
            end.minus(1).div(inner).plus(1),
            outer -> {
              Expr first = b.let("first", outer.times(inner).max(begin));
              Expr last = b.let("last", outer.plus(1).times(inner).min(end));
              all(b, first, last);
            });
      }
      case KNM, KMN -> all(b, begin, end);
    }
  }

  /** Every block for all of some units, then their stores. */
  private void all(BodyBuilder b, Expr first, Expr last) {
    blocks(
        b,
        done ->
            b.loop("unit", first, last, unit -> b.call("visit", unit, done, unit.minus(first))));
    b.loop("unit", first, last, unit -> b.call("finish", unit, unit.minus(first)));
  }

  /** The blocks of a sum; one without terms if the sum is empty. */
  private void blocks(BodyBuilder b, Consumer<Expr> body) {
    b.loop("done", Exprs.index(0), contraction.depth().max(Exprs.index(1)), block, body);
  }

  /** Where a unit lies. */
  private record Place(Expr batch, Expr panel, Expr row, Expr rows) {}

  private Place place(BodyBuilder b, Expr unit) {
    Expr tiles = b.let("tiles", tiles().max(Exprs.index(1)));
    Expr panels = b.let("panels", panels().max(Exprs.index(1)));
    Expr inner = isRowsFirst() ? panels : tiles;
    Expr outer = isRowsFirst() ? tiles : panels;
    Expr rest = b.let("rest", unit.div(inner));
    Expr fast = b.let("fast", unit.minus(rest.times(inner)));
    Expr batch = b.let("batch", rest.div(outer));
    Expr slow = b.let("slow", rest.minus(batch.times(outer)));
    Expr tile = isRowsFirst() ? slow : fast;
    Expr height = b.let("height", contraction.rows().div(tiles));
    Expr higher = b.let("higher", contraction.rows().minus(height.times(tiles)));
    Expr row = b.let("row", tile.times(height).plus(tile.min(higher)));
    Expr more = Exprs.select(tile.lt(higher), Exprs.index(1), Exprs.index(0));
    return new Place(batch, isRowsFirst() ? fast : slow, row, b.let("rows", height.plus(more)));
  }

  /** Adds one block of terms to the sums of a unit. */
  private void visit(BodyBuilder b, List<Expr> arguments) {
    Expr done = arguments.get(1);
    Expr slot = b.let("slot", arguments.get(2).times(tileSize()));
    Place place = place(b, arguments.get(0));
    Contraction.Left a = contraction.left();
    Expr base = b.let("base", a.offset().apply(b, place.batch));
    Expr left = b.let("left", base.plus(place.row.times(a.rowStride())).plus(done));
    Expr line = place.panel.times(contraction.depth()).plus(done).times(shape.columns());
    Expr panel = b.let("panel", right.offset().apply(b, place.batch).plus(line));
    Expr terms = b.let("terms", contraction.depth().minus(done).min(Exprs.index(block)));
    Expr aside = b.let("aside", slots().times(tileSize()));
    b.when(
        done.eq(Exprs.index(0)),
        () -> Heights.multiply(b, shape.rows(), place.rows, List.of(left, panel, terms, slot)),
        () -> {
          Heights.multiply(b, shape.rows(), place.rows, List.of(left, panel, terms, aside));
          b.call("add", place.rows, slot);
        });
  }

  private void multiply(BodyBuilder b, int rows, List<Expr> p) {
    List<Expr> starts = new ArrayList<>();
    for (int r = 0; r < rows; r++) {
      starts.add(b.let("start", p.get(0).plus(contraction.left().rowStride().times(r))));
    }
    TileShape part = new TileShape(rows, shape.vectors(), shape.lanes());
    RowTile.Rows left = RowTile.Rows.of(contraction.left().buffer(), Optional.empty());
    new RowTile(part, left, RowTile.Panel.of(right.buffer(), shape.columns()), sums, 0)
        .write(b, p.get(1), starts, RowTile.Terms.of(p.get(2).min(Exprs.index(block))), p.get(3));
  }

  private void add(BodyBuilder b, Expr rows, Expr slot) {
    int lanes = shape.lanes();
    Expr aside = b.let("aside", slots().times(tileSize()));
    b.loop(
        "i",
        Exprs.index(0),
        rows.times(shape.columns()),
        lanes,
        i -> {
          Expr more = b.load(sums, aside.plus(i), lanes);
          b.store(sums, slot.plus(i), b.load(sums, slot.plus(i), lanes).plus(more));
        });
  }

  private void finish(BodyBuilder b, List<Expr> arguments) {
    Place place = place(b, arguments.get(0));
    Expr slot = b.let("slot", arguments.get(1).times(tileSize()));
    Expr column = b.let("column", place.panel.times(shape.columns()));
    b.when(
        column.plus(shape.columns()).le(contraction.columns()),
        () -> b.call("store", place.batch, place.row, place.rows, column, slot),
        () -> b.call("storeEdge", place.batch, place.row, place.rows, column, slot));
  }

  /** Hands the rows of a tile to the result: whole panels without masks. */
  private void store(BodyBuilder b, List<Expr> p, boolean whole) {
    Expr column = p.get(3);
    int lanes = shape.lanes();
    Expr width = whole ? Exprs.index(shape.columns()) : b.let(contraction.columns().minus(column));
    b.loop(
        "r",
        Exprs.index(0),
        p.get(2),
        r -> {
          Expr row = b.let("row", p.get(1).plus(r));
          Expr line = b.let("line", p.get(4).plus(r.times(shape.columns())));
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
                Expr value = b.let("value", b.load(sums, line.plus(c), lanes));
                result.store(b, value, p.getFirst(), row, b.let("at", column.plus(c)), mask);
              });
        });
  }
}
