package fluidml.loop;

/** Operations on two operands of one type; the result has that type. Integers wrap. */
public enum BinaryOp {
  ADD,
  SUB,
  MUL,
  /** IEEE division of floats; of integers the quotient rounded towards zero (scalars only). */
  DIV,
  /** Remainder with the sign of the dividend, as Java's {@code %} (scalars only). */
  MOD,
  /** Integer quotient rounded towards minus infinity (scalars only). */
  FLOOR_DIV,
  /** Integer remainder with the sign of the divisor (scalars only). */
  FLOOR_MOD,
  /** Minimum as {@link Math#min}: NaN if either is NaN, -0 below +0. */
  MIN,
  /** Maximum as {@link Math#max}: NaN if either is NaN, -0 below +0. */
  MAX,
  /** Bitwise of integers, logical of masks. */
  AND,
  /** Bitwise of integers, logical of masks. */
  OR,
  /** Bitwise of integers, logical of masks. */
  XOR,
  /** Shift left; the count is taken modulo the bits of the type. */
  SHL,
  /** Shift right with the sign; the count is taken modulo the bits of the type. */
  SHR,
  /** Shift right with zeros; the count is taken modulo the bits of the type. */
  USHR;

  /** Lower-case name, as printed. */
  public String text() {
    return Ops.text(this);
  }

  /** Whether vectors of integers lack this operation. */
  boolean isIntegerDivision() {
    return this == DIV || this == MOD || this == FLOOR_DIV || this == FLOOR_MOD;
  }
}
