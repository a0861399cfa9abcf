package fluidml.emit.jvm;

import static java.lang.constant.ConstantDescs.CD_Class;
import static java.lang.constant.ConstantDescs.CD_Object;
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

  VectorCode(MethodEmitter method) {
    this.method = method;
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
              () -> {
                species(lane, lanes);
                method.emit(new Expr.Const(c.type().times(1), c.bits()));
                code.invokestatic(vector, "broadcast", broadcast(lane));
              });
      case Expr.Broadcast b -> {
        species(lane, lanes);
        method.emit(b.operand());
        code.invokestatic(vector, "broadcast", broadcast(lane));
      }
      case Expr.Read r -> read(r, lane, lanes);
      case Expr.Load l -> method.access().load(l);
      case Expr.Unary u -> unary(u, vector);
      case Expr.Binary b -> binary(b, lane);
      case Expr.Fma f -> {
        emit(f.a());
        emit(f.b());
        argument(f.c());
        code.invokevirtual(vector, "fma", Descs.method(vector, Descs.VECTOR, Descs.VECTOR));
      }
      case Expr.Select s -> {
        emit(s.whenFalse());
        emit(s.whenTrue());
        emitMask(s.condition(), lane);
        code.invokevirtual(vector, "blend", Descs.method(vector, Descs.VECTOR, Descs.MASK));
      }
      case Expr.Convert c -> {
        emit(c.operand());
        Lane from = Lane.of(c.operand().type().scalar());
        convert(from.letter + "2" + lane.letter, from, lane, lanes);
      }
      case Expr.Bitcast b -> {
        emit(b.operand());
        Lane from = Lane.of(b.operand().type().scalar());
        code.invokevirtual(from.vector, lane.reinterpret, Descs.method(vector));
      }
      case Expr.Rotate r -> {
        emit(r.operand());
        method.shuffles.rotation(code, lane, lanes, r.distance());
        code.invokevirtual(vector, "rearrange", Descs.method(vector, Descs.SHUFFLE));
      }
      case Expr.Reverse r -> {
        emit(r.operand());
        method.shuffles.reversal(code, lane, lanes);
        code.invokevirtual(vector, "rearrange", Descs.method(vector, Descs.SHUFFLE));
      }
      case Expr.Zip z -> {
        method.shuffles.zip(code, lane, lanes, z.upper());
        select(vector, z.left(), z.right());
      }
      case Expr.Unzip u -> {
        method.shuffles.unzip(code, lane, lanes, u.odd());
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

  /**
   * Pushes a register. One that changes is cast to the class of its species, which has no public
   * name: a receiver whose exact class C2 cannot derive, because it depends on the value of the
   * iteration before, would be called virtually and its vector would live on the heap.
   */
  private void read(Expr.Read read, Lane lane, int lanes) {
    if (!read.register().mutable()) {
      method.read(read.register());
      return;
    }
    species(lane, lanes);
    code.invokeinterface(Descs.SPECIES, "vectorType", Descs.method(CD_Class));
    method.read(read.register());
    code.invokevirtual(CD_Class, "cast", Descs.method(CD_Object, CD_Object));
    code.checkcast(lane.vector);
  }

  /**
   * Pushes a vector that is no receiver: the callee checks its class. One that several loops around
   * carry is cast before, since the check alone says too little then for C2 to keep it in a
   * register.
   */
  private void argument(Expr expr) {
    if (expr instanceof Expr.Read r && method.loopsSince(r.register().name()) <= 1) {
      method.read(r.register());
    } else {
      emit(expr);
    }
  }

  /** Replaces the indices on the stack by those lanes of two vectors. */
  private void select(ClassDesc vector, Expr left, Expr right) {
    emit(left);
    argument(right);
    code.invokevirtual(vector, "selectFrom", Descs.method(vector, Descs.VECTOR, Descs.VECTOR));
  }

  private static java.lang.constant.MethodTypeDesc broadcast(Lane lane) {
    return Descs.method(lane.vector, Descs.SPECIES, lane.primitive);
  }

  /** Pushes a species constant. */
  void species(Lane lane, int lanes) {
    code.getstatic(lane.vector, lane.species(lanes), Descs.SPECIES);
  }

  /** Converts the vector on the stack, keeping the lane count. */
  void convert(String conversion, Lane from, Lane to, int lanes) {
    code.getstatic(Descs.OPERATORS, conversion, Descs.CONVERSION);
    species(to, lanes);
    code.iconst_0()
        .invokevirtual(
            from.vector,
            "convertShape",
            Descs.method(Descs.VECTOR, Descs.CONVERSION, Descs.SPECIES, CD_int))
        .checkcast(to.vector);
  }

  private void unary(Expr.Unary u, ClassDesc vector) {
    switch (u.op()) {
      case NEG, ABS, SQRT, NOT -> {
        emit(u.operand());
        code.invokevirtual(vector, u.op().text(), Descs.method(vector));
      }
      case FLOOR, CEIL, ROUND_EVEN, TRUNC ->
          emit(Expansions.round(u.op(), method.let(u.operand()), method::let));
    }
  }

  private void binary(Expr.Binary b, Lane lane) {
    ClassDesc vector = lane.vector;
    emit(b.left());
    switch (b.op()) {
      case ADD, SUB, MUL, DIV, MIN, MAX, AND, OR -> {
        argument(b.right());
        code.invokevirtual(vector, b.op().text(), Descs.method(vector, Descs.VECTOR));
      }
      case XOR -> {
        code.getstatic(Descs.OPERATORS, "XOR", Descs.ASSOCIATIVE);
        emit(b.right());
        lanewise(vector, Descs.VECTOR);
      }
      case SHL, SHR, USHR -> shift(b, lane);
      case MOD, FLOOR_DIV, FLOOR_MOD ->
          throw new IllegalStateException("no vector operation: " + b.op());
    }
  }

  private void shift(Expr.Binary b, Lane lane) {
    String operator = b.op() == BinaryOp.SHL ? "LSHL" : b.op() == BinaryOp.SHR ? "ASHR" : "LSHR";
    code.getstatic(Descs.OPERATORS, operator, Descs.BINARY);
    switch (b.right()) {
      case Expr.Const c -> {
        method.emit(new Expr.Const(c.type().times(1), c.bits()));
        lanewise(lane.vector, lane.primitive);
      }
      case Expr.Broadcast s -> {
        method.emit(s.operand());
        lanewise(lane.vector, lane.primitive);
      }
      default -> {
        emit(b.right());
        lanewise(lane.vector, Descs.VECTOR);
      }
    }
  }

  private void lanewise(ClassDesc vector, ClassDesc operand) {
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
          species(lane, lanes);
          method.access().loadMaskBits(l);
          code.invokestatic(Descs.MASK, "fromLong", Descs.FROM_LONG);
        }
      }
      case Expr.LaneMask m -> {
        species(lane, lanes);
        LongLimits.laneBits(code, () -> method.emit(m.count()), lanes);
        code.invokestatic(Descs.MASK, "fromLong", Descs.FROM_LONG);
      }
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
    emit(c.left());
    code.getstatic(Descs.OPERATORS, c.op().name(), Descs.COMPARISON);
    emit(c.right());
    code.invokevirtual(
        operand.vector, "compare", Descs.method(Descs.MASK, Descs.COMPARISON, Descs.VECTOR));
    cast(operand, lane, lanes);
  }

  private void cast(Lane from, Lane to, int lanes) {
    if (from != to) {
      species(to, lanes);
      code.invokevirtual(Descs.MASK, "cast", Descs.method(Descs.MASK, Descs.SPECIES));
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
