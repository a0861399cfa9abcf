package fluidml.lower;

import fluidml.graph.op.Elementwise.ParametricFunction;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.MathFunction;
import fluidml.loop.UnaryOp;

/** The functions of elementwise ops on registers of F32 or F64. */
final class RealFunctions {
  private RealFunctions() {}

  /**
   * A function of a real number; {@code x} is cheap to evaluate again. Logical functions give BOOL.
   */
  static Expr unary(BodyBuilder body, UnaryFunction function, Expr x) {
    Expr zero = constant(x, 0);
    Expr one = constant(x, 1);
    return switch (function) {
      case IDENTITY -> x;
      case ABS -> x.abs();
      case NEG -> x.neg();
      case SIGN -> Exprs.select(x.gt(zero), one, Exprs.select(x.lt(zero), constant(x, -1), x));
      case RECIPROCAL -> one.div(x);
      case SQRT -> Exprs.sqrt(x);
      case EXP -> Transcendentals.exp(body, x);
      case LOG -> Transcendentals.log(body, x);
      case SIN -> Transcendentals.library(body, MathFunction.SIN, x);
      case COS -> Transcendentals.library(body, MathFunction.COS, x);
      case TAN -> Transcendentals.library(body, MathFunction.TAN, x);
      case ASIN -> Transcendentals.library(body, MathFunction.ASIN, x);
      case ACOS -> Transcendentals.library(body, MathFunction.ACOS, x);
      case ATAN -> Transcendentals.library(body, MathFunction.ATAN, x);
      case SINH -> Transcendentals.library(body, MathFunction.SINH, x);
      case COSH -> Transcendentals.library(body, MathFunction.COSH, x);
      case TANH -> Transcendentals.tanh(body, x);
      case ASINH -> asinh(body, x);
      case ACOSH -> {
        Expr below = body.let("m", x.minus(one));
        yield Transcendentals.log1p(
            body, body.let("a", below.plus(Exprs.sqrt(below.times(x.plus(one))))));
      }
      case ATANH ->
          Transcendentals.log1p(body, body.let("a", x.plus(x).div(one.minus(x)))).times(0.5);
      case ERF -> Transcendentals.erf(body, x);
      case SIGMOID -> sigmoid(body, x);
      case RELU -> Exprs.select(x.lt(zero), zero, x);
      case SOFTPLUS -> {
        Expr tail = Transcendentals.exp(body, body.let("a", x.abs().neg()));
        yield Exprs.select(x.lt(zero), zero, x)
            .plus(Transcendentals.log1p(body, body.let("e", tail)));
      }
      case SOFTSIGN -> x.div(one.plus(x.abs()));
      case MISH -> mish(body, x);
      case HARD_SWISH ->
          x.times(clamp(x.fma(constant(x, 1.0 / 6), constant(x, 0.5)), zero, one, body));
      case GELU -> {
        Expr erf = Transcendentals.erf(body, body.let("a", x.times(Math.sqrt(0.5))));
        Expr half = body.let("h", x.times(0.5));
        yield half.fma(erf, half);
      }
      case GELU_TANH -> {
        // 0.5·(1 + tanh u) = sigmoid(2u).
        double c = 2 * Math.sqrt(2 / Math.PI);
        Expr cubic = x.times(x).fma(constant(x, 0.044715 * c), constant(x, c));
        yield x.times(sigmoid(body, body.let("u", x.times(cubic))));
      }
      case FLOOR -> Exprs.unary(UnaryOp.FLOOR, x);
      case CEIL -> Exprs.unary(UnaryOp.CEIL, x);
      case ROUND -> Exprs.unary(UnaryOp.ROUND_EVEN, x);
      case IS_NAN -> x.ne(x);
      case NOT, BITWISE_NOT -> throw new IllegalArgumentException(function + " of a real number");
    };
  }

  /** Whether a function takes integers and truth values only. */
  static boolean isDefined(UnaryFunction function) {
    return function != UnaryFunction.NOT && function != UnaryFunction.BITWISE_NOT;
  }

