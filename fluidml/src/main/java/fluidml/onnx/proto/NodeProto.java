package fluidml.onnx.proto;

import java.util.List;

/**
 * A call of an operator or function.
 *
 * @param name the node's name, or empty
 * @param domain name space of the operator; empty means {@code ai.onnx}
 * @param opType the operator's name in its domain
 * @param overload tells functions of the same name apart, or empty
 * @param inputs names of the inputs; empty for an optional input that is not given
 * @param outputs names of the outputs; empty for an optional output that is not wanted
 * @param attributes constant arguments
 * @param docString description, or empty
 */
public record NodeProto(
    String name,
    String domain,
    String opType,
    String overload,
    List<String> inputs,
    List<String> outputs,
    List<AttributeProto> attributes,
    String docString) {

  /** Copies the lists. */
  public NodeProto {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    attributes = List.copyOf(attributes);
  }

  /** A nameless node of the default domain. */
  public static NodeProto of(
      String opType, List<String> inputs, List<String> outputs, AttributeProto... attributes) {
    return of("", opType, inputs, outputs, attributes);
  }

  /** A nameless node. */
  public static NodeProto of(
      String domain,
      String opType,
      List<String> inputs,
      List<String> outputs,
      AttributeProto... attributes) {
    return new NodeProto("", domain, opType, "", inputs, outputs, List.of(attributes), "");
  }
}
