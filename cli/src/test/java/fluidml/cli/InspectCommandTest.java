package fluidml.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fluidml.cli.Examples.Result;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class InspectCommandTest {
  private final Path mlp = Examples.folder("mlp");

  @Test
  void summaryFitsOnAScreen() {
    Result result = Examples.run("inspect", mlp, "--dim", "batch=3");
    assertEquals(0, result.code(), result.err());
    assertTrue(result.out().contains("image: f32[batch,8,8]"), result.out());
    assertTrue(result.out().contains("image: f32[3,8,8] (generated"), result.out());
    assertTrue(result.out().contains("0 steps on the interpreter"), result.out());
    assertTrue(result.out().lines().count() < 24, result.out());
  }

  @Test
  void everyPartHasItsFieldInJson() throws IOException {
    Result result =
        Examples.run(
            "inspect",
            mlp,
            "--json",
            "--graph",
            "imported",
            "--passes",
            "--dump-after",
            "split-gemm",
            "--kernels",
            "--kernel",
            "0",
            "--steps",
            "--memory");
    assertEquals(0, result.code(), result.err());
    JsonNode json = new ObjectMapper().readTree(result.out());
    assertTrue(json.at("/graph").asText().contains("Gemm("), result.out());
    assertEquals("split-gemm", json.at("/dumpAfter/0/pass").asText());
    assertTrue(json.at("/passes/0/ms").isNumber());
    assertTrue(json.at("/kernels/0/uses").asInt() > 0);
    assertEquals(
        json.at("/kernels/0/fingerprint").asText(), json.at("/kernel/0/fingerprint").asText());
    assertEquals("kernel", json.at("/steps/0/kind").asText());
    assertEquals(1.0, json.at("/memory/ratio").asDouble(), 0.02);
    assertTrue(json.at("/memory/buffers/0/bytes").isNumber());
  }

  @Test
  void graphStandsWithoutAValue() {
    Result first = Examples.run("inspect", "--graph", mlp);
    assertEquals(0, first.code(), first.err());
    assertTrue(first.out().startsWith("graph \"digits\""), first.out());
    assertEquals(first.out(), Examples.run("inspect", mlp, "--graph").out());
    assertEquals(first.out(), Examples.run("inspect", mlp, "--graph=optimized").out());
  }

  @Test
  void kernelsAreFoundByNameAndFingerprint() throws IOException {
    Result list = Examples.run("inspect", mlp, "--kernels", "--json");
    JsonNode kernel = new ObjectMapper().readTree(list.out()).at("/kernels/0");
    String fingerprint = kernel.at("/fingerprint").asText();
    for (String wanted : new String[] {kernel.at("/name").asText(), fingerprint.substring(0, 8)}) {
      Result nest = Examples.run("inspect", mlp, "--kernel", wanted);
      assertTrue(nest.out().contains("// fingerprint " + fingerprint), nest.out() + nest.err());
    }
  }

  @Test
  void whatIsNotThereIsWrongUsage() {
    assertEquals(2, Examples.run("inspect", mlp, "--kernel", "999").code());
    assertEquals(2, Examples.run("inspect", mlp, "--dump-after", "magic").code());
    assertEquals(2, Examples.run("inspect", mlp, "--steps", "--engine", "reference").code());
    assertEquals(0, Examples.run("inspect", mlp, "--engine", "reference").code());
  }
}
