package fluidml.graph.op;

import fluidml.tensor.Dim;
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

  /** Padding before an axis of some extent, over which the window has {@code output} places. */
  public Dim padBegin(int axis, Dim input, Dim output) {
    Dim total = missing(axis, input, output);
    return switch (padding) {
      case EXPLICIT -> Dim.of(padsBegin.get(axis));
      case VALID -> Dim.ZERO;
      case SAME_UPPER -> total.floorDiv(2);
      case SAME_LOWER -> total.minus(total.floorDiv(2));
    };
  }

  /** Padding after an axis of some extent, over which the window has {@code output} places. */
  public Dim padEnd(int axis, Dim input, Dim output) {
    return switch (padding) {
      case EXPLICIT -> Dim.of(padsEnd.get(axis));
      case VALID -> Dim.ZERO;
      case SAME_UPPER, SAME_LOWER ->
          missing(axis, input, output).minus(padBegin(axis, input, output));
    };
  }

  private Dim missing(int axis, Dim input, Dim output) {
    return output
        .minus(Dim.ONE)
        .times(strides.get(axis))
        .plus(span(axis))
        .minus(input)
        .max(Dim.ZERO);
  }

  /** The same window with pads that are known. */
  public Window withPads(List<Long> begin, List<Long> end) {
    return new Window(kernel, strides, dilations, begin, end, Padding.EXPLICIT);
  }
}
