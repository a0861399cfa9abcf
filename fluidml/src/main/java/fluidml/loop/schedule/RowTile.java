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
 * columns of a panel. On request, and where terms are neighbours, some memory is read on the way
 * that will be needed soon, so that it is in cache when its turn comes; a table of offsets leaves
 * no registers for that.
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
   * What is read ahead, in the panels: element {@code start + term * stride} for each term.
   *
   * @param start index of the first element
   * @param stride elements from term to term
   */
  record Ahead(Expr start, Expr stride) {
    /**
     * The share of one of several tiles that read the next panel ahead together.
     *
     * @param next where the next panel begins; it is as long as this one
     * @param index of the tile
     * @param stride columns divided by the number of tiles, rounded up
     * @param depth terms of a panel
     * @param columns of a panel
     */
    static Ahead share(Expr next, Expr index, Expr stride, Expr depth, int columns) {
      Expr last = depth.times(Exprs.index(columns).minus(stride));
      return new Ahead(next.plus(index.times(stride).times(depth).min(last)), stride);
    }
  }

  /**
   * Writes the sums of all terms.
   *
   * @param panel where the panel begins
   * @param starts where every row begins
   * @param terms number of terms
   * @param ahead what is read ahead
   * @param to where the sums go
   */
  void write(
      BodyBuilder body, Expr panel, List<Expr> starts, Expr terms, Optional<Ahead> ahead, Expr to) {
    List<Expr.Read> sums = multiply(body, panel, starts, terms, ahead, to);
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
   * @param requested what is read ahead
   * @param spare an element of the result that may be overwritten
   * @return registers with the sums, row by row
   */
  List<Expr.Read> multiply(
      BodyBuilder body,
      Expr panel,
      List<Expr> starts,
      Expr terms,
      Optional<Ahead> requested,
      Expr spare) {
    Optional<Ahead> ahead = offsets.isEmpty() ? requested : Optional.empty();
    ScalarType scalar = Exprs.registerType(result.dtype());
    Expr zero = body.variable("zero", Exprs.constant(new Type(scalar, tile.lanes()), 0));
    List<Expr.Read> sums = new ArrayList<>();
    for (int i = 0; i < tile.rows() * tile.vectors(); i++) {
      sums.add(body.variable("sum", zero));
    }
    ScalarType bits = scalar == ScalarType.F64 ? ScalarType.I64 : ScalarType.I32;
    Optional<Expr.Read> seen =
        ahead.map(_ -> body.variable("seen", Exprs.integer(new Type(bits, 1), 0)));
    int unroll = unroll();
    Expr whole = body.let("whole", terms.div(unroll).times(unroll));
    body.loop(
        "k",
        Exprs.index(0),
        whole,
        unroll,
        k -> {
          ahead.ifPresent(
              next -> {
                Expr soon = body.load(panels, next.start.plus(k.times(next.stride)));
                Expr both = Exprs.xor(seen.orElseThrow(), Exprs.bitcast(bits, soon));
                body.assign(seen.orElseThrow(), both);
              });
          add(body, panel, starts, k, unroll, sums);
        });
    if (unroll > 1) {
      body.when(whole.lt(terms), () -> add(body, panel, starts, whole, 1, sums));
    }
    // Stored somewhere, so that reading ahead is not in vain.
    seen.ifPresent(word -> body.store(result, spare, Exprs.bitcast(scalar, word)));
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
