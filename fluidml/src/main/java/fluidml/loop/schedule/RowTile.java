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
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * The micro-kernel of products: the sums of a tile in registers, rows at any places times the
 * columns of a panel.
 *
 * @param tile rows and vectors that are computed
 * @param rows the left operand
 * @param panels the right operand
 * @param result takes the sums, row by row, {@code panels.columns()} apart
 * @param loadsBefore elements that are loaded besides, before those of a turn of the loop
 */
record RowTile(TileShape tile, Rows rows, Panel panels, Buffer result, int loadsBefore) {

  /**
   * Rows of the left operand.
   *
   * @param offsets the place of each term from a row's beginning, int32; if empty they are {@code
   *     stride} apart
   * @param transform applied to every element; its type is that of the sums
   */
  record Rows(Buffer buffer, Optional<Buffer> offsets, Expr stride, UnaryOperator<Expr> transform) {
    /** Rows used as they are; without offsets their terms are neighbours. */
    static Rows of(Buffer buffer, Optional<Buffer> offsets) {
      return new Rows(buffer, offsets, Exprs.index(1), UnaryOperator.identity());
    }

    /** Where a term is, from a row's beginning. */
    private Expr offset(BodyBuilder body, Expr term) {
      return offsets
          .map(o -> body.let("offset", Exprs.convert(ScalarType.I64, body.load(o, term))))
          .orElseGet(() -> term.times(stride));
    }
  }

  /**
   * A panel of the right operand, {@code [term][column]}.
   *
   * @param columns of a panel
   * @param transform applied to every vector; its type is that of the sums
   */
  record Panel(Buffer buffer, int columns, UnaryOperator<Expr> transform) {
    /** A panel used as it is. */
    static Panel of(Buffer buffer, int columns) {
      return new Panel(buffer, columns, UnaryOperator.identity());
    }
  }

  /**
   * How many terms a sum has.
   *
   * @param even whether {@code count} is known to be even; then nothing is written for a last term
   *     by itself, which is a third of a micro-kernel that takes two in a turn
   */
  record Terms(Expr count, boolean even) {
    /** A number of terms of which nothing is known. */
    static Terms of(Expr count) {
      return new Terms(count, false);
    }
  }

  /**
   * Writes the sums of all terms.
   *
   * @param panel where the panel begins
   * @param starts where every row begins
   * @param to where the sums go
   */
  void write(BodyBuilder body, Expr panel, List<Expr> starts, Terms terms, Expr to) {
    List<Expr.Read> sums = multiply(body, panel, starts, terms);
    for (int r = 0; r < tile.rows(); r++) {
      for (int v = 0; v < tile.vectors(); v++) {
        Expr at = to.plus((double) r * panels.columns + (double) v * tile.lanes());
        body.store(result, at, sums.get(r * tile.vectors() + v));
      }
    }
  }

  /**
   * Computes the sums of all terms.
   *
   * @param panel where the panel begins
   * @param starts where every row begins
   * @return registers with the sums, row by row
   */
  List<Expr.Read> multiply(BodyBuilder body, Expr panel, List<Expr> starts, Terms terms) {
    int turn = turn();
    Expr count = terms.count;
    if (turn == 1 || terms.even) {
      return multiplyTurns(body, panel, starts, count, turn, _ -> {});
    }
    Expr whole = body.let("whole", count.div(turn).times(turn));
    List<Expr.Read> sums = multiplyTurns(body, panel, starts, whole, turn, _ -> {});
    body.when(whole.lt(count), () -> add(body, panel, starts, whole, 1, sums));
    return sums;
  }

  /**
   * Computes the sums of some terms.
   *
   * @param panel where the panel begins
   * @param starts where every row begins
   * @param terms number of terms, a multiple of {@code turn}
   * @param turn terms in each turn of the loop, at most {@link #turn}
   * @param everyTurn writes what else is done in every turn, given its first term
   * @return registers with the sums, row by row
   */
  List<Expr.Read> multiplyTurns(
      BodyBuilder body,
      Expr panel,
      List<Expr> starts,
      Expr terms,
      int turn,
      Consumer<Expr> everyTurn) {
    ScalarType scalar = Exprs.registerType(result.dtype());
    Expr zero = body.variable("zero", Exprs.constant(new Type(scalar, tile.lanes()), 0));
    List<Expr.Read> sums = new ArrayList<>();
    for (int i = 0; i < tile.rows() * tile.vectors(); i++) {
      sums.add(body.variable("sum", zero));
    }
    body.loop(
        "k",
        Exprs.index(0),
        terms,
        turn,
        k -> {
          everyTurn.accept(k);
          add(body, panel, starts, k, turn, sums);
        });
    return sums;
  }

  /**
   * Terms in each turn of the loop: two where there are 32 registers, both terms' operands fit, and
   * the JIT can inline what loads them. Counters and addresses then take half as many instructions.
   */
  int turn() {
    int registers = tile.rows() * tile.vectors() + 2 * tile.vectors() + 2;
    boolean many = bits() == 512;
    boolean fits =
        registers <= 32 && ElementLoads.fit(loadsBefore + 2 * tile.rows(), 2 * tile.vectors());
    boolean asTheyAre =
        rows.buffer.dtype() == result.dtype() && panels.buffer.dtype() == result.dtype();
    return rows.offsets.isEmpty() && asTheyAre && many && fits ? 2 : 1;
  }

  /** Adds the products of some terms. */
  private void add(
      BodyBuilder body, Expr panel, List<Expr> starts, Expr k, int terms, List<Expr.Read> sums) {
    List<Expr> offset = new ArrayList<>();
    List<Expr> right = new ArrayList<>();
    for (int t = 0; t < terms; t++) {
      Expr term = k.plus(t);
      offset.add(rows.offset(body, term));
      Expr line = panel.plus(term.times(panels.columns));
      for (int v = 0; v < tile.vectors(); v++) {
        Expr at = line.plus((double) v * tile.lanes());
        Expr loaded = body.load(panels.buffer, at, tile.lanes());
        right.add(body.let("b", panels.transform.apply(loaded)));
      }
    }
    ElementLoads.each(
        bits(),
        terms * tile.rows(),
        i -> {
          Expr at = starts.get(i % tile.rows()).plus(offset.get(i / tile.rows()));
          Expr element = rows.transform.apply(body.load(rows.buffer, at));
          return body.let("a", Exprs.spread(element, tile.lanes()));
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
