package fluidml.reference;

import fluidml.graph.op.Movement.PadMode;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Rearrangement of elements of any type. What does not fit throws IllegalArgumentException; results
 * own their memory unless said otherwise.
 */
final class Moves {
  private Moves() {}

  /** Axis i of the result is axis {@code permutation[i]} of x. */
  static Tensor transpose(Tensor x, int[] permutation) {
    long[] from = NdIndex.strides(x.dims());
    long[] dims = new long[permutation.length];
    long[] strides = new long[permutation.length];
    for (int i = 0; i < permutation.length; i++) {
      dims[i] = x.dim(permutation[i]);
      strides[i] = from[permutation[i]];
    }
    return gather(x, 0, strides, dims);
  }

  /** x broadcast to {@code dims}. */
  static Tensor expand(Tensor x, long[] dims) {
    return gather(x, 0, NdIndex.broadcastStrides(x.dims(), dims), dims);
  }

  /** x with {@code dims.length} axes: element i is at {@code offset + Σ iₖ·strides[k]} of x. */
  static Tensor gather(Tensor x, long offset, long[] strides, long[] dims) {
    Elements result = new Elements(x.dtype(), dims);
    result.copy(dims, 0, NdIndex.strides(dims), x, offset, strides);
    return result.build();
  }

  /** The tensors joined along an axis; they agree in everything else. */
  static Tensor concat(List<Tensor> parts, int axis) {
    Tensor first = parts.getFirst();
    int at = Operands.axis(axis, first.rank());
    long[] dims = first.dims();
    dims[at] = 0;
    for (Tensor part : parts) {
      long[] other = part.dims();
      if (other.length != dims.length || part.dtype() != first.dtype()) {
        throw new IllegalArgumentException("cannot join " + part + " to " + first);
      }
      dims[at] += other[at];
      other[at] = first.dim(at);
      if (!Arrays.equals(other, first.dims())) {
        throw new IllegalArgumentException("cannot join " + part + " to " + first);
      }
    }
    Elements result = new Elements(first.dtype(), dims);
    long[] strides = NdIndex.strides(dims);
    long offset = 0;
    for (Tensor part : parts) {
      long[] extents = part.dims();
      result.copy(extents, offset * strides[at], strides, part, 0, NdIndex.strides(extents));
      offset += part.dim(at);
    }
    return result.build();
  }

  /** The tensors, of one shape, stacked along a new axis of the result. */
  static Tensor stack(List<Tensor> parts, int axis) {
    long at = Operands.axis(axis, parts.getFirst().rank() + 1);
    List<Tensor> slices = new ArrayList<>(parts.size());
    for (Tensor part : parts) {
      slices.add(part.reshaped(Extents.unsqueeze(part.dims(), new long[] {at})));
    }
    return concat(slices, (int) at);
  }

  /** Parts of x along an axis; the sizes add up to its extent. */
  static List<Tensor> split(Tensor x, int axis, long[] sizes) {
    int at = Operands.axis(axis, x.rank());
    if (Arrays.stream(sizes).sum() != x.dim(at)) {
      throw new IllegalArgumentException(
          "parts %s of axis %d of %s".formatted(Arrays.toString(sizes), at, x));
    }
    List<Tensor> parts = new ArrayList<>(sizes.length);
    long start = 0;
    for (long size : sizes) {
      parts.add(part(x, at, start, size));
      start += size;
    }
    return parts;
  }

  /** Elements [start, start + size) along an axis. */
  static Tensor part(Tensor x, int axis, long start, long size) {
    long[] dims = x.dims();
    long[] strides = NdIndex.strides(dims);
    dims[axis] = size;
    return gather(x, start * strides[axis], strides, dims);
  }

  /** Slice {@code index} along an axis, which disappears. */
  static Tensor slice(Tensor x, int axis, long index) {
    Tensor part = part(x, axis, index, 1);
    return part.reshaped(Extents.squeeze(part.dims(), new long[] {axis}));
  }

  /** Elements start, start + step, …, {@code sizes} of them on every axis; none outside of x. */
  static Tensor slice(Tensor x, long[] starts, long[] sizes, long[] steps) {
    long[] strides = NdIndex.strides(x.dims());
    long offset = 0;
    for (int i = 0; i < strides.length; i++) {
      long last = starts[i] + (sizes[i] - 1) * steps[i];
      if (sizes[i] > 0
          && (Math.min(starts[i], last) < 0 || Math.max(starts[i], last) >= x.dim(i))) {
        throw new IllegalArgumentException(
            "slice [%d…%d] of axis %d of %s".formatted(starts[i], last, i, x));
      }
      offset += sizes[i] == 0 ? 0 : starts[i] * strides[i];
      strides[i] *= steps[i];
    }
    return gather(x, offset, strides, sizes);
  }

  /**
   * x with elements added (or, for negative amounts, removed) at both ends of each axis.
   *
   * @param value what PadMode CONSTANT adds; zero if empty
   */
  static Tensor pad(Tensor x, long[] before, long[] after, PadMode mode, Optional<Tensor> value) {
    int rank = x.rank();
    long[] dims = x.dims();
    long[][] sources = new long[rank][];
    for (int axis = 0; axis < rank; axis++) {
      long extent = x.dim(axis);
      dims[axis] = extent + before[axis] + after[axis];
      if (dims[axis] < 0) {
        throw new IllegalArgumentException(
            "pads %d and %d of axis %d of %s".formatted(before[axis], after[axis], axis, x));
      }
      sources[axis] = new long[Math.toIntExact(dims[axis])];
      for (int i = 0; i < sources[axis].length; i++) {
        sources[axis][i] = padSource(i - before[axis], extent, mode);
        if (mode != PadMode.CONSTANT && extent == 0) {
          throw new IllegalArgumentException(mode + " cannot pad an empty axis of " + x);
        }
      }
    }
    Elements result = new Elements(x.dtype(), dims);
    if (mode == PadMode.CONSTANT && value.isPresent()) {
      if (value.get().elements() != 1 || value.get().dtype() != x.dtype()) {
        throw new IllegalArgumentException("one element pads " + x + ", not " + value.get());
      }
      result.copy(dims, 0, NdIndex.strides(dims), value.get(), 0, new long[rank]);
    }
    padAxis(x, 0, NdIndex.strides(x.dims()), result, 0, NdIndex.strides(dims), sources, 0);
    return result.build();
  }

