package fluidml.emit.jvm;

import static java.lang.constant.ConstantDescs.CD_Class;
import static java.lang.constant.ConstantDescs.CD_Object;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import fluidml.emit.jvm.AccessCode.Cell;
import fluidml.loop.BinaryOp;
import fluidml.loop.CompareOp;
import fluidml.loop.Expr;
import fluidml.loop.Register;
import fluidml.loop.Type;
import fluidml.loop.UnaryOp;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.nio.ByteOrder;
import java.util.Optional;

/** Calls of the Vector API and of the segment that is all of memory. */
record ApiCalls(MethodEmitter method) implements PlatformCalls {
  private CodeBuilder code() {
    return method.code;
  }

  private VectorCode vectors() {
    return method.vectors();
  }

  /** A receiver of another class would be called virtually, and its vector live on the heap. */
  @Override
  public void changing(Register register, Lane lane, int lanes) {
    vectors().species(lane, lanes);
    code().invokeinterface(Descs.SPECIES, "vectorType", Descs.method(CD_Class));
    method.read(register);
    code()
        .invokevirtual(CD_Class, "cast", Descs.method(CD_Object, CD_Object))
        .checkcast(lane.vector);
  }

  @Override
  public void broadcast(Lane lane, int lanes, Runnable scalar) {
    vectors().species(lane, lanes);
    scalar.run();
    code()
        .invokestatic(
            lane.vector, "broadcast", Descs.method(lane.vector, Descs.SPECIES, lane.primitive));
  }

  @Override
  public void fma(Lane lane, int lanes, Expr.Fma fma) {
    vectors().emit(fma.a());
    vectors().emit(fma.b());
    argument(fma.c());
    code().invokevirtual(lane.vector, "fma", Descs.method(lane.vector, Descs.VECTOR, Descs.VECTOR));
  }

