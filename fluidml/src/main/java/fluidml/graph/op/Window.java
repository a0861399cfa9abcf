package fluidml.graph.op;

import java.util.List;

/**
 * The geometry of a sliding window over the spatial axes; every list has one entry for each.
 *
 * @param kernel extents of the window
 * @param strides steps between windows
 * @param dilations steps within a window
 * @param padsBegin padding before each axis; zeros unless {@code padding} is EXPLICIT
 * @param padsEnd padding after each axis
 * @param padding how pads are found
 */
public record Window(
    List<Long> kernel,
    List<Long> strides,
    List<Long> dilations,
    List<Long> padsBegin,
    List<Long> padsEnd,
    Padding padding) {
  /** How the pads of a window are found. */
  public enum Padding {
    /** As given. */
    EXPLICIT,
    /** None. */
    VALID,
    /** Output extent = ⌈input / stride⌉, the odd pad at the end. */
    SAME_UPPER,
    /** Output extent = ⌈input / stride⌉, the odd pad at the beginning. */
    SAME_LOWER
  }

  public Window {
    kernel = List.copyOf(kernel);
    strides = List.copyOf(strides);
    dilations = List.copyOf(dilations);
    padsBegin = List.copyOf(padsBegin);
    padsEnd = List.copyOf(padsEnd);
  }

  /** Number of spatial axes. */
  public int rank() {
    return kernel.size();
  }

  /**
   * Extent that the dilated window covers on an axis: {@code (kernel − 1)·dilation + 1}; throws if
   * it overflows.
   */
  public long span(int axis) {
    return Math.addExact(Math.multiplyExact(kernel.get(axis) - 1, dilations.get(axis)), 1);
  }

  /** The same window with pads that are known. */
  public Window withPads(List<Long> begin, List<Long> end) {
    return new Window(kernel, strides, dilations, begin, end, Padding.EXPLICIT);
  }
}
