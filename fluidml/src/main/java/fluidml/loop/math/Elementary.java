package fluidml.loop.math;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.MathFunction;
import fluidml.loop.ScalarType;
import java.util.Optional;
import java.util.function.BiFunction;

/**
 * Elementary functions of one operand.
 *
 * <p>Those with a polynomial work on F32 in any number of lanes, with an error of at most 2 ulp (3
 * for {@link #SIGMOID}, {@link #SOFTPLUS} and {@link #EXPM1}), and are right for zeros, denormals,
 * infinities and NaN. All work on scalars of F32 and F64.
 */
@SuppressWarnings("ImmutableEnumChecker") // writers are functions without state
public enum Elementary {
  EXP(Optional.of(Exponentials::exp), MathFunction.EXP),
  /** {@code e^x} for {@code x <= 0}; results below 1.2e-38 may come out as 1.2e-38. */
  EXP_OF_NEGATIVE(Optional.of(Exponentials::expOfNegative), MathFunction.EXP),
  EXPM1(Optional.of(Exponentials::expm1), MathFunction.EXPM1),
  LOG(Optional.of(Logarithms::log), MathFunction.LOG),
  LOG1P(Optional.of(Logarithms::log1p), MathFunction.LOG1P),
  TANH(Optional.of(Exponentials::tanh), MathFunction.TANH),
  /** Results below 1.2e-38 may come out as 0. */
  SIGMOID(Optional.of(Exponentials::sigmoid), Elementary::sigmoid),
  SOFTPLUS(Optional.of(Exponentials::softplus), Elementary::softplus),
  ERF(Optional.of(ErrorFunctions::erf), ErrorFunctions::erfF64),
  /** {@code x Φ(x)} with Φ of the normal distribution; 2 ulp, or an error of {@code 2^-23 |x|}. */
  GELU(Optional.of(ErrorFunctions::gelu), ErrorFunctions::geluF64),
  SIN(Optional.of(Circular::sin), MathFunction.SIN),
  COS(Optional.of(Circular::cos), MathFunction.COS),
  TAN(Optional.of(Circular::tan), MathFunction.TAN),
  ASIN(Optional.of(InverseCircular::asin), MathFunction.ASIN),
  ACOS(Optional.of(InverseCircular::acos), MathFunction.ACOS),
  ATAN(Optional.of(InverseCircular::atan), MathFunction.ATAN),
  SINH(Optional.of(Hyperbolic::sinh), MathFunction.SINH),
  COSH(Optional.of(Hyperbolic::cosh), MathFunction.COSH),
  ASINH(Optional.of(InverseHyperbolic::asinh), Elementary::asinh),
  ACOSH(Optional.of(InverseHyperbolic::acosh), Elementary::acosh),
  ATANH(Optional.of(InverseHyperbolic::atanh), Elementary::atanh),
  CBRT(Optional.empty(), MathFunction.CBRT);

  private interface Writer extends BiFunction<BodyBuilder, Expr, Expr> {}

  private final Optional<Writer> polynomial;
  private final Writer scalar;

  Elementary(Optional<Writer> polynomial, Writer scalar) {
    this.polynomial = polynomial;
    this.scalar = scalar;
  }

  Elementary(Optional<Writer> polynomial, MathFunction function) {
    this(polynomial, (_, x) -> Exprs.intrinsic(function, x));
  }

  /** Whether this works on vectors of a type; scalars of F32 and F64 always work. */
  public boolean vectorizes(ScalarType type) {
    return type == ScalarType.F32 && polynomial.isPresent();
  }

  /**
   * Writes the function.
   *
   * @param x F32 or F64; more than one lane only if {@link #vectorizes}
   * @return the result, in the type of {@code x}
   * @throws IllegalArgumentException for other types
   */
  public Expr apply(BodyBuilder b, Expr x) {
    ScalarType type = x.type().scalar();
    if (vectorizes(type)) {
      return polynomial.orElseThrow().apply(b, x);
    }
    if (!type.isFloat() || x.type().isVector()) {
      throw new IllegalArgumentException(
          this + " of " + x.type() + ": use scalars of a float type");
    }
    Expr wide = scalar.apply(b, b.let(Exprs.convert(ScalarType.F64, x)));
    return b.let(Exprs.convert(type, wide));
  }

