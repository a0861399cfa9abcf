package fluidml.loop.math;

import fluidml.loop.BinaryOp;
import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.ScalarType;

/**
 * Hyperbolic sine and cosine in F32. With {@code |x| = n ln 2 + r} and the powers of two {@code u =
 * 2ⁿ} and {@code d = 2⁻ⁿ} they are {@code ½(u - d) cosh(r) + ½(u + d) sinh(r)} and {@code ½(u + d)
 * cosh(r) + ½(u - d) sinh(r)}. The error of {@link #sinh} is at most 1.9 ulp, of {@link #cosh} 1.5.
 */
final class Hyperbolic {
  /** {@code (sinh(r) / r - 1) / r²} in r², for |r| up to ½ ln 2. */
  private static final double[] SINH = {0x1.555556p-3, 0x1.110fbep-7, 0x1.a2e288p-13};

  /** {@code (cosh(r) - 1) / r²} in r², for |r| up to ½ ln 2. */
  private static final double[] COSH = {0x1.0p-1, 0x1.5554e4p-5, 0x1.6d51dap-10};

  /** Results of this magnitude and beyond are infinite. */
  private static final double INFINITE = 89.5;

  /** Stored exponent of ¼: quarters of powers of two do not overflow before the results do. */
  private static final int QUARTER = 125;

  private Hyperbolic() {}

  private static Expr c(Expr like, double value) {
    return Exprs.constant(like.type(), value);
  }

  static Expr sinh(BodyBuilder b, Expr x) {
    Expr value = b.let(x);
    Expr magnitude = b.let("magnitude", value.abs());
    Parts p = parts(b, magnitude);
    Expr inner = p.difference().fma(p.cosh(), p.sum().times(p.sinh()));
    Expr half = b.let("half", p.difference().plus(inner));
    Expr far = Polynomials.withSign(half.plus(half), value);
    return b.let("sinh", Exprs.select(magnitude.lt(c(value, 0x1p-13)), value, far));
  }

  static Expr cosh(BodyBuilder b, Expr x) {
    Parts p = parts(b, b.let("magnitude", x.abs()));
    Expr inner = p.sum().fma(p.cosh(), p.difference().times(p.sinh()));
    Expr half = b.let("half", p.up().plus(p.down().plus(inner)));
    return b.let("cosh", half.plus(half));
  }

  /**
   * Of an argument {@code n ln 2 + r}.
   *
   * @param up {@code 2ⁿ / 4}
   * @param down {@code 2⁻ⁿ / 4}
   * @param sum {@code up + down}
   * @param difference {@code up - down}
   * @param sinh {@code sinh(r)}
   * @param cosh {@code cosh(r) - 1}
   */
  private record Parts(Expr up, Expr down, Expr sum, Expr difference, Expr sinh, Expr cosh) {}

  private static Parts parts(BodyBuilder b, Expr magnitude) {
    Expr clamped = b.let("clamped", Exprs.quickMin(c(magnitude, INFINITE), magnitude));
    Exponentials.Remainder left =
        Exponentials.remainder(b, clamped, 1, Exponentials.ROUNDER + QUARTER);
    Expr exponent = b.let("exponent", Exprs.shl(Polynomials.bits(left.shifted()), 23));
    Expr opposite = Exprs.integer(exponent.type(), (2L * QUARTER) << 23).minus(exponent);
    // negative: less than the smallest normal number
    Expr tiny = Exprs.binary(BinaryOp.MAX, opposite, Exprs.integer(exponent.type(), 0));
    Expr up = b.let("up", Exprs.bitcast(ScalarType.F32, exponent));
    Expr down = b.let("down", Exprs.bitcast(ScalarType.F32, tiny));
    Expr square = b.let("square", left.r().times(left.r()));
    Expr sinh = Polynomials.of(square, SINH).fma(left.r().times(square), left.r());
    Expr cosh = Polynomials.of(square, COSH).times(square);
    return new Parts(
        up, down, b.let("sum", up.plus(down)), b.let("difference", up.minus(down)), sinh, cosh);
  }
}
