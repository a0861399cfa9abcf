package fluidml.conformance;

import static fluidml.conformance.ProjectCase.floats;
import static fluidml.conformance.ProjectCase.node;

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
import java.util.Map;

/** Dynamic extents, external data, functions of the model, initializers among the inputs. */
final class GraphCases {
  private static final int FEATURES = 8;
  private static final int UNITS = 5;

  private GraphCases() {}

  static List<ProjectCase> all() {
    return List.of(
        dense("project_dynamic_dense", false),
        dense("project_external_data", true),
        shapeArithmetic(),
        dataDependentExtent(),
        functions(),
        initializerAmongInputs());
  }

  private static double x(int i) {
    return Math.sin(i * 0.37);
  }

  private static double w(int i) {
    return Math.cos(i * 0.71) / 2;
  }

  private static double bias(int i) {
    return 0.25 * i - 0.5;
  }

  /** relu(x·w + b) with any number of batches and steps, none at all included. */
  private static ProjectCase dense(String name, boolean externalData) {
    GraphProto graph =
        GraphProto.of(
            "dense",
            List.of(
                node("MatMul", "x w", "product"),
                node("Add", "product b", "sum"),
                node("Relu", "sum", "y")),
            List.of(ValueInfoProto.tensor("x", DType.FLOAT32, List.of("batch", "steps", "8"))),
            List.of(ValueInfoProto.tensor("y", DType.FLOAT32, List.of("batch", "steps", "5"))),
            List.of(
                TensorProto.of("w", floats(GraphCases::w, FEATURES, UNITS)),
                TensorProto.of("b", floats(GraphCases::bias, UNITS))));
    return new ProjectCase(
        name,
        ModelProto.of(17, graph),
        externalData,
        List.of(dense(1, 1), dense(2, 7), dense(3, 33), dense(0, 4), dense(1, 130)));
  }

  private static ProjectCase.Run dense(int batch, int steps) {
    return ProjectCase.Run.of(
        floats(GraphCases::x, batch, steps, FEATURES),
        floats(
            i -> {
              double sum = bias(i % UNITS);
              for (int k = 0; k < FEATURES; k++) {
                sum += (float) x(i / UNITS * FEATURES + k) * (float) w(k * UNITS + i % UNITS);
              }
              return Math.max(0, sum);
            },
            batch,
            steps,
            UNITS));
  }

  /** Splits the last axis into heads by extents read from the operand, as exporters write it. */
  private static ProjectCase shapeArithmetic() {
    GraphProto graph =
        GraphProto.of(
            "heads",
            List.of(
                node("Shape", "x", "shape"),
                node("Gather", "shape zero", "batch", AttributeProto.of("axis", 0)),
                node("Gather", "shape one", "steps", AttributeProto.of("axis", 0)),
                node("Unsqueeze", "batch axis0", "batch1"),
                node("Unsqueeze", "steps axis0", "steps1"),
                node("Concat", "batch1 steps1 rest", "target", AttributeProto.of("axis", 0)),
                node("Reshape", "x target", "split"),
                node("Transpose", "split", "turned", AttributeProto.ofInts("perm", 0, 2, 1, 3)),
                node("Mul", "turned two", "y")),
            List.of(ValueInfoProto.tensor("x", DType.FLOAT32, List.of("batch", "steps", "6"))),
            List.of(ValueInfoProto.tensor("y", DType.FLOAT32, List.of("batch", "2", "steps", "3"))),
            List.of(
                TensorProto.of("zero", Tensor.scalar(0L)),
                TensorProto.of("one", Tensor.scalar(1L)),
                TensorProto.of("axis0", Tensor.ofLongs(0)),
                TensorProto.of("rest", Tensor.ofLongs(2, -1)),
                TensorProto.of("two", Tensor.scalar(2f))));
    return ProjectCase.of(
        "project_shape_arithmetic",
        ModelProto.of(17, graph),
        heads(1, 1),
        heads(2, 5),
        heads(3, 40));
  }

  private static ProjectCase.Run heads(int batch, int steps) {
    return ProjectCase.Run.of(
        floats(GraphCases::x, batch, steps, 6),
        floats(
            i -> {
              int depth = i % 3;
              int step = i / 3 % steps;
              int head = i / 3 / steps % 2;
              int b = i / 3 / steps / 2;
              return 2 * x((b * steps + step) * 6 + head * 3 + depth);
            },
            batch,
            2,
            steps,
            3));
  }

