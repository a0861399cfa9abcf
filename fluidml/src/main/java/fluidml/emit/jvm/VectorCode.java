package fluidml.emit.jvm;

import static java.lang.constant.ConstantDescs.CD_boolean;
import static java.lang.constant.ConstantDescs.CD_int;

import fluidml.loop.BinaryOp;
import fluidml.loop.CompareOp;
import fluidml.loop.Expr;
import fluidml.loop.HorizontalOp;
import fluidml.loop.ScalarType;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;

/** Vectors and masks: calls of the Vector API with constant species and operators. */
final class VectorCode {
  private final MethodEmitter method;
  private final CodeBuilder code;
  private final PlatformCalls calls;

  VectorCode(MethodEmitter method) {
    this.method = method;
    this.calls = method.calls;
    this.code = method.code;
  }

  /** Pushes a vector of numbers. */
  void emit(Expr expr) {
    Lane lane = Lane.of(expr.type().scalar());
    int lanes = expr.type().lanes();
    ClassDesc vector = lane.vector;
    switch (expr) {
      case Expr.Const c ->
          method.vectorConstant(
              c,
              () ->
                  calls.broadcast(
                      lane, lanes, () -> method.emit(new Expr.Const(c.type().times(1), c.bits()))));
      case Expr.Broadcast b -> calls.broadcast(lane, lanes, () -> method.emit(b.operand()));
      case Expr.Read r -> {
        if (r.register().mutable()) {
          calls.changing(r.register(), lane, lanes);
        } else {
          method.read(r.register());
        }
      }
      case Expr.Load l -> method.access().load(l);
      case Expr.Unary u -> unary(u, lane, lanes);
      case Expr.Binary b -> binary(b, lane, lanes);
      case Expr.Fma f -> calls.fma(lane, lanes, f);
      case Expr.Select s -> calls.blend(lane, lanes, s.whenFalse(), s.whenTrue(), s.condition());
      case Expr.Convert c -> {
        emit(c.operand());
        calls.convert(true, Lane.of(c.operand().type().scalar()), lane, lanes);
      }
      case Expr.Bitcast b -> {
        emit(b.operand());
        calls.bitcast(Lane.of(b.operand().type().scalar()), lane, lanes);
      }
      case Expr.Rotate r -> {
        emit(r.operand());
        method.constants.rotation(code, lane, lanes, r.distance());
        code.invokevirtual(vector, "rearrange", Descs.method(vector, Descs.SHUFFLE));
      }
      case Expr.Reverse r -> {
        emit(r.operand());
        method.constants.reversal(code, lane, lanes);
        code.invokevirtual(vector, "rearrange", Descs.method(vector, Descs.SHUFFLE));
      }
      case Expr.Zip z -> {
        method.constants.zip(code, lane, lanes, z.upper());
        select(vector, z.left(), z.right());
      }
      case Expr.Unzip u -> {
        method.constants.unzip(code, lane, lanes, u.odd());
        select(vector, u.left(), u.right());
      }
      case Expr.LaneIndex _ -> {
        method.emit(fluidml.loop.Exprs.constant(expr.type(), 0));
        code.iconst_1().invokevirtual(vector, "addIndex", Descs.method(vector, CD_int));
      }
      case Expr.Size _,
          Expr.Var _,
          Expr.Compare _,
          Expr.Horizontal _,
          Expr.LaneMask _,
          Expr.Intrinsic _ ->
          throw new IllegalStateException("not a vector of numbers: " + expr);
    }
  }

  /** Replaces the indices on the stack by those lanes of two vectors. */
  private void select(ClassDesc vector, Expr left, Expr right) {
    emit(left);
    emit(right);
    code.invokevirtual(vector, "selectFrom", Descs.method(vector, Descs.VECTOR, Descs.VECTOR));
  }

  /** Pushes a species constant. */
  void species(Lane lane, int lanes) {
    code.getstatic(lane.vector, lane.species(lanes), Descs.SPECIES);
  }

  private void unary(Expr.Unary u, Lane lane, int lanes) {
    switch (u.op()) {
      case NEG, ABS, SQRT, NOT -> calls.unary(u.op(), lane, lanes, u.operand());
      case FLOOR, CEIL, ROUND_EVEN, TRUNC ->
          emit(Expansions.round(u.op(), method.let(u.operand()), method::let));
    }
  }

  private void binary(Expr.Binary b, Lane lane, int lanes) {
    switch (b.op()) {
      case ADD, SUB, MUL, DIV, MIN, MAX, AND, OR, XOR ->
          calls.binary(b.op(), lane, lanes, b.left(), b.right());
      case SHL, SHR, USHR -> shift(b, lane, lanes);
      case MOD, FLOOR_DIV, FLOOR_MOD ->
          throw new IllegalStateException("no vector operation: " + b.op());
    }
  }

  private void shift(Expr.Binary b, Lane lane, int lanes) {
    switch (b.right()) {
      case Expr.Const c ->
          calls.shift(b.op(), lane, lanes, b.left(), new Expr.Const(c.type().times(1), c.bits()));
      case Expr.Broadcast s -> calls.shift(b.op(), lane, lanes, b.left(), s.operand());
      default -> {
        emit(b.left());
        shiftOperator(b.op());
        emit(b.right());
        lanewise(lane.vector, Descs.VECTOR);
      }
    }
  }

  void shiftOperator(BinaryOp op) {
    String operator = op == BinaryOp.SHL ? "LSHL" : op == BinaryOp.SHR ? "ASHR" : "LSHR";
    code.getstatic(Descs.OPERATORS, operator, Descs.BINARY);
  }

