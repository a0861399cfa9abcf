package fluidml.reference;

import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.ParametricFunction;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.tensor.DType;
import java.util.Optional;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;

/** The functions of elementwise ops on single numbers. */
final class ScalarFunctions {
  private ScalarFunctions() {}

  /** A function of a real number; logical ones give 0 or 1. */
  static DoubleUnaryOperator real(UnaryFunction function) {
    return switch (function) {
      case IDENTITY -> x -> x;
      case ABS -> Math::abs;
      case NEG -> x -> -x;
      case SIGN -> Math::signum;
      case RECIPROCAL -> x -> 1 / x;
      case SQRT -> Math::sqrt;
      case EXP -> Math::exp;
      case LOG -> Math::log;
      case SIN -> Math::sin;
      case COS -> Math::cos;
      case TAN -> Math::tan;
      case ASIN -> Math::asin;
      case ACOS -> Math::acos;
      case ATAN -> Math::atan;
      case SINH -> Math::sinh;
      case COSH -> Math::cosh;
      case TANH -> Math::tanh;
      case ASINH -> ScalarFunctions::asinh;
      case ACOSH -> x -> Math.log1p(x - 1 + Math.sqrt((x - 1) * (x + 1)));
      case ATANH -> x -> 0.5 * Math.log1p(2 * x / (1 - x));
      case ERF -> ScalarFunctions::erf;
      case SIGMOID -> ScalarFunctions::sigmoid;
      case RELU -> x -> Math.max(x, 0.0);
      case SOFTPLUS -> ScalarFunctions::softplus;
      case SOFTSIGN -> x -> x / (1 + Math.abs(x));
      case MISH -> x -> x * Math.tanh(softplus(x));
      case HARD_SWISH -> x -> x * Math.clamp(x / 6 + 0.5, 0.0, 1.0);
      case GELU -> x -> 0.5 * x * (1 + erf(x / Math.sqrt(2)));
      case GELU_TANH ->
          x -> 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
      case FLOOR -> Math::floor;
      case CEIL -> Math::ceil;
      case ROUND -> Math::rint;
      case NOT -> x -> x == 0 ? 1 : 0;
      case BITWISE_NOT -> x -> ~(long) x;
      case IS_NAN -> x -> Double.isNaN(x) ? 1 : 0;
    };
  }

  /** The exact form on integers and bools of the functions that have one. */
  static Optional<LongUnaryOperator> integer(UnaryFunction function, DType dtype) {
    boolean unsigned = dtype.kind() == DType.Kind.UNSIGNED;
    return switch (function) {
      case IDENTITY, FLOOR, CEIL, ROUND -> Optional.of(x -> x);
      case ABS -> Optional.of(x -> unsigned ? x : Math.abs(x));
      case NEG -> Optional.of(x -> -x);
      case SIGN -> Optional.of(x -> unsigned ? (x == 0 ? 0 : 1) : Long.signum(x));
      case RELU -> Optional.of(x -> unsigned ? x : Math.max(x, 0));
      case NOT -> Optional.of(x -> x == 0 ? 1 : 0);
      case BITWISE_NOT -> Optional.of(x -> dtype == DType.BOOL ? 1 - x : ~x);
      case IS_NAN -> Optional.of(x -> 0);
      default -> Optional.empty();
    };
  }

  /** A function of a real number with two constants. */
  static DoubleUnaryOperator real(ParametricFunction function, double alpha, double beta) {
    return switch (function) {
      case ELU -> x -> x < 0 ? alpha * Math.expm1(x) : x;
      case CELU -> x -> Math.max(0, x) + Math.min(0, alpha * Math.expm1(x / alpha));
      case SELU -> x -> beta * (x > 0 ? x : alpha * Math.expm1(x));
      case LEAKY_RELU -> x -> x < 0 ? alpha * x : x;
      case HARD_SIGMOID -> x -> Math.max(0, Math.min(1, alpha * x + beta));
      case THRESHOLDED_RELU -> x -> x > alpha ? x : 0;
      case SHRINK -> x -> x < -alpha ? x + beta : x > alpha ? x - beta : 0;
      case SWISH -> x -> x * sigmoid(alpha * x);
    };
  }

  /** A function of two real numbers; comparisons give 0 or 1. */
  static DoubleBinaryOperator real(BinaryFunction function) {
    return switch (function) {
      case ADD -> Double::sum;
      case SUB -> (a, b) -> a - b;
      case MUL -> (a, b) -> a * b;
      case DIV -> (a, b) -> a / b;
      case POW -> Math::pow;
      case MOD -> ScalarFunctions::floorMod;
      case FMOD -> (a, b) -> a % b;
      case MIN -> Math::min;
      case MAX -> Math::max;
      case AND -> (a, b) -> a != 0 && b != 0 ? 1 : 0;
      case OR -> (a, b) -> a != 0 || b != 0 ? 1 : 0;
      case XOR -> (a, b) -> (a != 0) != (b != 0) ? 1 : 0;
      case EQUAL -> (a, b) -> a == b ? 1 : 0;
      case LESS -> (a, b) -> a < b ? 1 : 0;
      case LESS_OR_EQUAL -> (a, b) -> a <= b ? 1 : 0;
      case GREATER -> (a, b) -> a > b ? 1 : 0;
      case GREATER_OR_EQUAL -> (a, b) -> a >= b ? 1 : 0;
      case BITWISE_AND -> (a, b) -> (long) a & (long) b;
      case BITWISE_OR -> (a, b) -> (long) a | (long) b;
      case BITWISE_XOR -> (a, b) -> (long) a ^ (long) b;
      case SHIFT_LEFT, SHIFT_RIGHT ->
          throw new IllegalArgumentException("shifts are defined for integers only");
      case PRELU -> (x, slope) -> x < 0 ? slope * x : x;
    };
  }

