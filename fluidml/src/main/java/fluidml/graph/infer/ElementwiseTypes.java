package fluidml.graph.infer;

import fluidml.graph.Type;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Elementwise.Binary;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.BitCast;
import fluidml.graph.op.Elementwise.Cast;
import fluidml.graph.op.Elementwise.Clip;
import fluidml.graph.op.Elementwise.IsInf;
import fluidml.graph.op.Elementwise.ParametricUnary;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Elementwise.Where;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.List;
import java.util.Optional;

/** Result types of the elementwise ops. */
final class ElementwiseTypes {
  private ElementwiseTypes() {}

  static List<Type> infer(Site site, Elementwise op) {
    return switch (op) {
      case Unary unary -> unary(site, unary.function());
      case ParametricUnary _ -> {
        site.arity(1, 1);
        yield site.one(site.requireFloat(0), site.shape(0));
      }
      case Binary binary -> binary(site, binary.function());
      case Where _ -> {
        site.arity(3, 3);
        site.requireType(0, DType.BOOL);
        DType dtype = site.sameType(1, 2);
        yield site.one(dtype, site.broadcast(List.of(site.shape(0), site.shape(1), site.shape(2))));
      }
      case Clip _ -> {
        site.arity(1, 3);
        site.requireNumber(0);
        DType dtype = site.sameType(0, 1, 2);
        for (int i = 1; i < 3; i++) {
          if (site.has(i) && site.shape(i).isPresent()) {
            site.agree(site.shape(i).get().elements(), Dim.ONE, "elements of operand " + i);
          }
        }
        yield site.one(dtype, site.shape(0));
      }
      case IsInf _ -> {
        site.arity(1, 1);
        site.requireFloat(0);
        yield site.one(DType.BOOL, site.shape(0));
      }
      case Cast cast -> {
        site.arity(1, 1);
        yield site.one(cast.to(), site.shape(0));
      }
      case BitCast cast -> {
        site.arity(1, 1);
        site.require(
            site.dtype(0).bits() == cast.to().bits() && site.dtype(0) != DType.STRING,
            0,
            "must be of a type as wide as " + cast.to());
        yield site.one(cast.to(), site.shape(0));
      }
    };
  }

  private static List<Type> unary(Site site, UnaryFunction function) {
    site.arity(1, 1);
    if (function == UnaryFunction.IDENTITY) {
      return site.firstOf(site.type(0));
    }
    DType result =
        switch (function) {
          case IDENTITY -> site.dtype(0);
          case ABS, NEG, SIGN, RELU, ERF -> site.requireNumber(0);
          case NOT -> site.requireType(0, DType.BOOL);
          case BITWISE_NOT -> site.requireInteger(0);
          case IS_NAN -> {
            site.requireFloat(0);
            yield DType.BOOL;
          }
          case RECIPROCAL,
              SQRT,
              EXP,
              LOG,
              SIN,
              COS,
              TAN,
              ASIN,
              ACOS,
              ATAN,
              SINH,
              COSH,
              TANH,
              ASINH,
              ACOSH,
              ATANH,
              SIGMOID,
              SOFTPLUS,
              SOFTSIGN,
              MISH,
              HARD_SWISH,
              GELU,
              GELU_TANH,
              FLOOR,
              CEIL,
              ROUND ->
              site.requireFloat(0);
        };
    return site.one(result, site.shape(0));
  }

  private static List<Type> binary(Site site, BinaryFunction function) {
    site.arity(2, 2);
    DType dtype =
        switch (function) {
          case ADD, SUB, MUL, DIV, MOD, FMOD, MIN, MAX -> {
            site.requireNumber(0);
            yield site.sameType(0, 1);
          }
          case PRELU -> {
            site.requireNumber(0);
            yield site.sameType(0, 1);
          }
          case POW -> {
            site.requireNumber(0);
            site.requireNumber(1);
            yield site.dtype(0);
          }
          case AND, OR, XOR -> {
            site.requireType(0, DType.BOOL);
            yield site.requireType(1, DType.BOOL);
          }
          case EQUAL -> {
            site.sameType(0, 1);
            yield DType.BOOL;
          }
          case LESS, LESS_OR_EQUAL, GREATER, GREATER_OR_EQUAL -> {
            site.requireNumber(0);
            site.sameType(0, 1);
            yield DType.BOOL;
          }
          case BITWISE_AND, BITWISE_OR, BITWISE_XOR, SHIFT_LEFT, SHIFT_RIGHT -> {
            site.requireInteger(0);
            yield site.sameType(0, 1);
          }
        };
    Optional<Shape> shape = site.broadcast(List.of(site.shape(0), site.shape(1)));
    return site.one(dtype, shape);
  }
}
