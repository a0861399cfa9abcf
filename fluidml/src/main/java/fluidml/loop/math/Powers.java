package fluidml.loop.math;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.ScalarType;
import fluidml.loop.Type;

/**
 * Powers of F32 in F64: {@code x^y = 2^(y log2 x)}. The logarithm is {@code k + log2 m} with {@code
 * m} in [√½, √2) and {@code log2 m = 2 artanh(s) / ln 2}, {@code s = (m - 1) / (m + 1)}; the power
 * of two is that of the nearest whole number times a polynomial. Errors stay far below half an ulp
 * of F32, so results are rounded correctly but for rare ties.
 */
final class Powers {
  /** Bits of √½. */
  private static final long ROOT_HALF = 0x3fe6a09e667f3bcdL;

  /** Added to a small whole number it shows it in its lowest bits. */
  private static final double ROUNDER = 0x1.8p52;

  private static final int FRACTION = 52;
  private static final long BIAS = 1023L << FRACTION;

  /** Powers of two beyond it are zero or infinite in F32. */
  private static final double LARGEST = 200;

  /** From 2^24 on all F32 are whole and even. */
  private static final double EVEN = 0x1p25;

  /** {@code log2((1+s)/(1-s)) / s} as a polynomial in {@code s²}. */
  private static final double[] LOG2 = new double[8];

  /** {@code 2^f}: the series, its terms below 1e-11 from the last on. */
  private static final double[] EXP2 = new double[10];

  static {
    for (int i = 0; i < LOG2.length; i++) {
      LOG2[i] = 2 / (Math.log(2) * (2 * i + 1));
    }
    EXP2[0] = 1;
    for (int i = 1; i < EXP2.length; i++) {
      EXP2[i] = EXP2[i - 1] * Math.log(2) / i;
    }
  }

  private Powers() {}

  private static Expr c(Expr like, double value) {
    return Exprs.constant(like.type(), value);
  }

  private static Expr bits(Expr x) {
    return Exprs.bitcast(ScalarType.I64, x);
  }

  private static Expr number(Expr bits) {
    return Exprs.bitcast(ScalarType.F64, bits);
  }

  /**
   * The power, with the special cases of {@link Math#pow}.
   *
   * @param base F32
   * @param exponent F32 of as many lanes
   */
  static Expr pow(BodyBuilder b, Expr base, Expr exponent) {
    Expr x = b.let("x", Exprs.convert(ScalarType.F64, base));
    Expr y = b.let("y", Exprs.convert(ScalarType.F64, exponent));
    Expr zero = c(x, 0);
    Expr size = b.let("size", x.abs());
    Expr z = b.let("z", y.times(log2(b, size)));
    Expr finite = exp2(b, z);
    Expr isZero = size.eq(zero);
    Expr isInfinite = size.eq(c(x, Double.POSITIVE_INFINITY));
    Expr infinity = c(x, Double.POSITIVE_INFINITY);
    Expr atZero = Exprs.select(y.lt(zero), infinity, zero);
    Expr atInfinity = Exprs.select(y.lt(zero), zero, infinity);
    Expr magnitude =
        b.let(
            "magnitude",
            Exprs.select(isZero, atZero, Exprs.select(isInfinite, atInfinity, finite)));
    Expr signed = b.let("signed", ofNegative(b, x, y, magnitude));
    Expr isNaN = Exprs.or(x.ne(x), z.ne(z));
    Expr regular = Exprs.select(isNaN, c(x, Double.NaN), signed);
    Expr power = Exprs.select(y.eq(zero), c(x, 1), regular);
    return b.let("power", Exprs.convert(ScalarType.F32, b.let(power)));
  }

  private static Expr log2(BodyBuilder b, Expr size) {
    Type longs = size.type().as(ScalarType.I64);
    Expr all = b.let("bits", bits(size));
    Expr k = b.let("k", Exprs.shr(all.minus(Exprs.integer(longs, ROOT_HALF)), FRACTION));
    Expr m = b.let("m", number(all.minus(Exprs.shl(k, FRACTION))));
    Expr whole =
        number(k.plus(Exprs.integer(longs, Double.doubleToRawLongBits(ROUNDER)))).minus(ROUNDER);
    Expr s = b.let("s", m.minus(1).div(m.plus(1)));
    return s.fma(Polynomials.of(b.let("ss", s.times(s)), LOG2), whole);
  }

  /** {@code 2^z}, zero or infinite where F32 is. */
  private static Expr exp2(BodyBuilder b, Expr z) {
    Type longs = z.type().as(ScalarType.I64);
    Expr below = b.let("below", Exprs.quickMin(c(z, LARGEST), z));
    Expr clamped = b.let("clamped", Exprs.quickMax(c(z, -LARGEST), below));
    Expr shifted = b.let("shifted", clamped.plus(ROUNDER));
    Expr f = b.let("f", clamped.minus(shifted.minus(ROUNDER)));
    Expr scale = number(Exprs.shl(bits(shifted), FRACTION).plus(Exprs.integer(longs, BIAS)));
    return b.let("exp2", Polynomials.of(f, EXP2).times(scale));
  }

  /** Negative for odd exponents, undefined for those that are not whole. */
  private static Expr ofNegative(BodyBuilder b, Expr x, Expr y, Expr magnitude) {
    Type longs = x.type().as(ScalarType.I64);
    Expr zero = c(x, 0);
    Expr steps = b.let("steps", Exprs.quickMin(c(y, EVEN), y.abs()));
    Expr shown = b.let("shown", steps.plus(ROUNDER));
    Expr isWhole = shown.minus(ROUNDER).eq(steps);
    Expr parity = Exprs.shl(bits(shown), 63);
    Expr sign = Exprs.and(bits(x), Exprs.integer(longs, Long.MIN_VALUE));
    Expr signed = number(Exprs.or(bits(magnitude), Exprs.and(sign, parity)));
    Expr undefined = Exprs.and(x.lt(zero), x.gt(c(x, Double.NEGATIVE_INFINITY)));
    Expr partial = Exprs.select(undefined, c(x, Double.NaN), magnitude);
    return Exprs.select(isWhole, signed, partial);
  }
}
