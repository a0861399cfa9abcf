package fluidml.lower;

import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.loop.BinaryOp;
import fluidml.loop.BodyBuilder;
import fluidml.loop.CompareOp;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.MathFunction;
import fluidml.loop.ScalarType;
import fluidml.tensor.DType;
import java.util.Optional;

/**
 * Functions of two integers. Registers hold narrow types sign- or zero-extended and uint64 as its
 * bits; results may need {@link Conversions#fit}.
 */
final class IntegerFunctions {
  private IntegerFunctions() {}

  /** Why a function cannot be computed on an integer type, if it cannot. */
  static Optional<String> refusal(BinaryFunction function, DType dtype) {
    return switch (function) {
      case SHIFT_RIGHT ->
          dtype.kind() == DType.Kind.SIGNED
              ? Optional.of("a logical shift of " + dtype)
              : Optional.empty();
      case POW -> dtype == DType.UINT64 ? Optional.of("a power of " + dtype) : Optional.empty();
      case AND, OR, XOR -> Optional.of(function + " of " + dtype);
      default -> Optional.empty();
    };
  }

  /** Whether vectors of integers lack the function. */
  static boolean isScalarOnly(BinaryFunction function) {
    return switch (function) {
      case DIV, MOD, FMOD, POW, SHIFT_LEFT, SHIFT_RIGHT -> true;
      default -> false;
    };
  }

  /** The function of two integers of one type; operands are cheap to evaluate again. */
  static Expr binary(BodyBuilder body, BinaryFunction function, DType dtype, Expr a, Expr b) {
    boolean wide = dtype == DType.UINT64;
    return switch (function) {
      case ADD -> a.plus(b);
      case SUB -> a.minus(b);
      case MUL -> a.times(b);
      case DIV -> wide ? unsignedQuotient(body, a, b) : a.div(b);
      case MOD -> wide ? unsignedRemainder(body, a, b) : Exprs.floorMod(a, b);
      case FMOD -> wide ? unsignedRemainder(body, a, b) : Exprs.binary(BinaryOp.MOD, a, b);
      case POW -> power(body, a, b);
      case MIN -> wide ? Exprs.select(compare(CompareOp.LT, true, a, b), a, b) : a.min(b);
      case MAX -> wide ? Exprs.select(compare(CompareOp.GT, true, a, b), a, b) : a.max(b);
      case EQUAL -> a.eq(b);
      case LESS -> compare(CompareOp.LT, wide, a, b);
      case LESS_OR_EQUAL -> compare(CompareOp.LE, wide, a, b);
      case GREATER -> compare(CompareOp.GT, wide, a, b);
      case GREATER_OR_EQUAL -> compare(CompareOp.GE, wide, a, b);
      case BITWISE_AND -> Exprs.and(a, b);
      case BITWISE_OR -> Exprs.or(a, b);
      case BITWISE_XOR -> Exprs.xor(a, b);
      case SHIFT_LEFT -> shift(BinaryOp.SHL, dtype, a, b);
      case SHIFT_RIGHT -> shift(BinaryOp.USHR, dtype, a, b);
      case PRELU ->
          dtype.kind() == DType.Kind.UNSIGNED
              ? a
              : Exprs.select(a.lt(Exprs.integer(a.type(), 0)), a.times(b), a);
      case AND, OR, XOR -> throw new IllegalArgumentException(function + " of " + dtype);
    };
  }

  /** An ordered comparison; uint64 compares after flipping the sign bits. */
  private static Expr compare(CompareOp op, boolean unsigned, Expr a, Expr b) {
    return unsigned ? Exprs.compare(op, flip(a), flip(b)) : Exprs.compare(op, a, b);
  }

  private static Expr flip(Expr x) {
    return Exprs.xor(x, Exprs.integer(x.type(), Long.MIN_VALUE));
  }

  private static Expr shift(BinaryOp op, DType dtype, Expr a, Expr count) {
    Expr bits = Exprs.integer(count.type(), dtype.bits());
    Expr zero = Exprs.integer(count.type(), 0);
    Expr inside = Exprs.and(count.ge(zero), count.lt(bits));
    return Exprs.select(inside, Exprs.binary(op, a, count), Exprs.integer(a.type(), 0));
  }

  /** The quotient of two uint64 through signed division of halves (Hacker's Delight, 9-3). */
  private static Expr unsignedQuotient(BodyBuilder body, Expr a, Expr b) {
    Expr zero = Exprs.integer(a.type(), 0);
    Expr one = Exprs.integer(a.type(), 1);
    Expr near = body.let("q", Exprs.shl(Exprs.ushr(a, 1).div(b), 1));
    Expr rest = body.let("r", a.minus(near.times(b)));
    Expr exact = near.plus(Exprs.select(compare(CompareOp.GE, true, rest, b), one, zero));
    Expr huge = Exprs.select(compare(CompareOp.GE, true, a, b), one, zero);
    return body.let("q", Exprs.select(b.lt(zero), huge, exact));
  }

  private static Expr unsignedRemainder(BodyBuilder body, Expr a, Expr b) {
    return a.minus(unsignedQuotient(body, a, b).times(b));
  }

  /** By squaring; a negative exponent gives the truncated reciprocal power. */
  private static Expr power(BodyBuilder body, Expr base, Expr exponent) {
    if (exponent instanceof Expr.Const known && known.bits() >= 0 && known.bits() <= 3) {
      return switch ((int) known.bits()) {
        case 0 -> Exprs.integer(base.type(), 1);
        case 1 -> base;
        case 2 -> base.times(base);
        default -> base.times(base).times(base);
      };
    }
    Expr.Read result = body.variable("power", Exprs.integer(base.type(), 1));
    Expr.Read square = body.variable("square", base);
    Expr.Read rest = body.variable("rest", Exprs.convert(ScalarType.I64, exponent));
    body.loop(
        "bit",
        Exprs.index(0),
        Exprs.index(63),
        _ -> {
          Expr odd = Exprs.and(rest, Exprs.index(1)).ne(Exprs.index(0));
          body.assign(result, Exprs.select(odd, result.times(square), result));
          body.assign(square, square.times(square));
          body.assign(rest, Exprs.ushr(rest, 1));
        });
    Expr reciprocal =
        Exprs.intrinsic(
            MathFunction.POW,
            Exprs.convert(ScalarType.F64, base),
            Exprs.convert(ScalarType.F64, exponent));
    Expr negative = exponent.lt(Exprs.integer(exponent.type(), 0));
    Expr truncated = Exprs.convert(ScalarType.I64, reciprocal);
    return Exprs.select(negative, Exprs.convert(base.type().scalar(), truncated), result);
  }
}
