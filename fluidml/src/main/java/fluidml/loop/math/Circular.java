package fluidml.loop.math;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.ScalarType;
import fluidml.loop.Type;

/**
 * Sine and cosine in F32. The nearest multiple of π/2 is subtracted in four parts with fused
 * operations, so results are good for magnitudes up to 2²¹; beyond, the absolute error grows up to
 * 1.
 */
final class Circular {
  private static final float ROUNDER = 0x1.8p23f;
  private static final double[] HALF_PI = {
    0x1.921fb6p+0, -0x1.777a5cp-25, -0x1.ee59dap-50, 0x1.98a2e0p-77
  };

  /** {@code (sin(r) / r - 1) / r²} in r². */
  private static final double[] SIN = {-0x1.555546p-3, 0x1.110774p-7, -0x1.9951fap-13};

  /** {@code (cos(r) - 1 + r²/2) / r⁴} in r². */
  private static final double[] COS = {0x1.55554ap-5, -0x1.6c0c28p-10, 0x1.99e816p-16};

  private Circular() {}

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
    Expr shifted =
        b.let(
            "shifted", value.fma(Exprs.constant(type, 2 / Math.PI), Exprs.constant(type, ROUNDER)));
    Expr turns = b.let("turns", shifted.minus(ROUNDER));
    Expr r = value;
    for (double part : HALF_PI) {
      r = turns.fma(Exprs.constant(type, -part), r);
    }
    r = b.let("r", r);
    Expr square = b.let("square", r.times(r));
    Expr sin = Polynomials.of(square, SIN).times(square).fma(r, r);
    Expr half = square.fma(Exprs.constant(type, -0.5), Exprs.constant(type, 1));
    Expr cos = Polynomials.of(square, COS).fma(square.times(square), half);
    Expr quadrant = b.let("quadrant", Polynomials.bits(shifted).plus(quarters));
    Expr odd = Exprs.and(quadrant, Exprs.integer(ints, 1)).ne(Exprs.integer(ints, 0));
    Expr sign = Exprs.shl(Exprs.and(quadrant, Exprs.integer(ints, 2)), 30);
    Expr unsigned = Exprs.select(odd, cos, sin);
    return Exprs.bitcast(ScalarType.F32, Exprs.xor(Polynomials.bits(unsigned), sign));
  }
}
