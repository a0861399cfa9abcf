package fluidml.reference;

import fluidml.graph.op.Indexing.ScatterReduction;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.Arrays;

/** Writing of elements and slices at positions that are data. */
final class Scatters {
  private final Tensor updates;
  private final ScatterReduction reduction;
  private final Elements elements;
  private final Tensor numbers;

  /** A copy of {@code data} that updates are written into. */
  private Scatters(Tensor data, Tensor updates, ScatterReduction reduction) {
    if (updates.dtype() != data.dtype()) {
      throw new IllegalArgumentException("updates " + updates + " of data " + data);
    }
    if (reduction != ScatterReduction.NONE && data.dtype() == DType.STRING) {
      throw new IllegalArgumentException(reduction + " of strings");
    }
    this.updates = updates;
    this.reduction = reduction;
    this.elements = Elements.copyOf(data);
    this.numbers = elements.build();
  }

  /** Element i of {@code updates} goes where i points, with its coordinate on the axis replaced. */
  static Tensor elements(
      Tensor data, Tensor indices, Tensor updates, int axis, ScatterReduction reduction) {
    long[] dims = indices.dims();
    if (!Arrays.equals(dims, updates.dims()) || dims.length != data.rank()) {
      throw new IllegalArgumentException("indices " + indices + " and updates " + updates);
    }
    Scatters scatter = new Scatters(data, updates, reduction);
    long[] strides = NdIndex.strides(data.dims());
    long[] at = new long[dims.length];
    for (long i = 0; i < indices.elements(); i++) {
      long own = at[axis];
      at[axis] = IndexingOps.index(indices.getLong(i), data.dim(axis));
      scatter.write(NdIndex.offset(at, strides), i, 1);
      at[axis] = own;
      NdIndex.next(at, dims);
    }
    return scatter.build();
  }

  /** Slice t of {@code updates} goes where index tuple t points. */
  static Tensor slices(Tensor data, Tensor indices, Tensor updates, ScatterReduction reduction) {
    int depth = Math.toIntExact(indices.dim(-1));
    if (depth > data.rank()) {
      throw new IllegalArgumentException("index tuples of " + depth + " for " + data);
    }
    long inner = NdIndex.product(data.dims(), depth, data.rank());
    long tuples = NdIndex.product(indices.dims(), 0, indices.rank() - 1);
    if (updates.elements() != tuples * inner) {
      throw new IllegalArgumentException("indices " + indices + " and updates " + updates);
    }
    Scatters scatter = new Scatters(data, updates, reduction);
    long[] strides = NdIndex.strides(data.dims());
    for (long t = 0; t < tuples; t++) {
      long to = 0;
      for (int k = 0; k < depth; k++) {
        to += IndexingOps.index(indices.getLong(t * depth + k), data.dim(k)) * strides[k];
      }
      scatter.write(to, t * inner, inner);
    }
    return scatter.build();
  }

  /** The updates of batch b go to positions starting at {@code writeIndices[b]} along an axis. */
  static Tensor cache(
      Tensor past, Tensor updates, long[] writeIndices, int axis, boolean circular) {
    long[] dims = updates.dims();
    if (dims.length != past.rank() || dims[axis] > past.dim(axis)) {
      throw new IllegalArgumentException("updates " + updates + " of " + past);
    }
    Scatters scatter = new Scatters(past, updates, ScatterReduction.NONE);
    long capacity = past.dim(axis);
    long inner = NdIndex.product(dims, axis + 1, dims.length);
    long outer = NdIndex.product(dims, 0, axis);
    for (long o = 0; o < outer; o++) {
      long start = writeIndices[Math.toIntExact(o / (outer / dims[0]))];
      for (long i = 0; i < dims[axis]; i++) {
        long position = circular ? Math.floorMod(start + i, capacity) : start + i;
        if (position < 0 || position >= capacity) {
          throw new IllegalArgumentException("position " + position + " of " + capacity);
        }
        scatter.write((o * capacity + position) * inner, (o * dims[axis] + i) * inner, inner);
      }
    }
    return scatter.build();
  }

  private void write(long to, long from, long count) {
    if (reduction == ScatterReduction.NONE) {
      elements.copy(to, updates, from, count);
      return;
    }
    for (long i = 0; i < count; i++) {
      combine(to + i, from + i);
    }
  }

  private void combine(long to, long from) {
    switch (numbers.dtype().kind()) {
      case FLOAT -> {
        double a = numbers.getDouble(to);
        double b = updates.getDouble(from);
        numbers.setDouble(
            to,
            switch (reduction) {
              case NONE -> b;
              case ADD -> a + b;
              case MUL -> a * b;
              case MIN -> Math.min(a, b);
              case MAX -> Math.max(a, b);
            });
      }
      case COMPLEX -> combineComplex(to, from);
      case SIGNED, UNSIGNED, BOOL, STRING -> {
        long a = numbers.getLong(to);
        long b = updates.getLong(from);
        boolean less = numbers.dtype() == DType.UINT64 ? Long.compareUnsigned(a, b) < 0 : a < b;
        numbers.setLong(
            to,
            switch (reduction) {
              case NONE -> b;
              case ADD -> a + b;
              case MUL -> a * b;
              case MIN -> less ? a : b;
              case MAX -> less ? b : a;
            });
      }
    }
  }

  private void combineComplex(long to, long from) {
    double a = numbers.getReal(to);
    double b = numbers.getImaginary(to);
    double c = updates.getReal(from);
    double d = updates.getImaginary(from);
    switch (reduction) {
      case ADD -> numbers.setComplex(to, a + c, b + d);
      case MUL -> numbers.setComplex(to, a * c - b * d, a * d + b * c);
      case NONE, MIN, MAX -> throw new IllegalArgumentException(reduction + " of complex numbers");
    }
  }

  private Tensor build() {
    return elements.build();
  }
}
