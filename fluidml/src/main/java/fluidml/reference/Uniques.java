package fluidml.reference;

import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;

/** The distinct elements, or slices, of a tensor. */
final class Uniques {
  private Uniques() {}

  /**
   * Values, index of the first occurrence of each, inverse, and counts.
   *
   * @param axis whose slices are compared; empty to compare elements
   * @param sorted ascending (NaN last) instead of in order of first occurrence
   */
  static List<Datum> unique(Tensor x, OptionalInt axis, boolean sorted) {
    Tensor source = axis.isPresent() ? x : x.reshaped(x.elements());
    int at = Operands.axis(axis.orElse(0), source.rank());
    long extent = source.dim(at);
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < extent; i++) {
      order.add(i);
    }
    Comparator<Integer> slices = bySlices(source, at);
    order.sort(slices);
    List<List<Integer>> groups = new ArrayList<>();
    for (int slice : order) {
      if (groups.isEmpty() || slices.compare(groups.getLast().getFirst(), slice) != 0) {
        groups.add(new ArrayList<>());
      }
      groups.getLast().add(slice);
    }
    if (!sorted) {
      groups.sort(Comparator.comparing(List::getFirst));
    }
    long[] first = new long[groups.size()];
    long[] counts = new long[groups.size()];
    long[] inverse = new long[Math.toIntExact(extent)];
    for (int g = 0; g < first.length; g++) {
      first[g] = groups.get(g).getFirst();
      counts[g] = groups.get(g).size();
      for (int slice : groups.get(g)) {
        inverse[slice] = g;
      }
    }
    Tensor values = IndexingOps.gather(source, Tensor.ofLongs(first), at);
    return Operands.result(
        values, Tensor.ofLongs(first), Tensor.ofLongs(inverse), Tensor.ofLongs(counts));
  }

  private static Comparator<Integer> bySlices(Tensor x, int axis) {
    long[] dims = x.dims();
    long outer = NdIndex.product(dims, 0, axis);
    long inner = NdIndex.product(dims, axis + 1, dims.length);
    return (a, b) -> {
      for (long o = 0; o < outer; o++) {
        for (long i = 0; i < inner; i++) {
          long base = o * dims[axis] * inner + i;
          int order = compare(x, base + a * inner, base + b * inner);
          if (order != 0) {
            return order;
          }
        }
      }
      return 0;
    };
  }

  private static int compare(Tensor x, long a, long b) {
    return switch (x.dtype().kind()) {
      case STRING -> x.getString(a).compareTo(x.getString(b));
      case FLOAT -> Double.compare(x.getDouble(a) + 0.0, x.getDouble(b) + 0.0);
      case COMPLEX -> {
        int real = Double.compare(x.getReal(a) + 0.0, x.getReal(b) + 0.0);
        yield real != 0 ? real : Double.compare(x.getImaginary(a) + 0.0, x.getImaginary(b) + 0.0);
      }
      case SIGNED, UNSIGNED, BOOL ->
          x.dtype() == DType.UINT64
              ? Long.compareUnsigned(x.getLong(a), x.getLong(b))
              : Long.compare(x.getLong(a), x.getLong(b));
    };
  }
}
