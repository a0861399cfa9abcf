package fluidml.graph.op;

import fluidml.tensor.DType;

/** Ops whose result element depends on one element of each operand, broadcast as in numpy. */
public sealed interface Elementwise extends Op {
  /** Functions of one element. */
  enum UnaryFunction {
    IDENTITY,
    ABS,
    NEG,
    SIGN,
    RECIPROCAL,
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
    RELU,
    SOFTPLUS,
    SOFTSIGN,
    MISH,
    HARD_SWISH,
    /** {@code 0.5·x·(1 + erf(x/√2))}. */
    GELU,
    /** {@code 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))}. */
    GELU_TANH,
    FLOOR,
    CEIL,
    /** To nearest, ties to even. */
    ROUND,
    /** Logical not. */
    NOT,
    BITWISE_NOT,
    IS_NAN
  }

  /** Functions of one element with two constants. */
  enum ParametricFunction {
    /** {@code x < 0 ? alpha·(eˣ − 1) : x}. */
    ELU,
    /** {@code max(0,x) + min(0, alpha·(e^(x/alpha) − 1))}. */
    CELU,
    /** {@code beta·(x > 0 ? x : alpha·(eˣ − 1))}; beta is ONNX's gamma. */
    SELU,
    /** {@code x < 0 ? alpha·x : x}. */
    LEAKY_RELU,
    /** {@code clamp(alpha·x + beta, 0, 1)}. */
    HARD_SIGMOID,
    /** {@code x > alpha ? x : 0}. */
    THRESHOLDED_RELU,
    /**
     * {@code x < −alpha ? x + beta : x > alpha ? x − beta : 0}; alpha is ONNX's lambd, beta its
     * bias.
     */
    SHRINK,
    /** {@code x·sigmoid(alpha·x)}. */
    SWISH
  }

  /** Functions of two elements of one type. */
  enum BinaryFunction {
    ADD,
    SUB,
    MUL,
    /** Integers truncate towards zero. */
    DIV,
    POW,
    /** Sign of the divisor (Python's {@code %}). */
    MOD,
    /** Sign of the dividend (C's {@code fmod}). */
    FMOD,
    /** NaN if either is. */
    MIN,
    /** NaN if either is. */
    MAX,
    AND,
    OR,
    XOR,
    EQUAL,
    LESS,
    LESS_OR_EQUAL,
    GREATER,
    GREATER_OR_EQUAL,
    BITWISE_AND,
    BITWISE_OR,
    BITWISE_XOR,
    SHIFT_LEFT,
    /** Logical shift. */
    SHIFT_RIGHT,
    /** {@code x < 0 ? slope·x : x}. */
    PRELU;

    /** Whether the result is bool whatever the operands are. */
    public boolean isComparison() {
      return this == EQUAL
          || this == LESS
          || this == LESS_OR_EQUAL
          || this == GREATER
          || this == GREATER_OR_EQUAL;
    }

    /** Whether the operands may be exchanged. */
    public boolean isCommutative() {
      return switch (this) {
        case ADD, MUL, MIN, MAX, AND, OR, XOR, EQUAL, BITWISE_AND, BITWISE_OR, BITWISE_XOR -> true;
        case SUB,
            DIV,
            POW,
            MOD,
            FMOD,
            LESS,
            LESS_OR_EQUAL,
            GREATER,
            GREATER_OR_EQUAL,
            SHIFT_LEFT,
            SHIFT_RIGHT,
            PRELU ->
            false;
      };
    }
  }

  /** {@code (x) → f(x)}. */
  record Unary(UnaryFunction function) implements Elementwise {}

  /** {@code (x) → f(x; alpha, beta)}. */
  record ParametricUnary(ParametricFunction function, double alpha, double beta)
      implements Elementwise {}

  /** {@code (a, b) → f(a, b)}; POW and shifts may have a right operand of another type. */
  record Binary(BinaryFunction function) implements Elementwise {}

  /** {@code (condition, a, b) → condition ? a : b}. */
  record Where() implements Elementwise {}

  /** {@code (x, min?, max?) → min(max(x, min), max)}; min and max are scalars. */
  record Clip() implements Elementwise {}

  /** {@code (x) → bool}: whether x is infinite with a sign that is asked for. */
  record IsInf(boolean detectNegative, boolean detectPositive) implements Elementwise {}

  /** How {@link Cast} rounds to float8e8m0. */
  enum RoundMode {
    UP,
    DOWN,
    NEAREST
  }

  /** {@code (x) → x as another type}; {@code saturate} matters for the 8-bit floats only. */
  record Cast(DType to, boolean saturate, RoundMode roundMode) implements Elementwise {
    /** A cast with ONNX's default attributes. */
    public Cast(DType to) {
      this(to, true, RoundMode.UP);
    }
  }

  /** {@code (x) → the same bits as another type of the same width}. */
  record BitCast(DType to) implements Elementwise {}
}
