package fluidml.graph.op;

import java.util.List;

/** Ops on images. Enum-like attributes keep ONNX's words; the importer refuses unknown ones. */
public sealed interface Vision extends Op {
  /** How {@link Resize} interpolates. */
  enum ResizeMode {
    NEAREST,
    LINEAR,
    CUBIC
  }

  /** How a result position maps to a source position. */
  enum CoordinateMode {
    HALF_PIXEL,
    HALF_PIXEL_SYMMETRIC,
    PYTORCH_HALF_PIXEL,
    ALIGN_CORNERS,
    ASYMMETRIC,
    TF_CROP_AND_RESIZE
  }

  /** How NEAREST rounds. */
  enum NearestMode {
    ROUND_PREFER_FLOOR,
    ROUND_PREFER_CEIL,
    FLOOR,
    CEIL
  }

  /** How sizes keep the ratio of the extents. */
  enum AspectPolicy {
    STRETCH,
    NOT_LARGER,
    NOT_SMALLER
  }

  /** {@code (x, roi?, scales?, sizes?) → resized x}; {@code axes} empty: all. */
  record Resize(
      ResizeMode mode,
      CoordinateMode coordinates,
      NearestMode nearest,
      AspectPolicy aspect,
      boolean antialias,
      boolean excludeOutside,
      double cubicCoefficient,
      double extrapolationValue,
      List<Integer> axes)
      implements Vision {
    public Resize {
      axes = List.copyOf(axes);
    }

    /**
     * The extent of a resized axis: the product is rounded to float32 before it is rounded down, so
     * that a scale that was divided in float32 gives the extent it was computed from. A region of
     * interest does not change it.
     */
    public static long scaled(long extent, float scale) {
      return (long) Math.floor((float) extent * scale);
    }
  }

  /**
   * {@code (x, grid) → sampled x}; mode linear, nearest or cubic; padding zeros, border or
   * reflection.
   */
  record GridSample(ResizeMode mode, String padding, boolean alignCorners) implements Vision {}

  /** {@code (theta, size) → grid}. */
  record AffineGrid(boolean alignCorners) implements Vision {}

  /** {@code (x, rois, batchIndices) → pooled regions}. */
  record RoiAlign(
      boolean max,
      boolean halfPixel,
      long outputHeight,
      long outputWidth,
      long samplingRatio,
      double spatialScale)
      implements Vision {}

  /** {@code (x, rois) → max-pooled regions}. */
  record MaxRoiPool(long pooledHeight, long pooledWidth, double spatialScale) implements Vision {}

  /** {@code (x, indices, outputShape?) → x put back where the maxima were}. */
  record MaxUnpool(Window window) implements Vision {}

  /**
   * {@code (bytes) → uint8 [height, width, channels]}; RGB, BGR or Grayscale. Data-dependent shape.
   */
  record ImageDecoder(String pixelFormat) implements Vision {}
}
