package fluidml.bench;

import fluidml.graph.Value;
import fluidml.onnx.OnnxTensors;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Inputs for a model: those of its {@code test_data_set_0}, or made by a formula. */
final class Inputs {
  private static final long PAGE = 4096;

  private Inputs() {}

  /** The model file of a path that names the file or its folder. */
  static Path modelFile(Path path) {
    return Files.isDirectory(path) ? path.resolve("model.onnx") : path;
  }

  /**
   * A tensor for each declared input, in order.
   *
   * @param dims numbers for symbolic extents; 1 where none is given
   */
  static Map<String, Tensor> of(Path model, List<Value> declared, Map<String, Long> dims) {
    Path data = modelFile(model).resolveSibling("test_data_set_0");
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    for (int i = 0; i < declared.size(); i++) {
      Path file = data.resolve("input_" + i + ".pb");
      Value input = declared.get(i);
      boolean stored = dims.isEmpty() && Files.exists(file);
      inputs.put(input.name(), stored ? offHeap(OnnxTensors.read(file)) : made(input, dims));
    }
    return inputs;
  }

  /**
   * The largest difference from the stored outputs over the largest stored number, the worst of all
   * outputs; NaN counts as infinite.
   *
   * @param outputs results in the order of the model's outputs
   * @return −1 if an output of the same size is stored for none
   */
  static double error(Path model, Collection<Tensor> outputs) {
    Path data = modelFile(model).resolveSibling("test_data_set_0");
    double worst = -1;
    int number = 0;
    for (Tensor output : outputs) {
      Path file = data.resolve("output_" + number++ + ".pb");
      if (Files.exists(file)) {
        Tensor stored = OnnxTensors.read(file);
        if (stored.elements() == output.elements()) {
          worst = Math.max(worst, error(output, stored));
        }
      }
    }
    return worst;
  }

  /** The largest difference over the largest number of the second; NaN counts as infinite. */
  static double error(Tensor output, Tensor stored) {
    double difference = 0;
    double largest = Double.MIN_NORMAL;
    for (long i = 0; i < stored.elements(); i++) {
      double delta = Math.abs(output.getDouble(i) - stored.getDouble(i));
      difference = Math.max(difference, Double.isNaN(delta) ? Double.POSITIVE_INFINITY : delta);
      largest = Math.max(largest, Math.abs(stored.getDouble(i)));
    }
    return difference / largest;
  }

  /**
   * Copies of tensors outside of the Java heap, in the same order. They begin with pages: where a
   * store lies just ahead of a load modulo 4096, processors hold the load up, and what is measured
   * would depend on chance.
   */
  static Map<String, Tensor> offHeap(Map<String, Tensor> tensors) {
    Map<String, Tensor> copies = new LinkedHashMap<>();
    tensors.forEach((name, tensor) -> copies.put(name, offHeap(tensor)));
    return copies;
  }

  private static Tensor offHeap(Tensor tensor) {
    Tensor copy =
        Tensor.wrap(
            tensor.dtype(),
            Arena.global()
                .allocate(Math.max(1, tensor.data().byteSize()), PAGE)
                .asSlice(0, tensor.data().byteSize()),
            tensor.dims());
    copy.data().copyFrom(tensor.data());
    return copy;
  }

  /** Numbers in [-1, 1), small ids for integers, true for bools. */
  private static Tensor made(Value input, Map<String, Long> dims) {
    long[] extents =
        input.shape().dims().stream()
            .mapToLong((Dim d) -> d.evaluate(s -> dims.getOrDefault(s, 1L)))
            .toArray();
    Tensor tensor = offHeap(Tensor.allocate(input.dtype(), extents));
    for (long i = 0; i < tensor.elements(); i++) {
      long id = (7919 * i + 13) % 997;
      if (input.dtype().isFloat()) {
        tensor.setDouble(i, id / 498.5 - 1);
      } else if (input.dtype() == DType.BOOL) {
        tensor.setLong(i, 1);
      } else {
        tensor.setLong(i, id % 100);
      }
    }
    return tensor;
  }
}
