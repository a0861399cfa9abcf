package fluidml.loop;

/**
 * Scalar F64 functions of the Java library, for the types and widths that no polynomial in {@code
 * fluidml.loop.math} covers. Results are those of {@link StrictMath}.
 */
public enum MathFunction {
  EXP(1),
  EXPM1(1),
  LOG(1),
  LOG1P(1),
  SIN(1),
  COS(1),
  TAN(1),
  ASIN(1),
  ACOS(1),
  ATAN(1),
  SINH(1),
  COSH(1),
  TANH(1),
  CBRT(1),
  POW(2),
  ATAN2(2);

  private final int arity;

  MathFunction(int arity) {
    this.arity = arity;
  }

  /** Number of operands, 1 or 2. */
  public int arity() {
    return arity;
  }

  /** Lower-case name, as printed and as {@link StrictMath} calls it. */
  public String text() {
    return Ops.text(this);
  }
}
