package fluidml.conformance;

import static fluidml.conformance.ProjectCase.floats;
import static fluidml.conformance.ProjectCase.node;

import fluidml.onnx.proto.AttributeProto;
import fluidml.onnx.proto.GraphProto;
import fluidml.onnx.proto.ModelProto;
import fluidml.onnx.proto.ModelProto.OperatorSetId;
import fluidml.onnx.proto.NodeProto;
import fluidml.onnx.proto.ValueInfoProto;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntToDoubleFunction;

/** Operators whose attributes or meaning were others in operator sets 7 to 12. */
final class OlderCases {
  private OlderCases() {}

  static List<ProjectCase> all() {
    return List.of(
        softmax("Softmax", 7),
        softmax("Softmax", 12),
        softmax("LogSoftmax", 11),
        one(
            "project_slice_9",
            9,
            node(
                "Slice",
                "x",
                "y",
                AttributeProto.ofInts("axes", 1, 2),
                AttributeProto.ofInts("starts", 1, -3),
                AttributeProto.ofInts("ends", 1000, -1)),
            new long[] {2, 2, 2},
            i -> x(i / 4 * 12 + (i / 2 % 2 + 1) * 4 + i % 2 + 1)),
        one(
            "project_pad_10",
            10,
            node(
                "Pad",
                "x",
                "y",
                AttributeProto.ofInts("pads", 0, 0, 1, 0, 0, 1),
                AttributeProto.of("value", 7f)),
            new long[] {2, 3, 6},
            i -> i % 6 == 0 || i % 6 == 5 ? 7 : x(i / 6 * 4 + i % 6 - 1)),
        one(
            "project_clip_10",
            10,
            node("Clip", "x", "y", AttributeProto.of("min", -0.5f), AttributeProto.of("max", 0.5f)),
            new long[] {2, 3, 4},
            i -> Math.clamp(x(i), -0.5, 0.5)),
        one(
            "project_unsqueeze_11",
            11,
            node("Unsqueeze", "x", "y", AttributeProto.ofInts("axes", 0, 4)),
            new long[] {1, 2, 3, 4, 1},
            OlderCases::x),
        one(
            "project_reduce_sum_11",
            11,
            node(
                "ReduceSum",
                "x",
                "y",
                AttributeProto.ofInts("axes", -1),
                AttributeProto.of("keepdims", 0)),
            new long[] {2, 3},
            i -> x(4 * i) + x(4 * i + 1) + x(4 * i + 2) + x(4 * i + 3)),
        one(
            "project_dropout_7",
            7,
            node("Dropout", "x", "y", AttributeProto.of("ratio", 0.5f)),
            new long[] {2, 3, 4},
            OlderCases::x),
        one(
            "project_upsample_7",
            7,
            node("Upsample", "x", "y", AttributeProto.ofFloats("scales", 1, 1, 2)),
            new long[] {2, 3, 8},
            i -> x(i / 2)),
        split(),
        topK());
  }

  private static double x(int i) {
    return Math.sin(i * 1.3 + 0.2);
  }

  private static ModelProto model(int opset, GraphProto graph) {
    return new ModelProto(
        opset < 9 ? 3 : 6,
        List.of(new OperatorSetId("", opset)),
        "fluidml",
        "",
        "",
        0,
        "",
        graph,
        List.of(),
        Map.of());
  }

  private static List<ValueInfoProto> input() {
    return List.of(ValueInfoProto.tensor("x", DType.FLOAT32, 2, 3, 4));
  }

  private static ProjectCase one(
      String name, int opset, NodeProto node, long[] dims, IntToDoubleFunction y) {
    GraphProto graph =
        GraphProto.of(
            "older",
            List.of(node),
            input(),
            List.of(ValueInfoProto.tensor("y", DType.FLOAT32, dims)),
            List.of());
    return ProjectCase.of(
        name,
        model(opset, graph),
        ProjectCase.Run.of(floats(OlderCases::x, 2, 3, 4), floats(y, dims)));
  }

  /** Before operator set 13 softmax went over all axes from the given one on. */
  private static ProjectCase softmax(String op, int opset) {
    return one(
        "project_" + op.toLowerCase(Locale.ROOT) + "_" + opset,
        opset,
        node(op, "x", "y", AttributeProto.of("axis", 1)),
        new long[] {2, 3, 4},
        i -> {
          double sum = 0;
          for (int k = 0; k < 12; k++) {
            sum += Math.exp(x(i / 12 * 12 + k));
          }
          return op.equals("Softmax") ? Math.exp(x(i)) / sum : x(i) - Math.log(sum);
        });
  }

  private static ProjectCase split() {
    GraphProto graph =
        GraphProto.of(
            "older",
            List.of(
                NodeProto.of(
                    "Split",
                    List.of("x"),
                    List.of("a", "b"),
                    AttributeProto.of("axis", 1),
                    AttributeProto.ofInts("split", 1, 2))),
            input(),
            List.of(
                ValueInfoProto.tensor("a", DType.FLOAT32, 2, 1, 4),
                ValueInfoProto.tensor("b", DType.FLOAT32, 2, 2, 4)),
            List.of());
    return ProjectCase.of(
        "project_split_11",
        model(11, graph),
        new ProjectCase.Run(
            List.of(floats(OlderCases::x, 2, 3, 4)),
            List.of(
                floats(i -> x(i / 4 * 12 + i % 4), 2, 1, 4),
                floats(i -> x(i / 8 * 12 + 4 + i % 8), 2, 2, 4))));
  }

  private static ProjectCase topK() {
    GraphProto graph =
        GraphProto.of(
            "older",
            List.of(
                NodeProto.of(
                    "TopK",
                    List.of("x"),
                    List.of("v", "p"),
                    AttributeProto.of("axis", -1),
                    AttributeProto.of("k", 2))),
            List.of(ValueInfoProto.tensor("x", DType.FLOAT32, 2, 4)),
            List.of(
                ValueInfoProto.tensor("v", DType.FLOAT32, 2, 2),
                ValueInfoProto.tensor("p", DType.INT64, 2, 2)),
            List.of());
    return ProjectCase.of(
        "project_topk_9",
        model(9, graph),
        new ProjectCase.Run(
            List.of(Tensor.of(new float[] {3, 9, 1, 7, -1, -5, -2, -9}, 2, 4)),
            List.of(
                Tensor.of(new float[] {9, 7, -1, -2}, 2, 2),
                Tensor.of(new long[] {1, 3, 0, 2}, 2, 2))));
  }
}