  /**
   * A factor times {@link #SIGMOID}, with a rounding less.
   *
   * @param factor of the type of {@code x}
   * @param x F32 or F64; more than one lane only of F32
   */
  public static Expr gated(BodyBuilder b, Expr factor, Expr x) {
    return SIGMOID.vectorizes(x.type().scalar())
        ? Exponentials.gated(b, factor, x)
        : factor.times(SIGMOID.apply(b, x));
  }

  /**
   * {@code x} to the power {@code y}, with the special cases of {@link StrictMath#pow}: for F32 in
   * as many lanes as the target has for F64, with an error of half an ulp; for scalars of F64.
   */
  public static Expr pow(BodyBuilder b, Expr x, Expr y) {
    if (x.type().scalar() == ScalarType.F32) {
      return Powers.pow(b, x, y);
    }
    if (x.type().isVector() || !x.type().scalar().isFloat()) {
      throw new IllegalArgumentException("power of " + x.type() + ": use scalars of a float type");
    }
    return b.let(Exprs.intrinsic(MathFunction.POW, x, y));
  }

  private static Expr sigmoid(BodyBuilder b, Expr x) {
    Expr e = b.let(Exprs.intrinsic(MathFunction.EXP, x.abs().neg()));
    return Exprs.select(x.lt(Exprs.constant(x.type(), 0)), e, Exprs.constant(x.type(), 1))
        .div(e.plus(1));
  }

  private static Expr softplus(BodyBuilder b, Expr x) {
    Expr e = b.let(Exprs.intrinsic(MathFunction.EXP, x.abs().neg()));
    return x.max(Exprs.constant(x.type(), 0)).plus(Exprs.intrinsic(MathFunction.LOG1P, e));
  }

  /**
   * {@code log1p(|x| + x² / (1 + √(x² + 1)))} with the sign of x; from 2²⁸ on {@code log(2|x|)}.
   */
  private static Expr asinh(BodyBuilder b, Expr x) {
    Expr t = b.let(x.abs());
    Expr square = b.let(t.times(t));
    Expr near = t.plus(square.div(Exprs.sqrt(square.plus(1)).plus(1)));
    Expr far = Exprs.intrinsic(MathFunction.LOG, t).plus(Math.log(2));
    Expr magnitude =
        b.let(
            Exprs.select(
                t.lt(Exprs.constant(t.type(), 0x1p28)),
                Exprs.intrinsic(MathFunction.LOG1P, near),
                far));
    Expr negative = x.lt(Exprs.constant(x.type(), 0));
    Expr zero = x.eq(Exprs.constant(x.type(), 0));
    return Exprs.select(zero, x, Exprs.select(negative, magnitude.neg(), magnitude));
  }

  /** {@code log1p(t + √t √(t + 2))} with {@code t = x - 1}; from 2²⁸ on {@code log(2x)}. */
  private static Expr acosh(BodyBuilder b, Expr x) {
    Expr t = b.let(x.minus(1));
    Expr root = Exprs.sqrt(t).times(Exprs.sqrt(t.plus(2)));
    Expr far = Exprs.intrinsic(MathFunction.LOG, x).plus(Math.log(2));
    return Exprs.select(
        x.lt(Exprs.constant(x.type(), 0x1p28)),
        Exprs.intrinsic(MathFunction.LOG1P, t.plus(root)),
        far);
  }

  /** {@code ½ log1p(2x / (1 - x))}. */
  private static Expr atanh(BodyBuilder b, Expr x) {
    Expr t = b.let(x.abs());
    Expr half =
        b.let(
            Exprs.intrinsic(MathFunction.LOG1P, t.plus(t).div(Exprs.constant(t.type(), 1).minus(t)))
                .times(0.5));
    Expr negative = x.lt(Exprs.constant(x.type(), 0));
    Expr zero = x.eq(Exprs.constant(x.type(), 0));
    return Exprs.select(zero, x, Exprs.select(negative, half.neg(), half));
  }
}
