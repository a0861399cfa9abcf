package fluidml.loop;

/** Operations on one operand; the result has the operand's type. */
public enum UnaryOp {
  /** Minus; flips the sign bit of floats, wraps for integers. */
  NEG,
  /** Absolute value; clears the sign bit of floats, wraps for the least integer. */
  ABS,
  /** Correctly rounded square root of floats. */
  SQRT,
  /** The largest whole float that is not larger. */
  FLOOR,
  /** The smallest whole float that is not smaller. */
  CEIL,
  /** The nearest whole float, ties to even. */
  ROUND_EVEN,
  /** The nearest whole float not larger in magnitude. */
  TRUNC,
  /** Complement: of every bit of an integer, of the truth value of a mask. */
  NOT;

  /** Lower-case name, as printed. */
  public String text() {
    return Ops.text(this);
  }
}
