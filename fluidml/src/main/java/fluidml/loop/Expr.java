package fluidml.loop;

import fluidml.tensor.DType;
import java.util.List;
import java.util.Optional;

/**
 * The expression language of IR 2: pure, typed, evaluated where it stands. An expression used twice
 * is computed twice unless {@link BodyBuilder#let} puts it in a register.
 *
 * <p>The default methods build expressions through {@link Exprs}, which folds constants and spreads
 * scalar operands to the lanes of the other operand.
 */
public sealed interface Expr {

  /** The type of the value. */
  Type type();

  /**
   * A constant, the same in every lane.
   *
   * @param bits the IEEE bits of floats (32 low bits for F32), the value of integers, 0 or 1 for
   *     BOOL
   */
  record Const(Type type, long bits) implements Expr {}

  /** A run-time parameter of the kernel: an I64 scalar. */
  record Size(String name) implements Expr {
    @Override
    public Type type() {
      return Type.I64;
    }
  }

  /** A loop variable or a parameter of the procedure: an I64 scalar. */
  record Var(String name) implements Expr {
    @Override
    public Type type() {
      return Type.I64;
    }
  }

  /** The value of a register. */
  record Read(Register register) implements Expr {
    @Override
    public Type type() {
      return register.type();
    }
  }

  /**
   * Elements of a buffer, widened to {@link ScalarType#ofStorage}.
   *
   * @param dtype the buffer's storage type
   * @param index I64 scalar: the first element, counted in elements from the buffer's start
   * @param lanes consecutive elements
   * @param mask lanes to read; the others are zero and their memory is not touched
   */
  record Load(String buffer, DType dtype, Expr index, int lanes, Optional<Expr> mask)
      implements Expr {
    @Override
    public Type type() {
      return new Type(Exprs.registerType(dtype), lanes);
    }
  }

  /** An operation on one operand. */
  record Unary(UnaryOp op, Expr operand) implements Expr {
    @Override
    public Type type() {
      return operand.type();
    }
  }

  /** An operation on two operands of one type. */
  record Binary(BinaryOp op, Expr left, Expr right) implements Expr {
    @Override
    public Type type() {
      return left.type();
    }
  }

  /** {@code a * b + c} of floats, rounded once. */
  record Fma(Expr a, Expr b, Expr c) implements Expr {
    @Override
    public Type type() {
      return a.type();
    }
  }

  /** A comparison of two operands of one type: BOOL in as many lanes. */
  record Compare(CompareOp op, Expr left, Expr right) implements Expr {
    @Override
    public Type type() {
      return left.type().as(ScalarType.BOOL);
    }
  }

  /** Lane-wise choice; both sides are evaluated. */
  record Select(Expr condition, Expr whenTrue, Expr whenFalse) implements Expr {
    @Override
    public Type type() {
      return whenTrue.type();
    }
  }

  /**
   * The nearest value of another number type, as Java's casts: floats to integers round towards
   * zero and saturate, NaN is 0.
   */
  record Convert(ScalarType to, Expr operand) implements Expr {
    @Override
    public Type type() {
      return operand.type().as(to);
    }
  }

  /** The same bits as another type of the same width (F32 and I32, F64 and I64). */
  record Bitcast(ScalarType to, Expr operand) implements Expr {
    @Override
    public Type type() {
      return operand.type().as(to);
    }
  }

  /** A scalar in every lane. */
  record Broadcast(Expr operand, int lanes) implements Expr {
    @Override
    public Type type() {
      return operand.type().times(lanes);
    }
  }

  /** A vector reduced to a scalar. */
  record Horizontal(HorizontalOp op, Expr operand) implements Expr {
    @Override
    public Type type() {
      return operand.type().times(1);
    }
  }

  /**
   * A vector of numbers turned around: lane {@code i} gets lane {@code (i + distance) mod lanes}.
   *
   * @param distance from 1 to lanes - 1
   */
  record Rotate(Expr operand, int distance) implements Expr {
    @Override
    public Type type() {
      return operand.type();
    }
  }

  /** A vector of numbers backwards: its last lane is the first. */
  record Reverse(Expr operand) implements Expr {
    @Override
    public Type type() {
      return operand.type();
    }
  }

