package fluidml.onnx;

import fluidml.graph.Value;
import fluidml.graph.op.Elementwise.Binary;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.BitCast;
import fluidml.graph.op.Elementwise.Cast;
import fluidml.graph.op.Elementwise.IsInf;
import fluidml.graph.op.Elementwise.ParametricFunction;
import fluidml.graph.op.Elementwise.ParametricUnary;
import fluidml.graph.op.Elementwise.RoundMode;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Elementwise.Where;
import java.util.List;
import java.util.Map;

/** Operators whose result element depends on one element of each operand. */
final class Elementwises {
  private static final int ANY = Integer.MAX_VALUE;

  private static final Map<String, RoundMode> ROUND_MODES =
      Map.of("up", RoundMode.UP, "down", RoundMode.DOWN, "nearest", RoundMode.NEAREST);

  private Elementwises() {}

  static void register(Operators to) {
    to.add("Identity", 1, 1, 1, Call::operands);
    unary(to, "Abs", 1, UnaryFunction.ABS);
    unary(to, "Neg", 1, UnaryFunction.NEG);
    unary(to, "Sign", 9, UnaryFunction.SIGN);
    unary(to, "Reciprocal", 1, UnaryFunction.RECIPROCAL);
    unary(to, "Sqrt", 1, UnaryFunction.SQRT);
    unary(to, "Exp", 1, UnaryFunction.EXP);
    unary(to, "Log", 1, UnaryFunction.LOG);
    unary(to, "Sin", 7, UnaryFunction.SIN);
    unary(to, "Cos", 7, UnaryFunction.COS);
    unary(to, "Tan", 7, UnaryFunction.TAN);
    unary(to, "Asin", 7, UnaryFunction.ASIN);
    unary(to, "Acos", 7, UnaryFunction.ACOS);
    unary(to, "Atan", 7, UnaryFunction.ATAN);
    unary(to, "Sinh", 9, UnaryFunction.SINH);
    unary(to, "Cosh", 9, UnaryFunction.COSH);
    unary(to, "Tanh", 1, UnaryFunction.TANH);
    unary(to, "Asinh", 9, UnaryFunction.ASINH);
    unary(to, "Acosh", 9, UnaryFunction.ACOSH);
    unary(to, "Atanh", 9, UnaryFunction.ATANH);
    unary(to, "Erf", 9, UnaryFunction.ERF);
    unary(to, "Sigmoid", 1, UnaryFunction.SIGMOID);
    unary(to, "Relu", 1, UnaryFunction.RELU);
    unary(to, "Softplus", 1, UnaryFunction.SOFTPLUS);
    unary(to, "Softsign", 1, UnaryFunction.SOFTSIGN);
    unary(to, "Mish", 18, UnaryFunction.MISH);
    unary(to, "HardSwish", 14, UnaryFunction.HARD_SWISH);
    unary(to, "Floor", 1, UnaryFunction.FLOOR);
    unary(to, "Ceil", 1, UnaryFunction.CEIL);
    unary(to, "Round", 11, UnaryFunction.ROUND);
    unary(to, "Not", 1, UnaryFunction.NOT);
    unary(to, "BitwiseNot", 18, UnaryFunction.BITWISE_NOT);
    unary(to, "IsNaN", 9, UnaryFunction.IS_NAN);
    to.add("Gelu", 20, 1, 1, Elementwises::gelu);
    parametric(to, "Elu", 1, ParametricFunction.ELU, "alpha", 1, "", 0);
    parametric(to, "Celu", 12, ParametricFunction.CELU, "alpha", 1, "", 0);
    parametric(to, "Selu", 1, ParametricFunction.SELU, "alpha", 1.6732f, "gamma", 1.0507f);
    parametric(to, "Selu", 6, ParametricFunction.SELU, "alpha", 1.6732632f, "gamma", 1.050701f);
    parametric(to, "LeakyRelu", 1, ParametricFunction.LEAKY_RELU, "alpha", 0.01f, "", 0);
    parametric(to, "HardSigmoid", 1, ParametricFunction.HARD_SIGMOID, "alpha", 0.2f, "beta", 0.5f);
    parametric(to, "ThresholdedRelu", 10, ParametricFunction.THRESHOLDED_RELU, "alpha", 1, "", 0);
    parametric(to, "Shrink", 9, ParametricFunction.SHRINK, "lambd", 0.5f, "bias", 0);
    parametric(to, "Swish", 24, ParametricFunction.SWISH, "alpha", 1, "", 0);
    binary(to, "Add", 7, BinaryFunction.ADD);
    binary(to, "Sub", 7, BinaryFunction.SUB);
    binary(to, "Mul", 7, BinaryFunction.MUL);
    binary(to, "Div", 7, BinaryFunction.DIV);
    binary(to, "Pow", 7, BinaryFunction.POW);
    binary(to, "And", 7, BinaryFunction.AND);
    binary(to, "Or", 7, BinaryFunction.OR);
    binary(to, "Xor", 7, BinaryFunction.XOR);
    binary(to, "Equal", 7, BinaryFunction.EQUAL);
    binary(to, "Less", 7, BinaryFunction.LESS);
    binary(to, "Greater", 7, BinaryFunction.GREATER);
    binary(to, "LessOrEqual", 12, BinaryFunction.LESS_OR_EQUAL);
    binary(to, "GreaterOrEqual", 12, BinaryFunction.GREATER_OR_EQUAL);
    binary(to, "BitwiseAnd", 18, BinaryFunction.BITWISE_AND);
    binary(to, "BitwiseOr", 18, BinaryFunction.BITWISE_OR);
    binary(to, "BitwiseXor", 18, BinaryFunction.BITWISE_XOR);
    binary(to, "PRelu", 7, BinaryFunction.PRELU);
    to.add(
        "Mod",
        10,
        2,
        2,
        c ->
            c.out(
                new Binary(
                    c.attributes().flag("fmod", false) ? BinaryFunction.FMOD : BinaryFunction.MOD),
                c.operands()));
    to.add("BitShift", 11, 2, 2, Elementwises::bitShift);
    to.add("Max", 6, 1, ANY, c -> variadic(c, BinaryFunction.MAX));
    to.add("Min", 6, 1, ANY, c -> variadic(c, BinaryFunction.MIN));
    to.add("Sum", 6, 1, ANY, c -> variadic(c, BinaryFunction.ADD));
    to.add("Mean", 6, 1, ANY, Elementwises::mean);
    to.add("Where", 9, 3, 3, c -> c.out(new Where(), c.operands()));
    to.add("IsInf", 10, 1, 1, Elementwises::isInf);
    to.add("Cast", 6, 1, 1, Elementwises::cast);
    to.add("CastLike", 15, 2, 2, Elementwises::castLike);
    to.add(
        "BitCast",
        26,
        1,
        1,
        c -> c.out(new BitCast(c.attributes().requiredDtype("to")), c.operands()));
    to.add("SwiGLU", 28, 2, 2, Elementwises::swiGlu);
  }

