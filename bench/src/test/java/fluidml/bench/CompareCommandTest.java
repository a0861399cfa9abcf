package fluidml.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CompareCommandTest {
  @Test
  void comparesTheExampleAndWritesJson(@TempDir Path folder) throws Exception {
    Path example = Path.of(System.getProperty("fluidml.root"), "examples", "mlp");
    Path json = folder.resolve("result.json");
    int status =
        Main.commandLine()
            .execute(
                "compare",
                "--forks=1",
                "--threads=1",
                "--warmup=0.1",
                "--time=0.1",
                "--json=" + json,
                example.toString());
    assertEquals(0, status);
    JsonNode rows = new ObjectMapper().readTree(json.toFile());
    assertEquals(2, rows.size());
    for (JsonNode row : rows) {
      assertEquals("mlp", row.get("model").asText());
      assertEquals(1, row.get("threads").asInt());
      assertEquals(1, row.get("forks").asInt());
      for (String time : List.of("medianMs", "minMs", "p90Ms", "firstMs", "loadMs")) {
        assertTrue(row.get(time).asDouble() > 0, time);
      }
      assertTrue(row.get("peakRssBytes").asLong() > 1 << 20);
      assertTrue(row.get("handoverNanos").asDouble() != 0);
      assertEquals(1, row.get("forkHandoverNanos").size());
    }
    assertEquals("fluidml", rows.get(0).get("engine").asText());
    assertTrue(rows.get(0).get("arenaBytes").asLong() > 0);
    assertTrue(rows.get(0).get("error").asDouble() < 1e-5);
    assertTrue(rows.get(0).get("worstFork").asDouble() >= 1);
    assertEquals("onnxruntime", rows.get(1).get("engine").asText());
  }

  @Test
  void extentsAreNamesAndNumbers() {
    assertEquals(Map.of("batch", 2L, "s", 128L), Arguments.dims(List.of("batch=2", "s=128")));
    assertThrows(IllegalArgumentException.class, () -> Arguments.dims(List.of("batch")));
    assertThrows(IllegalArgumentException.class, () -> Arguments.dims(List.of("batch=-1")));
  }

  @Test
  void quantilesAreOfTheSortedRuns() {
    Sample sample = new Sample(1, 1, List.of(5.0, 1.0, 3.0, 2.0, 4.0), 70, -1, 0, -1);
    assertEquals(1, sample.quantile(0));
    assertEquals(3, sample.quantile(0.5));
    assertEquals(5, sample.quantile(0.9));
  }
}
