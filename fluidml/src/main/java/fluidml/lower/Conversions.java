package fluidml.lower;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.ScalarType;
import fluidml.tensor.DType;
import java.util.Optional;

/**
 * Registers are wider than some element types. These functions keep a register's value to what its
 * element type can hold, and convert between element types as ONNX's Cast does.
 */
final class Conversions {
  private static final long SIGN = Long.MIN_VALUE;

  private Conversions() {}

  /**
   * The nearest value that the element type holds: integers wrap, 16-bit floats round to nearest
   * even.
   */
  static Expr fit(BodyBuilder body, DType dtype, Expr x) {
    return switch (dtype) {
      case INT8 -> Exprs.shr(Exprs.shl(x, 24), 24);
      case INT16 -> Exprs.shr(Exprs.shl(x, 16), 16);
      case UINT8 -> Exprs.and(x, Exprs.integer(x.type(), 0xff));
      case UINT16 -> Exprs.and(x, Exprs.integer(x.type(), 0xffff));
      case UINT32 -> Exprs.and(x, Exprs.integer(x.type(), 0xffffffffL));
      case FLOAT16 -> roundToHalf(body, x);
      case BFLOAT16 -> roundToBrain(body, x);
      default -> x;
    };
  }

  private static Expr roundToBrain(BodyBuilder body, Expr value) {
    Expr x = body.let("v", value);
    return Exprs.select(x.ne(x), x, roundedBits(body, x, 16));
  }

  private static Expr roundToHalf(BodyBuilder body, Expr value) {
    Expr x = body.let("v", value);
    Expr a = body.let("a", x.abs());
    Expr half = Exprs.constant(x.type(), 0.5);
    // Below 2⁻¹⁴ halves are multiples of 2⁻²⁴, the distance of floats around 0.5.
    Expr tiny = a.plus(half).minus(half);
    Expr infinite = Exprs.constant(x.type(), Double.POSITIVE_INFINITY);
    Expr normal =
        Exprs.select(a.ge(Exprs.constant(x.type(), 65520)), infinite, roundedBits(body, a, 13));
    Expr magnitude =
        body.let("h", Exprs.select(a.lt(Exprs.constant(x.type(), 0x1p-14)), tiny, normal));
    Expr signed = Exprs.select(x.lt(Exprs.constant(x.type(), 0)), magnitude.neg(), magnitude);
    return Exprs.select(x.ne(x), x, signed);
  }

  /** An F32 without its {@code drop} lowest bits, rounded to nearest even. */
  private static Expr roundedBits(BodyBuilder body, Expr x, int drop) {
    Expr bits = body.let("i", Exprs.bitcast(ScalarType.I32, x));
    Expr odd = Exprs.and(Exprs.shr(bits, drop), Exprs.integer(bits.type(), 1));
    Expr up = bits.plus(odd).plus(Exprs.integer(bits.type(), (1L << (drop - 1)) - 1));
    return Exprs.bitcast(ScalarType.F32, Exprs.and(up, Exprs.integer(bits.type(), -(1L << drop))));
  }

  /**
   * A value of type {@code from} as type {@code to}: floats truncate to integers, integers keep
   * their low bits, everything but 0 is true. Values a type cannot hold give what Java's casts
   * give.
   */
  static Expr cast(BodyBuilder body, DType from, DType to, Expr value) {
    return from == to ? value : fit(body, to, unfittedCast(body, from, to, value));
  }

  /** The same, in a register of type {@code to}; what it cannot hold is still there. */
  static Expr unfittedCast(BodyBuilder body, DType from, DType to, Expr value) {
    ScalarType target = Exprs.registerType(to);
    if (from == to) {
      return value;
    }
    if (from == DType.UINT64 && to.isFloat()) {
      Expr x = body.let("u", value);
      Expr half = Exprs.or(Exprs.ushr(x, 1), Exprs.and(x, Exprs.integer(x.type(), 1)));
      Expr large = Exprs.convert(target, half).times(2);
      Expr zero = Exprs.integer(x.type(), 0);
      return Exprs.select(x.lt(zero), large, Exprs.convert(target, x));
    }
    if (from.isFloat() && to == DType.UINT64) {
      Expr x = body.let("u", value);
      Expr bound = Exprs.constant(x.type(), 0x1p63);
      Expr large = Exprs.convert(target, x.minus(bound));
      Expr shifted = large.plus(Exprs.integer(large.type(), SIGN));
      return Exprs.select(x.ge(bound), shifted, Exprs.convert(target, x));
    }
    return Exprs.convert(target, value);
  }

  /** Whether {@link #bits} can look at the bits of one type as another. */
  static Optional<String> bitsRefusal(DType from, DType to) {
    boolean halves = from.bits() == 16 && (from.isFloat() || to.isFloat()) && from != to;
    boolean bool = (from == DType.BOOL) != (to == DType.BOOL);
    return halves || bool ? Optional.of("bits of " + from + " as " + to) : Optional.empty();
  }

  /** The bits of a value of type {@code from} as type {@code to} of the same width. */
  static Expr bits(BodyBuilder body, DType from, DType to, Expr value) {
    ScalarType target = Exprs.registerType(to);
    if (from.isFloat() == to.isFloat()) {
      return from.isFloat() ? value : fit(body, to, Exprs.convert(target, value));
    }
    if (from.isFloat()) {
      ScalarType integer = from == DType.FLOAT64 ? ScalarType.I64 : ScalarType.I32;
      return fit(body, to, Exprs.convert(target, Exprs.bitcast(integer, value)));
    }
    ScalarType integer = to == DType.FLOAT64 ? ScalarType.I64 : ScalarType.I32;
    return Exprs.bitcast(target, Exprs.convert(integer, value));
  }
}