  /**
   * Half of the lanes of two integer vectors in turns: lane {@code 2i} is lane {@code i} of the
   * left one, lane {@code 2i + 1} lane {@code i} of the right one, or, for the upper half, lane
   * {@code i + lanes / 2}.
   */
  record Zip(Expr left, Expr right, boolean upper) implements Expr {
    @Override
    public Type type() {
      return left.type();
    }
  }

  /**
   * Every other lane of two integer vectors, one behind the other: the even ones, or the odd ones,
   * first those of the left vector. What {@link Zip} puts together, this takes apart.
   */
  record Unzip(Expr left, Expr right, boolean odd) implements Expr {
    @Override
    public Type type() {
      return left.type();
    }
  }

  /** 0, 1, 2, … in the lanes of a vector of numbers. */
  record LaneIndex(Type type) implements Expr {}

  /**
   * A mask whose first {@code count} lanes are set; all when {@code count} is larger, none when it
   * is negative.
   */
  record LaneMask(Expr count, int lanes) implements Expr {
    @Override
    public Type type() {
      return Type.BOOL.times(lanes);
    }
  }

  /** A library function of F64 scalars. */
  record Intrinsic(MathFunction function, List<Expr> operands) implements Expr {
    /** Copies the operands. */
    public Intrinsic {
      operands = List.copyOf(operands);
    }

    @Override
    public Type type() {
      return Type.F64;
    }
  }

  /** This plus {@code other}. */
  default Expr plus(Expr other) {
    return Exprs.binary(BinaryOp.ADD, this, other);
  }

  /** This plus a constant of this type. */
  default Expr plus(double other) {
    return plus(Exprs.constant(type(), other));
  }

  /** This minus {@code other}. */
  default Expr minus(Expr other) {
    return Exprs.binary(BinaryOp.SUB, this, other);
  }

  /** This minus a constant of this type. */
  default Expr minus(double other) {
    return minus(Exprs.constant(type(), other));
  }

  /** This times {@code other}. */
  default Expr times(Expr other) {
    return Exprs.binary(BinaryOp.MUL, this, other);
  }

  /** This times a constant of this type. */
  default Expr times(double other) {
    return times(Exprs.constant(type(), other));
  }

  /** This divided by {@code other}: IEEE for floats, towards zero for integers. */
  default Expr div(Expr other) {
    return Exprs.binary(BinaryOp.DIV, this, other);
  }

  /** This divided by a constant of this type. */
  default Expr div(double other) {
    return div(Exprs.constant(type(), other));
  }

  /** {@code this * b + c}, rounded once. */
  default Expr fma(Expr b, Expr c) {
    return Exprs.fma(this, b, c);
  }

  /** The smaller, with NaN as {@link BinaryOp#MIN}. */
  default Expr min(Expr other) {
    return Exprs.binary(BinaryOp.MIN, this, other);
  }

  /** The larger, with NaN as {@link BinaryOp#MAX}. */
  default Expr max(Expr other) {
    return Exprs.binary(BinaryOp.MAX, this, other);
  }

  /** Whether this is less than {@code other}. */
  default Expr lt(Expr other) {
    return Exprs.compare(CompareOp.LT, this, other);
  }

  /** Whether this is less than or equal to {@code other}. */
  default Expr le(Expr other) {
    return Exprs.compare(CompareOp.LE, this, other);
  }

  /** Whether this is greater than {@code other}. */
  default Expr gt(Expr other) {
    return Exprs.compare(CompareOp.GT, this, other);
  }

  /** Whether this is greater than or equal to {@code other}. */
  default Expr ge(Expr other) {
    return Exprs.compare(CompareOp.GE, this, other);
  }

  /** Whether this equals {@code other}. */
  default Expr eq(Expr other) {
    return Exprs.compare(CompareOp.EQ, this, other);
  }

  /** Whether this differs from {@code other}. */
  default Expr ne(Expr other) {
    return Exprs.compare(CompareOp.NE, this, other);
  }

  /** Minus this. */
  default Expr neg() {
    return Exprs.unary(UnaryOp.NEG, this);
  }

  /** The absolute value. */
  default Expr abs() {
    return Exprs.unary(UnaryOp.ABS, this);
  }
}
