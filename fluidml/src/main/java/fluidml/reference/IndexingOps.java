package fluidml.reference;

import fluidml.graph.op.Indexing;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/** Computes the ops of {@link Indexing}. Indices outside of an axis are refused. */
final class IndexingOps {
  private IndexingOps() {}

  static List<Datum> execute(Indexing op, Operands operands) {
    Tensor x = operands.tensor(0);
    return switch (op) {
      case Indexing.Gather gather ->
          Operands.result(gather(x, operands.tensor(1), Operands.axis(gather.axis(), x.rank())));
      case Indexing.GatherElements gather ->
          Operands.result(
              gatherElements(x, operands.tensor(1), Operands.axis(gather.axis(), x.rank())));
      case Indexing.GatherND gather ->
          Operands.result(gatherND(x, operands.tensor(1), Math.toIntExact(gather.batchDims())));
      case Indexing.ScatterElements scatter ->
          Operands.result(
              Scatters.elements(
                  x,
                  operands.tensor(1),
                  operands.tensor(2),
                  Operands.axis(scatter.axis(), x.rank()),
                  scatter.reduction()));
      case Indexing.ScatterND scatter ->
          Operands.result(
              Scatters.slices(x, operands.tensor(1), operands.tensor(2), scatter.reduction()));
      case Indexing.TensorScatter scatter ->
          Operands.result(
              Scatters.cache(
                  x,
                  operands.tensor(1),
                  operands.optionalLongs(2).orElseGet(() -> new long[(int) x.dim(0)]),
                  Operands.axis(scatter.axis(), x.rank()),
                  scatter.circular()));
      case Indexing.OneHot oneHot ->
          Operands.result(
              oneHot(x, (long) operands.scalarDouble(1), operands.tensor(2), oneHot.axis()));
      case Indexing.NonZero nonZero -> Operands.result(NonZeros.coordinates(x));
      case Indexing.Compress compress ->
          Operands.result(compress(x, operands.tensor(1), compress.axis()));
      case Indexing.Unique unique -> unique(x, unique, operands);
      case Indexing.NonMaxSuppression suppression ->
          Operands.result(Boxes.nonMaxSuppression(operands, suppression.centerPointBox()));
    };
  }

  private static List<Datum> unique(Tensor x, Indexing.Unique op, Operands operands) {
    boolean real = x.dtype() != DType.STRING && x.dtype().kind() != DType.Kind.COMPLEX;
    return op.axis().isEmpty() && real
        ? new UniqueNumbers(x).unique(op.sorted(), operands::wants)
        : Uniques.unique(x, op.axis(), op.sorted());
  }

  /** An index within an extent; negative ones count from the end. */
  static long index(long index, long extent) {
    if (index < -extent || index >= extent) {
      throw new IllegalArgumentException("index " + index + " of " + extent);
    }
    return index < 0 ? index + extent : index;
  }

  /** Slices of x along an axis. */
  static Tensor gather(Tensor x, Tensor indices, int axis) {
    long[] dims = x.dims();
    long outer = NdIndex.product(dims, 0, axis);
    long inner = NdIndex.product(dims, axis + 1, dims.length);
    long[] target = new long[dims.length - 1 + indices.rank()];
    System.arraycopy(dims, 0, target, 0, axis);
    System.arraycopy(indices.dims(), 0, target, axis, indices.rank());
    System.arraycopy(dims, axis + 1, target, axis + indices.rank(), dims.length - axis - 1);
    Elements result = new Elements(x.dtype(), target);
    long count = indices.elements();
    for (long o = 0; o < outer; o++) {
      for (long i = 0; i < count; i++) {
        long from = index(indices.getLong(i), dims[axis]);
        result.copy((o * count + i) * inner, x, (o * dims[axis] + from) * inner, inner);
      }
    }
    return result.build();
  }

  private static Tensor gatherElements(Tensor x, Tensor indices, int axis) {
    long[] dims = indices.dims();
    if (dims.length != x.rank()) {
      throw new IllegalArgumentException("indices must have the rank of the data");
    }
    Elements result = new Elements(x.dtype(), dims);
    long[] strides = NdIndex.strides(x.dims());
    long[] at = new long[dims.length];
    for (long i = 0; i < indices.elements(); i++) {
      long own = at[axis];
      at[axis] = index(indices.getLong(i), x.dim(axis));
      result.copy(i, x, NdIndex.offset(at, strides));
      at[axis] = own;
      NdIndex.next(at, dims);
    }
    return result.build();
  }

  private static Tensor gatherND(Tensor x, Tensor indices, int batchDims) {
    int depth = Math.toIntExact(indices.dim(-1));
    long[] dims = x.dims();
    long[] lead = Arrays.copyOf(indices.dims(), indices.rank() - 1);
    int tail = dims.length - batchDims - depth;
    if (tail < 0) {
      throw new IllegalArgumentException("index tuples of " + depth + " for " + x);
    }
    long[] target = Arrays.copyOf(lead, lead.length + tail);
    System.arraycopy(dims, batchDims + depth, target, lead.length, tail);
    long inner = NdIndex.product(dims, batchDims + depth, dims.length);
    long tuples = NdIndex.product(lead);
    long batches = NdIndex.product(dims, 0, batchDims);
    long[] strides = NdIndex.strides(dims);
    Elements result = new Elements(x.dtype(), target);
    for (long t = 0; t < tuples; t++) {
      long batch = t / (tuples / batches);
      long from = batchDims == 0 ? 0 : batch * strides[batchDims - 1];
      for (int k = 0; k < depth; k++) {
        long at = index(indices.getLong(t * depth + k), dims[batchDims + k]);
        from += at * strides[batchDims + k];
      }
      result.copy(t * inner, x, from, inner);
    }
    return result.build();
  }

  private static Tensor oneHot(Tensor indices, long depth, Tensor values, int axis) {
    int rank = indices.rank() + 1;
    int at = Operands.axis(axis, rank);
    long[] dims = Extents.unsqueeze(indices.dims(), new long[] {at});
    dims[at] = depth;
    long inner = NdIndex.product(dims, at + 1, rank);
    Elements result = new Elements(values.dtype(), dims);
    result.copy(dims, 0, NdIndex.strides(dims), values, 0, new long[rank]);
    for (long i = 0; i < indices.elements(); i++) {
      long index = indices.getLong(i);
      if (index >= -depth && index < depth) {
        long hot = index < 0 ? index + depth : index;
        result.copy((i / inner * depth + hot) * inner + i % inner, values, 1);
      }
    }
    return result.build();
  }

  private static Tensor compress(Tensor x, Tensor condition, OptionalInt axis) {
    Tensor source = axis.isPresent() ? x : x.reshaped(x.elements());
    int at = Operands.axis(axis.orElse(0), source.rank());
    long[] kept = new long[Math.toIntExact(condition.elements())];
    int count = 0;
    for (int i = 0; i < kept.length; i++) {
      if (condition.getBoolean(i)) {
        kept[count++] = i;
      }
    }
    return gather(source, Tensor.ofLongs(Arrays.copyOf(kept, count)), at);
  }
}
