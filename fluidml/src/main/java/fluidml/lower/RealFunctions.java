package fluidml.lower;

import fluidml.graph.op.Elementwise.ParametricFunction;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.UnaryOp;
import fluidml.loop.math.Elementary;
import java.util.Optional;

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
      case EXP -> Elementary.EXP.apply(body, x);
      case LOG -> Elementary.LOG.apply(body, x);
      case SIN -> Elementary.SIN.apply(body, x);
      case COS -> Elementary.COS.apply(body, x);
      case TAN -> Elementary.TAN.apply(body, x);
      case ASIN -> Elementary.ASIN.apply(body, x);
      case ACOS -> Elementary.ACOS.apply(body, x);
      case ATAN -> Elementary.ATAN.apply(body, x);
      case SINH -> Elementary.SINH.apply(body, x);
      case COSH -> Elementary.COSH.apply(body, x);
      case TANH -> Elementary.TANH.apply(body, x);
      case ASINH -> Elementary.ASINH.apply(body, x);
      case ACOSH -> Elementary.ACOSH.apply(body, x);
      case ATANH -> Elementary.ATANH.apply(body, x);
      case ERF -> Elementary.ERF.apply(body, x);
      case SIGMOID -> Elementary.SIGMOID.apply(body, x);
      case RELU -> Exprs.select(x.lt(zero), zero, x);
      case SOFTPLUS -> Elementary.SOFTPLUS.apply(body, x);
      case SOFTSIGN -> x.div(one.plus(x.abs()));
      case MISH -> mish(body, x);
      case HARD_SWISH ->
          x.times(clamp(x.fma(constant(x, 1.0 / 6), constant(x, 0.5)), zero, one, body));
      case GELU -> Elementary.GELU.apply(body, x);
      case GELU_TANH -> {
        // 0.5·(1 + tanh u) = sigmoid(2u).
        double c = 2 * Math.sqrt(2 / Math.PI);
        Expr cubic = x.times(x).fma(constant(x, 0.044715 * c), constant(x, c));
        yield Elementary.gated(body, x, body.let("u", x.times(cubic)));
      }
      case FLOOR -> Exprs.unary(UnaryOp.FLOOR, x);
      case CEIL -> Exprs.unary(UnaryOp.CEIL, x);
      case ROUND -> Exprs.unary(UnaryOp.ROUND_EVEN, x);
      case IS_NAN -> x.ne(x);
      case NOT, BITWISE_NOT -> throw new IllegalArgumentException(function + " of a real number");
    };
  }

  /** The function that a function is made of and that decides its cost. */
  static Optional<Elementary> core(UnaryFunction function) {
    return switch (function) {
      case EXP, MISH -> Optional.of(Elementary.EXP);
      case LOG -> Optional.of(Elementary.LOG);
      case SIN -> Optional.of(Elementary.SIN);
      case COS -> Optional.of(Elementary.COS);
      case TAN -> Optional.of(Elementary.TAN);
      case ASIN -> Optional.of(Elementary.ASIN);
      case ACOS -> Optional.of(Elementary.ACOS);
      case ATAN -> Optional.of(Elementary.ATAN);
      case SINH -> Optional.of(Elementary.SINH);
      case COSH -> Optional.of(Elementary.COSH);
      case TANH -> Optional.of(Elementary.TANH);
      case ASINH -> Optional.of(Elementary.ASINH);
      case ACOSH -> Optional.of(Elementary.ACOSH);
      case ATANH -> Optional.of(Elementary.ATANH);
      case ERF -> Optional.of(Elementary.ERF);
      case GELU -> Optional.of(Elementary.GELU);
      case SIGMOID, GELU_TANH -> Optional.of(Elementary.SIGMOID);
      case SOFTPLUS -> Optional.of(Elementary.SOFTPLUS);
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
          Optional.empty();
    };
  }

  /** The function that a parametric function is made of and that decides its cost. */
  static Optional<Elementary> core(ParametricFunction function) {
    return switch (function) {
      case ELU, CELU, SELU -> Optional.of(Elementary.EXPM1);
      case SWISH -> Optional.of(Elementary.SIGMOID);
      case LEAKY_RELU, HARD_SIGMOID, THRESHOLDED_RELU, SHRINK -> Optional.empty();
    };
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
      case SWISH -> Elementary.gated(body, x, body.let("u", x.times(a)));
    };
  }

  private static Expr celu(BodyBuilder body, Expr x, Expr alpha) {
    Expr zero = constant(x, 0);
    Expr tail =
        body.let("m", Elementary.EXPM1.apply(body, body.let("d", x.div(alpha))).times(alpha));
    return Exprs.select(x.lt(zero), zero, x).plus(Exprs.select(tail.gt(zero), zero, tail));
  }

  /**
   * {@code eˣ − 1} where x is negative, 0 elsewhere: never an overflow in lanes that are not
   * chosen.
   */
  private static Expr expm1OfNegative(BodyBuilder body, Expr x) {
    return Elementary.EXPM1.apply(
        body, body.let("m", Exprs.select(x.gt(constant(x, 0)), constant(x, 0), x)));
  }

  /** {@code min(max(x, low), high)}; NaN stays NaN. */
  static Expr clamp(Expr x, Expr low, Expr high, BodyBuilder body) {
    Expr from = body.let("v", x);
    Expr above = body.let("v", Exprs.select(from.lt(low), low, from));
    return Exprs.select(above.gt(high), high, above);
  }

  /**
   * {@code x·tanh(log(1 + eˣ))} = {@code x·(e² + 2e) / (e² + 2e + 2)} with e = eˣ; x itself from 20
   * on.
   */
  private static Expr mish(BodyBuilder body, Expr x) {
    Expr bound = constant(x, 20);
    Expr e =
        body.let(
            "e", Elementary.EXP.apply(body, body.let("m", Exprs.select(x.gt(bound), bound, x))));
    Expr n = body.let("n", e.times(e.plus(constant(x, 2))));
    return Exprs.select(x.gt(bound), x, x.times(n.div(n.plus(constant(x, 2)))));
  }

  private static Expr constant(Expr like, double value) {
    return Exprs.constant(like.type(), value);
  }
}
