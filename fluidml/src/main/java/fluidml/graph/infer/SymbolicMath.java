package fluidml.graph.infer;

import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Reduction.ReduceFunction;
import fluidml.tensor.Dim;
import java.util.Optional;

/** Integer functions of symbolic numbers; truth values are 0 and 1. Empty: not decidable. */
final class SymbolicMath {
  private static final long MAX_EXPONENT = 62;

  private SymbolicMath() {}

  private static Optional<Dim> truth(boolean value) {
    return Optional.of(value ? Dim.ONE : Dim.ZERO);
  }

  /** Whether a number is not 0. */
  static Optional<Dim> truth(Dim a) {
    return not(equal(a, Dim.ZERO));
  }

  private static Optional<Dim> not(Optional<Dim> truth) {
    return truth.map(t -> Dim.ONE.minus(t));
  }

  private static Optional<Dim> equal(Dim a, Dim b) {
    if (a.equals(b)) {
      return truth(true);
    }
    return a.mayEqual(b) ? Optional.empty() : truth(false);
  }

  private static Optional<Dim> less(Dim a, Dim b) {
    Dim difference = a.minus(b);
    if (difference.upperBound() < 0) {
      return truth(true);
    }
    return difference.lowerBound() >= 0 ? truth(false) : Optional.empty();
  }

  static Optional<Dim> unary(UnaryFunction function, Dim a) {
    return switch (function) {
      case IDENTITY -> Optional.of(a);
      case NEG -> Optional.of(a.times(-1));
      case RELU -> Optional.of(a.max(Dim.ZERO));
      case ABS -> {
        if (a.lowerBound() >= 0) {
          yield Optional.of(a);
        }
        yield a.upperBound() <= 0 ? Optional.of(a.times(-1)) : Optional.empty();
      }
      case SIGN -> {
        if (a.lowerBound() > 0) {
          yield Optional.of(Dim.ONE);
        }
        yield a.is(0)
            ? Optional.of(a)
            : a.upperBound() < 0 ? Optional.of(Dim.of(-1)) : Optional.empty();
      }
      case NOT -> not(Optional.of(a));
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
          ERF,
          SIGMOID,
          SOFTPLUS,
          SOFTSIGN,
          MISH,
          HARD_SWISH,
          GELU,
          GELU_TANH,
          FLOOR,
          CEIL,
          ROUND,
          BITWISE_NOT,
          IS_NAN ->
          Optional.empty();
    };
  }

  static Optional<Dim> binary(BinaryFunction function, Dim a, Dim b) {
    return switch (function) {
      case ADD -> Optional.of(a.plus(b));
      case SUB -> Optional.of(a.minus(b));
      case MUL -> Optional.of(a.times(b));
      case DIV -> divide(a, b);
      case MOD -> b.is(0) ? Optional.empty() : Optional.of(a.mod(b));
      case FMOD ->
          b.is(0) || a.lowerBound() < 0 || b.lowerBound() < 0
              ? Optional.empty()
              : Optional.of(a.mod(b));
      case MIN -> Optional.of(a.min(b));
      case MAX -> Optional.of(a.max(b));
      case POW -> power(a, b);
      case AND -> Optional.of(a.times(b));
      case OR -> Optional.of(a.max(b));
      case XOR -> not(equal(a, b));
      case EQUAL -> equal(a, b);
      case LESS -> less(a, b);
      case LESS_OR_EQUAL -> not(less(b, a));
      case GREATER -> less(b, a);
      case GREATER_OR_EQUAL -> not(less(a, b));
      case BITWISE_AND, BITWISE_OR, BITWISE_XOR, SHIFT_LEFT, SHIFT_RIGHT, PRELU -> Optional.empty();
    };
  }

  /** The quotient rounded towards zero. */
  static Optional<Dim> divide(Dim a, Dim b) {
    if (b.is(0)) {
      return Optional.empty();
    }
    if (a.isConstant() && b.isConstant()) {
      return Optional.of(Dim.of(a.constant().getAsLong() / b.constant().getAsLong()));
    }
    Optional<Dim> exact = a.divideExactly(b);
    if (exact.isPresent()) {
      return exact;
    }
    return a.lowerBound() >= 0 && b.lowerBound() >= 0
        ? Optional.of(a.floorDiv(b))
        : Optional.empty();
  }

  private static Optional<Dim> power(Dim a, Dim b) {
    long exponent = b.constant().orElse(-1);
    if (exponent < 0 || exponent > MAX_EXPONENT) {
      return Optional.empty();
    }
    Dim product = Dim.ONE;
    for (long i = 0; i < exponent; i++) {
      product = product.times(a);
    }
    return Optional.of(product);
  }

  static Optional<Dim> combine(ReduceFunction function, Dim a, Dim b) {
    return switch (function) {
      case SUM -> Optional.of(a.plus(b));
      case PROD -> Optional.of(a.times(b));
      case MIN -> Optional.of(a.min(b));
      case MAX -> Optional.of(a.max(b));
      case MEAN, L1, L2, SUM_SQUARE, LOG_SUM, LOG_SUM_EXP -> Optional.empty();
    };
  }

  /** The reduction of nothing. */
  static Optional<Dim> neutral(ReduceFunction function) {
    return switch (function) {
      case SUM -> Optional.of(Dim.ZERO);
      case PROD -> Optional.of(Dim.ONE);
      case MEAN, MIN, MAX, L1, L2, SUM_SQUARE, LOG_SUM, LOG_SUM_EXP -> Optional.empty();
    };
  }
}
