package fluidml.vm;

import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A planned value at run time: element (i₀, i₁, …) is element {@code offset + Σ iₐ·strides[a]} of a
 * segment.
 */
record StridedTensor(DType dtype, MemorySegment base, long offset, long[] dims, long[] strides) {
  /** Whether the elements lie row-major without gaps. */
  boolean isDense() {
    long expected = 1;
    for (int i = dims.length - 1; i >= 0; i--) {
      if (dims[i] != 1 && strides[i] != expected) {
        return false;
      }
      expected *= dims[i];
    }
    return true;
  }

  long elements() {
    long product = 1;
    for (long dim : dims) {
      product *= dim;
    }
    return product;
  }

  /** The dense elements' memory; only if {@link #isDense}. */
  MemorySegment dense() {
    return base.asSlice(offset * dtype.bytes(), elements() * dtype.bytes());
  }

  /** As a tensor: a view if the elements are dense, else a copy. */
  Tensor toTensor() {
    if (isDense()) {
      return Tensor.wrap(dtype, dense(), dims);
    }
    Tensor copy = Tensor.allocate(dtype, dims);
    copyTo(copy.data());
    return copy;
  }

  /** Copies all elements, row-major, to the begin of a segment. */
  void copyTo(MemorySegment target) {
    if (isDense()) {
      MemorySegment.copy(base, offset * dtype.bytes(), target, 0, elements() * dtype.bytes());
    } else {
      transfer(target, true);
    }
  }

  /** Overwrites all elements, row-major, from the begin of a segment. */
  void copyFrom(MemorySegment source) {
    if (isDense()) {
      MemorySegment.copy(source, 0, base, offset * dtype.bytes(), elements() * dtype.bytes());
    } else {
      transfer(source, false);
    }
  }

  private void transfer(MemorySegment dense, boolean out) {
    if (elements() == 0) {
      return;
    }
    long[] index = new long[dims.length];
    int last = dims.length - 1;
    long rows = elements() / dims[last];
    long at = 0;
    for (long row = 0; row < rows; row++) {
      long start = offset;
      for (int i = 0; i < last; i++) {
        start += index[i] * strides[i];
      }
      row(dense, at, start, out);
      at += dims[last];
      for (int i = last - 1; i >= 0 && ++index[i] == dims[i]; i--) {
        index[i] = 0;
      }
    }
  }

  private void row(MemorySegment dense, long at, long start, boolean out) {
    int last = dims.length - 1;
    long step = strides[last];
    int bytes = dtype.bytes();
    if (step == 1) {
      if (out) {
        MemorySegment.copy(base, start * bytes, dense, at * bytes, dims[last] * bytes);
      } else {
        MemorySegment.copy(dense, at * bytes, base, start * bytes, dims[last] * bytes);
      }
      return;
    }
    for (long i = 0; i < dims[last]; i++) {
      long strided = (start + i * step) * bytes;
      long packed = (at + i) * bytes;
      if (out) {
        element(base, strided, dense, packed, bytes);
      } else {
        element(dense, packed, base, strided, bytes);
      }
    }
  }

  private static void element(
      MemorySegment from, long source, MemorySegment to, long target, int bytes) {
    switch (bytes) {
      case 4 ->
          to.set(
              ValueLayout.JAVA_INT_UNALIGNED,
              target,
              from.get(ValueLayout.JAVA_INT_UNALIGNED, source));
      case 8 ->
          to.set(
              ValueLayout.JAVA_LONG_UNALIGNED,
              target,
              from.get(ValueLayout.JAVA_LONG_UNALIGNED, source));
      case 2 ->
          to.set(
              ValueLayout.JAVA_SHORT_UNALIGNED,
              target,
              from.get(ValueLayout.JAVA_SHORT_UNALIGNED, source));
      default -> to.set(ValueLayout.JAVA_BYTE, target, from.get(ValueLayout.JAVA_BYTE, source));
    }
  }
}
