package fluidml.emit.jvm;

import static java.lang.constant.ConstantDescs.CD_double;
import static java.lang.constant.ConstantDescs.CD_float;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;

import fluidml.loop.BinaryOp;
import fluidml.loop.CompareOp;
import fluidml.loop.Expr;
import fluidml.loop.MathFunction;
import fluidml.loop.ScalarType;
import fluidml.loop.UnaryOp;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.OperatorInstruction;
import java.lang.constant.ClassDesc;
import java.util.Collections;

/** Scalar expressions: plain bytecode and intrinsics of {@link Math}. */
final class ScalarCode {
  private final MethodEmitter method;
  private final CodeBuilder code;

  ScalarCode(MethodEmitter method) {
    this.method = method;
    this.code = method.code;
  }

  void emit(Expr expr) {
    switch (expr) {
      case Expr.Const c -> constant(c);
      case Expr.Size s -> method.size(s.name());
      case Expr.Var v -> method.variable(v.name());
      case Expr.Read r -> method.read(r.register());
      case Expr.Load l -> method.access().load(l);
      case Expr.Unary u -> unary(u);
      case Expr.Binary b -> binary(b);
      case Expr.Fma f -> {
        emit(f.a());
        emit(f.b());
        emit(f.c());
        ClassDesc type = primitive(f.type().scalar());
        code.invokestatic(Descs.MATH, "fma", Descs.method(type, type, type, type));
      }
      case Expr.Compare _ -> materialise(expr);
      case Expr.Select s -> select(s);
      case Expr.Convert c -> {
        emit(c.operand());
        code.conversion(kind(c.operand().type().scalar()), kind(c.to()));
      }
      case Expr.Bitcast b -> bitcast(b);
      case Expr.Horizontal h -> method.vectors().horizontal(h);
      case Expr.LaneMask _,
          Expr.Reverse _,
          Expr.Rotate _,
          Expr.Zip _,
          Expr.Unzip _,
          Expr.LaneIndex _,
          Expr.Broadcast _ ->
          throw new IllegalStateException("vector expression of one lane: " + expr);
      case Expr.Intrinsic i -> {
        i.operands().forEach(this::emit);
        ClassDesc[] parameters =
            Collections.nCopies(i.operands().size(), CD_double).toArray(new ClassDesc[0]);
        code.invokestatic(
            i.function().isStandard() ? Descs.STRICT_MATH : Descs.QUARTER_TURNS,
            methodName(i.function()),
            Descs.method(CD_double, parameters));
      }
    }
  }

  private static String methodName(MathFunction function) {
    if (function.isStandard()) {
      return function.text();
    }
    return function == MathFunction.QUARTER_REST ? "quarterRest" : "quarterTurns";
  }

  static TypeKind kind(ScalarType scalar) {
    return switch (scalar) {
      case F32 -> TypeKind.FLOAT;
      case F64 -> TypeKind.DOUBLE;
      case I32, BOOL -> TypeKind.INT;
      case I64 -> TypeKind.LONG;
    };
  }

  private static ClassDesc primitive(ScalarType scalar) {
    return Lane.of(scalar).primitive;
  }

  private void constant(Expr.Const c) {
    switch (c.type().scalar()) {
      case F32 -> code.loadConstant(Float.intBitsToFloat((int) c.bits()));
      case F64 -> code.loadConstant(Double.longBitsToDouble(c.bits()));
      case I32, BOOL -> code.loadConstant((int) c.bits());
      case I64 -> code.loadConstant(c.bits());
    }
  }

  private void unary(Expr.Unary u) {
    ScalarType scalar = u.type().scalar();
    ClassDesc type = primitive(scalar);
    emit(u.operand());
    switch (u.op()) {
      case NEG -> {
        switch (kind(scalar)) {
          case FLOAT -> code.fneg();
          case DOUBLE -> code.dneg();
          case LONG -> code.lneg();
          default -> code.ineg();
        }
      }
      case ABS -> code.invokestatic(Descs.MATH, "abs", Descs.method(type, type));
      case SQRT -> throughDouble("sqrt", scalar);
      case FLOOR -> throughDouble("floor", scalar);
      case CEIL -> throughDouble("ceil", scalar);
      case ROUND_EVEN -> throughDouble("rint", scalar);
      case TRUNC -> trunc(u);
      case NOT -> {
        switch (scalar) {
          case BOOL -> code.iconst_1().ixor();
          case I64 -> code.loadConstant(-1L).lxor();
          case I32, F32, F64 -> code.iconst_m1().ixor();
        }
      }
    }
  }

  private void throughDouble(String function, ScalarType scalar) {
    if (scalar == ScalarType.F32) {
      code.f2d();
    }
    code.invokestatic(Descs.MATH, function, Descs.method(CD_double, CD_double));
    if (scalar == ScalarType.F32) {
      code.d2f();
    }
  }

  /** The floor of the magnitude with the sign of the operand, which is on the stack. */
  private void trunc(Expr.Unary u) {
    Expr x = method.pop(u.type());
    ClassDesc type = primitive(u.type().scalar());
    emit(new Expr.Unary(UnaryOp.FLOOR, new Expr.Unary(UnaryOp.ABS, x)));
    emit(x);
    code.invokestatic(Descs.MATH, "copySign", Descs.method(type, type, type));
  }

