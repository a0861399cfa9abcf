package fluidml.loop.math;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.MathFunction;

/**
 * The error function: odd polynomials near zero, {@code 1 - e^-p(|x|)} with {@code p} fitted to
 * {@code -log erfc} further out.
 */
final class ErrorFunctions {
  /** {@code erf(x) / x - 1} in x². */
  private static final double[] SMALL = {
    0x1.06eba6p-3, -0x1.8126e2p-2, 0x1.ce1986p-4, -0x1.b67c04p-6, 0x1.46d9e2p-8, -0x1.38741cp-11
  };

  /** {@code -log(erfc(x))}, from 0.92 to 4. */
  private static final double[] LARGE = {
    0x1.9a57a8p-13,
    0x1.20af5ap+0,
    0x1.463cc0p-1,
    0x1.a9b424p-4,
    -0x1.6c2a3ep-6,
    0x1.8ee08ap-9,
    -0x1.9ae67p-13
  };

  /**
   * {@code -log2(Φ(-a))} with Φ of the normal distribution, fitted from 0 to 5.8 so that Φ has an
   * absolute error of 3e-8; it grows on to 127.
   */
  private static final double[] NORMAL_TAIL = {
    1,
    1.151104242150376,
    0.45921692851431584,
    0.0524767391354389,
    -0.007053647239935649,
    0.00014797177666508397,
    0.0001725099547836025,
    -3.434030713101844e-05,
    2.2169291145600826e-06
  };

  /** Where {@link #NORMAL_TAIL} is 127, for which the power of two is stored as zero. */
  private static final double NORMAL_ZERO = 10.4;

  /** {@code -2^-s} for |s| up to 0.5. */
  private static final double[] NEGATIVE_POWER = {
    -1, 0x1.62e43p-1, -0x1.ebfbdcp-3, 0x1.c6aee6p-5, -0x1.3b2d5p-7, 0x1.5f3f3p-10, -0x1.41fb2ep-13
  };

  /** {@code erf(x) / x} in {@code 2 x² - 1}, for |x| up to 1. */
  private static final double[] SMALL_F64 = {
    0.9654687386698673,
    -0.1405360890227171,
    0.019852496688983708,
    -0.0022854855611441132,
    0.00021751715604159932,
    -1.7537169441124866e-05,
    1.223382738359897e-06,
    -7.511569286591727e-08,
    4.115800583208149e-09,
    -2.035228405815769e-10,
    9.167619596865806e-12,
    -3.8078824063194953e-13,
    1.4543887079465116e-14
  };

  /** {@code -log(erfc(x))} in {@code (x - 1.75) / 0.75}, from 1 to 2.5. */
  private static final double[] MIDDLE_F64 = {
    4.317863525433222,
    2.9697081756100614,
    0.5118413436544144,
    0.008664823286005638,
    -0.0014633569156604685,
    0.00022878512860644658,
    -3.106135597007542e-05,
    3.169102833468906e-06,
    -8.284538417906188e-08,
    -6.689007073311063e-08,
    2.26340535743222e-08,
    -4.777014495154488e-09,
    7.309100919071604e-10,
    -6.800017089297162e-11,
    -4.1872034629821604e-12,
    4.586386562635802e-12,
    -1.1424300816556865e-12
  };

  /** {@code -log(erfc(x))} in {@code (x - 4.25) / 1.75}, from 2.5 to 6. */
  private static final double[] FAR_F64 = {
    20.107769901469986,
    15.26660750216324,
    2.989259015188096,
    0.017491629510699564,
    -0.004506833723867729,
    0.0011879762323830348,
    -0.0003124862099776561,
    8.07637995399996e-05,
    -2.0242007469467685e-05,
    4.852267606489833e-06,
    -1.100955503808787e-06,
    2.2646981512260376e-07,
    -3.0786274738839566e-08,
    -1.9506157255063214e-10
  };

  private ErrorFunctions() {}

  private static Expr c(Expr like, double value) {
    return Exprs.constant(like.type(), value);
  }

  static Expr erf(BodyBuilder b, Expr x) {
    Expr value = b.let(x);
    Expr magnitude = b.let("magnitude", value.abs());
    Expr clamped = b.let(Exprs.quickMin(c(value, 4), magnitude));
    Expr complement = Exponentials.expOfNegative(b, Polynomials.of(clamped, LARGE).neg());
    Expr large = Polynomials.withSign(c(value, 1).minus(complement), value);
    Expr square = b.let("square", value.times(value));
    Expr small = Polynomials.of(square, SMALL).fma(value, value);
    return b.let("erf", Exprs.select(magnitude.lt(c(value, 0.925)), small, large));
  }

  /**
   * {@code x Φ(x)} as {@code max(x, 0) - |x| Φ(-|x|)}: a third fewer operations than by {@link
   * #erf}, and nothing cancels where x is negative.
   */
  static Expr gelu(BodyBuilder b, Expr x) {
    Expr value = b.let(x);
    Expr magnitude = b.let(value.abs());
    Expr a = b.let("a", Exprs.quickMin(c(value, NORMAL_ZERO), magnitude));
    Expr log = b.let("log", Polynomials.of(a, NORMAL_TAIL));
    Expr shifted = b.let("shifted", c(value, Exponentials.BIASED_ROUNDER).minus(log));
    Expr rest = b.let("rest", log.plus(shifted.minus(Exponentials.BIASED_ROUNDER)));
    Expr power = Exponentials.storedPower(shifted);
    Expr tail = Polynomials.of(rest, NEGATIVE_POWER).times(power);
    Expr positive = Exprs.quickMax(value, c(value, 0));
    return b.let("gelu", tail.fma(a, positive));
  }

  /** For F64 scalars. */
  static Expr geluF64(BodyBuilder b, Expr x) {
    Expr value = b.let(x);
    Expr half = b.let(value.times(0.5));
    return half.fma(erfF64(b, b.let(value.times(Math.sqrt(0.5)))), half);
  }

  /** For F64 scalars; absolute error below 1e-15, by interpolation at Chebyshev nodes. */
  static Expr erfF64(BodyBuilder b, Expr x) {
    Expr value = b.let(x);
    Expr magnitude = b.let("magnitude", value.abs());
    Expr t = b.let(Exprs.quickMin(c(value, 6), magnitude));
    Expr middle = Polynomials.of(b.let(t.minus(1.75).div(0.75)), MIDDLE_F64);
    Expr far = Polynomials.of(b.let(t.minus(4.25).div(1.75)), FAR_F64);
    Expr log = Exprs.select(t.lt(c(t, 2.5)), middle, far);
    Expr large = c(t, 1).minus(Exprs.intrinsic(MathFunction.EXP, log.neg()));
    Expr signed = Exprs.select(value.lt(c(value, 0)), large.neg(), large);
    Expr square = value.times(value);
    Expr small = Polynomials.of(b.let(square.plus(square).minus(1)), SMALL_F64).times(value);
    return b.let("erf", Exprs.select(magnitude.lt(c(value, 1)), small, signed));
  }
}
