package fluidml.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fluidml.cli.Examples.Result;
import fluidml.onnx.OnnxTensors;
import fluidml.reference.Datum;
import fluidml.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VerifyCommandTest {
  private final Path mlp = Examples.folder("mlp");

  @TempDir Path temporary;

  @Test
  void verifiesTheExampleOnBothEngines() {
    for (String engine : new String[] {"compiled", "reference"}) {
      Result result = Examples.run("verify", mlp, "--engine", engine, "--threads", 1);
      assertEquals(0, result.code(), result.out() + result.err());
      assertTrue(result.out().contains(": verified (max, tolerance"), result.out());
    }
  }

  @Test
  void saysHowFarWrongOutputsAre() throws IOException {
    Path data = Files.createDirectories(temporary.resolve("test_data_set_0"));
    Files.copy(mlp.resolve("model.onnx"), temporary.resolve("model.onnx"));
    Files.copy(mlp.resolve("test_data_set_0/input_0.pb"), data.resolve("input_0.pb"));
    Tensor wrong = ExampleModel.expected().copy();
    wrong.setDouble(7, wrong.getDouble(7) + 0.25);
    OnnxTensors.write(data.resolve("output_0.pb"), "probabilities", wrong);
    Result result = Examples.run("verify", temporary, "--json");
    assertEquals(1, result.code(), result.err());
    JsonNode json = new ObjectMapper().readTree(result.out());
    assertEquals(false, json.at("/verified").asBoolean(true));
    assertEquals(0.25, json.at("/outputs/0/maxError").asDouble(), 1e-4);
    assertEquals(0.0025, json.at("/outputs/0/meanError").asDouble(), 1e-5);
    assertEquals(0, Examples.run("verify", temporary, "--tolerance", 0.3).code());
    assertEquals(
        0, Examples.run("verify", temporary, "--metric", "mean", "--tolerance", 0.01).code());
    assertEquals(1, Examples.run("verify", temporary, "--metric", "cosine").code());
    OnnxTensors.write(data.resolve("output_0.pb"), "probabilities", Tensor.of(new float[3], 3));
    assertEquals(1, Examples.run("verify", temporary).code());
  }

  @Test
  void folderWithoutDataIsInvalidInput() throws IOException {
    Files.copy(mlp.resolve("model.onnx"), temporary.resolve("model.onnx"));
    assertEquals(6, Examples.run("verify", temporary).code());
  }

  @Test
  void comparesStoredRowsOnly() {
    Tensor all = Tensor.of(new float[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 2, 3, 2);
    Tensor rows = Tensor.of(new float[] {0, 1, 4, 5, 6, 7, 10, 11}, 2, 2, 2);
    Comparison.Outcome outcome = Comparison.of(Datum.of(all), Datum.of(rows), 2);
    assertTrue(
        outcome instanceof Comparison.Outcome.Compared(Comparison c) && c.exact(),
        outcome.toString());
    assertTrue(
        Comparison.of(Datum.of(all), Datum.of(rows), 3) instanceof Comparison.Outcome.Different);
  }

  @Test
  void notANumberNeverVerifiesAgainstANumber() {
    Tensor nan = Tensor.of(new float[] {Float.NaN, 1}, 2);
    Tensor one = Tensor.of(new float[] {1, 1}, 2);
    for (Comparison.Metric metric : Comparison.Metric.values()) {
      assertTrue(
          Comparison.of(Datum.of(nan), Datum.of(one), 1)
                  instanceof Comparison.Outcome.Compared(Comparison c)
              && !c.passes(metric, metric.usual));
    }
    assertTrue(
        Comparison.of(Datum.of(nan), Datum.of(nan), 1)
                instanceof Comparison.Outcome.Compared(Comparison c)
            && c.passes(Comparison.Metric.MAX, 0));
  }
}