  private void bitcast(Expr.Bitcast b) {
    emit(b.operand());
    switch (b.to()) {
      case F32 ->
          code.invokestatic(Descs.FLOAT_BOX, "intBitsToFloat", Descs.method(CD_float, CD_int));
      case I32 ->
          code.invokestatic(Descs.FLOAT_BOX, "floatToRawIntBits", Descs.method(CD_int, CD_float));
      case F64 ->
          code.invokestatic(Descs.DOUBLE_BOX, "longBitsToDouble", Descs.method(CD_double, CD_long));
      case I64 ->
          code.invokestatic(
              Descs.DOUBLE_BOX, "doubleToRawLongBits", Descs.method(CD_long, CD_double));
      case BOOL -> throw new IllegalStateException("bitcast to a mask");
    }
  }

  private void select(Expr.Select s) {
    Label otherwise = code.newLabel();
    Label done = code.newLabel();
    jumpUnless(s.condition(), otherwise);
    method.conditionally(() -> emit(s.whenTrue()));
    code.goto_(done).labelBinding(otherwise);
    method.conditionally(() -> emit(s.whenFalse()));
    code.labelBinding(done);
  }

  private void materialise(Expr condition) {
    Label otherwise = code.newLabel();
    Label done = code.newLabel();
    jumpUnless(condition, otherwise);
    code.iconst_1().goto_(done).labelBinding(otherwise).iconst_0().labelBinding(done);
  }

  /** Jumps if a BOOL scalar is false, else falls through. */
  void jumpUnless(Expr condition, Label target) {
    if (condition instanceof Expr.Binary b && b.op() == BinaryOp.AND) {
      jumpUnless(b.left(), target);
      method.conditionally(() -> jumpUnless(b.right(), target));
      return;
    }
    if (!(condition instanceof Expr.Compare c)) {
      emit(condition);
      code.ifeq(target);
      return;
    }
    emit(c.left());
    emit(c.right());
    boolean less = c.op() == CompareOp.LT || c.op() == CompareOp.LE;
    ScalarType scalar = c.left().type().scalar();
    switch (scalar) {
      case F32 -> code.with(less ? op(Opcode.FCMPG) : op(Opcode.FCMPL));
      case F64 -> code.with(less ? op(Opcode.DCMPG) : op(Opcode.DCMPL));
      case I64 -> code.lcmp();
      case I32, BOOL -> {
        switch (c.op()) {
          case EQ -> code.if_icmpne(target);
          case NE -> code.if_icmpeq(target);
          case LT -> code.if_icmpge(target);
          case LE -> code.if_icmpgt(target);
          case GT -> code.if_icmple(target);
          case GE -> code.if_icmplt(target);
        }
        return;
      }
    }
    switch (c.op()) {
      case EQ -> code.ifne(target);
      case NE -> code.ifeq(target);
      case LT -> code.ifge(target);
      case LE -> code.ifgt(target);
      case GT -> code.ifle(target);
      case GE -> code.iflt(target);
    }
  }

  private static OperatorInstruction op(Opcode opcode) {
    return OperatorInstruction.of(opcode);
  }

  private void binary(Expr.Binary b) {
    ScalarType scalar = b.type().scalar();
    if (powerOfTwo(b)) {
      return;
    }
    emit(b.left());
    emit(b.right());
    switch (b.op()) {
      case SHL, SHR, USHR -> {
        if (scalar == ScalarType.I64) {
          code.l2i();
        }
        shift(b.op(), scalar);
      }
      case MIN, MAX, FLOOR_DIV, FLOOR_MOD -> {
        ClassDesc type = primitive(scalar);
        code.invokestatic(Descs.MATH, mathName(b.op()), Descs.method(type, type, type));
      }
      case ADD, SUB, MUL, DIV, MOD, AND, OR, XOR -> code.with(op(opcode(b.op(), kind(scalar))));
    }
  }

  private static String mathName(BinaryOp op) {
    return switch (op) {
      case FLOOR_DIV -> "floorDiv";
      case FLOOR_MOD -> "floorMod";
      case ADD, SUB, MUL, DIV, MOD, MIN, MAX, AND, OR, XOR, SHL, SHR, USHR -> op.text();
    };
  }

  private static Opcode opcode(BinaryOp op, TypeKind kind) {
    String letter =
        switch (kind) {
          case FLOAT -> "F";
          case DOUBLE -> "D";
          case LONG -> "L";
          default -> "I";
        };
    return Opcode.valueOf(letter + (op == BinaryOp.MOD ? "REM" : op.name()));
  }

  /** Floor division and remainder by a constant power of two as shift and mask. */
  private boolean powerOfTwo(Expr.Binary b) {
    boolean division = b.op() == BinaryOp.FLOOR_DIV;
    if ((!division && b.op() != BinaryOp.FLOOR_MOD)
        || !(b.right() instanceof Expr.Const c)
        || c.bits() <= 0
        || Long.bitCount(c.bits()) != 1) {
      return false;
    }
    emit(b.left());
    boolean wide = b.type().scalar() == ScalarType.I64;
    if (division) {
      code.loadConstant(Long.numberOfTrailingZeros(c.bits()));
      shift(BinaryOp.SHR, b.type().scalar());
    } else if (wide) {
      code.loadConstant(c.bits() - 1).land();
    } else {
      code.loadConstant((int) c.bits() - 1).iand();
    }
    return true;
  }

  private void shift(BinaryOp op, ScalarType scalar) {
    if (scalar == ScalarType.I64) {
      switch (op) {
        case SHL -> code.lshl();
        case SHR -> code.lshr();
        default -> code.lushr();
      }
    } else {
      switch (op) {
        case SHL -> code.ishl();
        case SHR -> code.ishr();
        default -> code.iushr();
      }
    }
  }
}
