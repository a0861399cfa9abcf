package fluidml.reference;

import fluidml.graph.op.Movement;
import fluidml.graph.op.Window;
import fluidml.tensor.Tensor;
import java.util.Arrays;
import java.util.Optional;

/** Putting images back together from blocks and maxima. */
final class Images {
  private Images() {}

  /**
   * Sums overlapping blocks: column b of {@code x [n, channels·block, blocks]} is the block at
   * window position b of the image.
   *
   * @param image spatial extents of the result
   * @param block spatial extents of a block
   */
  static Tensor fold(Movement.Col2Im op, Tensor x, long[] image, long[] block) {
    int axes = image.length;
    long[] dilations = orOnes(Extents.array(op.dilations()), axes);
    long[] strides = orOnes(Extents.array(op.strides()), axes);
    long[] before = op.padsBegin().isEmpty() ? new long[axes] : Extents.array(op.padsBegin());
    long[] after = op.padsEnd().isEmpty() ? new long[axes] : Extents.array(op.padsEnd());
    long[] positions = new long[axes];
    for (int i = 0; i < axes; i++) {
      long span = dilations[i] * (block[i] - 1) + 1;
      positions[i] = Math.floorDiv(image[i] + before[i] + after[i] - span, strides[i]) + 1;
    }
    long blocks = NdIndex.product(positions);
    long taps = NdIndex.product(block);
    if (x.rank() != 3 || x.dim(2) != blocks || x.dim(1) % taps != 0) {
      throw new IllegalArgumentException(
          "%s is not [n, channels·%d, %d]".formatted(x, taps, blocks));
    }
    long planes = x.dim(0) * (x.dim(1) / taps);
    long[] dims = new long[axes + 2];
    dims[0] = x.dim(0);
    dims[1] = x.dim(1) / taps;
    System.arraycopy(image, 0, dims, 2, axes);
    Tensor result = Tensor.allocate(x.dtype(), dims);
    long pixels = NdIndex.product(image);
    long[] imageStrides = NdIndex.strides(image);
    double[] sums = new double[Math.toIntExact(pixels)];
    for (long plane = 0; plane < planes; plane++) {
      Arrays.fill(sums, 0);
      for (long tap = 0; tap < taps; tap++) {
        long[] offset = NdIndex.coordinates(tap, block);
        long[] position = new long[axes];
        for (long b = 0; b < blocks; b++) {
          long target = 0;
          for (int i = 0; i < axes && target >= 0; i++) {
            long at = position[i] * strides[i] - before[i] + offset[i] * dilations[i];
            target = at < 0 || at >= image[i] ? -1 : target + at * imageStrides[i];
          }
          if (target >= 0) {
            sums[(int) target] += x.getDouble((plane * taps + tap) * blocks + b);
          }
          NdIndex.next(position, positions);
        }
      }
      for (int i = 0; i < sums.length; i++) {
        result.setDouble(plane * pixels + i, sums[i]);
      }
    }
    return result;
  }

  private static long[] orOnes(long[] values, int count) {
    if (values.length > 0) {
      return values;
    }
    long[] ones = new long[count];
    Arrays.fill(ones, 1);
    return ones;
  }

  /**
   * Puts maxima back where they were, zeros elsewhere. Indices count within the image that the
   * window implies, flattened over all axes; a larger {@code outputShape} pads it at the ends.
   */
  static Tensor unpool(Tensor x, Tensor indices, Window window, Optional<long[]> shape) {
    long[] implied = x.dims();
    for (int i = 0; i < window.rank(); i++) {
      implied[i + 2] =
          (x.dim(i + 2) - 1) * window.strides().get(i)
              - window.padsBegin().get(i)
              - window.padsEnd().get(i)
              + window.kernel().get(i);
    }
    long[] dims = shape.orElse(implied);
    Elements result = new Elements(x.dtype(), dims);
    long[] strides = NdIndex.strides(dims);
    for (long i = 0; i < x.elements(); i++) {
      long[] at = NdIndex.coordinates(indices.getLong(i), implied);
      for (int axis = 0; axis < dims.length; axis++) {
        if (at[axis] < 0 || at[axis] >= dims[axis]) {
          throw new IllegalArgumentException("index " + indices.getLong(i) + " is outside");
        }
      }
      result.copy(NdIndex.offset(at, strides), x, i);
    }
    return result.build();
  }
}
