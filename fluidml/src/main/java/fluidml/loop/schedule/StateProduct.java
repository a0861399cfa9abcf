package fluidml.loop.schedule;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.KernelBuilder;
import fluidml.loop.Target;
import fluidml.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The product of a few states with the square matrices of some gates, as one step of a recurrence
 * needs it: the same panels again and again, few rows, results in scratch.
 *
 * @param shape of the tiles
 * @param sums the results, {@code [gate][panel][row][column]}
 * @param gates number of matrices
 * @param hidden length of a state
 */
public record StateProduct(Shape shape, Buffer sums, int gates, Expr hidden) {

  /**
   * A register tile.
   *
   * @param rows the most states that are multiplied at once
   * @param vectors of a panel
   * @param lanes of a vector
   */
  public record Shape(int rows, int vectors, int lanes) {
    /** With one row, so many sums hide the time that an addition takes. */
    private static final int MOST_VECTORS = 8;

    private static final int MOST_ROWS = 4;

    /** The widest panels among those that waste least when {@code hidden} is divided into them. */
    public static Shape of(Target target, DType dtype, long hidden) {
      TileShape usual = TileShape.of(target, Exprs.registerType(dtype));
      int sums = usual.rows() * usual.vectors();
      int most = Math.min(MOST_VECTORS, sums / 2);
      int best = 1;
      for (int vectors = 1; vectors <= most; vectors++) {
        if (padded(hidden, vectors * usual.lanes()) <= padded(hidden, best * usual.lanes())) {
          best = vectors;
        }
      }
      return new Shape(Math.clamp(sums / best, 1, MOST_ROWS), best, usual.lanes());
    }

    private static long padded(long hidden, int columns) {
      return Math.ceilDiv(hidden, (long) columns) * columns;
    }

    /** Columns of a panel. */
    public int columns() {
      return vectors * lanes;
    }
  }

  /**
   * Writes the procedures.
   *
   * @param states {@code [row][hidden]}
   * @param panels {@code [group, gate][panel][hidden][column]}
   */
  public static StateProduct write(
      KernelBuilder kernel, Shape shape, Buffer states, Buffer panels, int gates, Expr hidden) {
    Expr padded = Exprs.ceilDiv(hidden, shape.columns()).times(shape.columns());
    Expr bytes = padded.times((double) gates * shape.rows() * states.dtype().bytes());
    StateProduct product =
        new StateProduct(shape, kernel.scratch("sums", states.dtype(), bytes), gates, hidden);
    for (int rows = 1; rows <= shape.rows; rows++) {
      TileShape tile = new TileShape(rows, shape.vectors, shape.lanes);
      kernel.procedure(
          "multiply" + rows,
          List.of("states", "panel", "to"),
          (b, p) -> {
            List<Expr> starts = new ArrayList<>();
            for (int r = 0; r < tile.rows(); r++) {
              starts.add(b.let("start", p.get(0).plus(hidden.times((double) r))));
            }
            new RowTile(
                    tile,
                    RowTile.Rows.of(states, Optional.empty()),
                    RowTile.Panel.of(panels, shape.columns()),
                    product.sums,
                    0)
                .write(b, p.get(1), starts, RowTile.Terms.of(hidden), p.get(2));
          });
    }
    kernel.procedure(
        "multiply",
        List.of("group", "states", "rows", "step", "gate", "end"),
        (b, p) -> product.multiply(b, p));
    return product;
  }

  private Expr panelCount() {
    return Exprs.ceilDiv(hidden, shape.columns());
  }

  private void multiply(BodyBuilder b, List<Expr> p) {
    Expr rows = p.get(2);
    Expr panels = b.let("panels", panelCount());
    Expr first = b.let("first", p.get(4).times(panels));
    Expr last = b.let("last", p.get(5).times(panels).minus(1));
    Expr before = b.let("before", p.get(0).times((double) gates).times(panels));
    Expr odd = b.let("odd", Exprs.and(p.get(3), Exprs.index(1)));
    b.loop(
        "i",
        Exprs.index(0),
        last.plus(1).minus(first),
        i -> {
          Expr back = last.minus(i);
          Expr panel = b.let("panel", Exprs.select(odd.eq(Exprs.index(1)), back, first.plus(i)));
          Expr from = before.plus(panel).times(hidden).times(shape.columns());
          Expr to = panel.times((double) shape.rows * shape.columns());
          List<Expr> arguments = List.of(p.get(1), b.let("from", from), b.let("to", to));
          Heights.multiply(b, shape.rows, rows, arguments);
        });
  }

  /**
   * Multiplies states with some matrices of a group. Every other step goes through the panels
   * backwards: where they are too large for a cache, it still has those that were used last.
   *
   * @param first index of the first state's first element
   * @param rows number of states
   * @param from the first gate
   * @param to the end of the gates
   */
  public void call(BodyBuilder b, Expr group, Expr first, Expr rows, Expr step, int from, int to) {
    b.call("multiply", group, first, rows, step, Exprs.index(from), Exprs.index(to));
  }

  /** A vector of results that does not reach beyond a panel. */
  public Expr load(BodyBuilder b, int gate, Expr row, Expr unit, int lanes) {
    Expr within = Exprs.floorDiv(unit, Exprs.index(shape.columns()));
    Expr column = unit.minus(within.times(shape.columns()));
    Expr panel = panelCount().times((double) gate).plus(within);
    Expr line = panel.times(shape.rows).plus(row);
    return b.load(sums, line.times(shape.columns()).plus(column), lanes);
  }
}