  private static void unary(Operators to, String opType, int since, UnaryFunction function) {
    to.add(opType, since, 1, 1, c -> c.out(new Unary(function), c.operands()));
  }

  private static void binary(Operators to, String opType, int since, BinaryFunction function) {
    to.add(opType, since, 2, 2, c -> c.out(new Binary(function), c.operands()));
  }

  /** An operator of one operand with one or two float attributes; the second name may be empty. */
  private static void parametric(
      Operators to,
      String opType,
      int since,
      ParametricFunction function,
      String first,
      double firstDefault,
      String second,
      double secondDefault) {
    to.add(
        opType,
        since,
        1,
        1,
        c -> {
          double alpha = c.attributes().real(first, firstDefault);
          double beta =
              second.isEmpty() ? secondDefault : c.attributes().real(second, secondDefault);
          return c.out(new ParametricUnary(function, alpha, beta), c.operands());
        });
  }

  private static List<Value> gelu(Call c) {
    UnaryFunction function =
        c.attributes()
            .choice(
                "approximate",
                "none",
                Map.of("none", UnaryFunction.GELU, "tanh", UnaryFunction.GELU_TANH));
    return c.out(new Unary(function), c.operands());
  }

  private static List<Value> bitShift(Call c) {
    BinaryFunction function =
        c.attributes()
            .choice(
                "direction",
                "",
                Map.of("LEFT", BinaryFunction.SHIFT_LEFT, "RIGHT", BinaryFunction.SHIFT_RIGHT));
    return c.out(new Binary(function), c.operands());
  }

  private static List<Value> variadic(Call c, BinaryFunction function) {
    int count = c.operands().size();
    for (int i = 0; i < count; i++) {
      if (!c.has(i)) {
        throw c.invalid("input " + i + " is missing");
      }
    }
    if (count == 1) {
      return c.operands();
    }
    Value result = c.in(0);
    for (int i = 1; i < count - 1; i++) {
      result = c.binary(function, result, c.in(i));
    }
    return c.out(new Binary(function), result, c.in(count - 1));
  }

  private static List<Value> mean(Call c) {
    int count = c.operands().size();
    Value sum = c.in(0);
    for (int i = 1; i < count; i++) {
      sum = c.plus(sum, c.in(i));
    }
    return count == 1
        ? List.of(sum)
        : c.out(new Binary(BinaryFunction.DIV), sum, c.scalar(c.dtype(sum), count));
  }

  private static List<Value> isInf(Call c) {
    return c.out(
        new IsInf(
            c.attributes().flag("detect_negative", true),
            c.attributes().flag("detect_positive", true)),
        c.operands());
  }

  private static List<Value> cast(Call c) {
    return c.out(
        new Cast(
            c.attributes().requiredDtype("to"),
            c.attributes().flag("saturate", true),
            c.attributes().choice("round_mode", "up", ROUND_MODES)),
        c.operands());
  }

  private static List<Value> castLike(Call c) {
    return c.out(
        new Cast(
            c.dtype(c.in(1)),
            c.attributes().flag("saturate", true),
            c.attributes().choice("round_mode", "up", ROUND_MODES)),
        c.in(0));
  }

  private static List<Value> swiGlu(Call c) {
    double alpha = c.attributes().real("alpha", 1);
    Value gate = c.add(new ParametricUnary(ParametricFunction.SWISH, alpha, 0), c.in(0));
    return c.out(new Binary(BinaryFunction.MUL), gate, c.in(1));
  }
}
