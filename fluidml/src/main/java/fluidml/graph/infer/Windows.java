package fluidml.graph.infer;

import fluidml.graph.op.Window;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/** Extents of what sliding windows produce. */
final class Windows {
  private Windows() {}

  /**
   * The spatial extents of a convolution or pooling of {@code x}, whose first two axes are not
   * spatial.
   *
   * @param ceilMode whether a last window that is only partly inside counts; it must begin inside
   *     the input or the padding before it
   */
  static List<Dim> extents(Site site, Shape x, Window window, boolean ceilMode) {
    check(site, x, window);
    List<Dim> extents = new ArrayList<>();
    for (int i = 0; i < window.rank(); i++) {
      Dim extent = extent(x.dim(i + 2), window, i, ceilMode);
      if (extent.upperBound() < 0) {
        throw site.error(
            "the window spans %d elements of spatial axis %d, which has %s with its padding"
                .formatted(window.span(i), i, padded(x.dim(i + 2), window, i)));
      }
      extents.add(extent);
    }
    return extents;
  }

  /** Checks that a window is sound and fits its operand. */
  static void check(Site site, Shape x, Window window) {
    int rank = window.rank();
    if (x.rank() != rank + 2) {
      throw site.error(
          "a window with %d spatial axes does not fit an operand of %d axes"
              .formatted(rank, x.rank()));
    }
    for (List<Long> list : List.of(window.strides(), window.dilations(), window.kernel())) {
      if (list.size() != rank || list.stream().anyMatch(v -> v < 1)) {
        throw site.error(window + " must have a positive number for each spatial axis");
      }
    }
    if (window.padsBegin().size() != rank || window.padsEnd().size() != rank) {
      throw site.error(window + " must have pads for each spatial axis");
    }
  }

  private static Dim padded(Dim in, Window window, int axis) {
    return in.plus(window.padsBegin().get(axis)).plus(window.padsEnd().get(axis));
  }

  private static Dim extent(Dim in, Window window, int axis, boolean ceilMode) {
    Dim stride = Dim.of(window.strides().get(axis));
    return switch (window.padding()) {
      case SAME_UPPER, SAME_LOWER -> in.ceilDiv(stride);
      case VALID -> in.plus(-window.span(axis)).floorDiv(stride).plus(1);
      case EXPLICIT -> {
        Dim room = padded(in, window, axis).plus(-window.span(axis));
        if (!ceilMode) {
          yield room.floorDiv(stride).plus(1);
        }
        Dim starts = in.plus(window.padsBegin().get(axis)).ceilDiv(stride);
        yield room.ceilDiv(stride).plus(1).min(starts);
      }
    };
  }

  /** The spatial extents of a transposed convolution of {@code x}. */
  static List<Dim> transposed(
      Site site, Shape x, Window window, List<Long> outputPadding, List<Long> outputShape) {
    check(site, x, window);
    if ((!outputPadding.isEmpty() && outputPadding.size() != window.rank())
        || (!outputShape.isEmpty() && outputShape.size() < window.rank())) {
      throw site.error(
          "output padding %s and shape %s do not fit %d spatial axes"
              .formatted(outputPadding, outputShape, window.rank()));
    }
    List<Dim> extents = new ArrayList<>();
    for (int i = 0; i < window.rank(); i++) {
      if (!outputShape.isEmpty()) {
        extents.add(Dim.of(outputShape.get(outputShape.size() - window.rank() + i)));
        continue;
      }
      Dim in = x.dim(i + 2);
      long stride = window.strides().get(i);
      long extra = outputPadding.isEmpty() ? 0 : outputPadding.get(i);
      Dim full = in.plus(-1).times(stride).plus(window.span(i) + extra);
      extents.add(
          switch (window.padding()) {
            case SAME_UPPER, SAME_LOWER -> in.times(stride);
            case VALID -> full;
            case EXPLICIT -> full.plus(-window.padsBegin().get(i)).plus(-window.padsEnd().get(i));
          });
    }
    return extents;
  }

  /** {@code [first, second, spatial…]}. */
  static Shape shape(Dim first, Dim second, List<Dim> spatial) {
    List<Dim> dims = new ArrayList<>(List.of(first, second));
    dims.addAll(spatial);
    return new Shape(dims);
  }
}
