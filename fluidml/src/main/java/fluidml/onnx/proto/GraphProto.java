package fluidml.onnx.proto;

import java.util.List;

/**
 * A graph: nodes in topological order over named values.
 *
 * @param name the graph's name
 * @param nodes nodes, each after the producers of its inputs
 * @param inputs inputs with their types
 * @param outputs outputs with their types
 * @param initializers constants by the name in the tensor; one that is also an input is its default
 * @param sparseInitializers sparse constants, named by their values tensor
 * @param valueInfos types of intermediate values
 * @param docString description, or empty
 */
public record GraphProto(
    String name,
    List<NodeProto> nodes,
    List<ValueInfoProto> inputs,
    List<ValueInfoProto> outputs,
    List<TensorProto> initializers,
    List<SparseTensorProto> sparseInitializers,
    List<ValueInfoProto> valueInfos,
    String docString) {

  /** Copies the lists. */
  public GraphProto {
    nodes = List.copyOf(nodes);
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    initializers = List.copyOf(initializers);
    sparseInitializers = List.copyOf(sparseInitializers);
    valueInfos = List.copyOf(valueInfos);
  }

  /** A graph without sparse initializers and intermediate types. */
  public static GraphProto of(
      String name,
      List<NodeProto> nodes,
      List<ValueInfoProto> inputs,
      List<ValueInfoProto> outputs,
      List<TensorProto> initializers) {
    return new GraphProto(name, nodes, inputs, outputs, initializers, List.of(), List.of(), "");
  }
}