  /** Source position of padded position {@code i}, −1 for "the constant". */
  private static long padSource(long i, long extent, PadMode mode) {
    if (i >= 0 && i < extent) {
      return i;
    }
    return switch (mode) {
      case CONSTANT -> -1;
      case EDGE -> Math.clamp(i, 0, Math.max(0, extent - 1));
      case WRAP -> extent == 0 ? 0 : Math.floorMod(i, extent);
      case REFLECT -> {
        if (extent <= 1) {
          yield 0;
        }
        long period = 2 * (extent - 1);
        long phase = Math.floorMod(i, period);
        yield phase < extent ? phase : period - phase;
      }
    };
  }

  private static void padAxis(
      Tensor source,
      long from,
      long[] fromStrides,
      Elements target,
      long to,
      long[] toStrides,
      long[][] sources,
      int axis) {
    if (axis == sources.length) {
      target.copy(to, source, from);
      return;
    }
    long[] positions = sources[axis];
    for (int i = 0; i < positions.length; i++) {
      if (positions[i] < 0) {
        continue;
      }
      if (axis == sources.length - 1) {
        int end = i + 1;
        while (end < positions.length && positions[end] == positions[end - 1] + 1) {
          end++;
        }
        target.copy(to + i, source, from + positions[i], end - i);
        i = end - 1;
      } else {
        padAxis(
            source,
            from + positions[i] * fromStrides[axis],
            fromStrides,
            target,
            to + i * toStrides[axis],
            toStrides,
            sources,
            axis + 1);
      }
    }
  }

  /** x repeated along each axis. */
  static Tensor tile(Tensor x, long[] repeats) {
    int rank = x.rank();
    if (repeats.length != rank) {
      throw new IllegalArgumentException(repeats.length + " repeats for " + x);
    }
    long[] own = NdIndex.strides(x.dims());
    long[] dims = new long[2 * rank];
    long[] strides = new long[2 * rank];
    long[] result = new long[rank];
    for (int i = 0; i < rank; i++) {
      dims[2 * i] = repeats[i];
      dims[2 * i + 1] = x.dim(i);
      strides[2 * i + 1] = own[i];
      result[i] = repeats[i] * x.dim(i);
    }
    return gather(x, 0, strides, dims).reshaped(result);
  }

  /** The upper (column ≥ row + k) or lower (column ≤ row + k) triangle of the last two axes. */
  static Tensor triangle(Tensor x, long k, boolean upper) {
    long[] dims = x.dims();
    if (dims.length < 2) {
      throw new IllegalArgumentException("a triangle of " + x);
    }
    Elements result = new Elements(x.dtype(), dims);
    long columns = dims[dims.length - 1];
    long rows = dims[dims.length - 2];
    long matrices = NdIndex.product(dims, 0, dims.length - 2);
    for (long r = 0; r < matrices * rows; r++) {
      long diagonal = r % Math.max(rows, 1) + k;
      long start = upper ? Math.clamp(diagonal, 0, columns) : 0;
      long end = upper ? columns : Math.clamp(diagonal + 1, 0, columns);
      if (start < end) {
        result.copy(r * columns + start, x, r * columns + start, end - start);
      }
    }
    return result.build();
  }

  /** x with the first {@code lengths[b]} elements of the time axis reversed in batch b. */
  static Tensor reverseSequence(Tensor x, Tensor lengths, int batchAxis, int timeAxis) {
    int batch = Operands.axis(batchAxis, x.rank());
    int time = Operands.axis(timeAxis, x.rank());
    long[] dims = x.dims();
    Elements result = Elements.copyOf(x);
    long[] strides = NdIndex.strides(dims);
    long[] backwards = strides.clone();
    backwards[time] = -strides[time];
    for (long b = 0; b < x.dim(batch); b++) {
      long length = lengths.getLong(b);
      if (length < 0 || length > x.dim(time)) {
        throw new IllegalArgumentException("sequence length " + length + " in " + x);
      }
      long[] box = dims.clone();
      box[batch] = 1;
      box[time] = length;
      long base = b * strides[batch];
      result.copy(box, base, strides, x, base + (length - 1) * strides[time], backwards);
    }
    return result.build();
  }

  /** x cropped or padded with zeros, around its centre, to {@code extents} on {@code axes}. */
  static Tensor centerCropPad(Tensor x, int[] axes, long[] extents) {
    int rank = x.rank();
    long[] before = new long[rank];
    long[] after = new long[rank];
    if (axes.length != extents.length) {
      throw new IllegalArgumentException(
          "%d extents for %d axes".formatted(extents.length, axes.length));
    }
    for (int i = 0; i < axes.length; i++) {
      int axis = axes[i];
      long difference = extents[i] - x.dim(axis);
      before[axis] = difference >= 0 ? difference / 2 : -((-difference) / 2);
      after[axis] = difference - before[axis];
    }
    return pad(x, before, after, PadMode.CONSTANT, Optional.empty());
  }
}
