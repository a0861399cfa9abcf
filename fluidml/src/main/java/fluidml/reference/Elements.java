package fluidml.reference;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

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
          } else {
            copySpread(at[0], step[0], source, at[1], step[1], count);
          }
        });
  }

  private void copySpread(
      long index, long step, Tensor source, long sourceIndex, long sourceStep, long count) {
    MemorySegment from = source.data();
    MemorySegment to = tensor.data();
    switch (dtype.bits()) {
      case 32 -> {
        for (long i = 0; i < count; i++) {
          int bits = from.get(NdIndex.INT, (sourceIndex + i * sourceStep) * 4);
          to.set(NdIndex.INT, (index + i * step) * 4, bits);
        }
      }
      case 64 -> {
        for (long i = 0; i < count; i++) {
          long bits = from.get(JAVA_LONG_UNALIGNED, (sourceIndex + i * sourceStep) * 8);
          to.set(JAVA_LONG_UNALIGNED, (index + i * step) * 8, bits);
        }
      }
      case 16 -> {
        for (long i = 0; i < count; i++) {
          short bits = from.get(JAVA_SHORT_UNALIGNED, (sourceIndex + i * sourceStep) * 2);
          to.set(JAVA_SHORT_UNALIGNED, (index + i * step) * 2, bits);
        }
      }
      case 8 -> {
        for (long i = 0; i < count; i++) {
          to.set(JAVA_BYTE, index + i * step, from.get(JAVA_BYTE, sourceIndex + i * sourceStep));
        }
      }
      default -> {
        for (long i = 0; i < count; i++) {
          copy(index + i * step, source, sourceIndex + i * sourceStep);
        }
      }
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
