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
import java.util.Locale;
import java.util.Optional;

/**
 * Calls of the methods that the JIT replaces by instructions, with the constants that the Vector
 * API passes to them: an operator, the classes of vectors and masks, the type and number of lanes.
 * The last argument does the work where the JIT does not, and in the interpreter.
 *
 * <p>Vectors must be known by their exact class, here for every operand. What neither form of call
 * does differently, such as movements of lanes, is in {@link VectorCode}.
 */
record IntrinsicCalls(MethodEmitter method) implements PlatformCalls {
  private CodeBuilder code() {
    return method.code;
  }

  private VectorCode vectors() {
    return method.vectors();
  }

  private void vectorClass(Lane lane, int lanes) {
    method.constants.vectorClass(code(), lane, lanes);
  }

  /** The JIT takes no vector that might be null, so that is checked, too. */
  @Override
  public void changing(Register register, Lane lane, int lanes) {
    if (method.isAssigned(register)) {
      method.read(register);
      return;
    }
    vectorClass(lane, lanes);
    method.read(register);
    code().invokevirtual(CD_Class, "cast", Descs.method(CD_Object, CD_Object));
    asVector(lane);
    code().dup().invokevirtual(CD_Object, "getClass", Descs.method(CD_Class)).pop();
  }

  /** Pushes the class of a vector, the type of its lanes and their number. */
  private void type(Lane lane, int lanes) {
    vectorClass(lane, lanes);
    element(lane, lanes);
  }

  private void element(Lane lane, int lanes) {
    code().getstatic(lane.box, "TYPE", CD_Class).loadConstant(lanes);
  }

  private void operator(String name) {
    code().getstatic(Descs.SUPPORT, name, CD_int);
  }

  /** Pushes what does the work without the JIT, and calls. */
  private void call(Intrinsic intrinsic, String fallback) {
    code()
        .getstatic(Descs.FALLBACKS, fallback, intrinsic.function)
        .invokestatic(Descs.SUPPORT, intrinsic.method, intrinsic.type);
  }

  private void asVector(Lane lane) {
    code().checkcast(lane.vector);
  }

  private void asMask() {
    code().checkcast(Descs.MASK);
  }

  @Override
  public void broadcast(Lane lane, int lanes, Runnable scalar) {
    type(lane, lanes);
    scalar.run();
    switch (lane) {
      case BYTE, SHORT, INT -> code().i2l();
      case LONG -> {}
      case FLOAT ->
          code()
              .invokestatic(
                  Descs.FLOAT_BOX, "floatToRawIntBits", Descs.method(CD_int, lane.primitive))
              .i2l();
      case DOUBLE ->
          code()
              .invokestatic(
                  Descs.DOUBLE_BOX, "doubleToRawLongBits", Descs.method(CD_long, lane.primitive));
    }
    fromBits("MODE_BROADCAST", "BROADCAST", lane, lanes);
    asVector(lane);
  }

  private void fromBits(String mode, String fallback, Lane lane, int lanes) {
    operator(mode);
    method.constants.supportedSpecies(code(), lane, lanes);
    call(Intrinsic.FROM_BITS, fallback);
  }

  @Override
  public void fma(Lane lane, int lanes, Expr.Fma fma) {
    operator("VECTOR_OP_FMA");
    operation(lane, lanes);
    operands(fma.a(), fma.b(), fma.c());
    call(Intrinsic.TERNARY, "FMA");
    asVector(lane);
  }

  /** Pushes vectors, and no mask. */
  private void operands(Expr... vectors) {
    for (Expr vector : vectors) {
      vectors().emit(vector);
    }
    code().aconst_null();
  }

  /** Pushes the classes of an operation without a mask. */
  private void operation(Lane lane, int lanes) {
    vectorClass(lane, lanes);
    code().aconst_null();
    element(lane, lanes);
  }

  @Override
  public void binary(BinaryOp op, Lane lane, int lanes, Expr left, Expr right) {
    operator("VECTOR_OP_" + op);
    operation(lane, lanes);
    operands(left, right);
    call(Intrinsic.BINARY, op.name());
    asVector(lane);
  }

  @Override
  public void shift(BinaryOp op, Lane lane, int lanes, Expr operand, Expr distance) {
    String operator =
        switch (op) {
          case SHL -> "LSHIFT";
          case SHR -> "RSHIFT";
          default -> "URSHIFT";
        };
    operator("VECTOR_OP_" + operator);
    operation(lane, lanes);
    vectors().emit(operand);
    method.emit(distance);
    if (lane == Lane.LONG) {
      code().l2i();
    }
    code().loadConstant(lane.bits - 1).iand().aconst_null();
    call(Intrinsic.SHIFT, operator);
    asVector(lane);
  }

  @Override
  public void unary(UnaryOp op, Lane lane, int lanes, Expr operand) {
    if (lane != Lane.FLOAT && lane != Lane.DOUBLE) {
      new ApiCalls(method).unary(op, lane, lanes, operand);
      return;
    }
    operator("VECTOR_OP_" + op);
    operation(lane, lanes);
    operands(operand);
    call(Intrinsic.UNARY, op.name());
    asVector(lane);
  }

