package fluidml.onnx.proto;

import fluidml.tensor.DType;
import java.util.List;

/**
 * The name and type of a value.
 *
 * @param name the value's name
 * @param type its type, {@link TypeProto.Unknown} if the file does not say
 * @param docString description, or empty
 */
public record ValueInfoProto(String name, TypeProto type, String docString) {

  /** A value of any type. */
  public static ValueInfoProto of(String name, TypeProto type) {
    return new ValueInfoProto(name, type, "");
  }

  /** A tensor; a negative extent stands for one that is not known. */
  public static ValueInfoProto tensor(String name, DType dtype, long... extents) {
    return of(name, TypeProto.tensor(dtype, extents));
  }

  /** A tensor with extents that are names or decimal numbers. */
  public static ValueInfoProto tensor(String name, DType dtype, List<String> extents) {
    return of(name, TypeProto.tensor(dtype, extents));
  }
}
