package fluidml.loop.math;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;

/**
 * Inverse hyperbolic functions in F32: logarithms of sums that keep what their rounding loses, and
 * odd polynomials near zero. The error of {@link #asinh} is at most 1.4 ulp, of {@link #acosh} 1.9,
 * of {@link #atanh} 1.1.
 */
final class InverseHyperbolic {
  /** {@code (asinh(x) / x - 1) / x²} in x², for |x| up to 0.625. */
  private static final double[] ASINH = {
    -0x1.555542p-3, 0x1.332b6ap-4, -0x1.6ca898p-5, 0x1.e0906ep-6, -0x1.245d8ep-6, 0x1.b47ebp-8
  };

  /** {@code (atanh(x) / x - 1) / x²} in x², for |x| up to ½. */
  private static final double[] ATANH = {
    0x1.55554p-2, 0x1.99a678p-3, 0x1.234d64p-3, 0x1.e403c8p-4, 0x1.a69e52p-5, 0x1.694492p-3
  };

  /** From here on {@code √(x² ± 1)} is x, as far as the logarithm is concerned. */
  private static final double LARGE = 0x1p12;

  private InverseHyperbolic() {}

  private static Expr c(Expr like, double value) {
    return Exprs.constant(like.type(), value);
  }

  /** {@code log(|x| + √(x² + 1))} with the sign of x. */
  static Expr asinh(BodyBuilder b, Expr x) {
    Expr value = b.let(x);
    Expr magnitude = b.let("magnitude", value.abs());
    Expr root = b.let("root", Exprs.sqrt(magnitude.fma(magnitude, c(value, 1))));
    Expr sum = b.let("sum", magnitude.plus(root));
    Expr log = logOfSum(b, magnitude, sum, magnitude.minus(sum.minus(root)));
    Expr near = near(b, magnitude, ASINH);
    Expr size = Exprs.select(magnitude.lt(c(value, 0.625)), near, log);
    return b.let("asinh", Polynomials.withSign(size, value));
  }

  /** {@code log(1 + t + √(t² + 2t))} with {@code t = x - 1}. */
  static Expr acosh(BodyBuilder b, Expr x) {
    Expr value = b.let(x);
    Expr t = b.let("t", value.minus(1));
    Expr root = b.let("root", Exprs.sqrt(t.fma(t, t.plus(t))));
    Expr increase = b.let("increase", t.plus(root));
    Expr sum = b.let("sum", increase.plus(1));
    Expr lost = t.minus(increase.minus(root)).plus(increase.minus(sum.minus(1)));
    Expr log = logOfSum(b, value, sum, lost);
    return b.let("acosh", Exprs.select(value.lt(c(value, 1)), c(value, Double.NaN), log));
  }

  /** {@code log(sum + lost)}, or {@code log(2x)} where x is large. */
  private static Expr logOfSum(BodyBuilder b, Expr x, Expr sum, Expr lost) {
    Expr large = b.let("large", x.gt(c(x, LARGE)));
    Expr zero = c(x, 0);
    Expr high = Exprs.select(large, x, sum);
    Expr log = Logarithms.log(b, high, Exprs.select(large, zero, lost));
    return log.plus(Exprs.select(large, c(x, Math.log(2)), zero));
  }

  /** {@code ½ log(1 + 2x / (1 - x))}. */
  static Expr atanh(BodyBuilder b, Expr x) {
    Expr value = b.let(x);
    Expr magnitude = b.let("magnitude", value.abs());
    Expr twice = magnitude.plus(magnitude).div(c(value, 1).minus(magnitude));
    Expr far = Logarithms.log1p(b, twice).times(0.5);
    Expr near = near(b, magnitude, ATANH);
    Expr size = Exprs.select(magnitude.lt(c(value, 0.5)), near, far);
    return b.let("atanh", Polynomials.withSign(size, value));
  }

  /** {@code x + x³ p(x²)}. */
  private static Expr near(BodyBuilder b, Expr x, double[] p) {
    Expr square = b.let("square", x.times(x));
    return Polynomials.of(square, p).times(square).fma(x, x);
  }
}
