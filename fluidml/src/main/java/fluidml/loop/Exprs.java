package fluidml.loop;

import fluidml.tensor.DType;
import java.util.List;

/**
 * Builds expressions: folds constants, drops neutral operands, and spreads scalars over the lanes
 * of a vector they meet.
 *
 * <p>Everything here throws {@link IllegalArgumentException} when operand types do not fit.
 */
public final class Exprs {
  private Exprs() {}

  /** An I64 scalar constant. */
  public static Expr index(long value) {
    return new Expr.Const(Type.I64, value);
  }

  /** A constant of any type: rounded to F32, cast to integers; BOOL is {@code value != 0}. */
  public static Expr constant(Type type, double value) {
    return new Expr.Const(
        type,
        switch (type.scalar()) {
          case F32 -> f32Bits((float) value);
          case F64 -> Double.doubleToLongBits(value);
          case I32 -> (int) value;
          case I64 -> (long) value;
          case BOOL -> value != 0 ? 1 : 0;
        });
  }

  /** An integer constant of type I32 or I64, exact for every value. */
  public static Expr integer(Type type, long value) {
    check(type.scalar().isInteger(), "integer constant of type " + type);
    return new Expr.Const(type, type.scalar() == ScalarType.I32 ? (int) value : value);
  }

  /** An F32 scalar constant. */
  public static Expr f32(float value) {
    return new Expr.Const(Type.F32, f32Bits(value));
  }

  /** A truth value. */
  public static Expr bool(boolean value) {
    return new Expr.Const(Type.BOOL, value ? 1 : 0);
  }

  /** A size parameter of the kernel. */
  public static Expr size(String name) {
    return new Expr.Size(name);
  }

  /** The register type of a storage type. */
  public static ScalarType registerType(DType dtype) {
    return ScalarType.ofStorage(dtype)
        .orElseThrow(
            () -> new IllegalArgumentException("kernels cannot address elements of " + dtype));
  }

  /** An operation on one operand. */
  public static Expr unary(UnaryOp op, Expr x) {
    if (x instanceof Expr.Const c) {
      return Folding.unary(op, c).orElse(new Expr.Unary(op, x));
    }
    return new Expr.Unary(op, x);
  }

  /** An operation on two operands; a scalar one is spread over the lanes of the other. */
  public static Expr binary(BinaryOp op, Expr left, Expr right) {
    int lanes = Math.max(left.type().lanes(), right.type().lanes());
    Expr a = spread(left, lanes);
    Expr b = spread(right, lanes);
    check(a.type().equals(b.type()), op + " of " + a.type() + " and " + b.type());
    return Folding.binary(op, a, b).orElseGet(() -> new Expr.Binary(op, a, b));
  }

  /** {@code a * b + c}, rounded once; integer operands are multiplied and added. */
  public static Expr fma(Expr a, Expr b, Expr c) {
    int lanes = Math.max(a.type().lanes(), Math.max(b.type().lanes(), c.type().lanes()));
    Expr x = spread(a, lanes);
    Expr y = spread(b, lanes);
    Expr z = spread(c, lanes);
    check(
        x.type().equals(y.type()) && x.type().equals(z.type()),
        "fma of " + x.type() + ", " + y.type() + " and " + z.type());
    return x.type().scalar().isFloat() ? new Expr.Fma(x, y, z) : x.times(y).plus(z);
  }

  /** A comparison; a scalar operand is spread over the lanes of the other. */
  public static Expr compare(CompareOp op, Expr left, Expr right) {
    int lanes = Math.max(left.type().lanes(), right.type().lanes());
    Expr a = spread(left, lanes);
    Expr b = spread(right, lanes);
    check(a.type().equals(b.type()), op + " of " + a.type() + " and " + b.type());
    return Folding.compare(op, a, b).orElseGet(() -> new Expr.Compare(op, a, b));
  }

  /** Lane-wise choice; scalars are spread over the lanes of the widest operand. */
  public static Expr select(Expr condition, Expr whenTrue, Expr whenFalse) {
    int lanes =
        Math.max(
            condition.type().lanes(), Math.max(whenTrue.type().lanes(), whenFalse.type().lanes()));
    Expr c = spread(condition, lanes);
    Expr a = spread(whenTrue, lanes);
    Expr b = spread(whenFalse, lanes);
    check(
        c.type().scalar() == ScalarType.BOOL && a.type().equals(b.type()),
        "select by " + c.type() + " of " + a.type() + " and " + b.type());
    if (c instanceof Expr.Const known) {
      return known.bits() != 0 ? a : b;
    }
    if (a.type().scalar() == ScalarType.BOOL) {
      return or(and(c, a), and(not(c), b));
    }
    return new Expr.Select(c, a, b);
  }

  /** The nearest value of another type. From BOOL, true is 1; to BOOL, everything but 0 is true. */
  public static Expr convert(ScalarType to, Expr x) {
    ScalarType from = x.type().scalar();
    if (from == to) {
      return x;
    }
    if (from == ScalarType.BOOL) {
      return select(x, constant(x.type().as(to), 1), constant(x.type().as(to), 0));
    }
    if (to == ScalarType.BOOL) {
      return x.ne(constant(x.type(), 0));
    }
    if (x instanceof Expr.Const c) {
      return Folding.convert(to, c);
    }
    return new Expr.Convert(to, x);
  }

