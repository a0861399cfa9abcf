package fluidml.loop.math;

import fluidml.loop.BinaryOp;
import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.ScalarType;
import fluidml.loop.Type;
import java.util.Optional;

/** Logarithms in F32: {@code log x = e ln 2 + log(1 + f)} with {@code 1 + f} in [√½, √2). */
final class Logarithms {
  private static final double LN2_HIGH = 0x1.62ep-1;
  private static final double LN2_LOW = 0x1.0bfbe8p-15;

  /** Bits of √½. */
  private static final int ROOT_HALF = 0x3f3504f3;

  /** {@code (log(1+f) - f + f²/2) / f³}. */
  private static final double[] TAIL = {
    0x1.555548p-2,
    -0x1.000006p-2,
    0x1.99a476p-3,
    -0x1.555c46p-3,
    0x1.233ba6p-3,
    -0x1.fc287ap-4,
    0x1.e6bf66p-4,
    -0x1.de0366p-4,
    0x1.147682p-4
  };

  private Logarithms() {}

  private static Expr c(Expr like, double value) {
    return Exprs.constant(like.type(), value);
  }

  static Expr log(BodyBuilder b, Expr x) {
    return log(b, x, Optional.empty());
  }

  /**
   * {@code log(x + lost)}.
   *
   * @param x at least 2⁻²⁴, or zero or negative for an undefined result
   * @param lost what the rounding of x lost
   */
  static Expr log(BodyBuilder b, Expr x, Expr lost) {
    return log(b, x, Optional.of(lost));
  }

  private static Expr log(BodyBuilder b, Expr x, Optional<Expr> lost) {
    Expr value = b.let(x);
    Type ints = value.type().as(ScalarType.I32);
    Expr tiny = b.let("tiny", value.lt(c(value, 0x1p-126)));
    Expr scaled = Exprs.select(tiny, value.times(0x1p23), value);
    Expr offset = b.let("offset", Polynomials.bits(scaled).minus(Exprs.integer(ints, ROOT_HALF)));
    Expr shift = Exprs.select(tiny, Exprs.integer(ints, -23), Exprs.integer(ints, 0));
    Expr exponent = b.let("exponent", Exprs.shr(offset, 23).plus(shift));
    Expr e = b.let("e", Exprs.convert(ScalarType.F32, exponent));
    Expr mantissa =
        Exprs.and(offset, Exprs.integer(ints, 0x7fffff)).plus(Exprs.integer(ints, ROOT_HALF));
    Expr rounded = b.let("rounded", Exprs.bitcast(ScalarType.F32, mantissa).minus(1));
    Optional<Expr> more = lost.map(l -> b.let("more", l.times(inversePower(exponent))));
    Expr f = b.let("f", more.map(rounded::plus).orElse(rounded));
    Expr square = b.let("ff", f.times(f));
    Expr cube = b.let("fff", square.times(f));
    Expr series = Polynomials.of(f, TAIL);
    Expr tail =
        more.map(m -> series.fma(cube, m.minus(f.minus(rounded)))).orElse(series.times(cube));
    Expr low = b.let("low", square.fma(c(f, -0.5), e.fma(c(f, LN2_LOW), tail)));
    Expr finite = e.fma(c(f, LN2_HIGH), f.plus(low));
    Expr zero = c(value, 0);
    Expr special =
        Exprs.select(value.eq(zero), c(value, Double.NEGATIVE_INFINITY), c(value, Double.NaN));
    Expr infinite = c(value, Double.POSITIVE_INFINITY);
    Expr upper = Exprs.select(value.lt(infinite), finite, value);
    return b.let("log", Exprs.select(value.le(zero), special, upper));
  }

  /** {@code 2^-n} for n over -128; where that is below the normal range, zero. */
  private static Expr inversePower(Expr n) {
    Expr stored = Exprs.integer(n.type(), 127).minus(n);
    Expr normal = Exprs.binary(BinaryOp.MAX, stored, Exprs.integer(n.type(), 0));
    return Exprs.bitcast(ScalarType.F32, Exprs.shl(normal, 23));
  }

  /** {@code log(1 + x)}: what rounding {@code 1 + x} loses is added again. */
  static Expr log1p(BodyBuilder b, Expr x) {
    Expr value = b.let(x);
    Expr u = b.let("u", value.plus(1));
    Expr log = log(b, u, value.minus(u.minus(1)));
    return b.let("log1p", Exprs.select(value.eq(c(value, 0)), value, log));
  }
}
