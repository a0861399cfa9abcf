package fluidml.onnx.proto;

import java.util.List;
import java.util.Map;

/**
 * A model: a graph, the operator sets it speaks, and its own functions.
 *
 * <p>Fields about training and about placement on several devices do not change what a model
 * computes and are not kept.
 *
 * @param irVersion version of the file format
 * @param opsetImports operator sets
 * @param producerName the tool that wrote the file, or empty
 * @param producerVersion that tool's version, or empty
 * @param domain reverse-DNS name space of the model, or empty
 * @param modelVersion version of the model itself
 * @param docString description, or empty
 * @param graph the main graph
 * @param functions model-local functions
 * @param metadataProps free key–value pairs in file order
 */
public record ModelProto(
    long irVersion,
    List<OperatorSetId> opsetImports,
    String producerName,
    String producerVersion,
    String domain,
    long modelVersion,
    String docString,
    GraphProto graph,
    List<FunctionProto> functions,
    Map<String, String> metadataProps) {

  /**
   * An operator set.
   *
   * @param domain name space; empty means {@code ai.onnx}
   * @param version version of the set
   */
  public record OperatorSetId(String domain, long version) {}

  /** Copies the collections. */
  public ModelProto {
    opsetImports = List.copyOf(opsetImports);
    functions = List.copyOf(functions);
    metadataProps = Props.copy(metadataProps);
  }

  /**
   * A model of {@code graph} in one version of the default operator set, written by this library.
   */
  public static ModelProto of(int opset, GraphProto graph) {
    return of(List.of(new OperatorSetId("", opset)), graph, List.of());
  }

  /** A model with several operator sets and functions, written by this library. */
  public static ModelProto of(
      List<OperatorSetId> opsetImports, GraphProto graph, List<FunctionProto> functions) {
    return new ModelProto(10, opsetImports, "fluidml", "", "", 0, "", graph, functions, Map.of());
  }
}
