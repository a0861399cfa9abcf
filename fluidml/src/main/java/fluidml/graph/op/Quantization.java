package fluidml.graph.op;

import fluidml.tensor.DType;
import java.util.Optional;

/** Ops between real numbers and their quantised forms. */
public sealed interface Quantization extends Op {
  /**
   * {@code (x, scale, zeroPoint?) → quantised x}.
   *
   * @param axis axis of per-axis or blocked scales
   * @param blockSize block along the axis, 0 for none
   * @param to result type, if not that of the zero point (uint8 without one)
   * @param precision type of the division, if not that of scale
   */
  record QuantizeLinear(
      int axis, long blockSize, boolean saturate, Optional<DType> to, Optional<DType> precision)
      implements Quantization {}

  /**
   * {@code (x, scale, zeroPoint?) → real x}, of the type of scale unless {@code to} says otherwise.
   */
  record DequantizeLinear(int axis, long blockSize, Optional<DType> to) implements Quantization {}

  /** {@code (x) → (uint8 y, scale, zeroPoint)}. */
  record DynamicQuantizeLinear() implements Quantization {}
}
