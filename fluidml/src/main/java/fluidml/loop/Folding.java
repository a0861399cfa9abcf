package fluidml.loop;

import java.util.Optional;

/** Constant folding and neutral operands. Floats fold exactly as the emitted code computes. */
final class Folding {
  private Folding() {}

  static Optional<Expr> unary(UnaryOp op, Expr.Const x) {
    Type type = x.type();
    return switch (type.scalar()) {
      case F32, F64 -> Optional.of(Exprs.constant(type, Scalars.unary(op, asDouble(x))));
      case I32, I64 -> Optional.of(Exprs.integer(type, Scalars.unary(op, x.bits())));
      case BOOL ->
          op == UnaryOp.NOT ? Optional.of(new Expr.Const(type, 1 - x.bits())) : Optional.empty();
    };
  }

  static Optional<Expr> binary(BinaryOp op, Expr a, Expr b) {
    if (a instanceof Expr.Const x && b instanceof Expr.Const y) {
      return both(op, x, y);
    }
    if (op == BinaryOp.ADD || op == BinaryOp.MUL) {
      return a instanceof Expr.Const c ? neutral(op, b, c, a) : neutral(op, a, b, b);
    }
    return neutral(op, a, b, b);
  }

  private static Optional<Expr> neutral(BinaryOp op, Expr x, Expr other, Expr absorbing) {
    if (!(other instanceof Expr.Const c) || c.type().scalar() == ScalarType.BOOL) {
      return Optional.empty();
    }
    boolean whole = c.type().scalar().isInteger();
    double value = asDouble(c);
    return switch (op) {
      case ADD -> whole && value == 0 ? Optional.of(x) : merge(op, x, c);
      case SUB -> whole && value == 0 ? Optional.of(x) : Optional.empty();
      case MUL ->
          value == 1
              ? Optional.of(x)
              : whole && value == 0 ? Optional.of(absorbing) : merge(op, x, c);
      case DIV, FLOOR_DIV -> value == 1 ? Optional.of(x) : Optional.empty();
      case MOD, FLOOR_MOD -> whole && value == 1 ? zero(x) : Optional.empty();
      case SHL, SHR, USHR -> value == 0 ? Optional.of(x) : Optional.empty();
      case MIN, MAX, AND, OR, XOR -> Optional.empty();
    };
  }

  /** {@code (y op c1) op c2 = y op (c1 op c2)} for integers, which wrap associatively. */
  private static Optional<Expr> merge(BinaryOp op, Expr x, Expr.Const c) {
    if (c.type().scalar().isInteger()
        && x instanceof Expr.Binary inner
        && inner.op() == op
        && inner.right() instanceof Expr.Const c1) {
      return Optional.of(Exprs.binary(op, inner.left(), both(op, c1, c).orElseThrow()));
    }
    return x.type().scalar().isFloat() ? Optional.empty() : Optional.of(new Expr.Binary(op, x, c));
  }

  private static Optional<Expr> zero(Expr x) {
    return Optional.of(Exprs.constant(x.type(), 0));
  }

  private static Optional<Expr> both(BinaryOp op, Expr.Const x, Expr.Const y) {
    Type type = x.type();
    return switch (type.scalar()) {
      case F32 ->
          Optional.of(
              new Expr.Const(
                  type,
                  Exprs.f32Bits(Scalars.binary(op, (float) asDouble(x), (float) asDouble(y)))));
      case F64 -> Optional.of(Exprs.constant(type, Scalars.binary(op, asDouble(x), asDouble(y))));
      case I32, I64 ->
          op.isIntegerDivision() && y.bits() == 0
              ? Optional.empty()
              : Optional.of(
                  Exprs.integer(
                      type,
                      type.scalar() == ScalarType.I32
                          ? Scalars.binary(op, (int) x.bits(), (int) y.bits())
                          : Scalars.binary(op, x.bits(), y.bits())));
      case BOOL -> Optional.of(new Expr.Const(type, Scalars.binary(op, x.bits(), y.bits()) & 1));
    };
  }

  static Optional<Expr> compare(CompareOp op, Expr a, Expr b) {
    if (a instanceof Expr.Const x && b instanceof Expr.Const y) {
      boolean holds =
          x.type().scalar().isFloat()
              ? Scalars.compare(op, asDouble(x), asDouble(y))
              : Scalars.compare(op, x.bits(), y.bits());
      return Optional.of(new Expr.Const(x.type().as(ScalarType.BOOL), holds ? 1 : 0));
    }
    return Optional.empty();
  }

  static Expr convert(ScalarType to, Expr.Const x) {
    Type type = x.type().as(to);
    if (!x.type().scalar().isFloat()) {
      return switch (to) {
        case I32, I64 -> Exprs.integer(type, x.bits());
        case F32 -> new Expr.Const(type, Exprs.f32Bits((float) x.bits()));
        case F64, BOOL -> Exprs.constant(type, (double) x.bits());
      };
    }
    return Exprs.constant(type, asDouble(x));
  }

  /** The value of a constant; integers beyond 53 bits round. */
  static double asDouble(Expr.Const x) {
    return switch (x.type().scalar()) {
      case F32 -> Float.intBitsToFloat((int) x.bits());
      case F64 -> Double.longBitsToDouble(x.bits());
      case I32, I64, BOOL -> x.bits();
    };
  }
}
