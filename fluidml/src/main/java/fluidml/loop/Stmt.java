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

  /** Runs another procedure of the kernel with I64 arguments. */
  record Call(String procedure, List<Expr> arguments) implements Stmt {
    /** Copies the arguments. */
    public Call {
      arguments = List.copyOf(arguments);
    }
  }
}
