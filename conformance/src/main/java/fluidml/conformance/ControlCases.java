package fluidml.conformance;

import static fluidml.conformance.ProjectCase.floats;
import static fluidml.conformance.ProjectCase.node;

import fluidml.onnx.proto.AttributeProto;
import fluidml.onnx.proto.GraphProto;
import fluidml.onnx.proto.ModelProto;
import fluidml.onnx.proto.NodeProto;
import fluidml.onnx.proto.TensorProto;
import fluidml.onnx.proto.ValueInfoProto;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.List;

/** Subgraphs and sequences between operators that are compiled. */
final class ControlCases {
  private ControlCases() {}

  static List<ProjectCase> all() {
    return List.of(branches(), loop(), scan(), sequence());
  }

  private static double x(int i) {
    return Math.cos(i * 0.53) * 2;
  }

  private static GraphProto body(
      String name, List<NodeProto> nodes, List<ValueInfoProto> inputs, ValueInfoProto... outputs) {
    return GraphProto.of(name, nodes, inputs, List.of(outputs), List.of());
  }

  /** Both branches read a value computed before; what follows reads either's result. */
  private static ProjectCase branches() {
    ValueInfoProto result = ValueInfoProto.tensor("r", DType.FLOAT32, List.of("n", "4"));
    GraphProto graph =
        GraphProto.of(
            "branches",
            List.of(
                node("Add", "x x", "double"),
                node(
                    "If",
                    "c",
                    "chosen",
                    AttributeProto.of(
                        "then_branch",
                        body("then", List.of(node("Exp", "double", "r")), List.of(), result)),
                    AttributeProto.of(
                        "else_branch",
                        body("else", List.of(node("Neg", "double", "r")), List.of(), result))),
                node("Mul", "chosen x", "y")),
            List.of(
                ValueInfoProto.tensor("c", DType.BOOL),
                ValueInfoProto.tensor("x", DType.FLOAT32, List.of("n", "4"))),
            List.of(ValueInfoProto.tensor("y", DType.FLOAT32, List.of("n", "4"))),
            List.of());
    Tensor in = floats(ControlCases::x, 3, 4);
    return ProjectCase.of(
        "project_branches",
        ModelProto.of(17, graph),
        new ProjectCase.Run(
            List.of(Tensor.of(new boolean[] {true}), in),
            List.of(floats(i -> Math.exp(2 * x(i)) * x(i), 3, 4))),
        new ProjectCase.Run(
            List.of(Tensor.of(new boolean[] {false}), in),
            List.of(floats(i -> -2 * x(i) * x(i), 3, 4))));
  }

  /** v = v / 2 + x, a number of times that is an input; the last value and all of them. */
  private static ProjectCase loop() {
    GraphProto step =
        GraphProto.of(
            "step",
            List.of(
                node("Identity", "going", "on"),
                node("Mul", "v half", "less"),
                node("Add", "less x", "next"),
                node("Identity", "next", "seen")),
            List.of(
                ValueInfoProto.tensor("i", DType.INT64),
                ValueInfoProto.tensor("going", DType.BOOL),
                ValueInfoProto.tensor("v", DType.FLOAT32, 3)),
            List.of(
                ValueInfoProto.tensor("on", DType.BOOL),
                ValueInfoProto.tensor("next", DType.FLOAT32, 3),
                ValueInfoProto.tensor("seen", DType.FLOAT32, 3)),
            List.of(TensorProto.of("half", Tensor.scalar(0.5f))));
    GraphProto graph =
        GraphProto.of(
            "loop",
            List.of(
                node("Neg", "x", "start"),
                NodeProto.of(
                    "Loop",
                    List.of("times", "", "start"),
                    List.of("last", "all"),
                    AttributeProto.of("body", step)),
                node("Add", "all last", "y")),
            List.of(
                ValueInfoProto.tensor("times", DType.INT64),
                ValueInfoProto.tensor("x", DType.FLOAT32, 3)),
            List.of(
                ValueInfoProto.tensor("last", DType.FLOAT32, 3),
                ValueInfoProto.tensor("y", DType.FLOAT32, List.of("times", "3"))),
            List.of());
    return ProjectCase.of("project_loop", ModelProto.of(17, graph), loop(1), loop(4), loop(9));
  }

  private static ProjectCase.Run loop(int times) {
    // After k steps v is x * (2 - 3 / 2^k).
    return new ProjectCase.Run(
        List.of(Tensor.scalar((long) times), floats(ControlCases::x, 3)),
        List.of(
            floats(i -> x(i) * (2 - 3 * Math.pow(0.5, times)), 3),
            floats(
                i ->
                    x(i % 3) * (2 - 3 * Math.pow(0.5, i / 3 + 1))
                        + x(i % 3) * (2 - 3 * Math.pow(0.5, times)),
                times,
                3)));
  }

  /** Running sums over the first axis. */
  private static ProjectCase scan() {
    GraphProto step =
        body(
            "step",
            List.of(node("Add", "total row", "next"), node("Identity", "next", "seen")),
            List.of(
                ValueInfoProto.tensor("total", DType.FLOAT32, 2),
                ValueInfoProto.tensor("row", DType.FLOAT32, 2)),
            ValueInfoProto.tensor("next", DType.FLOAT32, 2),
            ValueInfoProto.tensor("seen", DType.FLOAT32, 2));
    GraphProto graph =
        GraphProto.of(
            "scan",
            List.of(
                NodeProto.of(
                    "Scan",
                    List.of("zero", "x"),
                    List.of("last", "sums"),
                    AttributeProto.of("body", step),
                    AttributeProto.of("num_scan_inputs", 1)),
                node("Neg", "sums", "y")),
            List.of(ValueInfoProto.tensor("x", DType.FLOAT32, List.of("n", "2"))),
            List.of(ValueInfoProto.tensor("y", DType.FLOAT32, List.of("n", "2"))),
            List.of(TensorProto.of("zero", Tensor.of(new float[2], 2))));
    return ProjectCase.of(
        "project_scan",
        ModelProto.of(17, graph),
        ProjectCase.Run.of(
            floats(i -> i, 6, 2),
            floats(
                i -> {
                  double sum = 0;
                  for (int k = i % 2; k <= i; k += 2) {
                    sum += k;
                  }
                  return -sum;
                },
                6,
                2)));
  }

  /** A sequence in the middle of tensors. */
  private static ProjectCase sequence() {
    GraphProto graph =
        GraphProto.of(
            "sequence",
            List.of(
                node("Neg", "x", "minus"),
                node("SequenceConstruct", "x minus", "both"),
                node("SequenceInsert", "both x", "three"),
                node("ConcatFromSequence", "three", "y", AttributeProto.of("axis", 0))),
            List.of(ValueInfoProto.tensor("x", DType.FLOAT32, List.of("n", "2"))),
            List.of(ValueInfoProto.tensor("y", DType.FLOAT32, List.of("m", "2"))),
            List.of());
    return ProjectCase.of(
        "project_sequence",
        ModelProto.of(17, graph),
        ProjectCase.Run.of(
            floats(i -> i + 1, 2, 2), floats(i -> (i / 4 == 1 ? -1 : 1) * (i % 4 + 1), 6, 2)));
  }
}
