package fluidml.onnx.proto;

import fluidml.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The type of a value, as far as the file tells it. */
public sealed interface TypeProto {

  /**
   * A dense tensor.
   *
   * @param dtype element type; absent if the file does not say
   * @param shape extents; absent if even the rank is unknown
   */
  record TensorType(Optional<DType> dtype, Optional<List<Dimension>> shape) implements TypeProto {
    /** Copies the shape. */
    public TensorType {
      shape = shape.map(List::copyOf);
    }
  }

  /** A sparse tensor; as {@link TensorType}. */
  record SparseType(Optional<DType> dtype, Optional<List<Dimension>> shape) implements TypeProto {
    /** Copies the shape. */
    public SparseType {
      shape = shape.map(List::copyOf);
    }
  }

  /** A sequence of values of one type. */
  record SequenceType(TypeProto element) implements TypeProto {}

  /** A value that may be missing. */
  record OptionalType(TypeProto element) implements TypeProto {}

  /** A map from integers or strings. */
  record MapType(DType key, TypeProto value) implements TypeProto {}

  /** A type only its domain knows. */
  record OpaqueType(String domain, String name) implements TypeProto {}

  /** No type given. */
  record Unknown() implements TypeProto {}

  /** One extent of a shape. */
  sealed interface Dimension {}

  /** A number, not negative. */
  record Extent(long value) implements Dimension {}

  /** A name that stands for the same extent wherever it occurs. */
  record Parameter(String name) implements Dimension {}

  /** Not known. */
  record Unnamed() implements Dimension {}

  /** A tensor type; a negative extent stands for one that is not known. */
  static TypeProto tensor(DType dtype, long... extents) {
    List<Dimension> shape = new ArrayList<>();
    for (long extent : extents) {
      shape.add(extent < 0 ? new Unnamed() : new Extent(extent));
    }
    return new TensorType(Optional.of(dtype), Optional.of(shape));
  }

  /** A tensor type with extents that are all names or decimal numbers. */
  static TypeProto tensor(DType dtype, List<String> extents) {
    List<Dimension> shape = new ArrayList<>();
    for (String extent : extents) {
      shape.add(
          extent.matches("[0-9]+") ? new Extent(Long.parseLong(extent)) : new Parameter(extent));
    }
    return new TensorType(Optional.of(dtype), Optional.of(shape));
  }
}
