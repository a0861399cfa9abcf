package fluidml.onnx;

import fluidml.error.InvalidModelException;
import fluidml.error.UnsupportedModelException;
import fluidml.graph.Graph;
import fluidml.onnx.proto.ModelProto;
import fluidml.onnx.proto.TensorProto;
import fluidml.tensor.Tensor;
import java.util.function.Function;

/**
 * Turns an ONNX model into a {@link Graph}.
 *
 * <p>Operator versions, attributes, model-local functions and captured values of subgraphs are
 * resolved here: the result has typed ops and closed bodies only. Inputs and outputs keep their
 * ONNX names and order; inputs that have an initializer become constants. Named dims become
 * symbols.
 */
public final class OnnxImporter {
  private OnnxImporter() {}

  /**
   * The graph of a model file. Its constants are slices of the file's mapping: they live as long as
   * the file is open.
   *
   * @throws InvalidModelException if the model is inconsistent
   * @throws UnsupportedModelException if it needs an operator, attribute or type that is not
   *     supported
   */
  public static Graph graph(OnnxFile file) {
    return graph(file.model(), file::tensor);
  }

  /**
   * The graph of a model.
   *
   * @param constants gives the elements of a constant of the model
   * @throws InvalidModelException if the model is inconsistent
   * @throws UnsupportedModelException if it needs an operator, attribute or type that is not
   *     supported
   */
  public static Graph graph(ModelProto model, Function<TensorProto, Tensor> constants) {
    return new ModelImport(model, constants).graph();
  }
}
