package fluidml.conformance;

import fluidml.onnx.OnnxTensors;
import fluidml.onnx.OnnxWriter;
import fluidml.onnx.proto.AttributeProto;
import fluidml.onnx.proto.ModelProto;
import fluidml.onnx.proto.NodeProto;
import fluidml.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntToDoubleFunction;

/**
 * A case that the project makes itself, with results worked out by formulas.
 *
 * @param name the folder's name
 * @param model the model
 * @param externalData whether initializers go to a file beside the model
 * @param runs data sets
 */
record ProjectCase(String name, ModelProto model, boolean externalData, List<Run> runs) {
  ProjectCase {
    runs = List.copyOf(runs);
  }

  /** Tensors for all inputs and outputs, in the order of the graph. */
  record Run(List<Tensor> inputs, List<Tensor> outputs) {
    Run {
      inputs = List.copyOf(inputs);
      outputs = List.copyOf(outputs);
    }

    /** A run with one input and one output. */
    static Run of(Tensor input, Tensor output) {
      return new Run(List.of(input), List.of(output));
    }
  }

  /** A case with everything in the model file. */
  static ProjectCase of(String name, ModelProto model, Run... runs) {
    return new ProjectCase(name, model, false, List.of(runs));
  }

  /** A float32 tensor of formula values by row-major index. */
  static Tensor floats(IntToDoubleFunction formula, long... dims) {
    float[] values = new float[(int) Arrays.stream(dims).reduce(1, (a, b) -> a * b)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) formula.applyAsDouble(i);
    }
    return Tensor.of(values, dims);
  }

  /** A node with one result; operand names are separated by blanks, {@code -} is not given. */
  static NodeProto node(String op, String operands, String result, AttributeProto... attributes) {
    return NodeProto.of(
        op,
        Arrays.stream(operands.split(" ", -1)).map(n -> n.equals("-") ? "" : n).toList(),
        List.of(result),
        attributes);
  }

  /**
   * Writes the case in the layout of backend tests.
   *
   * @throws IOException if it cannot be written
   */
  void write(Path root) throws IOException {
    Path folder = Files.createDirectories(root.resolve(name));
    if (externalData) {
      OnnxWriter.writeExternal(model, folder.resolve("model.onnx"), "model.data", 0);
    } else {
      OnnxWriter.write(model, folder.resolve("model.onnx"));
    }
    for (int i = 0; i < runs.size(); i++) {
      Path set = Files.createDirectories(folder.resolve("test_data_set_" + i));
      write(set, "input_", runs.get(i).inputs());
      write(set, "output_", runs.get(i).outputs());
    }
  }

  private static void write(Path folder, String prefix, List<Tensor> tensors) throws IOException {
    for (int i = 0; i < tensors.size(); i++) {
      OnnxTensors.write(folder.resolve(prefix + i + ".pb"), prefix + i, tensors.get(i));
    }
  }
}
