package fluidml.onnx;

import fluidml.error.InvalidModelException;
import fluidml.onnx.proto.SparseTensorProto;
import fluidml.onnx.proto.TensorProto;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.function.Function;

/** Makes sparse constants dense. */
final class SparseTensors {
  private SparseTensors() {}

  /**
   * More elements than this are refused: a few bytes of file must not take the machine's memory.
   */
  private static final long MAX_ELEMENTS = 1L << 26;

  /**
   * The dense tensor.
   *
   * @throws InvalidModelException if indices do not fit the extents, or it is too large
   */
  static Tensor dense(
      SparseTensorProto proto, Function<TensorProto, Tensor> resolver, String where) {
    Tensor values = resolver.apply(proto.values());
    Tensor indices = resolver.apply(proto.indices());
    long[] dims = proto.dims().stream().mapToLong(Long::longValue).toArray();
    long elements = 1;
    for (long dim : dims) {
      if (dim < 0 || (dim > 0 && elements > MAX_ELEMENTS / dim)) {
        throw new InvalidModelException(where, "sparse extents " + proto.dims() + " do not fit");
      }
      elements *= dim;
    }
    long count = values.elements();
    boolean linear = indices.rank() == 1;
    boolean fits =
        indices.dtype() == DType.INT64
            && values.dtype().bits() >= 8
            && values.dtype().bits() <= 64
            && indices.elements() == (linear ? count : count * dims.length);
    if (!fits) {
      throw new InvalidModelException(where, "sparse indices do not fit the values");
    }
    Tensor dense = Tensor.allocate(values.dtype(), dims);
    for (long i = 0; i < count; i++) {
      long at = linear ? indices.getLong(i) : position(indices, i, dims, where);
      if (at < 0 || at >= elements) {
        throw new InvalidModelException(where, "sparse index " + at + " is out of range");
      }
      dense.setRawBits(at, values.rawBits(i));
    }
    return dense;
  }

  private static long position(Tensor indices, long row, long[] dims, String where) {
    long at = 0;
    for (int axis = 0; axis < dims.length; axis++) {
      long index = indices.getLong(row * dims.length + axis);
      if (index < 0 || index >= dims[axis]) {
        throw new InvalidModelException(where, "sparse index " + index + " is out of range");
      }
      at = at * dims[axis] + index;
    }
    return at;
  }
}
