package fluidml.onnx.proto;

import fluidml.onnx.proto.ModelProto.OperatorSetId;
import java.util.List;

/**
 * A function of the model: called like an operator, defined by nodes.
 *
 * @param domain name space
 * @param name name in it
 * @param overload tells functions of the same name apart, or empty
 * @param inputs names of the formal inputs
 * @param outputs names of the formal outputs
 * @param attributes names of attributes that a call must give
 * @param defaults attributes that a call may give, with their defaults
 * @param nodes the body in topological order
 * @param opsetImports operator sets of the body
 * @param valueInfos types of values of the body
 * @param docString description, or empty
 */
public record FunctionProto(
    String domain,
    String name,
    String overload,
    List<String> inputs,
    List<String> outputs,
    List<String> attributes,
    List<AttributeProto> defaults,
    List<NodeProto> nodes,
    List<OperatorSetId> opsetImports,
    List<ValueInfoProto> valueInfos,
    String docString) {

  /** Copies the lists. */
  public FunctionProto {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    attributes = List.copyOf(attributes);
    defaults = List.copyOf(defaults);
    nodes = List.copyOf(nodes);
    opsetImports = List.copyOf(opsetImports);
    valueInfos = List.copyOf(valueInfos);
  }

  /** A function without attributes. */
  public static FunctionProto of(
      String domain,
      String name,
      List<String> inputs,
      List<String> outputs,
      List<NodeProto> nodes,
      List<OperatorSetId> opsetImports) {
    return new FunctionProto(
        domain,
        name,
        "",
        inputs,
        outputs,
        List.of(),
        List.of(),
        nodes,
        opsetImports,
        List.of(),
        "");
  }
}