  /** A function of two integers (or bools) of one type; uint64 as its bits. */
  static LongBinaryOperator integer(BinaryFunction function, DType dtype) {
    boolean unsigned = dtype == DType.UINT64;
    int bits = dtype.bits();
    return switch (function) {
      case ADD -> Long::sum;
      case SUB -> (a, b) -> a - b;
      case MUL -> (a, b) -> a * b;
      case DIV -> unsigned ? Long::divideUnsigned : (a, b) -> a / b;
      case POW -> ScalarFunctions::power;
      case MOD -> unsigned ? Long::remainderUnsigned : Math::floorMod;
      case FMOD -> unsigned ? Long::remainderUnsigned : (a, b) -> a % b;
      case MIN -> unsigned ? (a, b) -> Long.compareUnsigned(a, b) < 0 ? a : b : Math::min;
      case MAX -> unsigned ? (a, b) -> Long.compareUnsigned(a, b) > 0 ? a : b : Math::max;
      case AND -> (a, b) -> a != 0 && b != 0 ? 1 : 0;
      case OR -> (a, b) -> a != 0 || b != 0 ? 1 : 0;
      case XOR -> (a, b) -> (a != 0) != (b != 0) ? 1 : 0;
      case EQUAL -> (a, b) -> a == b ? 1 : 0;
      case LESS -> (a, b) -> compare(a, b, unsigned) < 0 ? 1 : 0;
      case LESS_OR_EQUAL -> (a, b) -> compare(a, b, unsigned) <= 0 ? 1 : 0;
      case GREATER -> (a, b) -> compare(a, b, unsigned) > 0 ? 1 : 0;
      case GREATER_OR_EQUAL -> (a, b) -> compare(a, b, unsigned) >= 0 ? 1 : 0;
      case BITWISE_AND -> (a, b) -> a & b;
      case BITWISE_OR -> (a, b) -> a | b;
      case BITWISE_XOR -> (a, b) -> a ^ b;
      case SHIFT_LEFT -> (a, b) -> b < 0 || b >= bits ? 0 : a << b;
      case SHIFT_RIGHT -> (a, b) -> b < 0 || b >= bits ? 0 : a >>> b;
      case PRELU -> (x, slope) -> !unsigned && x < 0 ? slope * x : x;
    };
  }

  private static int compare(long a, long b, boolean unsigned) {
    return unsigned ? Long.compareUnsigned(a, b) : Long.compare(a, b);
  }

  private static double floorMod(double a, double b) {
    double remainder = a % b;
    return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
  }

  /** Modulo 2⁶⁴; a negative exponent gives the truncated reciprocal power. */
  private static long power(long base, long exponent) {
    if (exponent < 0) {
      return (long) Math.pow((double) base, (double) exponent);
    }
    long result = 1;
    long square = base;
    for (long rest = exponent; rest != 0; rest >>= 1) {
      if ((rest & 1) != 0) {
        result *= square;
      }
      square *= square;
    }
    return result;
  }

  static double sigmoid(double x) {
    return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
  }

  private static double softplus(double x) {
    return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  }

  private static double asinh(double x) {
    double a = Math.abs(x);
    return Math.copySign(Math.log1p(a + a * a / (1 + Math.sqrt(a * a + 1))), x);
  }

  /**
   * The error function: the series e^(−x²)·Σ 2ⁿx²ⁿ⁺¹/(2n+1)!! (Abramowitz and Stegun 7.1.6) up to
   * 3, beyond that the continued fraction of erfc (7.1.14).
   */
  static double erf(double x) {
    double a = Math.abs(x);
    if (Double.isNaN(x) || a > 6) {
      return Double.isNaN(x) ? x : Math.signum(x);
    }
    double result;
    if (a < 3) {
      double term = a;
      double sum = a;
      for (int n = 1; term > sum * 1e-17; n++) {
        term *= 2 * a * a / (2 * n + 1);
        sum += term;
      }
      result = 2 / Math.sqrt(Math.PI) * Math.exp(-a * a) * sum;
    } else {
      double fraction = a;
      for (int n = 60; n >= 1; n--) {
        fraction = a + n / 2.0 / fraction;
      }
      result = 1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * fraction);
    }
    return Math.copySign(result, x);
  }
}
