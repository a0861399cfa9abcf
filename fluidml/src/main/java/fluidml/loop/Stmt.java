package fluidml.loop;

import java.util.List;
import java.util.Optional;

/** The statements of IR 2. */
public sealed interface Stmt {

  /** How a loop runs. */
  enum LoopKind {
    SERIAL,
    /** Written out: begin, end and step are constants. */
    UNROLLED
  }

  /** Statements in order. */
  record Block(List<Stmt> statements) implements Stmt {
    /** Copies the statements. */
    public Block {
      statements = List.copyOf(statements);
    }
  }

  /**
   * A counted loop: {@code for (var = begin; var < end; var += step)}; bounds are evaluated once.
   *
   * @param variable unique within its procedure
   * @param begin I64 scalar
   * @param end I64 scalar
   * @param step positive
   */
  record For(String variable, Expr begin, Expr end, int step, LoopKind kind, Block body)
      implements Stmt {}

  /** Introduces a register, visible to the end of the enclosing block. */
  record Declare(Register register, Expr value) implements Stmt {}

  /** Changes a mutable register. */
  record Assign(Register register, Expr value) implements Stmt {}

  /**
   * Writes consecutive elements, narrowed to the buffer's storage type: integers keep their low
   * bits, floats round to nearest even.
   *
   * @param index I64 scalar: the first element
   * @param mask lanes to write; the memory of the others is not touched
   */
  record Store(String buffer, Expr index, Expr value, Optional<Expr> mask) implements Stmt {}

  /** A choice by a BOOL scalar. */
  record If(Expr condition, Block whenTrue, Block whenFalse) implements Stmt {}

  /**
   * Ends the run with a {@link fluidml.error.KernelFailureException} unless a condition holds: for
   * operands whose values are wrong, such as an index outside of its axis.
   *
   * @param condition BOOL scalar
   * @param value I64 scalar that the message shows
   * @param problem what is wrong with the value, e.g. {@code "is not an index of the axis"}
   */
  record Require(Expr condition, Expr value, String problem) implements Stmt {}

  /**
   * Sums of products of bytes as instructions for dot products compute them. For every row {@code
   * r} and column {@code c}, {@code sums[sumsFrom + r · columns + c]} becomes the sum, over {@code
   * t < turns} and {@code k < 4 · steps}, of {@code left[leftFrom + r · rowStride + t · turnStride
   * + k] · panel[panelFrom + ((t · steps + k / 4) · columns + c) · 4 + k mod 4]}; it wraps at 32
   * bits. There are {@code columns = 16 · vectors}.
   *
   * @param left of UINT8
   * @param panel of INT8
   * @param sums of INT32
   * @param rows I64 scalar, 1 to {@link #MOST_ROWS}
   * @param vectors 1 or 2
   * @param steps I64 scalar, positive
   * @param turns I64 scalar, positive
   */
  record ByteTile(
      String left,
      Expr leftFrom,
      Expr rowStride,
      Expr turnStride,
      String panel,
      Expr panelFrom,
      String sums,
      Expr sumsFrom,
      Expr rows,
      int vectors,
      Expr steps,
      Expr turns)
      implements Stmt {
    /** The most rows of a tile. */
    public static final int MOST_ROWS = 14;

    /** The most vectors of a tile's row. */
    public static final int MOST_VECTORS = 2;

    /** Columns of a vector. */
    public static final int LANES = 16;

    /** Terms of a step. */
    public static final int STEP = 4;

    /** Columns of the tile. */
    public int columns() {
      return vectors * LANES;
    }

    /** The I64 operands, in the order of the components. */
    public List<Expr> numbers() {
      return List.of(leftFrom, rowStride, turnStride, panelFrom, sumsFrom, rows, steps, turns);
    }

    /** Where the last byte of {@code left} is that is read. */
    public Expr leftLast() {
      return leftFrom
          .plus(rows.minus(1).times(rowStride))
          .plus(turns.minus(1).times(turnStride))
          .plus(steps.times(STEP))
          .minus(1);
    }

    /** Where the last byte of {@code panel} is that is read. */
    public Expr panelLast() {
      return panelFrom.plus(turns.times(steps).times(STEP * columns())).minus(1);
    }

    /** Where the last element of {@code sums} is that is written. */
    public Expr sumsLast() {
      return sumsFrom.plus(rows.times(columns())).minus(1);
    }
  }

  /** Runs another procedure of the kernel with I64 arguments. */
  record Call(String procedure, List<Expr> arguments) implements Stmt {
    /** Copies the arguments. */
    public Call {
      arguments = List.copyOf(arguments);
    }
  }
}
