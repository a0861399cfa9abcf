package fluidml.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import fluidml.Model;
import fluidml.Options;
import fluidml.Session;
import fluidml.onnx.OnnxTensors;
import fluidml.onnx.OnnxWriter;
import fluidml.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ExampleModelTest {
  private final Path folder = Examples.folder("mlp");

  @Test
  void theShippedFileIsWhatTheFormulaGives() throws IOException {
    assertArrayEquals(
        OnnxWriter.toBytes(ExampleModel.model()), Files.readAllBytes(folder.resolve("model.onnx")));
  }

  @Test
  void theShippedDataAreWhatTheInterpreterComputes() {
    Path data = folder.resolve("test_data_set_0");
    assertArrayEquals(
        ExampleModel.pictures().toFloats(),
        OnnxTensors.read(data.resolve("input_0.pb")).toFloats());
    assertArrayEquals(
        ExampleModel.expected().toFloats(),
        OnnxTensors.read(data.resolve("output_0.pb")).toFloats(),
        1e-6f);
  }

  @Test
  void everyDigitIsRecognised() {
    Tensor probabilities = ExampleModel.expected();
    for (int k = 0; k < 10; k++) {
      int best = 0;
      for (int c = 1; c < 10; c++) {
        best =
            probabilities.getFloat(k * 10L + c) > probabilities.getFloat(k * 10L + best) ? c : best;
      }
      assertEquals(k, best);
    }
  }

  @Test
  void theProgramInTheReadmeRuns() {
    Options options = Options.defaults().withThreads(2).withMaxMemory(512L << 20);
    try (Model model = Model.load(folder.resolve("model.onnx"), options);
        Session session = model.newSession()) {
      Tensor image = Tensor.of(new float[64], 1, 8, 8);
      float[] probabilities = session.run(Map.of("image", image)).get("probabilities").toFloats();
      assertEquals(10, probabilities.length);
    }
  }
}