  /** The positive elements, doubled: how many there are is known after they are found. */
  private static ProjectCase dataDependentExtent() {
    GraphProto graph =
        GraphProto.of(
            "positive",
            List.of(
                node("Greater", "x zero", "positive"),
                node("Compress", "x positive", "kept"),
                node("Add", "kept kept", "y")),
            List.of(ValueInfoProto.tensor("x", DType.FLOAT32, List.of("n"))),
            List.of(ValueInfoProto.tensor("y", DType.FLOAT32, List.of("m"))),
            List.of(TensorProto.of("zero", Tensor.scalar(0f))));
    return ProjectCase.of(
        "project_data_dependent_extent",
        ModelProto.of(17, graph),
        ProjectCase.Run.of(
            Tensor.of(new float[] {1, -2, 3, 0, 5}, 5), Tensor.of(new float[] {2, 6, 10}, 3)),
        ProjectCase.Run.of(Tensor.of(new float[] {-1, -1}, 2), Tensor.of(new float[0], 0)));
  }

  /** A function with an attribute, called by another function twice. */
  private static ProjectCase functions() {
    List<OperatorSetId> sets = List.of(new OperatorSetId("", 17), new OperatorSetId("project", 1));
    FunctionProto leaky =
        new FunctionProto(
            "project",
            "Leaky",
            "",
            List.of("v"),
            List.of("r"),
            List.of("slope"),
            List.of(),
            List.of(
                new NodeProto(
                    "",
                    "",
                    "LeakyRelu",
                    "",
                    List.of("v"),
                    List.of("r"),
                    List.of(new AttributeProto("alpha", new AttributeProto.Reference("slope", 1))),
                    "")),
            sets,
            List.of(),
            "");
    FunctionProto twice =
        FunctionProto.of(
            "project",
            "Twice",
            List.of("a"),
            List.of("c"),
            List.of(
                NodeProto.of(
                    "project",
                    "Leaky",
                    List.of("a"),
                    List.of("b"),
                    AttributeProto.of("slope", 0.5f)),
                NodeProto.of(
                    "project",
                    "Leaky",
                    List.of("b"),
                    List.of("c"),
                    AttributeProto.of("slope", 0.25f))),
            sets);
    GraphProto graph =
        GraphProto.of(
            "functions",
            List.of(
                NodeProto.of("project", "Twice", List.of("x"), List.of("t")),
                node("Add", "t x", "y")),
            List.of(ValueInfoProto.tensor("x", DType.FLOAT32, List.of("n", "3"))),
            List.of(ValueInfoProto.tensor("y", DType.FLOAT32, List.of("n", "3"))),
            List.of());
    return ProjectCase.of(
        "project_model_functions",
        ModelProto.of(sets, graph, List.of(leaky, twice)),
        ProjectCase.Run.of(
            floats(GraphCases::x, 7, 3), floats(i -> x(i) * (x(i) < 0 ? 1.125 : 2), 7, 3)));
  }

  /** Files of version 3 list every initializer among the inputs; it need not be given. */
  private static ProjectCase initializerAmongInputs() {
    GraphProto graph =
        GraphProto.of(
            "old",
            List.of(node("Mul", "x w", "y")),
            List.of(
                ValueInfoProto.tensor("x", DType.FLOAT32, 2, 3),
                ValueInfoProto.tensor("w", DType.FLOAT32, 3)),
            List.of(ValueInfoProto.tensor("y", DType.FLOAT32, 2, 3)),
            List.of(TensorProto.of("w", floats(GraphCases::w, 3))));
    ModelProto model =
        new ModelProto(
            3,
            List.of(new OperatorSetId("", 8)),
            "fluidml",
            "",
            "",
            0,
            "",
            graph,
            List.of(),
            Map.of());
    return ProjectCase.of(
        "project_initializer_among_inputs",
        model,
        ProjectCase.Run.of(
            floats(GraphCases::x, 2, 3), floats(i -> (float) x(i) * (float) w(i % 3), 2, 3)));
  }
}
