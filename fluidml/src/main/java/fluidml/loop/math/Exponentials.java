package fluidml.loop.math;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.ScalarType;

/**
 * Functions of {@code e^x} in F32. The argument is reduced to {@code r = x - n ln 2} with {@code
 * |r| <= ln 2 / 2}; {@code n} comes from adding a number so large that its last bit counts ones.
 */
final class Exponentials {
  private static final double LOG2_E = 1 / Math.log(2);
  private static final double LN2_HIGH = 0x1.62e43p-1;
  private static final double LN2_LOW = -0x1.05c61p-29;
  static final float ROUNDER = 0x1.8p23f;

  /**
   * The same, and the bias of exponents: the last bits of a sum are an exponent as it is stored.
   */
  static final float BIASED_ROUNDER = ROUNDER + 127;

  /** {@code (e^r - 1 - r) / r²}. */
  private static final double[] EXP_TAIL = {
    0x1.fffffcp-2, 0x1.555492p-3, 0x1.5558b0p-5, 0x1.12398ep-7, 0x1.6a4d60p-10
  };

  /** {@code (1 - e^-r) / r}. */
  private static final double[] INVERSE_EXP = {
    1, -EXP_TAIL[0], EXP_TAIL[1], -EXP_TAIL[2], EXP_TAIL[3], -EXP_TAIL[4]
  };

  /** Below, {@code 1 / (1 + e^-x)} is zero, or less than the smallest normal number. */
  private static final double SIGMOID_ZERO = -88.37;

  /** {@code (tanh(x) / x - 1) / x²} in x², for |x| up to 0.63. */
  private static final double[] TANH_TAIL = {
    -0x1.555530p-2, 0x1.110686p-3, -0x1.b826a6p-5, 0x1.5194aep-6, -0x1.734400p-8
  };

  private Exponentials() {}

  /**
   * An argument without a multiple of ln 2.
   *
   * @param shifted the multiple, added to the number that rounds it
   * @param r what is left
   */
  record Remainder(Expr shifted, Expr r) {}

  /**
   * Writes {@code r = x - n ln 2}, with the n nearest to {@code x / ln 2}.
   *
   * @param sign 1, or -1 for the n nearest to {@code -x / ln 2} and {@code r = x + n ln 2}
   * @param rounder added to n, so large that its last bit counts ones
   */
  static Remainder remainder(BodyBuilder b, Expr x, int sign, float rounder) {
    Expr shifted = b.let("shifted", x.fma(c(x, sign * LOG2_E), c(x, rounder)));
    Expr whole = b.let("whole", shifted.minus(rounder));
    Expr high = whole.fma(c(x, -sign * LN2_HIGH), x);
    return new Remainder(shifted, b.let("r", whole.fma(c(x, -sign * LN2_LOW), high)));
  }

  /** {@code e^r - 1}. */
  private static Expr tail(BodyBuilder b, Expr r) {
    return Polynomials.of(r, EXP_TAIL).fma(b.let("rr", r.times(r)), r);
  }

  /** {@code x = n ln 2 + r}: n as integer, and {@code e^r - 1}. */
  private record Reduced(Expr n, Expr tail) {}

  private static Reduced reduce(BodyBuilder b, Expr x) {
    Remainder left = remainder(b, x, 1, ROUNDER);
    Expr n = b.let("n", Polynomials.bits(left.shifted()).minus(Float.floatToRawIntBits(ROUNDER)));
    return new Reduced(n, b.let("tail", tail(b, left.r())));
  }

  private static Expr c(Expr like, double value) {
    return Exprs.constant(like.type(), value);
  }

  /** {@code 2^n} for a normal result. */
  private static Expr power(Expr n) {
    return Exprs.bitcast(ScalarType.F32, Exprs.shl(n.plus(127), 23));
  }

  /** The argument where the result is finite and not zero, NaN as it is. */
  private static Expr clamp(BodyBuilder b, Expr x, double low, double high) {
    return b.let("clamped", Exprs.quickMax(c(x, low), b.let(Exprs.quickMin(c(x, high), x))));
  }

