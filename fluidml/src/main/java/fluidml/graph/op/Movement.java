package fluidml.graph.op;

import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.List;

/**
 * Ops that rearrange elements. Where a geometry can be an operand, there are two records: the plain
 * name has it as (symbolic) attributes; the name with {@code By} reads it from operands. Shape
 * folding turns the second into the first wherever the operands are known symbolically.
 */
public sealed interface Movement extends Op {
  /** {@code (x) → x with another shape of as many elements}. */
  record Reshape(Shape shape) implements Movement {}

  /**
   * {@code (x, shape) → reshaped x}; −1 is inferred; 0 copies the extent unless {@code allowZero}.
   */
  record ReshapeBy(boolean allowZero) implements Movement {}

  /** {@code (x) → x without the axes}; empty: without every axis of extent 1. */
  record Squeeze(List<Integer> axes) implements Movement {
    public Squeeze {
      axes = List.copyOf(axes);
    }
  }

  /** {@code (x, axes) → squeezed x}. */
  record SqueezeBy() implements Movement {}

  /** {@code (x) → x with axes of extent 1 at these positions of the result}. */
  record Unsqueeze(List<Integer> axes) implements Movement {
    public Unsqueeze {
      axes = List.copyOf(axes);
    }
  }

  /** {@code (x, axes) → unsqueezed x}. */
  record UnsqueezeBy() implements Movement {}

  /** {@code (x) → x as a matrix}, split before {@code axis}. */
  record Flatten(int axis) implements Movement {}

  /**
   * {@code (x) → x with axes permuted}: axis i of the result is axis {@code permutation[i]} of x.
   */
  record Transpose(List<Integer> permutation) implements Movement {
    public Transpose {
      permutation = List.copyOf(permutation);
    }
  }

  /** {@code (x) → x broadcast to a shape} that x's shape broadcasts to. */
  record Expand(Shape shape) implements Movement {}

  /** {@code (x, shape) → x broadcast with that shape} (both ways). */
  record ExpandBy() implements Movement {}

  /** {@code (x…) → joined along an axis}. */
  record Concat(int axis) implements Movement {}

  /** {@code (x) → parts along an axis}, one for each size. */
  record Split(int axis, List<Dim> sizes) implements Movement {
    public Split {
      sizes = List.copyOf(sizes);
    }
  }

  /** {@code (x, sizes?) → parts}; without sizes, equal parts, the last smaller. */
  record SplitBy(int axis) implements Movement {}

  /**
   * One sliced axis: elements {@code start, start+step, …}, {@code size} of them.
   *
   * @param start first index (for a negative step the largest), within the axis unless {@code size}
   *     is 0
   * @param size number of elements, ≥ 0
   * @param step distance, not 0
   */
  record SliceAxis(int axis, Dim start, Dim size, long step) {}

  /** {@code (x) → a part of x}; axes that are not named stay whole. */
  record Slice(List<SliceAxis> axes) implements Movement {
    public Slice {
      axes = List.copyOf(axes);
    }
  }

  /** {@code (x, starts, ends, axes?, steps?) → a part of x}. */
  record SliceBy() implements Movement {}

  /** What lies outside of a padded tensor. */
  enum PadMode {
    CONSTANT,
    REFLECT,
    EDGE,
    WRAP
  }

  /** {@code (x, value?) → padded x}; one (possibly negative) amount for each axis at both ends. */
  record Pad(List<Dim> before, List<Dim> after, PadMode mode) implements Movement {
    public Pad {
      before = List.copyOf(before);
      after = List.copyOf(after);
    }
  }

  /** {@code (x, pads, value?, axes?) → padded x}. */
  record PadBy(PadMode mode) implements Movement {}

  /** {@code (x) → x repeated along each axis}. */
  record Tile(List<Dim> repeats) implements Movement {
    public Tile {
      repeats = List.copyOf(repeats);
    }
  }

  /** {@code (x, repeats) → tiled x}. */
  record TileBy() implements Movement {}

  /** {@code (x, k?) → the triangle of the last two axes}, zero elsewhere. */
  record Trilu(boolean upper) implements Movement {}

  /** {@code (x, lengths) → x with the first lengths[b] elements of the time axis reversed}. */
  record ReverseSequence(int batchAxis, int timeAxis) implements Movement {}

  /** {@code (x, imageShape, blockShape) → image}: sums of overlapping blocks. */
  record Col2Im(List<Long> dilations, List<Long> padsBegin, List<Long> padsEnd, List<Long> strides)
      implements Movement {
    public Col2Im {
      dilations = List.copyOf(dilations);
      padsBegin = List.copyOf(padsBegin);
      padsEnd = List.copyOf(padsEnd);
      strides = List.copyOf(strides);
    }
  }

  /**
   * {@code (x, shape) → x cropped or padded around its centre}, on the named axes (all if empty).
   */
  record CenterCropPad(List<Integer> axes) implements Movement {
    public CenterCropPad {
      axes = List.copyOf(axes);
    }
  }
}
