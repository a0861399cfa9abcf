package fluidml.emit.jvm;

import static fluidml.loop.Exprs.and;
import static fluidml.loop.Exprs.bitcast;
import static fluidml.loop.Exprs.constant;
import static fluidml.loop.Exprs.integer;
import static fluidml.loop.Exprs.or;
import static fluidml.loop.Exprs.select;
import static fluidml.loop.Exprs.shl;
import static fluidml.loop.Exprs.shr;
import static fluidml.loop.Exprs.ushr;

import fluidml.loop.Expr;
import fluidml.loop.ScalarType;
import fluidml.loop.Type;
import fluidml.loop.UnaryOp;
import java.util.function.UnaryOperator;

/**
 * Operations that the Vector API lacks, as expressions. Operands that are used twice must be cheap
 * to read again; {@code let} puts an intermediate in a register.
 */
final class Expansions {
  private Expansions() {}

  /**
   * Rounding of floats to whole floats. Adding and subtracting a power of two that has no fraction
   * bits rounds to nearest even; larger magnitudes, infinities and NaN are whole already.
   */
  static Expr round(UnaryOp op, Expr x, UnaryOperator<Expr> let) {
    Type type = x.type();
    boolean single = type.scalar() == ScalarType.F32;
    Expr limit = constant(type, single ? 0x1p23 : 0x1p52);
    Expr magnitude = let.apply(x.abs());
    Expr nearest = let.apply(magnitude.plus(limit).minus(limit));
    Expr small = magnitude.lt(limit);
    return switch (op) {
      case ROUND_EVEN -> select(small, withSign(nearest, x), x);
      case TRUNC -> select(small, withSign(down(nearest, magnitude), x), x);
      case FLOOR -> {
        Expr signed = let.apply(withSign(nearest, x));
        yield select(small, down(signed, x), x);
      }
      case CEIL -> {
        Expr signed = let.apply(withSign(nearest, x));
        Expr up = select(signed.lt(x), signed.plus(1), signed);
        yield select(small, withSign(up.abs(), x), x);
      }
      case NEG, ABS, SQRT, NOT -> throw new IllegalStateException("not a rounding: " + op);
    };
  }

  private static Expr down(Expr rounded, Expr x) {
    return select(rounded.gt(x), rounded.minus(1), rounded);
  }

  /**
   * The magnitude of a number that is not negative, or of the same sign as {@code x}, with its
   * sign.
   */
  private static Expr withSign(Expr value, Expr x) {
    boolean single = x.type().scalar() == ScalarType.F32;
    ScalarType bits = single ? ScalarType.I32 : ScalarType.I64;
    Expr sign = integer(x.type().as(bits), single ? Integer.MIN_VALUE : Long.MIN_VALUE);
    return bitcast(x.type().scalar(), or(and(bitcast(bits, x), sign), bitcast(bits, value)));
  }

  /** BFLOAT16 bits, zero-extended in I32, as F32. */
  static Expr fromBfloat16(Expr bits) {
    return bitcast(ScalarType.F32, shl(bits, 16));
  }

  /** F32 as BFLOAT16 bits in the low half of I32: round to nearest even, NaN stays NaN. */
  static Expr toBfloat16(Expr x, UnaryOperator<Expr> let) {
    Expr bits = let.apply(bitcast(ScalarType.I32, x));
    Type type = bits.type();
    Expr odd = and(ushr(bits, 16), integer(type, 1));
    Expr rounded = ushr(bits.plus(odd).plus(integer(type, 0x7fff)), 16);
    Expr quiet = or(ushr(bits, 16), integer(type, 0x40));
    return select(isNan(bits), quiet, rounded);
  }

  private static Expr isNan(Expr bits) {
    Type type = bits.type();
    return and(bits, integer(type, 0x7fffffff)).gt(integer(type, 0x7f800000));
  }

  /**
   * FLOAT16 bits, zero-extended in I32, as F32. Scaling by a power of two renormalises denormals.
   */
  static Expr fromFloat16(Expr bits, UnaryOperator<Expr> let) {
    Type type = bits.type();
    Expr magnitude = let.apply(and(bits, integer(type, 0x7fff)));
    Expr scaled = bitcast(ScalarType.F32, shl(magnitude, 13)).times(0x1p112);
    Expr special = or(shl(magnitude, 13), integer(type, 0x7f800000));
    Expr finite = magnitude.lt(integer(type, 0x7c00));
    Expr sign = shl(and(bits, integer(type, 0x8000)), 16);
    Expr value = select(finite, bitcast(ScalarType.I32, scaled), special);
    return bitcast(ScalarType.F32, or(value, sign));
  }

  /**
   * F32 as FLOAT16 bits in the low half of I32: round to nearest even, overflow to infinity, NaN
   * stays NaN. Results below the normal range are rounded by an addition that aligns their last
   * bit.
   */
  static Expr toFloat16(Expr x, UnaryOperator<Expr> let) {
    Expr bits = let.apply(bitcast(ScalarType.I32, x));
    Type type = bits.type();
    Expr magnitude = let.apply(and(bits, integer(type, 0x7fffffff)));
    Expr odd = and(ushr(magnitude, 13), integer(type, 1));
    Expr normal = ushr(magnitude.plus(odd).plus(integer(type, 0xfff - (112 << 23))), 13);
    Expr aligned = bitcast(ScalarType.F32, magnitude).plus(0.5);
    Expr tiny = bitcast(ScalarType.I32, aligned).minus(integer(type, 126 << 23));
    Expr isTiny = magnitude.lt(integer(type, 113 << 23));
    Expr isHuge = magnitude.ge(integer(type, 143 << 23));
    Expr special =
        select(
            magnitude.gt(integer(type, 0x7f800000)), integer(type, 0x7e00), integer(type, 0x7c00));
    Expr unsigned = select(isHuge, special, select(isTiny, tiny, normal));
    return or(unsigned, and(ushr(bits, 16), integer(type, 0x8000)));
  }

  /** The low {@code bits} bits of an I32, sign-extended. */
  static Expr signExtend(Expr x, int bits) {
    return shr(shl(x, 32 - bits), 32 - bits);
  }
}