  void lanewise(ClassDesc vector, ClassDesc operand) {
    code.invokevirtual(vector, "lanewise", Descs.method(vector, Descs.BINARY, operand));
  }

  /** Pushes the reduction of a vector or mask as a scalar. */
  void horizontal(Expr.Horizontal h) {
    Expr operand = h.operand();
    ScalarType scalar = operand.type().scalar();
    if (scalar == ScalarType.BOOL) {
      emitMask(operand, Lane.INT);
      String test = h.op() == HorizontalOp.AND ? "allTrue" : "anyTrue";
      code.invokevirtual(Descs.MASK, test, Descs.method(CD_boolean));
      return;
    }
    Lane lane = Lane.of(scalar);
    if (scalar.isFloat() && (h.op() == HorizontalOp.ADD || h.op() == HorizontalOp.MUL)) {
      foldHalves(h, lane);
      return;
    }
    emit(operand);
    code.getstatic(Descs.OPERATORS, h.op().name(), Descs.ASSOCIATIVE);
    code.invokevirtual(lane.vector, "reduceLanes", Descs.method(lane.primitive, Descs.ASSOCIATIVE));
  }

  private void foldHalves(Expr.Horizontal h, Lane lane) {
    int lanes = h.operand().type().lanes();
    Expr folded = method.let(h.operand());
    for (int distance = lanes / 2; distance >= 1; distance /= 2) {
      emit(folded);
      emit(new Expr.Rotate(folded, distance));
      code.invokevirtual(lane.vector, h.op().text(), Descs.method(lane.vector, Descs.VECTOR));
      folded = method.pop(folded.type());
    }
    emit(folded);
    lane(lane, 0);
  }

  /** Pushes one lane of the vector on the stack. */
  void lane(Lane lane, int index) {
    code.loadConstant(index)
        .invokevirtual(lane.vector, "lane", Descs.method(lane.primitive, CD_int));
  }

  /** Pushes a mask that goes with vectors of {@code lane}. */
  void emitMask(Expr expr, Lane lane) {
    int lanes = expr.type().lanes();
    switch (expr) {
      case Expr.Const c -> {
        species(lane, lanes);
        code.loadConstant((int) c.bits());
        maskAll();
      }
      case Expr.Broadcast b -> {
        species(lane, lanes);
        method.emit(b.operand());
        maskAll();
      }
      case Expr.Read r -> {
        method.read(r.register());
        cast(Lane.INT, lane, lanes);
      }
      case Expr.Load l -> {
        if (method.access().loadsMaskBytes(l)) {
          method.access().loadMaskBytes(l);
          cast(Lane.BYTE, lane, lanes);
        } else {
          calls.mask(lane, lanes, () -> method.access().loadMaskBits(l));
        }
      }
      case Expr.LaneMask m ->
          calls.mask(
              lane, lanes, () -> LongLimits.laneBits(code, () -> method.emit(m.count()), lanes));
      case Expr.Unary u -> {
        emitMask(u.operand(), lane);
        code.invokevirtual(Descs.MASK, "not", Descs.method(Descs.MASK));
      }
      case Expr.Binary b -> {
        emitMask(b.left(), lane);
        emitMask(b.right(), lane);
        code.invokevirtual(Descs.MASK, b.op().text(), Descs.method(Descs.MASK, Descs.MASK));
      }
      case Expr.Compare c -> compare(c, lane);
      case Expr.Size _,
          Expr.Var _,
          Expr.Fma _,
          Expr.Select _,
          Expr.Convert _,
          Expr.Bitcast _,
          Expr.Horizontal _,
          Expr.Rotate _,
          Expr.Reverse _,
          Expr.Zip _,
          Expr.Unzip _,
          Expr.LaneIndex _,
          Expr.Intrinsic _ ->
          throw new IllegalStateException("not a mask: " + expr);
    }
  }

  private void maskAll() {
    code.invokeinterface(Descs.SPECIES, "maskAll", Descs.MASK_ALL);
  }

  private void compare(Expr.Compare c, Lane lane) {
    int lanes = c.type().lanes();
    if (c.left().type().scalar() == ScalarType.BOOL) {
      emitMask(c.left(), lane);
      emitMask(c.right(), lane);
      String name = c.op() == CompareOp.EQ ? "eq" : "xor";
      code.invokevirtual(Descs.MASK, name, Descs.method(Descs.MASK, Descs.MASK));
      return;
    }
    Lane operand = Lane.of(c.left().type().scalar());
    calls.compare(c.op(), operand, lanes, c.left(), c.right());
    cast(operand, lane, lanes);
  }

  private void cast(Lane from, Lane to, int lanes) {
    if (from != to) {
      calls.castMask(from, to, lanes);
    }
  }

  /** Pushes the bits of a mask (a scalar is one bit). */
  void maskBits(Expr mask) {
    if (!mask.type().isVector()) {
      method.emit(mask);
      code.i2l();
      return;
    }
    emitMask(mask, Lane.INT);
    code.invokevirtual(
        Descs.MASK, "toLong", Descs.method(java.lang.constant.ConstantDescs.CD_long));
  }

  /** Runs {@code body} only if a BOOL scalar holds. */
  void onlyIf(Expr condition, Runnable body) {
    Label done = code.newLabel();
    method.emit(condition);
    code.ifeq(done);
    method.conditionally(body);
    code.labelBinding(done);
  }
}
