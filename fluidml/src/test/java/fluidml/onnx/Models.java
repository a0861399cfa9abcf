package fluidml.onnx;

import fluidml.onnx.proto.AttributeProto;
import fluidml.onnx.proto.FunctionProto;
import fluidml.onnx.proto.GraphProto;
import fluidml.onnx.proto.ModelProto;
import fluidml.onnx.proto.ModelProto.OperatorSetId;
import fluidml.onnx.proto.NodeProto;
import fluidml.onnx.proto.TensorProto;
import fluidml.onnx.proto.ValueInfoProto;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.List;

/** Small models for tests. */
final class Models {
  private Models() {}

  /**
   * A bit of everything: constants, attributes of many types, a subgraph, a function, symbolic
   * dims.
   */
  static ModelProto mixed() {
    GraphProto branch =
        GraphProto.of(
            "then",
            List.of(NodeProto.of("Relu", List.of("h"), List.of("r"))),
            List.of(),
            List.of(ValueInfoProto.tensor("r", DType.FLOAT32, List.of("n", "4"))),
            List.of());
    GraphProto other =
        GraphProto.of(
            "else",
            List.of(NodeProto.of("Neg", List.of("h"), List.of("r2"))),
            List.of(),
            List.of(ValueInfoProto.tensor("r2", DType.FLOAT32, List.of("n", "4"))),
            List.of());
    Tensor weights = Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 3, 4);
    GraphProto graph =
        GraphProto.of(
            "mixed",
            List.of(
                NodeProto.of("MatMul", List.of("x", "w"), List.of("h")),
                NodeProto.of(
                    "If",
                    List.of("c"),
                    List.of("y"),
                    AttributeProto.of("then_branch", branch),
                    AttributeProto.of("else_branch", other)),
                NodeProto.of("local", "Twice", List.of("y"), List.of("z"))),
            List.of(
                ValueInfoProto.tensor("x", DType.FLOAT32, List.of("n", "3")),
                ValueInfoProto.tensor("c", DType.BOOL)),
            List.of(ValueInfoProto.tensor("z", DType.FLOAT32, List.of("n", "4"))),
            List.of(TensorProto.of("w", weights)));
    List<OperatorSetId> opsets = List.of(new OperatorSetId("", 18), new OperatorSetId("local", 1));
    FunctionProto twice =
        FunctionProto.of(
            "local",
            "Twice",
            List.of("a"),
            List.of("b"),
            List.of(
                NodeProto.of("Sum", List.of("a", "a"), List.of("t")),
                NodeProto.of("Identity", List.of("t"), List.of("b"))),
            opsets.subList(0, 1));
    return ModelProto.of(opsets, graph, List.of(twice));
  }
}
