package fluidml.loop.math;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;

/**
 * Inverse tangent, sine and cosine in F32: a multiple of π/2, and an odd polynomial in an argument
 * of magnitude up to 1, for sine and cosine up to ½. The error of {@link #atan} is at most 1.2 ulp,
 * of {@link #asin} 1.2, of {@link #acos} 1.2.
 */
final class InverseCircular {
  private static final double HALF_PI = 0x1.921fb6p+0;

  /** What {@link #HALF_PI} lacks, as a part of it. */
  private static final double LOST = -0x1.777a5cp-25 / HALF_PI;

  /** {@code (atan(x) / x - 1) / x²} in x², for |x| up to 1. */
  private static final double[] ATAN = {
    -0x1.55553ep-2,
    0x1.9991e4p-3,
    -0x1.242084p-3,
    0x1.c08c1ap-4,
    -0x1.580814p-4,
    0x1.da24cap-5,
    -0x1.fd6fbcp-6,
    0x1.6410e4p-7,
    -0x1.d32dacp-10
  };

  /** {@code (asin(x) / x - 1) / x²} in x², for |x| up to ½. */
  private static final double[] ASIN = {
    0x1.5555c8p-3, 0x1.330204p-4, 0x1.747bb8p-5, 0x1.8c3e5p-6, 0x1.595c6p-5
  };

  private InverseCircular() {}

  private static Expr c(Expr like, double value) {
    return Exprs.constant(like.type(), value);
  }

  /** Beyond 1 {@code π/2 - atan(1/x)}. */
  static Expr atan(BodyBuilder b, Expr x) {
    Expr value = b.let(x);
    Expr magnitude = b.let("magnitude", value.abs());
    Expr far = b.let("far", magnitude.gt(c(value, 1)));
    Expr z = b.let("z", Exprs.select(far, c(value, -1).div(magnitude), magnitude));
    Expr start = Exprs.select(far, c(value, HALF_PI), c(value, 0));
    Expr angle = sum(b, start, z, z.times(z), ATAN);
    return b.let("atan", Polynomials.withSign(angle, value));
  }

  /** Beyond ½ {@code π/2 - 2 asin(√((1-x)/2))}. */
  static Expr asin(BodyBuilder b, Expr x) {
    Arc arc = arc(b, x);
    Expr value = arc.value();
    Expr z = Exprs.select(arc.far(), Exprs.sqrt(arc.square()).times(-2), value.abs());
    Expr start = Exprs.select(arc.far(), c(value, HALF_PI), c(value, 0));
    Expr angle = sum(b, start, b.let("z", z), arc.square(), ASIN);
    return b.let("asin", Polynomials.withSign(angle, value));
  }

  /**
   * {@code π/2 - asin(x)}; beyond ½ {@code 2 asin(√((1-x)/2))}, and π less that of the magnitude
   * for negative ones.
   */
  static Expr acos(BodyBuilder b, Expr x) {
    Arc arc = arc(b, x);
    Expr value = arc.value();
    Expr twice = Polynomials.withSign(Exprs.sqrt(arc.square()).times(2), value);
    Expr z = Exprs.select(arc.far(), twice, value.neg());
    Expr whole = Exprs.select(value.lt(c(value, 0)), c(value, 2 * HALF_PI), c(value, 0));
    Expr start = Exprs.select(arc.far(), whole, c(value, HALF_PI));
    return b.let("acos", sum(b, start, b.let("z", z), arc.square(), ASIN));
  }

  /**
   * An argument of sine or cosine.
   *
   * @param far whether its magnitude is over ½
   * @param square of what the polynomial is taken: {@code x²}, or {@code (1-|x|)/2} where far
   */
  private record Arc(Expr value, Expr far, Expr square) {}

  private static Arc arc(BodyBuilder b, Expr x) {
    Expr value = b.let(x);
    Expr magnitude = b.let("magnitude", value.abs());
    Expr far = b.let("far", magnitude.gt(c(value, 0.5)));
    Expr rest = magnitude.fma(c(value, -0.5), c(value, 0.5));
    return new Arc(value, far, b.let("square", Exprs.select(far, rest, value.times(value))));
  }

  /**
   * {@code start + z + z s p(s)}.
   *
   * @param start a multiple of {@link #HALF_PI}, in place of that of π/2
   */
  private static Expr sum(BodyBuilder b, Expr start, Expr z, Expr s, double[] p) {
    Expr base = b.let("start", start);
    Expr square = b.let("s", s);
    Expr sum = b.let("sum", base.plus(z));
    Expr lost = base.fma(c(base, LOST), z.minus(sum.minus(base)));
    return sum.plus(Polynomials.of(square, p).fma(z.times(square), lost));
  }
}
