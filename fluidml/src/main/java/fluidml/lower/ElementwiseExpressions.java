package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.ParametricFunction;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Op;
import fluidml.loop.BinaryOp;
import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.ScalarType;
import fluidml.loop.Target;
import fluidml.loop.Type;
import fluidml.loop.math.Elementary;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * One elementwise node as an expression of IR 2. Values of 16-bit floats are computed in F32 and
 * rounded at every node; integers wrap at every node.
 */
public final class ElementwiseExpressions {
  private ElementwiseExpressions() {}

  /** Why a node cannot be computed in a kernel, if it cannot. */
  public static Optional<String> refusal(Node node) {
    if (!(node.op() instanceof Elementwise op)) {
      return Optional.of(Labels.of(node.op()) + " is not elementwise");
    }
    for (Value value : node.inputs()) {
      if (value.isPresent() && ScalarType.ofStorage(value.dtype()).isEmpty()) {
        return Optional.of("element type " + value.dtype());
      }
    }
    DType x = node.input(0).dtype();
    DType to = node.output().dtype();
    if (ScalarType.ofStorage(to).isEmpty()) {
      return Optional.of("element type " + to);
    }
    return switch (op) {
      case Elementwise.Unary(var function) -> unaryRefusal(function, x);
      case Elementwise.ParametricUnary _, Elementwise.IsInf _ -> realRefusal(op, x);
      case Elementwise.Binary(var function) -> binaryRefusal(function, x, node.input(1).dtype());
      case Elementwise.Where _, Elementwise.Clip _, Elementwise.Cast _ -> Optional.empty();
      case Elementwise.BitCast _ -> Conversions.bitsRefusal(x, to);
    };
  }

  private static Optional<String> realRefusal(Op op, DType x) {
    return x.isFloat() ? Optional.empty() : Optional.of(Labels.of(op) + " of " + x);
  }

  private static Optional<String> unaryRefusal(UnaryFunction function, DType x) {
    boolean defined =
        switch (function) {
          case IDENTITY -> true;
          case ABS, NEG, SIGN, RELU, FLOOR, CEIL, ROUND, IS_NAN -> x != DType.BOOL;
          case NOT -> x == DType.BOOL;
          case BITWISE_NOT -> !x.isFloat();
          default -> x.isFloat();
        };
    return defined ? Optional.empty() : Optional.of(function + " of " + x);
  }

  private static Optional<String> binaryRefusal(BinaryFunction function, DType a, DType b) {
    boolean logical =
        function == BinaryFunction.AND
            || function == BinaryFunction.OR
            || function == BinaryFunction.XOR;
    boolean bitwise =
        function == BinaryFunction.BITWISE_AND
            || function == BinaryFunction.BITWISE_OR
            || function == BinaryFunction.BITWISE_XOR;
    if (function == BinaryFunction.POW && a.isInteger() && b.isFloat()) {
      return a == DType.UINT64 ? Optional.of("a power of " + a) : Optional.empty();
    }
    if (a == DType.BOOL || logical) {
      boolean defined =
          a == DType.BOOL
              && b == DType.BOOL
              && (logical || bitwise || function == BinaryFunction.EQUAL);
      return defined ? Optional.empty() : Optional.of(function + " of " + a);
    }
    if (a.isFloat()) {
      boolean shift =
          function == BinaryFunction.SHIFT_LEFT || function == BinaryFunction.SHIFT_RIGHT;
      return bitwise || shift ? Optional.of(function + " of " + a) : Optional.empty();
    }
    return IntegerFunctions.refusal(function, a);
  }

  /**
   * The lanes in which a node can be computed on a target and its operands and result be held.
   *
   * @param constants the elements of constant operands
   */
  public static int lanes(Node node, Target target, Function<Value, Optional<Tensor>> constants) {
    int lanes = target.lanes(ScalarType.F32);
    for (Value value : node.inputs()) {
      if (value.isPresent()) {
        lanes = Math.min(lanes, target.lanes(Exprs.registerType(value.dtype())));
      }
    }
    lanes = Math.min(lanes, target.lanes(Exprs.registerType(node.output().dtype())));
    if (isPower(node, constants)) {
      lanes = Math.min(lanes, target.lanes(ScalarType.F64));
    }
    return isScalarOnly(node, target, constants) ? 1 : lanes;
  }

  private static boolean isScalarOnly(
      Node node, Target target, Function<Value, Optional<Tensor>> constants) {
    DType x = node.input(0).dtype();
    ScalarType scalar = Exprs.registerType(x);
    return switch (node.op()) {
      case Elementwise.Unary(var function) ->
          RealFunctions.core(function).filter(f -> !f.vectorizes(scalar)).isPresent();
      case Elementwise.ParametricUnary(var function, _, _) ->
          RealFunctions.core(function).filter(f -> !f.vectorizes(scalar)).isPresent();
      case Elementwise.Binary(var function) ->
          x.isInteger()
              ? IntegerFunctions.isScalarOnly(function)
              : function == BinaryFunction.MOD
                  || function == BinaryFunction.FMOD
                  || (isPower(node, constants)
                      && (scalar != ScalarType.F32 || !node.input(1).dtype().isFloat()));
      case Elementwise.Cast _ ->
          // Machines with shorter vectors have no conversions between 64-bit integers and floats.
          target.vectorBits() < 512
              && (x.isFloat() != node.output().dtype().isFloat())
              && ((x.bits() == 64 && x.isInteger())
                  || (node.output().dtype().bits() == 64 && x.isFloat()))
              && x != DType.BOOL;
      default -> false;
    };
  }