  @Override
  public void compare(CompareOp op, Lane lane, int lanes, Expr left, Expr right) {
    operator("BT_" + op.name().toLowerCase(Locale.ROOT));
    masked(lane, lanes);
    operands(left, right);
    call(Intrinsic.COMPARE, op.name());
    asMask();
  }

  /** Pushes the classes of an operation with a mask. */
  private void masked(Lane lane, int lanes) {
    vectorClass(lane, lanes);
    method.constants.maskClass(code(), lane, lanes);
    element(lane, lanes);
  }

  @Override
  public void blend(Lane lane, int lanes, Expr whenFalse, Expr whenTrue, Expr mask) {
    masked(lane, lanes);
    vectors().emit(whenFalse);
    vectors().emit(whenTrue);
    vectors().emitMask(mask, lane);
    call(Intrinsic.BLEND, "BLEND");
    asVector(lane);
  }

  @Override
  public void mask(Lane lane, int lanes, Runnable bits) {
    method.constants.maskClass(code(), lane, lanes);
    element(lane, lanes);
    bits.run();
    fromBits("MODE_BITS_COERCED_LONG_TO_MASK", "MASK", lane, lanes);
    asMask();
  }

  @Override
  public void castMask(Lane from, Lane to, int lanes) {
    conversion(
        "VECTOR_OP_CAST",
        "CAST_MASK",
        () -> {
          method.constants.maskClass(code(), from, lanes);
          element(from, lanes);
          method.constants.maskClass(code(), to, lanes);
          element(to, lanes);
        },
        to,
        lanes);
    asMask();
  }

  @Override
  public void convert(boolean signed, Lane from, Lane to, int lanes) {
    vectors(
        signed ? "VECTOR_OP_CAST" : "VECTOR_OP_UCAST",
        signed ? "CAST" : "ZERO_EXTEND",
        from,
        to,
        lanes);
  }

  @Override
  public void bitcast(Lane from, Lane to, int lanes) {
    vectors("VECTOR_OP_REINTERPRET", "REINTERPRET", from, to, lanes);
  }

  private void vectors(String operator, String fallback, Lane from, Lane to, int lanes) {
    conversion(
        operator,
        fallback,
        () -> {
          type(from, lanes);
          type(to, lanes);
        },
        to,
        lanes);
    asVector(to);
  }

  private void conversion(String operator, String fallback, Runnable types, Lane to, int lanes) {
    int slot = method.park();
    operator(operator);
    types.run();
    code().aload(slot);
    method.constants.supportedSpecies(code(), to, lanes);
    call(Intrinsic.CONVERT, fallback);
  }

  /**
   * Pushes what lies in memory and where, without an object around it.
   *
   * @return the address
   */
  private Expr place(Lane lane, int lanes, Runnable address, boolean masked) {
    if (masked) {
      masked(lane, lanes);
    } else {
      type(lane, lanes);
    }
    address.run();
    Expr place = method.pop(Type.I64);
    code().aconst_null();
    method.emit(place);
    code().iconst_1();
    return place;
  }

  @Override
  public void load(Lane lane, int lanes, Runnable address, Optional<Expr> mask) {
    Expr place = place(lane, lanes, address, mask.isPresent());
    if (mask.isPresent()) {
      vectors().emitMask(mask.get(), lane);
      code().iconst_1();
    }
    code().aconst_null();
    method.emit(place);
    method.constants.supportedSpecies(code(), lane, lanes);
    Intrinsic load = mask.isPresent() ? Intrinsic.LOAD_MASKED : Intrinsic.LOAD;
    call(load, load.name());
    asVector(lane);
  }

  @Override
  public void store(Lane lane, int lanes, Runnable value, Runnable address, Optional<Expr> mask) {
    Expr place = place(lane, lanes, address, mask.isPresent());
    value.run();
    mask.ifPresent(m -> vectors().emitMask(m, lane));
    code().aconst_null();
    method.emit(place);
    Intrinsic store = mask.isPresent() ? Intrinsic.STORE_MASKED : Intrinsic.STORE;
    call(store, store.name());
  }

  @Override
  public void load(Cell cell, Runnable address) {
    code().getstatic(Descs.FALLBACKS, "UNSAFE", Descs.UNSAFE);
    address.run();
    code()
        .invokevirtual(
            Descs.UNSAFE, "get" + cell.lane.title, Descs.method(cell.primitive, CD_long));
  }

  @Override
  public void store(Cell cell, Runnable address, Runnable value) {
    code().getstatic(Descs.FALLBACKS, "UNSAFE", Descs.UNSAFE);
    address.run();
    value.run();
    code()
        .invokevirtual(
            Descs.UNSAFE, "put" + cell.lane.title, Descs.method(CD_void, CD_long, cell.primitive));
  }
}
