package fluidml.reference;

import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Finds the elements of a tensor that are not zero: no number 0, no empty string. */
final class NonZeros {
  /** Elements that are looked at together. */
  private static final int PART = 1024;

  private final Tensor x;
  private final float[] floats;
  private final byte[] bools;
  private final int[] places = new int[PART];

  private NonZeros(Tensor x) {
    this.x = x;
    this.floats = new float[x.dtype() == DType.FLOAT32 ? PART : 0];
    this.bools = new byte[x.dtype() == DType.BOOL ? PART : 0];
  }

  /** int64 [rank, count]: the coordinates of the elements of x in row-major order. */
  static Tensor coordinates(Tensor x) {
    return new NonZeros(x).coordinates();
  }

  private Tensor coordinates() {
    long total = 0;
    for (long start = 0; start < x.elements(); start += PART) {
      total += find(start);
    }
    int count = Math.toIntExact(total);
    long[] dims = x.dims();
    int rank = dims.length;
    long[] result = new long[Math.multiplyExact(rank, count)];
    long[] row = new long[rank];
    long rowStart = 0;
    int next = 0;
    for (long start = 0; start < x.elements() && rank > 0; start += PART) {
      int found = find(start);
      for (int i = 0; i < found; i++) {
        long at = start + places[i];
        while (at - rowStart >= dims[rank - 1]) {
          rowStart += dims[rank - 1];
          row[rank - 1] = dims[rank - 1] - 1;
          NdIndex.next(row, dims);
        }
        for (int axis = 0; axis < rank - 1; axis++) {
          result[axis * count + next] = row[axis];
        }
        result[(rank - 1) * count + next] = at - rowStart;
        next++;
      }
    }
    return Tensor.of(result, rank, count);
  }

  /** Lists the places of those among a part's elements; returns how many there are. */
  private int find(long start) {
    int length = (int) Math.min(PART, x.elements() - start);
    int count = 0;
    switch (x.dtype()) {
      case FLOAT32 -> {
        MemorySegment.copy(x.data(), NdIndex.FLOAT, start * 4, floats, 0, length);
        for (int i = 0; i < length; i++) {
          places[count] = i;
          count += floats[i] != 0 ? 1 : 0;
        }
      }
      case BOOL -> {
        MemorySegment.copy(x.data(), ValueLayout.JAVA_BYTE, start, bools, 0, length);
        for (int i = 0; i < length; i++) {
          places[count] = i;
          count += bools[i] != 0 ? 1 : 0;
        }
      }
      default -> {
        for (int i = 0; i < length; i++) {
          places[count] = i;
          count += isZero(start + i) ? 0 : 1;
        }
      }
    }
    return count;
  }

  private boolean isZero(long index) {
    return switch (x.dtype()) {
      case STRING -> x.getString(index).isEmpty();
      case COMPLEX64, COMPLEX128 -> x.getReal(index) == 0 && x.getImaginary(index) == 0;
      default -> !x.getBoolean(index);
    };
  }
}