  static Expr exp(BodyBuilder b, Expr x) {
    Reduced e = reduce(b, clamp(b, b.let(x), -104, 89));
    Expr half = b.let("half", Exprs.shr(e.n(), 1));
    Expr other = power(e.n().minus(half));
    return b.let("exp", e.tail().plus(1).times(power(half)).times(other));
  }

  /** {@code e^x} for {@code x <= 0}, where results below the normal range may be zero. */
  static Expr expOfNegative(BodyBuilder b, Expr x) {
    Expr clamped = b.let("clamped", Exprs.quickMax(c(x, -87.33), b.let(x)));
    Remainder left = remainder(b, clamped, 1, BIASED_ROUNDER);
    Expr tail = tail(b, left.r());
    Expr power = b.let("power", storedPower(left.shifted()));
    return b.let("exp", tail.fma(power, power));
  }

  /** The power of two whose stored exponent the last bits of a number are. */
  static Expr storedPower(Expr shifted) {
    return Exprs.bitcast(ScalarType.F32, Exprs.shl(Polynomials.bits(shifted), 23));
  }

  static Expr expm1(BodyBuilder b, Expr x) {
    Reduced e = reduce(b, clamp(b, b.let(x), -18, 89));
    Expr half = b.let("half", Exprs.shr(e.n(), 1));
    Expr first = b.let("first", power(half));
    Expr second = b.let("second", power(e.n().minus(half)));
    // 2^n (tail + 1) - 1, scaled so that neither factor overflows before the result does
    Expr small = e.tail().fma(b.let(first.times(second)), first.times(second).minus(1));
    Expr large = e.tail().plus(1).times(first).times(second).minus(1);
    Expr result = Exprs.select(e.n().gt(Exprs.constant(e.n().type(), 126)), large, small);
    return b.let("expm1", Exprs.select(x.eq(c(x, 0)), x, result));
  }

  static Expr sigmoid(BodyBuilder b, Expr x) {
    return gated(b, c(x, 1), x);
  }

  /** {@code factor / (1 + e^-x)}. */
  static Expr gated(BodyBuilder b, Expr factor, Expr x) {
    Expr value = b.let(x);
    Expr clamped = b.let("clamped", Exprs.quickMin(c(x, 87), value));
    Remainder left = remainder(b, clamped, -1, BIASED_ROUNDER);
    Expr power = b.let("power", storedPower(left.shifted()));
    Expr decrease = b.let("decrease", Polynomials.of(left.r(), INVERSE_EXP).times(left.r()));
    Expr exp = b.let("exp", decrease.fma(power.neg(), power));
    Expr infinity = c(x, Double.POSITIVE_INFINITY);
    Expr all = b.let("all", Exprs.select(value.lt(c(x, SIGMOID_ZERO)), infinity, exp));
    return b.let("sigmoid", factor.div(all.plus(1)));
  }

  static Expr tanh(BodyBuilder b, Expr x) {
    Expr value = b.let(x);
    Expr magnitude = b.let("magnitude", value.abs());
    Expr e = expOfNegative(b, magnitude.times(-2));
    Expr rest = e.plus(e).div(e.plus(1));
    Expr square = b.let("square", value.times(value));
    Expr small = Polynomials.of(square, TANH_TAIL).times(square).fma(magnitude, magnitude);
    Expr size = Exprs.select(magnitude.lt(c(value, 0.625)), small, c(value, 1).minus(rest));
    return b.let("tanh", Polynomials.withSign(size, value));
  }

  /** {@code log(1 + e^x)}, without overflow. */
  static Expr softplus(BodyBuilder b, Expr x) {
    Expr value = b.let(x);
    Expr tail = Logarithms.log1p(b, exp(b, value.abs().neg()));
    return b.let("softplus", value.max(c(value, 0)).plus(tail));
  }
}
