package fluidml.loop.schedule;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.KernelBuilder;
import fluidml.loop.Stmt;
import fluidml.tensor.DType;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Products of unsigned bytes with packed signed ones: tiles of up to 14 rows, each with one panel
 * and all terms at once, by {@link Stmt.ByteTile}s. Their sums lie in private memory of two
 * kilobytes, from where a {@link ProductStore} takes them.
 *
 * <p>The rows of every batch are cut into tiles of nearly equal heights; the tiles of all batches
 * into blocks. A unit of the parallel range is a tile with a panel: within a block all tiles use
 * one panel before the next, so that the panel stays in the first or second level of the cache, and
 * the block's rows in the second.
 */
public final class ByteTileSchedule {
  /** The most tiles that take turns with a panel. */
  private static final int BLOCK = 32;

  private static final Expr ZERO = Exprs.index(0);
  private static final Expr ONE = Exprs.index(1);

  /**
   * What is multiplied. Expressions are I64 and combine sizes of the kernel.
   *
   * @param batches of rows
   * @param rows of a batch
   * @param columns of the product
   * @param left of UINT8
   * @param leftOffset where the first row of a batch begins
   * @param rowStride elements between rows
   * @param turns runs of neighbours that a row consists of
   * @param turnStride elements between runs
   * @param steps a quarter of the elements of a run
   * @param panels of INT8: for every panel, for every four terms, four neighbours of each column
   * @param vectors of a panel, 16 columns each
   * @param lanes columns that are stored at once
   */
  public record Problem(
      Expr batches,
      Expr rows,
      Expr columns,
      Buffer left,
      Contraction.BatchOffset leftOffset,
      Expr rowStride,
      Expr turns,
      Expr turnStride,
      Expr steps,
      Buffer panels,
      int vectors,
      int lanes) {
    private int panelColumns() {
      return vectors * Stmt.ByteTile.LANES;
    }
  }

  private final KernelBuilder kernel;
  private final Problem problem;
  private final ProductStore result;
  private final Buffer sums;

  private ByteTileSchedule(KernelBuilder kernel, Problem problem, ProductStore result) {
    this.kernel = kernel;
    this.problem = problem;
    this.result = result;
    this.sums =
        kernel.scratch(
            "sums",
            DType.INT32,
            Exprs.index((long) Stmt.ByteTile.MOST_ROWS * problem.panelColumns() * Integer.BYTES));
  }

  /**
   * Writes the procedures of a product.
   *
   * @param kernel has the buffers and sizes of the problem and of {@code result}
   */
  public static Nest write(KernelBuilder kernel, Problem problem, ProductStore result) {
    return new ByteTileSchedule(kernel, problem, result).write();
  }

  private Nest write() {
    kernel.procedure("multiply", List.of("from", "panel", "rows"), this::multiply);
    List<String> place = List.of("batch", "row", "rows", "column");
    kernel.procedure("finish", place, (b, p) -> finish(b, p, true));
    kernel.procedure("finishEdge", place, (b, p) -> finish(b, p, false));
    kernel.procedure("tiles", List.of("panel", "first", "last"), this::tiles);
    Expr units = blocks().times(panelCount()).times(tilesPerBlock());
    return new Nest(units, this::main);
  }

  private Expr panelCount() {
    return Exprs.ceilDiv(problem.columns, problem.panelColumns());
  }

  private Expr tilesPerBatch() {
    return Exprs.ceilDiv(problem.rows, Stmt.ByteTile.MOST_ROWS);
  }

  private Expr tileCount() {
    return problem.batches.times(tilesPerBatch());
  }

  private Expr blocks() {
    return Exprs.ceilDiv(tileCount(), BLOCK);
  }

  /** Blocks have nearly as many tiles each; in the last one a few are missing. */
  private Expr tilesPerBlock() {
    Expr some = blocks().max(ONE);
    return tileCount().plus(some).minus(1).div(some);
  }

