package fluidml.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fluidml.cli.Examples.Result;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunCommandTest {
  private final Path mlp = Examples.folder("mlp");

  @TempDir Path temporary;

  @Test
  void generatesWhatIsMissingAndSaysSo() {
    Result result = Examples.run("run", mlp.resolve("model.onnx"));
    assertEquals(0, result.code(), result.err());
    assertTrue(result.out().contains("image: f32[1,8,8] (generated: uniform"), result.out());
    assertTrue(result.out().contains("extents chosen: {batch=1}"), result.out());
    assertTrue(result.out().contains("probabilities: f32[1,10]"), result.out());
  }

  @Test
  void recognisesTheDigitInFile() throws IOException {
    Result result =
        Examples.run("run", mlp, "--json", "--input", "image=" + mlp.resolve("three.json"));
    assertEquals(0, result.code(), result.err());
    JsonNode json = new ObjectMapper().readTree(result.out());
    assertEquals("compiled", json.at("/engine").asText());
    assertEquals("image", json.at("/inputs/0/name").asText());
    assertEquals("f32", json.at("/outputs/0/dtype").asText());
    assertEquals(10, json.at("/outputs/0/shape/1").asInt());
    assertEquals(3, json.at("/outputs/0/largestAt").asInt());
    assertTrue(json.at("/firstMs").isNumber());
  }

  @Test
  void savesOutputsInEveryFormat() throws IOException {
    for (String format : new String[] {"npy", "pb", "json"}) {
      Result result =
          Examples.run(
              "run",
              mlp,
              "--inputs",
              mlp.resolve("test_data_set_0"),
              "--output",
              temporary,
              "--format",
              format);
      assertEquals(0, result.code(), result.err());
      Path saved = temporary.resolve("probabilities." + format);
      Tensor tensor = TensorFiles.read(saved, fluidml.graph.Type.unranked(DType.FLOAT32)).tensor();
      assertEquals("f32[10,10]", tensor.toString());
      assertEquals(ExampleModel.expected().getFloat(33), tensor.getFloat(33), 1e-5);
    }
    try (var files = Files.list(temporary)) {
      assertEquals(3, files.count());
    }
  }

  @Test
  void takesExtentsForGeneratedInputs() {
    Result result = Examples.run("run", mlp, "--dim", "batch=5", "--engine", "reference");
    assertTrue(result.out().contains("probabilities: f32[5,10]"), result.out() + result.err());
    assertEquals(6, Examples.run("run", mlp, "--dim", "bach=5").code());
  }

  @Test
  void endsWithTheCodeOfTheFailureAndOneLine() throws IOException {
    Path broken = Files.write(temporary.resolve("broken.onnx"), new byte[] {1, 2, 3});
    Path wrong = Files.writeString(temporary.resolve("wrong.json"), "[[1, 2], [3]]");
    assertFailure(5, "run", broken);
    assertFailure(5, "run", temporary.resolve("missing.onnx"));
    assertFailure(6, "run", mlp, "--input", "image=" + wrong);
    assertFailure(6, "run", mlp, "--input", "image=" + temporary.resolve("missing.npy"));
    assertFailure(6, "run", mlp, "--input", "picture=" + wrong);
    assertFailure(6, "run", mlp, "--inputs", temporary);
    assertFailure(6, "run", mlp, "--inputs", temporary.resolve("missing"));
    assertFailure(7, "run", mlp, "--max-memory", "1");
    assertEquals(2, Examples.run("run").code());
    assertEquals(2, Examples.run("run", mlp, "--vector-bits", 100).code());
    assertEquals(2, Examples.run("run", mlp, "--max-memory", "much").code());
    assertEquals(2, Examples.run("run", mlp, "--planner", "mine").code());
  }

  private static void assertFailure(int code, Object... args) {
    Result result = Examples.run(args);
    assertEquals(code, result.code(), result.err());
    assertEquals(1, result.err().lines().count(), result.err());
    assertFalse(result.err().contains("internal"), result.err());
  }
}
