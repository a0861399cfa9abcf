package fluidml.lower;

import fluidml.graph.Value;
import fluidml.graph.op.Movement.SliceAxis;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Where the elements of a value lie: element {@code (i₀, i₁, …)} is element {@code offset + Σ
 * iₐ·strideₐ} of the buffer that belongs to {@code root}.
 *
 * @param root the value that owns the buffer; the value itself if it is not a view on another
 * @param dtype element type
 * @param shape logical extents
 * @param offset first element, in elements from the buffer's start
 * @param strides elements between neighbours, for each axis; 0 where the axis is broadcast
 */
public record View(Value root, DType dtype, Shape shape, Dim offset, List<Dim> strides) {
  public View {
    strides = List.copyOf(strides);
  }

  /**
   * The same elements without gaps from the beginning of another buffer.
   *
   * @param buffer has as many elements
   * @param order of the axes, outermost first
   */
  public View movedTo(Value buffer, List<Integer> order) {
    Dim[] steps = new Dim[order.size()];
    Dim stride = Dim.ONE;
    for (int i = order.size() - 1; i >= 0; i--) {
      steps[order.get(i)] = stride;
      stride = stride.times(shape.dim(order.get(i)));
    }
    return new View(buffer, dtype, shape, Dim.ZERO, List.of(steps));
  }

  /** The row-major view of a value on a buffer of its own. */
  public static View rowMajor(Value value) {
    return new View(value, value.dtype(), value.shape(), Dim.ZERO, value.shape().rowMajorStrides());
  }

  /** A view of a value on a buffer of its own whose axes lie in another order, outermost first. */
  public static View permuted(Value value, List<Integer> order) {
    return rowMajor(value).movedTo(value, order);
  }

  /** Whether elements lie row-major without gaps, from the offset on. */
  public boolean isRowMajor() {
    List<Dim> dense = shape.rowMajorStrides();
    for (int i = 0; i < strides.size(); i++) {
      if (!strides.get(i).equals(dense.get(i)) && !shape.dim(i).is(1)) {
        return false;
      }
    }
    return true;
  }

  /**
   * The order of the axes in memory, outermost first, if this is dense and starts with its buffer.
   * Axes of extent 1, which may lie anywhere, come first.
   */
  public Optional<List<Integer>> order() {
    List<Integer> order = new ArrayList<>();
    List<Integer> open = new ArrayList<>();
    for (int axis = 0; axis < strides.size(); axis++) {
      (shape.dim(axis).is(1) ? order : open).add(axis);
    }
    int ones = order.size();
    Dim stride = Dim.ONE;
    while (!open.isEmpty()) {
      int last = open.size() - 1;
      while (last >= 0 && !strides.get(open.get(last)).equals(stride)) {
        last--;
      }
      if (last < 0) {
        return Optional.empty();
      }
      int axis = open.get(last);
      open.subList(last, last + 1).clear();
      order.add(ones, axis);
      stride = stride.times(shape.dim(axis));
    }
    return offset.is(0) ? Optional.of(order) : Optional.empty();
  }

  /** Axis i of the result is axis {@code permutation[i]} of this. */
  public View transposed(List<Integer> permutation) {
    return new View(
        root,
        dtype,
        new Shape(permutation.stream().map(shape::dim).toList()),
        offset,
        permutation.stream().map(strides::get).toList());
  }

  /** A part of this. */
  public View sliced(List<SliceAxis> axes) {
    Dim start = offset;
    Shape part = shape;
    List<Dim> steps = new ArrayList<>(strides);
    for (SliceAxis axis : axes) {
      start = start.plus(axis.start().times(strides.get(axis.axis())));
      part = part.withDim(axis.axis(), axis.size());
      steps.set(axis.axis(), strides.get(axis.axis()).times(axis.step()));
    }
    return new View(root, dtype, part, start, steps);
  }

  /** This broadcast to a shape, aligned at the last axis; new and stretched axes have stride 0. */
  public View broadcast(Shape target) {
    List<Dim> steps = new ArrayList<>();
    int missing = target.rank() - shape.rank();
    for (int i = 0; i < target.rank(); i++) {
      boolean stretched = i < missing || (shape.dim(i - missing).is(1) && !target.dim(i).is(1));
      steps.add(stretched ? Dim.ZERO : strides.get(i - missing));
    }
    return new View(root, dtype, target, offset, steps);
  }

  /** This with another shape of as many elements, if that needs no copy. */
  public Optional<View> reshaped(Shape target) {
    List<Dim> steps = new ArrayList<>();
    int from = 0;
    int to = 0;
    while (from < shape.rank() || to < target.rank()) {
      // Find the smallest groups of axes, on both sides, with the same product.
      int fromEnd = from;
      int toEnd = to;
      Dim have = Dim.ONE;
      Dim want = Dim.ONE;
      do {
        if (fromEnd < shape.rank() && (toEnd == target.rank() || !exceeds(have, want))) {
          have = have.times(shape.dim(fromEnd++));
        } else if (toEnd < target.rank()) {
          want = want.times(target.dim(toEnd++));
        } else {
          return Optional.empty();
        }
        while (!have.equals(want) && toEnd < target.rank() && !exceeds(want, have)) {
          want = want.times(target.dim(toEnd++));
        }
      } while (!have.equals(want));
      while (fromEnd < shape.rank() && shape.dim(fromEnd).is(1)) {
        fromEnd++;
      }
      while (toEnd < target.rank() && target.dim(toEnd).is(1)) {
        toEnd++;
      }
      Optional<Dim> inner = innerStride(from, fromEnd);
      if (inner.isEmpty()) {
        return Optional.empty();
      }
      Dim[] group = new Dim[toEnd - to];
      Dim stride = inner.get();
      for (int i = toEnd - 1; i >= to; i--) {
        group[i - to] = stride;
        stride = stride.times(target.dim(i));
      }
      steps.addAll(List.of(group));
      from = fromEnd;
      to = toEnd;
    }
    return Optional.of(new View(root, dtype, target, offset, steps));
  }

  /** Whether {@code a} has more factors than {@code b}, as far as that can be told. */
  private static boolean exceeds(Dim a, Dim b) {
    if (a.isConstant() && b.isConstant()) {
      return a.constant().getAsLong() > b.constant().getAsLong();
    }
    return !a.equals(b) && (b.is(1) || a.mod(b).is(0));
  }

  /** The stride of axes [begin, end) seen as one axis, if they lie without gaps. */
  private Optional<Dim> innerStride(int begin, int end) {
    Dim inner = null;
    Dim expected = null;
    for (int i = end - 1; i >= begin; i--) {
      if (shape.dim(i).is(1)) {
        continue;
      }
      if (inner == null) {
        inner = strides.get(i);
      } else if (!strides.get(i).equals(expected)) {
        return Optional.empty();
      }
      expected = strides.get(i).times(shape.dim(i));
    }
    return Optional.of(inner == null ? Dim.ONE : inner);
  }
}
