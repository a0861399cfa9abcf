package fluidml.vm;

import fluidml.error.InvalidInputException;
import fluidml.graph.Graph;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.reference.Datum;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Finds the values of a graph's dim symbols from the extents of its inputs, and checks both. */
public final class InputShapes {
  private InputShapes() {}

  /**
   * The values of the symbols.
   *
   * @throws InvalidInputException naming the input whose type, rank or extents do not fit
   */
  public static Map<String, Long> solve(Graph graph, Datum[] inputs) {
    Map<String, Long> symbols = new HashMap<>();
    List<Value> declared = graph.inputs();
    for (int i = 0; i < inputs.length; i++) {
      if (declared.get(i).type() instanceof Type.TensorType type) {
        Tensor tensor = tensor(declared.get(i), type, inputs[i]);
        type.shape().ifPresent(shape -> assign(shape, tensor, symbols));
      }
    }
    for (int i = 0; i < inputs.length; i++) {
      Value input = declared.get(i);
      if (input.knownShape().isPresent()) {
        check(input, inputs[i].tensor(), symbols);
      }
    }
    return symbols;
  }

  private static Tensor tensor(Value input, Type.TensorType type, Datum datum) {
    if (!(datum instanceof Datum.TensorDatum(Tensor tensor))) {
      throw new InvalidInputException(
          input.name(), type + " expected, " + datum.describe() + " given");
    }
    boolean rankFits = type.shape().isEmpty() || type.shape().get().rank() == tensor.rank();
    if (tensor.dtype() != type.dtype() || !rankFits) {
      throw new InvalidInputException(input.name(), type + " expected, " + tensor + " given");
    }
    return tensor;
  }

  private static void assign(Shape shape, Tensor tensor, Map<String, Long> symbols) {
    for (int axis = 0; axis < shape.rank(); axis++) {
      Dim dim = shape.dim(axis);
      for (String symbol : dim.symbols()) {
        if (dim.equals(Dim.symbol(symbol))) {
          symbols.putIfAbsent(symbol, tensor.dim(axis));
        }
      }
    }
  }

  private static void check(Value input, Tensor tensor, Map<String, Long> symbols) {
    for (int axis = 0; axis < tensor.rank(); axis++) {
      Dim dim = input.shape().dim(axis);
      if (!symbols.keySet().containsAll(dim.symbols())) {
        throw new InvalidInputException(
            input.name(), "the extent " + dim + " has a symbol that no input defines by itself");
      }
      long expected = dim.evaluate(symbols::get);
      if (expected != tensor.dim(axis)) {
        String with = dim.isConstant() ? "" : " with " + symbols;
        throw new InvalidInputException(
            input.name(),
            "axis %d has extent %d; the model says %s%s"
                .formatted(axis, tensor.dim(axis), dim, with));
      }
    }
  }
}
