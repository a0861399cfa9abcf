package fluidml.loop;

/**
 * Scalar F64 functions of the Java library, for the types and widths that no polynomial in {@code
 * fluidml.loop.math} covers, with the results of {@link StrictMath}; and parts of such functions
 * that it lacks.
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
  ATAN2(2),
  /**
   * The nearest number of quarter turns in an angle, modulo 4, for F32 numbers of a magnitude of at
   * least 2¹⁷; anything for others.
   */
  QUARTER_TURNS(1),
  /**
   * An angle less its nearest number of quarter turns, to 30 bits, for F32 numbers of a magnitude
   * of at least 2¹⁷; NaN for infinities and NaN, anything for others.
   */
  QUARTER_REST(1);

  private final int arity;

  MathFunction(int arity) {
    this.arity = arity;
  }

  /** Number of operands, 1 or 2. */
  public int arity() {
    return arity;
  }

  /** Whether {@link StrictMath} has the function. */
  public boolean isStandard() {
    return this != QUARTER_TURNS && this != QUARTER_REST;
  }

  /** Lower-case name, as printed and as {@link StrictMath} calls it, if it does. */
  public String text() {
    return Ops.text(this);
  }
}
