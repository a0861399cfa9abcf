package fluidml.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fluidml.cli.Examples.Result;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MeasureCommandsTest {
  private final Path mlp = Examples.folder("mlp");

  @TempDir Path temporary;

  @Test
  void benchCountsItsRuns() throws IOException {
    Result result = Examples.run("bench", mlp, "--runs", 7, "--warmup", 0, "--json");
    assertEquals(0, result.code(), result.err());
    JsonNode json = new ObjectMapper().readTree(result.out());
    assertEquals(7, json.at("/runs").asInt());
    assertEquals(1, json.at("/warmupRuns").asInt());
    for (String field :
        new String[] {
          "loadMs",
          "firstMs",
          "minMs",
          "medianMs",
          "p90Ms",
          "p99Ms",
          "meanMs",
          "runsPerSecond",
          "arenaBytes"
        }) {
      assertTrue(json.at("/" + field).asDouble() > 0, field);
    }
    assertTrue(json.at("/minMs").asDouble() <= json.at("/medianMs").asDouble());
    assertTrue(json.at("/medianMs").asDouble() <= json.at("/p99Ms").asDouble());
  }

  @Test
  void benchEndsAfterItsDuration() {
    Result result =
        Examples.run("bench", mlp, "--duration", 0.01, "--warmup", 0.01, "--engine", "reference");
    assertEquals(0, result.code(), result.err());
    assertTrue(result.out().contains("median"), result.out());
    assertEquals(2, Examples.run("bench", mlp, "--runs", 0).code());
    assertEquals(2, Examples.run("bench", mlp, "--duration", -1).code());
  }

  @Test
  void profileSharesAddUpAndTheTraceIsJson() throws IOException {
    Path trace = temporary.resolve("trace.json");
    for (String by : new String[] {"label", "kernel", "step"}) {
      Result result =
          Examples.run(
              "profile", mlp, "--runs", 3, "--warmup", 0, "--by", by, "--trace", trace, "--json");
      assertEquals(0, result.code(), result.err());
      JsonNode json = new ObjectMapper().readTree(result.out());
      double shares = 0;
      int steps = 0;
      for (JsonNode row : json.at("/rows")) {
        shares += row.at("/share").asDouble();
        steps += row.at("/steps").asInt();
      }
      assertEquals(1, shares, 1e-9);
      JsonNode events = new ObjectMapper().readTree(trace.toFile()).at("/traceEvents");
      assertEquals(2 + 3 * (steps + 1), events.size());
    }
    Result text = Examples.run("profile", mlp, "--runs", 1, "--warmup", 0);
    assertTrue(text.out().contains("ms per run"), text.out() + text.err());
    assertEquals(2, Examples.run("profile", mlp, "--engine", "reference").code());
  }
}
