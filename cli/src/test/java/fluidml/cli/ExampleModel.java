package fluidml.cli;

import fluidml.graph.Graph;
import fluidml.onnx.OnnxImporter;
import fluidml.onnx.OnnxTensors;
import fluidml.onnx.OnnxWriter;
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
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The model of {@code examples/mlp}: a perceptron with two hidden layers that tells pictures of
 * digits, 8 by 8 pixels, apart. Its first ten units look for the digits themselves, the others for
 * pseudo-random patterns that count for little.
 */
final class ExampleModel {
  private static final int PIXELS = 64;
  private static final int HIDDEN = 64;
  private static final int CLASSES = 10;

  /** One picture a line; eight rows of eight pixels as hexadecimal bytes. */
  private static final String[] DIGITS = {
    "3c666e7666663c00", "1838181818187e00", "3c66060c30607e00", "3c66061c06663c00",
    "060e1e667f060600", "7e607c0606663c00", "3c66607c66663c00", "7e660c1818181800",
    "3c66663c66663c00", "3c66663e06663c00"
  };

  private ExampleModel() {}

  /** Writes all files of the example into a folder given as the only argument. */
  public static void main(String[] args) throws IOException {
    Path folder = Path.of(args[0]);
    Path data = Files.createDirectories(folder.resolve("test_data_set_0"));
    Files.write(folder.resolve("model.onnx"), OnnxWriter.toBytes(model()));
    OnnxTensors.write(data.resolve("input_0.pb"), "image", pictures());
    OnnxTensors.write(data.resolve("output_0.pb"), "probabilities", expected());
    Tensor three = Tensor.wrap(DType.FLOAT32, pictures().data().asSlice(3 * 256, 256), 1, 8, 8);
    JsonTensors.write(folder.resolve("three.json"), "image", three);
  }

  /** The model; the same bytes every time. */
  static ModelProto model() {
    float[] first = noise(PIXELS * HIDDEN, 1, 0.05);
    float[] second = noise(HIDDEN * HIDDEN, 2, 0.01);
    float[] third = noise(HIDDEN * CLASSES, 3, 0.02);
    for (int k = 0; k < CLASSES; k++) {
      float[] unit = digit(k);
      double mean = 0;
      for (float pixel : unit) {
        mean += pixel / PIXELS;
      }
      double norm = 0;
      for (float pixel : unit) {
        norm += (pixel - mean) * (pixel - mean);
      }
      for (int p = 0; p < PIXELS; p++) {
        first[p * HIDDEN + k] = (float) ((unit[p] - mean) / norm);
      }
      second[k * HIDDEN + k] += 1;
      third[k * CLASSES + k] += 20;
    }
    return ModelProto.of(
        17,
        GraphProto.of(
            "digits",
            List.of(
                NodeProto.of(
                    "Flatten", List.of("image"), List.of("pixels"), AttributeProto.of("axis", 1)),
                NodeProto.of("Gemm", List.of("pixels", "w1", "b1"), List.of("h1")),
                NodeProto.of("Relu", List.of("h1"), List.of("a1")),
                NodeProto.of("Gemm", List.of("a1", "w2", "b2"), List.of("h2")),
                NodeProto.of("Relu", List.of("h2"), List.of("a2")),
                NodeProto.of("Gemm", List.of("a2", "w3", "b3"), List.of("scores")),
                NodeProto.of(
                    "Softmax",
                    List.of("scores"),
                    List.of("probabilities"),
                    AttributeProto.of("axis", -1))),
            List.of(ValueInfoProto.tensor("image", DType.FLOAT32, List.of("batch", "8", "8"))),
            List.of(ValueInfoProto.tensor("probabilities", DType.FLOAT32, List.of("batch", "10"))),
            List.of(
                TensorProto.of("w1", Tensor.of(first, PIXELS, HIDDEN)),
                TensorProto.of("b1", Tensor.of(noise(HIDDEN, 4, 0.01), HIDDEN)),
                TensorProto.of("w2", Tensor.of(second, HIDDEN, HIDDEN)),
                TensorProto.of("b2", Tensor.of(noise(HIDDEN, 5, 0.01), HIDDEN)),
                TensorProto.of("w3", Tensor.of(third, HIDDEN, CLASSES)),
                TensorProto.of("b3", Tensor.of(noise(CLASSES, 6, 0.01), CLASSES)))));
  }

  /** All ten digits, a little noisy: float32 of 10 by 8 by 8. */
  static Tensor pictures() {
    float[] pixels = noise(CLASSES * PIXELS, 7, 0.1);
    for (int k = 0; k < CLASSES; k++) {
      float[] clean = digit(k);
      for (int p = 0; p < PIXELS; p++) {
        float pixel = Math.clamp(clean[p] + pixels[k * PIXELS + p], 0f, 1f);
        pixels[k * PIXELS + p] = Math.round(pixel * 255) / 255f;
      }
    }
    return Tensor.of(pixels, CLASSES, 8, 8);
  }

  /** What the reference interpreter makes of {@link #pictures}: float32 of 10 by 10. */
  static Tensor expected() {
    Graph graph =
        OnnxImporter.graph(
            model(),
            tensor ->
                Tensor.wrap(
                    tensor.dtype(),
                    ((TensorProto.Inline) tensor.data()).bytes(),
                    tensor.dimArray()));
    return Interpreter.run(graph, List.of(Datum.of(pictures()))).getFirst().tensor();
  }

  private static float[] digit(int k) {
    float[] pixels = new float[PIXELS];
    for (int row = 0; row < 8; row++) {
      int bits = Integer.parseInt(DIGITS[k].substring(2 * row, 2 * row + 2), 16);
      for (int column = 0; column < 8; column++) {
        pixels[row * 8 + column] = (bits >> (7 - column)) & 1;
      }
    }
    return pixels;
  }

  private static float[] noise(int count, long seed, double size) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (random.nextInt(-1000, 1001) / 1000.0 * size);
    }
    return values;
  }
}