  /** An estimate of the arithmetic operations per element. */
  public static int work(Node node) {
    return switch (node.op()) {
      // Numbers beyond the integers and NaN are put right after the conversion.
      case Elementwise.Cast _ ->
          node.input(0).dtype().isFloat() && !node.output().dtype().isFloat() ? 9 : 1;
      case Elementwise.Unary(var function) -> RealFunctions.core(function).isPresent() ? 12 : 1;
      case Elementwise.ParametricUnary(var function, _, _) ->
          RealFunctions.core(function).isPresent() ? 12 : 2;
      case Elementwise.Binary(var function) -> function == BinaryFunction.POW ? 24 : 1;
      default -> 1;
    };
  }

  /** A tensor of one element as a scalar constant. */
  public static Expr constant(Tensor tensor) {
    Type type = new Type(Exprs.registerType(tensor.dtype()), 1);
    return type.scalar().isInteger()
        ? Exprs.integer(type, tensor.getLong(0))
        : Exprs.constant(
            type, tensor.dtype() == DType.BOOL ? tensor.getLong(0) : tensor.getDouble(0));
  }

  /**
   * The result of a node.
   *
   * @param values the node's operands, as constants or registers
   */
  public static Expr write(BodyBuilder body, Node node, Map<Value, Expr> values) {
    Expr result = unfitted(body, node, values);
    DType to = node.output().dtype();
    return switch ((Elementwise) node.op()) {
      case Elementwise.Unary _, Elementwise.ParametricUnary _, Elementwise.Binary _ ->
          Conversions.fit(body, to, result);
      case Elementwise.Cast _ ->
          node.input(0).dtype() == to ? result : Conversions.fit(body, to, result);
      case Elementwise.Where _, Elementwise.Clip _, Elementwise.IsInf _, Elementwise.BitCast _ ->
          result;
    };
  }

  /**
   * The result of a node for a store, which keeps it to its element type: a register that may hold
   * what that type cannot.
   *
   * @param values the node's operands, as constants or registers
   */
  public static Expr unfitted(BodyBuilder body, Node node, Map<Value, Expr> values) {
    Expr x = values.get(node.input(0));
    DType from = node.input(0).dtype();
    DType to = node.output().dtype();
    Elementwise op = (Elementwise) node.op();
    return switch (op) {
      case Elementwise.Unary(var function) -> unary(body, function, from, x);
      case Elementwise.ParametricUnary(ParametricFunction function, double alpha, double beta) ->
          RealFunctions.parametric(body, function, alpha, beta, x);
      case Elementwise.Binary(var function) ->
          binary(body, function, node, x, values.get(node.input(1)));
      case Elementwise.Where _ ->
          Exprs.select(x, values.get(node.input(1)), values.get(node.input(2)));
      case Elementwise.Clip _ -> clip(body, node, x, values);
      case Elementwise.IsInf(boolean negative, boolean positive) -> {
        Expr never = Exprs.spread(Exprs.bool(false), x.type().lanes());
        Expr infinite = Exprs.constant(x.type(), Double.POSITIVE_INFINITY);
        Expr above = positive ? x.eq(infinite) : never;
        yield negative
            ? Exprs.or(above, x.eq(Exprs.constant(x.type(), Double.NEGATIVE_INFINITY)))
            : above;
      }
      case Elementwise.Cast _ -> Conversions.unfittedCast(body, from, to, x);
      case Elementwise.BitCast _ -> Conversions.bits(body, from, to, x);
    };
  }

  private static Expr unary(BodyBuilder body, UnaryFunction function, DType dtype, Expr x) {
    if (dtype.isFloat()) {
      return RealFunctions.unary(body, function, x);
    }
    if (dtype == DType.BOOL) {
      return function == UnaryFunction.IDENTITY ? x : Exprs.not(x);
    }
    boolean unsigned = dtype.kind() == DType.Kind.UNSIGNED;
    Expr zero = Exprs.integer(x.type(), 0);
    Expr one = Exprs.integer(x.type(), 1);
    return switch (function) {
      case ABS -> unsigned ? x : x.abs();
      case NEG -> x.neg();
      case SIGN -> {
        Expr negative = unsigned ? one : Exprs.integer(x.type(), -1);
        yield Exprs.select(x.gt(zero), one, Exprs.select(x.lt(zero), negative, zero));
      }
      case RELU -> unsigned ? x : x.max(zero);
      case BITWISE_NOT -> Exprs.not(x);
      case IS_NAN -> Exprs.spread(Exprs.bool(false), x.type().lanes());
      default -> x;
    };
  }

