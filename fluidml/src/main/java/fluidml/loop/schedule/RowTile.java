package fluidml.loop.schedule;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.ScalarType;
import fluidml.loop.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The micro-kernel of convolutions: the sums of a tile in registers, rows at any places times the
 * columns of a panel.
 *
 * @param tile rows and vectors that are computed
 * @param rows the left operand
 * @param offsets the place of each term from a row's beginning, int32; empty if they are neighbours
 * @param panels the right operand, {@code [term][column]}
 * @param columns columns of a panel, and distance of the sums' rows
 * @param result takes the sums, row by row
 * @param loadsBefore elements that are loaded before the loop, in the same procedure
 */
record RowTile(
    TileShape tile,
    Buffer rows,
    Optional<Buffer> offsets,
    Buffer panels,
    int columns,
    Buffer result,
    int loadsBefore) {

  /**
   * Writes the sums of all terms.
   *
   * @param panel where the panel begins
   * @param starts where every row begins
   * @param terms number of terms
   * @param to where the sums go
   */
  void write(BodyBuilder body, Expr panel, List<Expr> starts, Expr terms, Expr to) {
    List<Expr.Read> sums = multiply(body, panel, starts, terms);
    for (int r = 0; r < tile.rows(); r++) {
      for (int v = 0; v < tile.vectors(); v++) {
        Expr at = to.plus((double) r * columns + (double) v * tile.lanes());
        body.store(result, at, sums.get(r * tile.vectors() + v));
      }
    }
  }

  /**
   * Computes the sums of all terms.
   *
   * @param panel where the panel begins
   * @param starts where every row begins
   * @param terms number of terms
   * @return registers with the sums, row by row
   */
  List<Expr.Read> multiply(BodyBuilder body, Expr panel, List<Expr> starts, Expr terms) {
    ScalarType scalar = Exprs.registerType(result.dtype());
    Expr zero = body.variable("zero", Exprs.constant(new Type(scalar, tile.lanes()), 0));
    List<Expr.Read> sums = new ArrayList<>();
    for (int i = 0; i < tile.rows() * tile.vectors(); i++) {
      sums.add(body.variable("sum", zero));
    }
    int unroll = unroll();
    Expr whole = body.let("whole", terms.div(unroll).times(unroll));
    body.loop("k", Exprs.index(0), whole, unroll, k -> add(body, panel, starts, k, unroll, sums));
    if (unroll > 1) {
      body.when(whole.lt(terms), () -> add(body, panel, starts, whole, 1, sums));
    }
    return sums;
  }

  /**
   * Terms in each turn of the loop: two where there are 32 registers, both terms' operands fit, and
   * the JIT can inline what loads them.
   */
  private int unroll() {
    int registers = tile.rows() * tile.vectors() + 2 * tile.vectors() + 2;
    boolean many = bits() == 512;
    boolean fits =
        registers <= 32 && ElementLoads.fit(loadsBefore + 2 * tile.rows(), 2 * tile.vectors());
    return offsets.isEmpty() && many && fits ? 2 : 1;
  }

  /** Adds the products of some terms. */
  private void add(
      BodyBuilder body, Expr panel, List<Expr> starts, Expr k, int terms, List<Expr.Read> sums) {
    List<Expr> offset = new ArrayList<>();
    List<Expr> right = new ArrayList<>();
    for (int t = 0; t < terms; t++) {
      Expr term = k.plus(t);
      offset.add(
          offsets
              .map(o -> body.let("offset", Exprs.convert(ScalarType.I64, body.load(o, term))))
              .orElse(term));
      Expr line = panel.plus(term.times(columns));
      for (int v = 0; v < tile.vectors(); v++) {
        Expr at = line.plus((double) v * tile.lanes());
        right.add(body.let("b", body.load(panels, at, tile.lanes())));
      }
    }
    ElementLoads.each(
        bits(),
        terms * tile.rows(),
        i -> {
          Expr at = starts.get(i % tile.rows()).plus(offset.get(i / tile.rows()));
          return body.let("a", Exprs.spread(body.load(rows, at), tile.lanes()));
        },
        (x, i) -> {
          for (int v = 0; v < tile.vectors(); v++) {
            Expr.Read sum = sums.get(i % tile.rows() * tile.vectors() + v);
            body.assign(sum, x.fma(right.get(i / tile.rows() * tile.vectors() + v), sum));
          }
        });
  }

  private int bits() {
    return tile.lanes() * Exprs.registerType(result.dtype()).bits();
  }
}
