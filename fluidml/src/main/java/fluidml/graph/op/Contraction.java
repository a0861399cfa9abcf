package fluidml.graph.op;

import fluidml.tensor.DType;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** Ops that multiply and sum over shared axes. */
public sealed interface Contraction extends Op {
  /** Whether quantised numbers are multiplied. */
  default boolean isOfIntegers() {
    return this instanceof MatMulInteger
        || this instanceof ConvInteger
        || this instanceof QLinearMatMul
        || this instanceof QLinearConv;
  }

  /** {@code (a, b) → a·b} as numpy's matmul. */
  record MatMul() implements Contraction {}

  /** {@code (a, b, c?) → alpha·a'·b' + beta·c}. */
  record Gemm(double alpha, double beta, boolean transposeA, boolean transposeB)
      implements Contraction {}

  /** {@code (operands…) → result} of an Einstein summation. */
  record Einsum(String equation) implements Contraction {}

  /**
   * {@code (x, weights, bias?) → y}; x is [n, channels, spatial…], weights [filters,
   * channels/groups, kernel…].
   *
   * @param exact whether every sum must have its own terms, even where options allow other
   *     algorithms: numbers are such that no sum is rounded
   */
  record Conv(Window window, long groups, boolean exact) implements Contraction {
    /** A convolution that may be computed by any algorithm the options allow. */
    public Conv(Window window, long groups) {
      this(window, groups, false);
    }
  }

  /**
   * {@code (x, weights, bias?) → y}; weights [channels, filters/groups, kernel…]; {@code
   * outputShape} may be empty.
   */
  record ConvTranspose(Window window, long groups, List<Long> outputPadding, List<Long> outputShape)
      implements Contraction {
    public ConvTranspose {
      outputPadding = List.copyOf(outputPadding);
      outputShape = List.copyOf(outputShape);
    }
  }

  /** {@code (x, weights, offset, bias?, mask?) → y}. */
  record DeformConv(Window window, long groups, long offsetGroups) implements Contraction {}

  /** {@code (a, b, aZeroPoint?, bZeroPoint?) → int32}. */
  record MatMulInteger() implements Contraction {}

  /** {@code (x, weights, xZeroPoint?, weightsZeroPoint?) → int32}. */
  record ConvInteger(Window window, long groups) implements Contraction {}

  /** {@code (a, aScale, aZero, b, bScale, bZero, yScale, yZero) → y}. */
  record QLinearMatMul() implements Contraction {}

  /** {@code (x, xScale, xZero, w, wScale, wZero, yScale, yZero, bias?) → y}. */
  record QLinearConv(Window window, long groups) implements Contraction {}

  /** Which intermediate of {@link Attention} its fourth result is. */
  enum AttentionScores {
    /** Scaled q·kᵀ. */
    RAW,
    /** After mask and causal mask were added. */
    MASKED,
    /** After the soft cap. */
    CAPPED,
    /** After softmax. */
    SOFTMAX
  }

  /**
   * {@code (q, k, v, mask?, pastKey?, pastValue?, validLengths?) → (y, presentKey?, presentValue?,
   * scores?)}: {@code softmax(scale·q·kᵀ + mask)·v}.
   *
   * <p>With four axes q is [batch, heads, rows, depth], k [batch, kvHeads, columns, depth] and v
   * [batch, kvHeads, columns, valueDepth]; with three the heads lie inside the last axis and {@code
   * queryHeads} and {@code keyValueHeads} say how many. The mask is additive (float) or selects
   * (bool), and broadcasts to [batch, heads, rows, columns]. Canonicalised attention has four axes
   * and no past.
   *
   * @param scale factor of the scores; empty for 1/√depth
   * @param causal whether row i sees columns up to i (plus past length)
   * @param softcap {@code c·tanh(score/c)} if not 0
   * @param queryHeads number of heads of q if it has three axes, else 0
   * @param keyValueHeads number of heads of k and v if they have three axes, else 0
   * @param scores what the fourth result is, if there is one
   * @param softmaxType type in which softmax is computed, if not that of q
   */
  record Attention(
      OptionalDouble scale,
      boolean causal,
      double softcap,
      long queryHeads,
      long keyValueHeads,
      AttentionScores scores,
      Optional<DType> softmaxType)
      implements Contraction {
    /** Attention over four-axis operands without soft cap. */
    public static Attention of(double scale, boolean causal) {
      return new Attention(
          OptionalDouble.of(scale), causal, 0, 0, 0, AttentionScores.RAW, Optional.empty());
    }
  }
}