  @Override
  public void binary(BinaryOp op, Lane lane, int lanes, Expr left, Expr right) {
    vectors().emit(left);
    if (op == BinaryOp.XOR) {
      code().getstatic(Descs.OPERATORS, "XOR", Descs.ASSOCIATIVE);
      vectors().emit(right);
      vectors().lanewise(lane.vector, Descs.VECTOR);
      return;
    }
    argument(right);
    code().invokevirtual(lane.vector, op.text(), Descs.method(lane.vector, Descs.VECTOR));
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
      vectors().emit(expr);
    }
  }

  @Override
  public void shift(BinaryOp op, Lane lane, int lanes, Expr operand, Expr distance) {
    vectors().emit(operand);
    vectors().shiftOperator(op);
    method.emit(distance);
    vectors().lanewise(lane.vector, lane.primitive);
  }

  @Override
  public void unary(UnaryOp op, Lane lane, int lanes, Expr operand) {
    vectors().emit(operand);
    code().invokevirtual(lane.vector, op.text(), Descs.method(lane.vector));
  }

  @Override
  public void compare(CompareOp op, Lane lane, int lanes, Expr left, Expr right) {
    vectors().emit(left);
    code().getstatic(Descs.OPERATORS, op.name(), Descs.COMPARISON);
    vectors().emit(right);
    code()
        .invokevirtual(
            lane.vector, "compare", Descs.method(Descs.MASK, Descs.COMPARISON, Descs.VECTOR));
  }

  @Override
  public void blend(Lane lane, int lanes, Expr whenFalse, Expr whenTrue, Expr mask) {
    vectors().emit(whenFalse);
    vectors().emit(whenTrue);
    vectors().emitMask(mask, lane);
    code().invokevirtual(lane.vector, "blend", Descs.method(lane.vector, Descs.VECTOR, Descs.MASK));
  }

  @Override
  public void mask(Lane lane, int lanes, Runnable bits) {
    vectors().species(lane, lanes);
    bits.run();
    code().invokestatic(Descs.MASK, "fromLong", Descs.FROM_LONG);
  }

  @Override
  public void castMask(Lane from, Lane to, int lanes) {
    vectors().species(to, lanes);
    code().invokevirtual(Descs.MASK, "cast", Descs.method(Descs.MASK, Descs.SPECIES));
  }

  @Override
  public void convert(boolean signed, Lane from, Lane to, int lanes) {
    String conversion = (signed ? "" : "ZERO_EXTEND_") + from.letter + "2" + to.letter;
    code().getstatic(Descs.OPERATORS, conversion, Descs.CONVERSION);
    vectors().species(to, lanes);
    code()
        .iconst_0()
        .invokevirtual(
            from.vector,
            "convertShape",
            Descs.method(Descs.VECTOR, Descs.CONVERSION, Descs.SPECIES, CD_int))
        .checkcast(to.vector);
  }

  @Override
  public void bitcast(Lane from, Lane to, int lanes) {
    code().invokevirtual(from.vector, to.reinterpret, Descs.method(to.vector));
  }

  @Override
  public void load(Lane lane, int lanes, Runnable address, Optional<Expr> mask) {
    vectors().species(lane, lanes);
    MethodTypeDesc type =
        place(
            Descs.method(lane.vector, Descs.SPECIES, Descs.SEGMENT, CD_long, Descs.BYTE_ORDER),
            lane,
            address,
            mask);
    code().invokestatic(lane.vector, "fromMemorySegment", type);
  }

  @Override
  public void store(Lane lane, int lanes, Runnable value, Runnable address, Optional<Expr> mask) {
    value.run();
    MethodTypeDesc type =
        place(Descs.method(CD_void, Descs.SEGMENT, CD_long, Descs.BYTE_ORDER), lane, address, mask);
    code().invokevirtual(lane.vector, "intoMemorySegment", type);
  }

  /** Pushes where to read or write; returns the type of the method with or without a mask. */
  private MethodTypeDesc place(
      MethodTypeDesc withoutMask, Lane lane, Runnable address, Optional<Expr> mask) {
    everything();
    address.run();
    code().getstatic(Descs.BYTE_ORDER, "LITTLE_ENDIAN", Descs.BYTE_ORDER);
    if (mask.isEmpty()) {
      return withoutMask;
    }
    vectors().emitMask(mask.get(), lane);
    return withoutMask.insertParameterTypes(withoutMask.parameterCount(), Descs.MASK);
  }

  private void everything() {
    code().getstatic(Descs.MEMORY, "ALL", Descs.SEGMENT);
  }

  @Override
  public void load(Cell cell, Runnable address) {
    if (cell == Cell.LONG) {
      address.run();
      loadLong(method.pop(Type.I64));
      return;
    }
    everything();
    code().getstatic(Descs.LAYOUT, cell.layout, cell.layoutType());
    address.run();
    code()
        .invokeinterface(
            Descs.SEGMENT, "get", Descs.method(cell.primitive, cell.layoutType(), CD_long));
  }

  /**
   * Pushes a long in halves. The library's method for a long is called seldom before kernels are
   * compiled; then C2 holds it for rare and may not inline it, not even into the loop of a
   * micro-kernel. That for an int is shared with every load of a float.
   */
  private void loadLong(Expr address) {
    boolean little = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
    loadHalf(address, little ? 0 : Integer.BYTES);
    code().loadConstant(0xffffffffL).land();
    loadHalf(address, little ? Integer.BYTES : 0);
    code().loadConstant(Integer.SIZE).lshl().lor();
  }

  /** Pushes four bytes as a long. */
  private void loadHalf(Expr address, int offset) {
    load(
        Cell.INT,
        () -> {
          method.emit(address);
          if (offset > 0) {
            code().loadConstant((long) offset).ladd();
          }
        });
    code().i2l();
  }

  @Override
  public void store(Cell cell, Runnable address, Runnable value) {
    everything();
    code().getstatic(Descs.LAYOUT, cell.layout, cell.layoutType());
    address.run();
    value.run();
    ClassDesc layout = cell.layoutType();
    code()
        .invokeinterface(
            Descs.SEGMENT, "set", Descs.method(CD_void, layout, CD_long, cell.primitive));
  }
}
