package fluidml.onnx.proto;

import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * A constant: type, extents, and data in the file or beside it.
 *
 * <p>Inline data are checked when they are read: exactly as many elements as the extents say.
 *
 * @param name the tensor's name, or empty
 * @param dtype element type
 * @param dims extents, not negative
 * @param data elements, or where they lie
 */
public record TensorProto(String name, DType dtype, List<Long> dims, Data data) {

  /** Where the elements are. */
  public sealed interface Data {}

  /**
   * Elements in memory.
   *
   * @param bytes little-endian elements, row-major; a slice of the mapped file where the file has
   *     them in that form
   */
  public record Inline(MemorySegment bytes) implements Data {}

  /**
   * Elements of a string tensor.
   *
   * @param values the strings, row-major
   */
  public record Strings(List<String> values) implements Data {
    /** Copies the list. */
    public Strings {
      values = List.copyOf(values);
    }
  }

  /**
   * Elements in another file.
   *
   * @param location path relative to the model's directory
   * @param offset first byte
   * @param length bytes; to the end of the file if absent
   * @param others further entries, e.g. {@code checksum}
   */
  public record External(
      String location, long offset, OptionalLong length, Map<String, String> others)
      implements Data {
    /** Copies the map. */
    public External {
      others = Props.copy(others);
    }
  }

  /** Copies the extents. */
  public TensorProto {
    dims = NumberLists.copyLongs(dims);
  }

  /** A named constant over the memory of {@code tensor}. */
  public static TensorProto of(String name, Tensor tensor) {
    Data data =
        tensor.dtype() == DType.STRING ? new Strings(tensor.strings()) : new Inline(tensor.data());
    return new TensorProto(name, tensor.dtype(), NumberLists.of(tensor.dims()), data);
  }

  /** The extents as an array. */
  public long[] dimArray() {
    return dims.stream().mapToLong(Long::longValue).toArray();
  }

  /** The number of elements. */
  public long elements() {
    long product = 1;
    for (long dim : dims) {
      product = Math.multiplyExact(product, dim);
    }
    return product;
  }
}
