package fluidml.loop.math;

import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.ScalarType;

/** Polynomials by Horner's rule. */
final class Polynomials {
  private Polynomials() {}

  /** {@code c[0] + c[1] x + c[2] x² + …}, one fused operation per degree. */
  static Expr of(Expr x, double... c) {
    Expr sum = Exprs.constant(x.type(), c[c.length - 1]);
    for (int i = c.length - 2; i >= 0; i--) {
      sum = sum.fma(x, Exprs.constant(x.type(), c[i]));
    }
    return sum;
  }

  /** The magnitude of {@code value} with the sign of {@code x}, both F32. */
  static Expr withSign(Expr value, Expr x) {
    Expr signBit = Exprs.integer(x.type().as(ScalarType.I32), Integer.MIN_VALUE);
    Expr sign = Exprs.and(bits(x), signBit);
    Expr magnitude = Exprs.and(bits(value), Exprs.not(signBit));
    return Exprs.bitcast(ScalarType.F32, Exprs.or(sign, magnitude));
  }

  /** The bits of an F32. */
  static Expr bits(Expr x) {
    return Exprs.bitcast(ScalarType.I32, x);
  }
}
