package fluidml.onnx;

import fluidml.graph.Graph;
import fluidml.onnx.proto.AttributeProto;
import fluidml.onnx.proto.GraphProto;
import fluidml.onnx.proto.ModelProto;
import fluidml.onnx.proto.NodeProto;
import fluidml.onnx.proto.TensorProto;
import fluidml.onnx.proto.ValueInfoProto;
import fluidml.reference.Datum;
import fluidml.reference.Interpreter;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Builds one-node models, imports and interprets them. */
final class Imports {
  private Imports() {}

  static Graph graph(ModelProto model) {
    return OnnxImporter.graph(model, t -> OnnxTensors.tensor(t, t.name()));
  }

  static Graph graph(int opset, GraphProto graph) {
    return graph(ModelProto.of(opset, graph));
  }

  static List<Tensor> run(Graph graph, Tensor... inputs) {
    List<Datum> data = Arrays.stream(inputs).map(Datum::of).toList();
    return Interpreter.run(graph, data).stream().map(Datum::tensor).toList();
  }

  /** A graph around nodes: float inputs x0, x1, … of these tensors' shapes, the output y. */
  static GraphProto around(List<NodeProto> nodes, Tensor... inputs) {
    List<ValueInfoProto> infos = new ArrayList<>();
    for (int i = 0; i < inputs.length; i++) {
      infos.add(ValueInfoProto.tensor("x" + i, inputs[i].dtype(), inputs[i].dims()));
    }
    return GraphProto.of(
        "g", nodes, infos, List.of(ValueInfoProto.tensor("y", DType.FLOAT32)), List.of());
  }

  /** Runs one operator on all inputs, x0 an input and the others initializers, and returns y. */
  static Tensor node(int opset, String opType, List<Tensor> inputs, AttributeProto... attributes) {
    List<String> names = new ArrayList<>();
    List<TensorProto> constants = new ArrayList<>();
    for (int i = 0; i < inputs.size(); i++) {
      names.add("x" + i);
      if (i > 0) {
        constants.add(TensorProto.of("x" + i, inputs.get(i)));
      }
    }
    Tensor first = inputs.getFirst();
    GraphProto graph =
        GraphProto.of(
            "g",
            List.of(NodeProto.of(opType, names, List.of("y"), attributes)),
            List.of(ValueInfoProto.tensor("x0", first.dtype(), first.dims())),
            List.of(ValueInfoProto.tensor("y", DType.FLOAT32)),
            constants);
    return run(graph(opset, graph), first).getFirst();
  }
}
