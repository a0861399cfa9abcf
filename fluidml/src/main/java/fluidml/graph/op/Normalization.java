package fluidml.graph.op;

/** Ops that scale elements by statistics of a group of them. */
public sealed interface Normalization extends Op {
  /**
   * {@code (x, scale, bias, mean, variance) → y}, channels on axis 1, with given statistics
   * (inference).
   */
  record BatchNorm(double epsilon) implements Normalization {}

  /**
   * {@code (x, scale?, bias?) → (y, mean?, inverse deviation?)} over the axes from {@code axis} on.
   */
  record LayerNorm(int axis, double epsilon) implements Normalization {}

  /** {@code (x, scale) → x / √(mean(x²) + epsilon) · scale} over the axes from {@code axis} on. */
  record RmsNorm(int axis, double epsilon) implements Normalization {}

  /** {@code (x, scale, bias) → y} over the spatial axes of each channel. */
  record InstanceNorm(double epsilon) implements Normalization {}

  /**
   * {@code (x, scale, bias) → y} over the channels of a group and the spatial axes; scale and bias
   * per channel.
   */
  record GroupNorm(long groups, double epsilon) implements Normalization {}

  /** {@code (x) → x / ‖x‖ₚ along an axis}. */
  record LpNorm(int axis, long p) implements Normalization {}

  /** {@code (x) → x / (bias + alpha/size·Σ x²)^beta} over neighbouring channels. */
  record LocalResponseNorm(double alpha, double beta, double bias, long size)
      implements Normalization {}

  /** {@code (x, cosCache, sinCache, positionIds?) → rotated x}. */
  record RotaryEmbedding(boolean interleaved, long heads, long rotaryDim)
      implements Normalization {}
}