  private static Expr binary(BodyBuilder body, BinaryFunction function, Node node, Expr a, Expr b) {
    DType x = node.input(0).dtype();
    DType y = node.input(1).dtype();
    if (function == BinaryFunction.POW) {
      return power(body, x, y, a, b);
    }
    if (x == DType.BOOL) {
      return switch (function) {
        case AND, BITWISE_AND -> Exprs.and(a, b);
        case OR, BITWISE_OR -> Exprs.or(a, b);
        case XOR, BITWISE_XOR -> Exprs.xor(a, b);
        case EQUAL -> Exprs.not(Exprs.xor(a, b));
        default -> throw new IllegalArgumentException(function + " of bool");
      };
    }
    if (x.isInteger()) {
      Expr right = Exprs.convert(a.type().scalar(), b);
      return IntegerFunctions.binary(body, function, x, a, right);
    }
    return switch (function) {
      case ADD -> a.plus(b);
      case SUB -> a.minus(b);
      case MUL -> a.times(b);
      case DIV -> a.div(b);
      case MOD -> {
        Expr rest = body.let("r", Exprs.binary(BinaryOp.MOD, a, b));
        Expr zero = Exprs.constant(rest.type(), 0);
        Expr other = Exprs.xor(rest.lt(zero), b.lt(zero));
        yield Exprs.select(Exprs.and(rest.ne(zero), other), rest.plus(b), rest);
      }
      case FMOD -> Exprs.binary(BinaryOp.MOD, a, b);
      case MIN -> a.min(b);
      case MAX -> a.max(b);
      case EQUAL -> a.eq(b);
      case LESS -> a.lt(b);
      case LESS_OR_EQUAL -> a.le(b);
      case GREATER -> a.gt(b);
      case GREATER_OR_EQUAL -> a.ge(b);
      case PRELU -> Exprs.select(a.lt(Exprs.constant(a.type(), 0)), a.times(b), a);
      case POW, AND, OR, XOR, BITWISE_AND, BITWISE_OR, BITWISE_XOR, SHIFT_LEFT, SHIFT_RIGHT ->
          throw new IllegalArgumentException(function + " of " + x);
    };
  }

  /** Whether a power is a product, a quotient or a root. */
  private static boolean isSimplePower(double exponent) {
    return exponent == -1 || exponent == 0.5 || exponent == 1 || exponent == 2 || exponent == 3;
  }

  /** Whether a node computes powers by logarithms. */
  private static boolean isPower(Node node, Function<Value, Optional<Tensor>> constants) {
    return node.op() instanceof Elementwise.Binary(BinaryFunction function)
        && function == BinaryFunction.POW
        && constants
            .apply(node.input(1))
            .filter(t -> t.elements() == 1 && isSimplePower(t.getDouble(0)))
            .isEmpty();
  }

  private static Expr power(BodyBuilder body, DType x, DType y, Expr base, Expr exponent) {
    if (x.isInteger() && y.isInteger()) {
      return IntegerFunctions.binary(body, BinaryFunction.POW, x, base, exponent);
    }
    if (x.isInteger()) {
      Expr wide = Conversions.cast(body, x, DType.FLOAT64, base);
      Expr result = Elementary.pow(body, wide, Exprs.convert(ScalarType.F64, exponent));
      return Conversions.cast(body, DType.FLOAT64, x, result);
    }
    Expr one = Exprs.constant(base.type(), 1);
    Expr power = Exprs.convert(base.type().scalar(), exponent);
    if (power instanceof Expr.Const known) {
      double value =
          base.type().scalar() == ScalarType.F64
              ? Double.longBitsToDouble(known.bits())
              : Float.intBitsToFloat((int) known.bits());
      if (isSimplePower(value)) {
        return switch ((int) (value * 2)) {
          case -2 -> one.div(base);
          case 1 -> Exprs.sqrt(base);
          case 2 -> base;
          case 4 -> base.times(base);
          default -> base.times(base).times(base);
        };
      }
    }
    return Elementary.pow(body, base, power);
  }

  private static Expr clip(BodyBuilder body, Node node, Expr x, Map<Value, Expr> values) {
    DType dtype = node.input(0).dtype();
    Expr result = x;
    if (node.input(1).isPresent()) {
      Expr low = values.get(node.input(1));
      result =
          dtype.isInteger()
              ? IntegerFunctions.binary(body, BinaryFunction.MAX, dtype, result, low)
              : body.let("v", Exprs.select(result.lt(low), low, result));
    }
    if (node.input(2).isPresent()) {
      Expr high = values.get(node.input(2));
      Expr below = body.let("v", result);
      result =
          dtype.isInteger()
              ? IntegerFunctions.binary(body, BinaryFunction.MIN, dtype, below, high)
              : Exprs.select(below.gt(high), high, below);
    }
    return result;
  }
}
