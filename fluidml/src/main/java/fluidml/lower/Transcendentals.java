package fluidml.lower;

import fluidml.graph.op.Elementwise.ParametricFunction;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.MathFunction;
import fluidml.loop.ScalarType;

/**
 * The transcendental functions that elementwise ops are made of, on F32 and F64 registers. F64 is
 * scalar: one library call for each element.
 */
final class Transcendentals {
  private static final int ERF_TERMS = 64;

  private Transcendentals() {}

  /** Whether powers of F32 have no vector form. */
  static final boolean POW_IS_SCALAR = true;

  /** Whether a function of real numbers is more than a few instructions. */
  static boolean isTranscendental(UnaryFunction function) {
    return switch (function) {
      case IDENTITY,
          ABS,
          NEG,
          SIGN,
          RECIPROCAL,
          SQRT,
          RELU,
          SOFTSIGN,
          HARD_SWISH,
          FLOOR,
          CEIL,
          ROUND,
          NOT,
          BITWISE_NOT,
          IS_NAN ->
          false;
      case EXP,
          LOG,
          SIN,
          COS,
          TAN,
          ASIN,
          ACOS,
          ATAN,
          SINH,
          COSH,
          TANH,
          ASINH,
          ACOSH,
          ATANH,
          ERF,
          SIGMOID,
          SOFTPLUS,
          MISH,
          GELU,
          GELU_TANH ->
          true;
    };
  }

  /** Whether a function has no vector form. */
  static boolean isScalarOnly(UnaryFunction function) {
    return isTranscendental(function);
  }

  /** Whether a function has no vector form. */
  static boolean isScalarOnly(ParametricFunction function) {
    return switch (function) {
      case ELU, CELU, SELU, SWISH -> true;
      case LEAKY_RELU, HARD_SIGMOID, THRESHOLDED_RELU, SHRINK -> false;
    };
  }

  /** A library function, computed as F64 and rounded to the type of {@code x}. */
  static Expr library(BodyBuilder body, MathFunction function, Expr x) {
    Expr result = Exprs.intrinsic(function, Exprs.convert(ScalarType.F64, x));
    return body.let("f", Exprs.convert(x.type().scalar(), result));
  }

  static Expr exp(BodyBuilder body, Expr x) {
    return library(body, MathFunction.EXP, x);
  }

  static Expr expm1(BodyBuilder body, Expr x) {
    return library(body, MathFunction.EXPM1, x);
  }

  static Expr log(BodyBuilder body, Expr x) {
    return library(body, MathFunction.LOG, x);
  }

  static Expr log1p(BodyBuilder body, Expr x) {
    return library(body, MathFunction.LOG1P, x);
  }

  static Expr tanh(BodyBuilder body, Expr x) {
    return library(body, MathFunction.TANH, x);
  }

  /** {@code x} to the power of {@code y}, of one float type. */
  static Expr pow(BodyBuilder body, Expr x, Expr y) {
    Expr result =
        Exprs.intrinsic(
            MathFunction.POW, Exprs.convert(ScalarType.F64, x), Exprs.convert(ScalarType.F64, y));
    return body.let("f", Exprs.convert(x.type().scalar(), result));
  }

  /** The error function. */
  static Expr erf(BodyBuilder body, Expr x) {
    Expr wide = body.let("x", Exprs.convert(ScalarType.F64, x));
    return Exprs.convert(x.type().scalar(), erfOfDouble(body, wide));
  }

  /**
   * The error function of an F64 scalar: the series e^(−x²)·Σ 2ⁿx²ⁿ⁺¹/(2n+1)!! (Abramowitz and
   * Stegun 7.1.6) up to 3, beyond that the continued fraction of erfc (7.1.14).
   */
  private static Expr erfOfDouble(BodyBuilder body, Expr x) {
    Expr a = body.let("a", Exprs.quickMin(x.abs(), constant(x, 6)));
    Expr square = body.let("s", a.times(a));
    Expr scale = body.let("e", Exprs.intrinsic(MathFunction.EXP, square.neg()));
    Expr.Read result = body.variable("r", a);
    body.when(
        a.lt(constant(x, 3)),
        () -> {
          Expr.Read term = body.variable("term", a);
          Expr.Read sum = body.variable("sum", a);
          body.loop(
              "n",
              Exprs.index(1),
              Exprs.index(ERF_TERMS),
              n -> {
                Expr odd = Exprs.convert(ScalarType.F64, n.plus(n).plus(Exprs.index(1)));
                body.assign(term, term.times(square.plus(square).div(odd)));
                body.assign(sum, sum.plus(term));
              });
          body.assign(result, scale.times(sum).times(2 / Math.sqrt(Math.PI)));
        },
        () -> {
          Expr.Read fraction = body.variable("fraction", a);
          body.loop(
              "n",
              Exprs.index(0),
              Exprs.index(ERF_TERMS),
              n -> {
                Expr half =
                    Exprs.convert(ScalarType.F64, Exprs.index(ERF_TERMS).minus(n)).times(0.5);
                body.assign(fraction, a.plus(half.div(fraction)));
              });
          Expr tail = scale.div(fraction.times(Math.sqrt(Math.PI)));
          body.assign(result, constant(x, 1).minus(tail));
        });
    Expr signed = Exprs.select(x.lt(constant(x, 0)), result.neg(), result);
    return body.let("erf", Exprs.select(x.ne(x), x, signed));
  }

  private static Expr constant(Expr like, double value) {
    return Exprs.constant(like.type(), value);
  }
}