  /** The same bits as another type of the same width. */
  public static Expr bitcast(ScalarType to, Expr x) {
    ScalarType from = x.type().scalar();
    if (from == to) {
      return x;
    }
    check(
        to.bits() != 0 && from.bits() == to.bits() && to.isFloat() != from.isFloat(),
        "bitcast of " + x.type() + " to " + to);
    if (x instanceof Expr.Const c) {
      return new Expr.Const(c.type().as(to), to == ScalarType.I32 ? (int) c.bits() : c.bits());
    }
    return new Expr.Bitcast(to, x);
  }

  /**
   * A scalar in every one of {@code lanes} lanes; a vector of that many lanes is returned as it is.
   */
  public static Expr spread(Expr x, int lanes) {
    if (x.type().lanes() == lanes) {
      return x;
    }
    check(x.type().lanes() == 1, "cannot spread " + x.type() + " over " + lanes + " lanes");
    if (x instanceof Expr.Const c) {
      return new Expr.Const(c.type().times(lanes), c.bits());
    }
    return new Expr.Broadcast(x, lanes);
  }

  /** A vector reduced to a scalar; a scalar is returned as it is. */
  public static Expr horizontal(HorizontalOp op, Expr x) {
    return x.type().isVector() ? new Expr.Horizontal(op, x) : x;
  }

  /** A vector turned around: lane i gets lane {@code (i + distance) mod lanes}. */
  public static Expr rotate(Expr x, int distance) {
    int lanes = x.type().lanes();
    int turn = Math.floorMod(distance, lanes);
    return turn == 0 ? x : new Expr.Rotate(x, turn);
  }

  /** 0, 1, 2, … in the lanes of {@code type}. */
  public static Expr laneIndex(Type type) {
    return type.isVector() ? new Expr.LaneIndex(type) : constant(type, 0);
  }

  /** A mask of the first {@code count} lanes; for one lane {@code count > 0}. */
  public static Expr laneMask(Expr count, int lanes) {
    return lanes == 1 ? count.gt(index(0)) : new Expr.LaneMask(count, lanes);
  }

  /** A library function of F64 scalars. */
  public static Expr intrinsic(MathFunction function, Expr... operands) {
    return new Expr.Intrinsic(function, List.of(operands));
  }

  /** Square root. */
  public static Expr sqrt(Expr x) {
    return unary(UnaryOp.SQRT, x);
  }

  /** Complement of bits or of truth. */
  public static Expr not(Expr x) {
    return unary(UnaryOp.NOT, x);
  }

  /** Bitwise or logical and. */
  public static Expr and(Expr a, Expr b) {
    return binary(BinaryOp.AND, a, b);
  }

  /** The bits of an element's place in a buffer. */
  public static final long PLACES = (1L << 48) - 1;

  /**
   * The place of an element of a buffer, unchanged. Kept in a register it tells that an index made
   * from it needs no further check: the place is not negative, and small enough.
   */
  public static Expr place(Expr index) {
    return and(index, index(PLACES));
  }

  /** Bitwise or logical or. */
  public static Expr or(Expr a, Expr b) {
    return binary(BinaryOp.OR, a, b);
  }

  /** Bitwise or logical exclusive or. */
  public static Expr xor(Expr a, Expr b) {
    return binary(BinaryOp.XOR, a, b);
  }

  /** Shift left by a constant. */
  public static Expr shl(Expr x, int count) {
    return binary(BinaryOp.SHL, x, integer(x.type(), count));
  }

  /** Shift right with the sign by a constant. */
  public static Expr shr(Expr x, int count) {
    return binary(BinaryOp.SHR, x, integer(x.type(), count));
  }

  /** Shift right with zeros by a constant. */
  public static Expr ushr(Expr x, int count) {
    return binary(BinaryOp.USHR, x, integer(x.type(), count));
  }

  /** Integer quotient rounded towards minus infinity. */
  public static Expr floorDiv(Expr a, Expr b) {
    return binary(BinaryOp.FLOOR_DIV, a, b);
  }

  /** Integer remainder with the sign of the divisor. */
  public static Expr floorMod(Expr a, Expr b) {
    return binary(BinaryOp.FLOOR_MOD, a, b);
  }

  /** Integer quotient rounded up, for a positive constant divisor. */
  public static Expr ceilDiv(Expr a, long b) {
    return floorDiv(a.plus(index(b - 1)), index(b));
  }

  /**
   * {@code a > b ? a : b}: one comparison and one blend, {@code b} when either is NaN. Faster than
   * {@link BinaryOp#MAX} where NaN and the sign of zero do not matter.
   */
  public static Expr quickMax(Expr a, Expr b) {
    return select(a.gt(b), a, b);
  }

  /** {@code a < b ? a : b}: {@code b} when either is NaN. */
  public static Expr quickMin(Expr a, Expr b) {
    return select(a.lt(b), a, b);
  }

  /**
   * The largest lane, any other lane where some are NaN; a scalar is returned as it is. Float32 is
   * compared as integers that grow with the numbers, for which processors have instructions.
   */
  public static Expr quickLargest(Expr x) {
    if (!x.type().isVector() || x.type().scalar() != ScalarType.F32) {
      return horizontal(HorizontalOp.MAX, x);
    }
    Expr largest = horizontal(HorizontalOp.MAX, ordered(bitcast(ScalarType.I32, x)));
    return bitcast(ScalarType.F32, ordered(largest));
  }

  /** Flips all bits but the sign of negative numbers; its own inverse. */
  private static Expr ordered(Expr bits) {
    return xor(bits, ushr(shr(bits, 31), 1));
  }

  static long f32Bits(float value) {
    return Integer.toUnsignedLong(Float.floatToIntBits(value));
  }

  static void check(boolean holds, String problem) {
    if (!holds) {
      throw new IllegalArgumentException(problem);
    }
  }
}
