package fluidml.loop.math;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.ScalarType;
import fluidml.loop.Type;
import java.util.Optional;

/**
 * Sine, cosine and tangent in F32. The nearest multiple of π/2 is subtracted in three parts with
 * fused operations; {@link LargeAngles} replaces what comes out of magnitudes too large for that.
 */
final class Circular {
  private static final float ROUNDER = 0x1.8p23f;

  /** Parts of π/2, all of one sign, so that nothing is subtracted from a zero of either sign. */
  private static final double[] HALF_PI = {0x1.921fb4p+0, 0x1.4442dp-24, 0x1.846988p-48};

  /** {@code (sin(r) / r - 1) / r²} in r². */
  private static final double[] SIN = {-0x1.555546p-3, 0x1.110774p-7, -0x1.9951fap-13};

  /** {@code (cos(r) - 1 + r²/2) / r⁴} in r². */
  private static final double[] COS = {0x1.55554ap-5, -0x1.6c0c28p-10, 0x1.99e816p-16};

  /**
   * {@code (tan(r) / r - 1) / r²} in r², for |r| up to 0.87: 2/π is rounded, and so turns of large
   * arguments are not always the nearest.
   */
  private static final double[] TAN = {
    0x1.55554ep-2,
    0x1.11137ap-3,
    0x1.b99216p-5,
    0x1.6da59p-6,
    0x1.d7bb4ap-8,
    0x1.d1cc1cp-8,
    -0x1.59815ap-9,
    0x1.73dc5ep-9
  };

  private Circular() {}

  private static Expr c(Expr like, double value) {
    return Exprs.constant(like.type(), value);
  }

  static Expr sin(BodyBuilder b, Expr x) {
    return b.let("sin", quarterTurns(b, x, 0));
  }

  static Expr cos(BodyBuilder b, Expr x) {
    return b.let("cos", quarterTurns(b, x, 1));
  }

  /** {@code sin(x + quarters π/2)}. */
  private static Expr quarterTurns(BodyBuilder b, Expr x, int quarters) {
    Expr value = b.let(x);
    Type type = value.type();
    Type ints = type.as(ScalarType.I32);
    Expr shifted = shifted(b, value);
    Expr turns = b.let("turns", shifted.minus(ROUNDER));
    Expr r = value;
    for (double part : HALF_PI) {
      r = turns.fma(Exprs.constant(type, -part), r);
    }
    Expr.Read rest = b.variable("r", r);
    Expr.Read count = b.variable("count", Polynomials.bits(shifted));
    LargeAngles.reduce(b, value, count, rest, Optional.empty());
    Expr square = b.let("square", rest.times(rest));
    // The sum with zero is positive where the square is zero: a zero keeps its sign.
    Expr sin = Polynomials.of(square, SIN).fma(square, c(value, 0)).fma(rest, rest);
    Expr half = square.fma(Exprs.constant(type, -0.5), Exprs.constant(type, 1));
    Expr cos = Polynomials.of(square, COS).fma(square.times(square), half);
    Expr quadrant = b.let("quadrant", count.plus(quarters));
    Expr sign = Exprs.shl(Exprs.and(quadrant, Exprs.integer(ints, 2)), 30);
    Expr unsigned = Exprs.select(isOdd(quadrant), cos, sin);
    return Exprs.bitcast(ScalarType.F32, Exprs.xor(Polynomials.bits(unsigned), sign));
  }

  /** The number of quarter turns, in the last bits. */
  private static Expr shifted(BodyBuilder b, Expr x) {
    Type type = x.type();
    return b.let(
        "shifted", x.fma(Exprs.constant(type, 2 / Math.PI), Exprs.constant(type, ROUNDER)));
  }

  private static Expr isOdd(Expr bits) {
    Expr last = Exprs.and(bits, Exprs.integer(bits.type(), 1));
    return last.ne(Exprs.integer(bits.type(), 0));
  }

  /**
   * {@code tan(r)}, or {@code -1 / tan(r)} after an odd number of quarter turns; r and its tangent
   * are sums of two numbers, so that the error is at most 1.3 ulp.
   */
  static Expr tan(BodyBuilder b, Expr x) {
    Expr value = b.let(x);
    Expr shifted = shifted(b, value);
    Expr turns = b.let("turns", shifted.minus(ROUNDER));
    Expr near = b.let("near", turns.fma(c(value, -HALF_PI[0]), value));
    Expr part = b.let("part", turns.times(-HALF_PI[1]));
    Expr.Read r = b.variable("r", near.plus(part));
    Expr lost = near.minus(r).plus(part).plus(turns.fma(c(value, -HALF_PI[1]), part.neg()));
    lost = turns.fma(c(value, -HALF_PI[2]), lost);
    Expr.Read low = b.variable("low", lost);
    Expr.Read count = b.variable("count", Polynomials.bits(shifted));
    LargeAngles.reduce(b, value, count, r, Optional.of(low));
    Expr square = b.let("square", r.times(r));
    Expr tail = Polynomials.of(square, TAN).fma(r.times(square), square.fma(low, low));
    tail = b.let("tail", tail);
    Expr tan = b.let("tan", r.plus(tail));
    Expr inverse = b.let("inverse", c(value, -1).div(tan));
    Expr rounding = tail.minus(tan.minus(r));
    Expr missing = inverse.fma(rounding, inverse.fma(tan, c(value, 1)));
    Expr cotangent = missing.fma(inverse, inverse);
    Expr result = Exprs.select(isOdd(count), cotangent, tan);
    return b.let("tan", Exprs.select(value.eq(c(value, 0)), value, result));
  }
}