  /** A function of a real number with two constants; {@code x} is cheap to evaluate again. */
  static Expr parametric(
      BodyBuilder body, ParametricFunction function, double alpha, double beta, Expr x) {
    Expr zero = constant(x, 0);
    Expr a = constant(x, alpha);
    Expr b = constant(x, beta);
    return switch (function) {
      case ELU -> Exprs.select(x.lt(zero), expm1OfNegative(body, x).times(a), x);
      case CELU ->
          // For alpha > 0 the exponential part is positive where x is.
          alpha > 0
              ? Exprs.select(x.lt(zero), expm1OfNegative(body, body.let("d", x.div(a))).times(a), x)
              : celu(body, x, a);
      case SELU -> Exprs.select(x.gt(zero), x, expm1OfNegative(body, x).times(a)).times(b);
      case LEAKY_RELU -> Exprs.select(x.lt(zero), x.times(a), x);
      case HARD_SIGMOID -> clamp(x.fma(a, b), zero, constant(x, 1), body);
      case THRESHOLDED_RELU -> Exprs.select(x.gt(a), x, zero);
      case SHRINK ->
          Exprs.select(
              x.lt(constant(x, -alpha)), x.plus(b), Exprs.select(x.gt(a), x.minus(b), zero));
      case SWISH -> x.times(sigmoid(body, body.let("u", x.times(a))));
    };
  }

  private static Expr celu(BodyBuilder body, Expr x, Expr alpha) {
    Expr zero = constant(x, 0);
    Expr tail =
        body.let("m", Transcendentals.expm1(body, body.let("d", x.div(alpha))).times(alpha));
    return Exprs.select(x.lt(zero), zero, x).plus(Exprs.select(tail.gt(zero), zero, tail));
  }

  /**
   * {@code eˣ − 1} where x is negative, 0 elsewhere: never an overflow in lanes that are not
   * chosen.
   */
  private static Expr expm1OfNegative(BodyBuilder body, Expr x) {
    return Transcendentals.expm1(
        body, body.let("m", Exprs.select(x.gt(constant(x, 0)), constant(x, 0), x)));
  }

  /** {@code 1 / (1 + e⁻ˣ)}. */
  static Expr sigmoid(BodyBuilder body, Expr x) {
    Expr one = constant(x, 1);
    return one.div(one.plus(Transcendentals.exp(body, body.let("n", x.neg()))));
  }

  /** {@code min(max(x, low), high)}; NaN stays NaN. */
  static Expr clamp(Expr x, Expr low, Expr high, BodyBuilder body) {
    Expr from = body.let("v", x);
    Expr above = body.let("v", Exprs.select(from.lt(low), low, from));
    return Exprs.select(above.gt(high), high, above);
  }

  private static Expr asinh(BodyBuilder body, Expr x) {
    Expr one = constant(x, 1);
    Expr a = body.let("a", x.abs());
    Expr square = body.let("s", a.times(a));
    Expr root = Exprs.sqrt(square.plus(one));
    Expr magnitude =
        body.let(
            "l", Transcendentals.log1p(body, body.let("u", a.plus(square.div(one.plus(root))))));
    return Exprs.select(x.lt(constant(x, 0)), magnitude.neg(), magnitude);
  }

  /**
   * {@code x·tanh(log(1 + eˣ))} = {@code x·(e² + 2e) / (e² + 2e + 2)} with e = eˣ; x itself from 20
   * on.
   */
  private static Expr mish(BodyBuilder body, Expr x) {
    Expr bound = constant(x, 20);
    Expr e =
        body.let(
            "e", Transcendentals.exp(body, body.let("m", Exprs.select(x.gt(bound), bound, x))));
    Expr n = body.let("n", e.times(e.plus(constant(x, 2))));
    return Exprs.select(x.gt(bound), x, x.times(n.div(n.plus(constant(x, 2)))));
  }

  private static Expr constant(Expr like, double value) {
    return Exprs.constant(like.type(), value);
  }
}
