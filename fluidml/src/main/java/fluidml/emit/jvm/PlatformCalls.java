package fluidml.emit.jvm;

import fluidml.emit.jvm.AccessCode.Cell;
import fluidml.loop.BinaryOp;
import fluidml.loop.CompareOp;
import fluidml.loop.Expr;
import fluidml.loop.Register;
import fluidml.loop.UnaryOp;
import java.util.Optional;

/**
 * How emitted code asks the platform for vectors and memory. Operands are given as what pushes
 * them, since some calls take constants before them; each call pushes its result.
 */
sealed interface PlatformCalls permits ApiCalls, IntrinsicCalls {
  /** Calls in a method's code. */
  static PlatformCalls of(CallForm form, MethodEmitter method) {
    return switch (form) {
      case API -> new ApiCalls(method);
      case INTRINSICS -> new IntrinsicCalls(method);
    };
  }

  /**
   * A register that changes, cast to the class of its species, which has no public name: what C2
   * cannot derive by itself, because it depends on the value of the iteration before.
   */
  void changing(Register register, Lane lane, int lanes);

  /** A vector of equal lanes. */
  void broadcast(Lane lane, int lanes, Runnable scalar);

  /** {@code a * b + c}, rounded once. */
  void fma(Lane lane, int lanes, Expr.Fma fma);

  /** ADD, SUB, MUL, DIV, MIN, MAX, AND, OR or XOR. */
  void binary(BinaryOp op, Lane lane, int lanes, Expr left, Expr right);

  /** SHL, SHR or USHR of every lane by the same distance, a scalar of the lanes' type. */
  void shift(BinaryOp op, Lane lane, int lanes, Expr operand, Expr distance);

  /** NEG, ABS, SQRT or NOT. */
  void unary(UnaryOp op, Lane lane, int lanes, Expr operand);

  /** The mask of lanes for which a comparison holds. */
  void compare(CompareOp op, Lane lane, int lanes, Expr left, Expr right);

  /** Lanes of one of two vectors each. */
  void blend(Lane lane, int lanes, Expr whenFalse, Expr whenTrue, Expr mask);

  /** A mask from the low bits of a long; others must be zero. */
  void mask(Lane lane, int lanes, Runnable bits);

  /** The mask on the stack for another type of lanes. */
  void castMask(Lane from, Lane to, int lanes);

  /**
   * The lanes of the vector on the stack as another type.
   *
   * @param signed whether integers that get wider keep their sign; true for all others
   */
  void convert(boolean signed, Lane from, Lane to, int lanes);

  /** The bits of the vector on the stack as lanes of another type, as wide. */
  void bitcast(Lane from, Lane to, int lanes);

  /** A vector from memory; lanes that are off are zero and not read. */
  void load(Lane lane, int lanes, Runnable address, Optional<Expr> mask);

  /** Writes a vector; lanes that are off are not written. */
  void store(Lane lane, int lanes, Runnable value, Runnable address, Optional<Expr> mask);

  /** A number from memory, as its primitive type. */
  void load(Cell cell, Runnable address);

  /** Writes a number. */
  void store(Cell cell, Runnable address, Runnable value);
}