  private void main(BodyBuilder b, Expr begin, Expr end) {
    Expr tiles = b.let("tiles", tilesPerBlock().max(ONE));
    Expr panels = b.let("panels", panelCount().max(ONE));
    Expr all = b.let("all", tileCount());
    b.loop(
        "turn",
        begin.div(tiles),
        b.let("lastTurn", end.plus(tiles).minus(1).div(tiles)),
        turn -> {
          Expr block = b.let("block", turn.div(panels));
          Expr skipped = b.let("skipped", turn.times(tiles));
          Expr first = b.let("first", begin.minus(skipped).max(ZERO));
          Expr last = b.let("last", end.minus(skipped).min(tiles));
          Expr before = b.let("before", block.times(tiles));
          b.call(
              "tiles",
              turn.minus(block.times(panels)),
              before.plus(first),
              before.plus(last).min(all));
        });
  }

  /** Some tiles of all batches with one panel. */
  private void tiles(BodyBuilder b, List<Expr> parameters) {
    Expr panel = parameters.get(0);
    Expr perBatch = b.let("perBatch", tilesPerBatch().max(ONE));
    Expr size = problem.turns.times(problem.steps).times(Stmt.ByteTile.STEP);
    Expr from = b.let("from", panel.times(size).times(problem.panelColumns()));
    Expr column = b.let("column", panel.times(problem.panelColumns()));
    Expr whole = column.plus(problem.panelColumns()).le(problem.columns);
    b.loop(
        "t",
        parameters.get(1),
        parameters.get(2),
        t -> {
          Expr batch = b.let("batch", t.div(perBatch));
          Expr tile = b.let("tile", t.minus(batch.times(perBatch)));
          Expr row = b.let("row", tile.times(problem.rows).div(perBatch));
          Expr next = b.let("next", tile.plus(1).times(problem.rows).div(perBatch));
          Expr rows = b.let("rows", next.minus(row));
          Expr start = problem.leftOffset.apply(b, batch).plus(row.times(problem.rowStride));
          b.call("multiply", b.let("start", start), from, rows);
          b.when(
              whole,
              () -> b.call("finish", batch, row, rows, column),
              () -> b.call("finishEdge", batch, row, rows, column));
        });
  }

  private void multiply(BodyBuilder b, List<Expr> parameters) {
    b.byteTile(
        new Stmt.ByteTile(
            problem.left.name(),
            parameters.get(0),
            problem.rowStride,
            problem.turnStride,
            problem.panels.name(),
            parameters.get(1),
            sums.name(),
            ZERO,
            parameters.get(2),
            problem.vectors,
            problem.steps,
            problem.turns));
  }

  /** Hands a tile to the store: whole panels without masks, the last one up to its edge. */
  private void finish(BodyBuilder b, List<Expr> place, boolean whole) {
    Expr column = place.get(3);
    int lanes = problem.lanes;
    Expr width =
        whole ? Exprs.index(problem.panelColumns()) : b.let("width", problem.columns.minus(column));
    b.loop(
        "r",
        ZERO,
        place.get(2),
        r -> {
          Expr row = b.let("row", place.get(1).plus(r));
          Expr from = b.let("from", r.times(problem.panelColumns()));
          Consumer<Expr> vector =
              c -> {
                Optional<Expr> mask =
                    whole || lanes == 1
                        ? Optional.empty()
                        : Optional.of(b.let("mask", Exprs.laneMask(width.minus(c), lanes)));
                Expr value = b.let("value", b.load(sums, from.plus(c), lanes));
                result.store(b, value, place.get(0), row, b.let("at", column.plus(c)), mask);
              };
          if (whole && lanes > 1) {
            for (int c = 0; c < problem.panelColumns(); c += lanes) {
              vector.accept(Exprs.index(c));
            }
          } else {
            b.loop("c", ZERO, width, lanes, vector);
          }
        });
  }
}
