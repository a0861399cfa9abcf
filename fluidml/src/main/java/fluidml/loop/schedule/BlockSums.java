package fluidml.loop.schedule;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.KernelBuilder;
import fluidml.loop.ScalarType;
import fluidml.loop.Type;
import fluidml.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The sums of a {@link ContractionSchedule}, in scratch, and the procedures that compute them block
 * of terms by block. Every sum adds a block's terms one after the other, from zero, and then the
 * blocks: which procedure computes it depends on how the work is divided, its bits do not.
 *
 * <p>Micro-kernels do nothing but whole turns of their loop. What is rare, an odd last term and the
 * addition of blocks, is in procedures of its own: C2 takes 74 instead of 31 MB for a micro-kernel
 * with both in it, at the peak of a process that runs a small model.
 */
final class BlockSums {
  /** Panels that a single row reads at once. */
  static final int STREAMS = 4;

  private final KernelBuilder kernel;
  private final Contraction contraction;
  private final TileShape shape;
  private final Buffer panels;
  private final int block;
  private final Optional<ReadAhead> ahead;
  private final Type type;
  private final Buffer sums;
  private final int turn;

  /**
   * Declares the scratch.
   *
   * @param shape of the largest tile
   * @param panels the right operand, packed
   * @param block the most terms of a block, even
   * @param ahead reads the next part of a panel, if that is worth it
   * @param count of the sums
   */
  BlockSums(
      KernelBuilder kernel,
      Contraction contraction,
      TileShape shape,
      Buffer panels,
      int block,
      Optional<ReadAhead> ahead,
      Expr count) {
    this.kernel = kernel;
    this.contraction = contraction;
    this.shape = shape;
    this.panels = panels;
    this.block = block;
    this.ahead = ahead;
    ScalarType scalar = contraction.accumulator();
    this.type = new Type(scalar, shape.lanes());
    int bytes = scalar.bits() / 8;
    this.sums = kernel.scratch("sums", storage(scalar), count.plus(begin()).times(bytes));
    this.turn = tile(shape.rows()).turn();
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

  /** Where the first sum is; before it is room for those of a block that is not the first. */
  int begin() {
    return shape.columns() * Math.max(shape.rows(), STREAMS);
  }

  Buffer buffer() {
    return sums;
  }

  /**
   * Writes the procedures.
   *
   * @param single whether there is one for {@link #multiplyRow}
   */
  void write(boolean single) {
    List<String> names = new ArrayList<>(List.of("left", "right", "terms", "to"));
    ahead.ifPresent(_ -> names.add("ahead"));
    for (int rows = 1; rows <= shape.rows(); rows++) {
      int height = rows;
      kernel.procedure("multiply" + rows, names, (b, p) -> tile(b, height, p));
    }
    if (turn > 1) {
      kernel.procedure("multiplyLast", List.of("rows", "left", "right", "to"), this::last);
    }
    if (single) {
      kernel.procedure("multiplyRow", List.of("left", "right", "terms", "to"), this::row);
    }
    kernel.procedure("add", List.of("count", "to"), this::add);
    kernel.procedure("clear", List.of("count"), (b, p) -> clearAll(b, p.getFirst()));
  }

  /** Clears sums without terms. */
  void clear(BodyBuilder b, Expr count) {
    b.call("clear", count);
  }

  private void clearAll(BodyBuilder b, Expr count) {
    Expr zero = b.let("zero", Exprs.constant(type, 0));
    b.loop("i", Exprs.index(0), count, shape.lanes(), i -> b.store(sums, i.plus(begin()), zero));
  }

  /**
   * A block of terms.
   *
   * @param done terms before it
   * @param terms of the block
   */
  record Block(Expr done, Expr terms) {}

  /**
   * Multiplies the rows of a tile with a panel's part.
   *
   * @param left where the first row has the block's first term
   * @param right where the part begins
   * @param to where the sums are
   * @param next where the part begins that is read ahead
   */
  void multiply(BodyBuilder b, Block now, Expr rows, Expr left, Expr right, Expr to, Expr next) {
    Expr count = rows.times(shape.columns());
    keep(
        b,
        now,
        count,
        to,
        at -> {
          List<Expr> arguments = new ArrayList<>(List.of(left, right, now.terms, at));
          ahead.ifPresent(_ -> arguments.add(next));
          Heights.multiply(b, shape.rows(), rows, arguments);
          if (turn > 1) {
            Expr last = b.let("last", now.terms.minus(1));
            b.when(
                Exprs.and(last, Exprs.index(1)).eq(Exprs.index(0)),
                () ->
                    b.call(
                        "multiplyLast",
                        rows,
                        left.plus(last.times(contraction.left().depthStride())),
                        right.plus(last.times(shape.columns())),
                        at));
          }
        });
  }

  /**
   * Multiplies a single row with the parts of {@link #STREAMS} panels.
   *
   * @param left where the row has the block's first term
   * @param right where the first panel's part begins
   * @param to where the sums are
   */
  void multiplyRow(BodyBuilder b, Block now, Expr left, Expr right, Expr to) {
    Expr count = Exprs.index((long) STREAMS * shape.columns());
    keep(b, now, count, to, at -> b.call("multiplyRow", left, right, now.terms, at));
  }

  /**
   * Sums of the first block go where all terms' sums are wanted, those of a later one aside, and
   * are added.
   */
  private void keep(BodyBuilder b, Block now, Expr count, Expr to, Consumer<Expr> multiply) {
    Expr later = b.let("later", now.done.gt(Exprs.index(0)));
    multiply.accept(b.let("at", Exprs.select(later, Exprs.index(0), to)));
    b.when(later, () -> b.call("add", count, to));
  }

  private void add(BodyBuilder b, List<Expr> place) {
    int lanes = shape.lanes();
    b.loop(
        "i",
        Exprs.index(0),
        place.get(0),
        lanes,
        i -> {
          Expr at = place.get(1).plus(i);
          b.store(sums, at, b.load(sums, at, lanes).plus(b.load(sums, i, lanes)));
        });
  }

  private RowTile tile(int rows) {
    Contraction.Left left = contraction.left();
    return new RowTile(
        new TileShape(rows, shape.vectors(), shape.lanes()),
        new RowTile.Rows(left.buffer(), Optional.empty(), left.depthStride(), left.transform()),
        new RowTile.Panel(panels, shape.columns(), contraction.right().transform()),
        sums,
        ahead.isPresent() ? ReadAhead.LOADS : 0);
  }

  /**
   * The micro-kernel.
   *
   * @param place where the rows and the panel's part begin, the number of terms, where the sums go,
   *     where to read ahead
   */
  private void tile(BodyBuilder b, int rows, List<Expr> place) {
    List<Expr> starts = new ArrayList<>();
    for (int r = 0; r < rows; r++) {
      Expr start = place.get(0).plus(contraction.left().rowStride().times(r));
      starts.add(r == 0 ? start : b.let("start", start));
    }
    Optional<ReadAhead.Sequences> reading =
        ahead.map(r -> r.new Sequences(b, place.get(4), place.get(2)));
    Expr terms = place.get(2).min(Exprs.index(block));
    Expr whole = b.let("whole", Exprs.and(terms, Exprs.index(-(long) turn)));
    List<Expr.Read> all =
        tile(rows)
            .multiplyTurns(
                b, place.get(1), starts, whole, turn, k -> reading.ifPresent(r -> r.read(b, k)));
    store(b, place.get(3), all);
    reading.ifPresent(r -> r.end(b));
  }

  private void store(BodyBuilder b, Expr to, List<Expr.Read> all) {
    for (int i = 0; i < all.size(); i++) {
      b.store(sums, to.plus(i * shape.lanes()), all.get(i));
    }
  }

  /** Adds the product of one more term to some rows of sums. */
  private void last(BodyBuilder b, List<Expr> place) {
    int lanes = shape.lanes();
    List<Expr> columns = new ArrayList<>();
    for (int v = 0; v < shape.vectors(); v++) {
      Expr loaded = b.load(panels, place.get(2).plus(v * lanes), lanes);
      columns.add(b.let("b", contraction.right().transform().apply(loaded)));
    }
    Contraction.Left left = contraction.left();
    b.loop(
        "r",
        Exprs.index(0),
        place.get(0),
        r -> {
          Expr loaded = b.load(left.buffer(), place.get(1).plus(r.times(left.rowStride())));
          Expr element = b.let("a", Exprs.spread(left.transform().apply(loaded), lanes));
          for (int v = 0; v < shape.vectors(); v++) {
            Expr at = place.get(3).plus(r.times(shape.columns())).plus(v * lanes);
            b.store(sums, at, element.fma(columns.get(v), b.load(sums, at, lanes)));
          }
        });
  }

  /**
   * A single row with several panels at once. That is as fast as memory gives the panels, and
   * memory gives most to several sequences, each of which waits at the beginning of every page.
   *
   * @param place where the row and the first panel's part begin, the number of terms, where the
   *     sums go
   */
  private void row(BodyBuilder b, List<Expr> place) {
    int lanes = shape.lanes();
    List<Expr.Read> registers = new ArrayList<>();
    List<Expr> starts = new ArrayList<>();
    Expr panelSize = b.let("panelSize", contraction.depth().times(shape.columns()));
    for (int i = 0; i < STREAMS * shape.vectors(); i++) {
      registers.add(b.variable("sum", Exprs.constant(type, 0)));
    }
    for (int p = 0; p < STREAMS; p++) {
      starts.add(b.let("start", place.get(1).plus(panelSize.times(p))));
    }
    Contraction.Left a = contraction.left();
    b.loop(
        "k",
        Exprs.index(0),
        place.get(2).min(Exprs.index(block)),
        k -> {
          Expr loaded = b.load(a.buffer(), place.getFirst().plus(k.times(a.depthStride())));
          Expr element = b.let("a", Exprs.spread(a.transform().apply(loaded), lanes));
          for (int i = 0; i < registers.size(); i++) {
            Expr line = starts.get(i / shape.vectors()).plus(k.times(shape.columns()));
            Expr right = b.load(panels, line.plus(i % shape.vectors() * lanes), lanes);
            Expr vector = contraction.right().transform().apply(right);
            b.assign(registers.get(i), element.fma(vector, registers.get(i)));
          }
        });
    store(b, place.get(3), registers);
  }
}
