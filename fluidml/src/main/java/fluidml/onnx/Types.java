package fluidml.onnx;

import fluidml.error.InvalidModelException;
import fluidml.error.UnsupportedModelException;
import fluidml.graph.Type;
import fluidml.onnx.proto.TypeProto;
import fluidml.onnx.proto.TypeProto.Dimension;
import fluidml.onnx.proto.ValueInfoProto;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Turns ONNX types into types of the graph; equal dim names become equal symbols. */
final class Types {
  private final Map<String, Dim> symbols = new HashMap<>();
  private final Set<String> taken = new HashSet<>();

  /** The type of a value; extents that have no name get one of their own. */
  Type of(ValueInfoProto info) {
    return of(info.type(), info.name());
  }

  /**
   * A type; extents that have no name get one of their own.
   *
   * @param name where it belongs, for messages and for the names of extents
   * @throws UnsupportedModelException for types the graph does not have
   */
  Type of(TypeProto type, String name) {
    return switch (type) {
      case TypeProto.TensorType t ->
          new Type.TensorType(dtype(t.dtype(), name), t.shape().map(s -> shape(s, name)));
      case TypeProto.SequenceType t -> new Type.SequenceType(of(t.element(), name));
      case TypeProto.OptionalType t -> new Type.OptionalType(of(t.element(), name));
      case TypeProto.SparseType _ -> throw unsupported(name, "sparse tensors");
      case TypeProto.MapType _ -> throw unsupported(name, "maps");
      case TypeProto.OpaqueType _ -> throw unsupported(name, "opaque types");
      case TypeProto.Unknown _ -> throw new InvalidModelException(name, "has no type");
    };
  }

  private static DType dtype(Optional<DType> dtype, String name) {
    return dtype.orElseThrow(() -> new InvalidModelException(name, "has no element type"));
  }

  private static UnsupportedModelException unsupported(String name, String what) {
    return new UnsupportedModelException(
        name, "graph input", what + " cannot be inputs; remove them from the exported model");
  }

  private Shape shape(List<Dimension> dims, String name) {
    List<Dim> extents = new ArrayList<>();
    for (int i = 0; i < dims.size(); i++) {
      extents.add(
          switch (dims.get(i)) {
            case TypeProto.Extent e -> Dim.of(e.value());
            case TypeProto.Parameter p -> symbols.computeIfAbsent(p.name(), this::symbol);
            case TypeProto.Unnamed _ -> symbol(name + "_d" + i);
          });
    }
    return new Shape(extents);
  }

  /** A new symbol whose name is like {@code wish}. */
  Dim symbol(String wish) {
    String name = wish.replaceAll("[^A-Za-z0-9_.:]", "_");
    if (!name.matches("[A-Za-z_].*")) {
      name = "_" + name;
    }
    String candidate = name;
    for (int i = 1; !taken.add(candidate); i++) {
      candidate = name + "_" + i;
    }
    return Dim.symbol(candidate);
  }
}
