package fluidml.reference;

import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/**
 * The elements of a tensor that is being put together from elements of others, of any type:
 * numbers, packed numbers, complex numbers and strings.
 */
final class Elements {
  private final DType dtype;
  private final long[] dims;
  private final Tensor tensor;
  private final String[] strings;

  /** Zeros, or empty strings. */
  Elements(DType dtype, long... dims) {
    this.dtype = dtype;
    this.dims = dims.clone();
    boolean text = dtype == DType.STRING;
    this.strings = text ? new String[Math.toIntExact(NdIndex.product(dims))] : new String[0];
    Arrays.fill(strings, "");
    this.tensor = text ? Tensor.ofStrings(List.of(), 0) : Tensor.allocate(dtype, dims);
  }

  /** A copy of {@code source} that can be changed. */
  static Elements copyOf(Tensor source) {
    Elements copy = new Elements(source.dtype(), source.dims());
    copy.copy(0, source, 0, source.elements());
    return copy;
  }

  /** Copies one element of a tensor of this type. */
  void copy(long index, Tensor source, long sourceIndex) {
    switch (dtype) {
      case STRING -> strings[(int) index] = source.getString(sourceIndex);
      case COMPLEX64, COMPLEX128 ->
          tensor.setComplex(index, source.getReal(sourceIndex), source.getImaginary(sourceIndex));
      default -> tensor.setRawBits(index, source.rawBits(sourceIndex));
    }
  }

  /** Copies {@code count} neighbouring elements of a tensor of this type. */
  void copy(long index, Tensor source, long sourceIndex, long count) {
    if (dtype == DType.STRING || dtype.isPacked()) {
      for (long i = 0; i < count; i++) {
        copy(index + i, source, sourceIndex + i);
      }
      return;
    }
    int size = dtype.bytes();
    MemorySegment.copy(
        source.data(), sourceIndex * size, tensor.data(), index * size, count * size);
  }

  /**
   * Copies elements at any distance from each other: element (i, j, …) of {@code extents} from
   * {@code sourceOffset + i·sourceStrides[0] + …} to {@code offset + i·strides[0] + …}.
   */
  void copy(
      long[] extents,
      long offset,
      long[] strides,
      Tensor source,
      long sourceOffset,
      long[] sourceStrides) {
    NdIndex.rows(
        extents,
        new long[] {offset, sourceOffset},
        new long[][] {strides, sourceStrides},
        (at, step, count) -> {
          if (step[0] == 1 && step[1] == 1) {
            copy(at[0], source, at[1], count);
          } else if (dtype.bits() == 32) {
            copyInts(at, step, count, source);
          } else {
            for (long i = 0; i < count; i++) {
              copy(at[0] + i * step[0], source, at[1] + i * step[1]);
            }
          }
        });
  }

  private void copyInts(long[] at, long[] step, long count, Tensor source) {
    MemorySegment from = source.data();
    MemorySegment to = tensor.data();
    for (long i = 0; i < count; i++) {
      to.set(
          NdIndex.INT, (at[0] + i * step[0]) * 4, from.get(NdIndex.INT, (at[1] + i * step[1]) * 4));
    }
  }

  /** Stores a string. */
  void setString(long index, String value) {
    strings[(int) index] = value;
  }

  /** Stores a real number; see {@link Tensor#setDouble}. */
  void setDouble(long index, double value) {
    tensor.setDouble(index, value);
  }

  /** Stores an integer; see {@link Tensor#setLong}. */
  void setLong(long index, long value) {
    tensor.setLong(index, value);
  }

  /** The tensor; it must not be changed through this object any more. */
  Tensor build() {
    return dtype == DType.STRING ? Tensor.ofStrings(List.of(strings), dims) : tensor;
  }
}
