package fluidml.loop.schedule;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.Type;
import fluidml.loop.schedule.ConvolutionSchedule.Tile;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The sums of a tile in registers: rows at any places times the columns of a panel. */
final class RowTile {
  private final BodyBuilder body;
  private final Tile tile;
  private final Buffer rows;
  private final Buffer panels;
  private final List<Expr.Read> sums = new ArrayList<>();

  /** Declares the sums, all 0. */
  RowTile(BodyBuilder body, Tile tile, Type accumulator, Buffer rows, Buffer panels) {
    this.body = body;
    this.tile = tile;
    this.rows = rows;
    this.panels = panels;
    Expr zero = body.variable("zero", Exprs.constant(accumulator.times(tile.lanes()), 0));
    for (int i = 0; i < tile.rows() * tile.vectors(); i++) {
      sums.add(body.variable("sum", zero));
    }
  }

  /**
   * Adds one term.
   *
   * @param panel where the panel begins
   * @param starts where every row begins
   * @param offset the term's place from a row's beginning
   * @param line the term's line of the panel
   */
  void add(Expr panel, List<Expr> starts, Expr offset, Expr line) {
    Expr base = panel.plus(line.times(tile.columns()));
    List<Expr> columns = new ArrayList<>();
    for (int v = 0; v < tile.vectors(); v++) {
      Expr at = base.plus(v * tile.lanes());
      columns.add(body.let("b", body.load(panels, at, tile.lanes())));
    }
    for (int r = 0; r < tile.rows(); r++) {
      Expr element = body.load(rows, starts.get(r).plus(offset));
      Expr x = body.let("a", Exprs.spread(element, tile.lanes()));
      for (int v = 0; v < tile.vectors(); v++) {
        Expr.Read sum = sums.get(r * tile.vectors() + v);
        body.assign(sum, x.fma(columns.get(v), sum));
      }
    }
  }

  /**
   * Adds all terms.
   *
   * @param panel where the panel begins
   * @param starts where every row begins
   * @param terms number of terms
   * @param offsets the place of each term from a row's beginning; empty if they are neighbours
   */
  void addAll(Expr panel, List<Expr> starts, Expr terms, Optional<Buffer> offsets) {
    body.loop("k", Exprs.index(0), terms, k -> add(panel, starts, k, offsets));
  }

  private void add(Expr panel, List<Expr> starts, Expr k, Optional<Buffer> offsets) {
    Expr offset = offsets.map(table -> body.let("offset", body.load(table, k))).orElse(k);
    add(panel, starts, offset, k);
  }

  /** Writes the sums row by row. */
  void store(Buffer to, Expr at) {
    for (int i = 0; i < sums.size(); i++) {
      body.store(to, at.plus((double) i * tile.lanes()), sums.get(i));
    }
  }
}
