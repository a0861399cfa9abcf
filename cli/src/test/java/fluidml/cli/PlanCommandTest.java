package fluidml.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fluidml.cli.Examples.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlanCommandTest {
  private final Path mlp = Examples.folder("mlp");

  @Test
  void showsWhatLowersTheNeedAndEveryPlanner() {
    Result result = Examples.run("plan", mlp, "--dim", "batch=7", "--tables");
    assertEquals(0, result.code(), result.err());
    assertTrue(result.out().contains("a buffer for every tensor of the model"), result.out());
    assertTrue(result.out().contains("exact"), result.out());
    assertTrue(result.out().contains("live at the peak"), result.out());
    assertTrue(result.out().contains("step 1:"), result.out());
    assertTrue(result.out().contains("buffer,lower,upper,offset,bytes"), result.out());
  }

  @Test
  void jsonHasBuffersStepsAndMemory() throws IOException {
    Result result = Examples.run("plan", mlp, "--json");
    assertEquals(0, result.code(), result.err());
    JsonNode json = new ObjectMapper().readTree(result.out());
    assertEquals(json.at("/lowerBoundBytes").asLong(), json.at("/arenaBytes").asLong());
    assertTrue(json.at("/stages").size() >= 3, result.out());
    assertTrue(json.at("/buffers/0/tenants/0/name").isTextual(), result.out());
    assertEquals(json.at("/buffers").size(), json.at("/planners/0/offsets").size());
    assertEquals(json.at("/arenaBytes").asLong(), json.at("/memory/session/planned").asLong());
  }

  @Test
  void thePageNeedsNoNetwork(@TempDir Path folder) throws IOException {
    Path page = folder.resolve("deep/plan.html");
    Result result = Examples.run("plan", mlp, "--html", page);
    assertEquals(0, result.code(), result.err());
    String html = Files.readString(page);
    assertTrue(html.contains("\"planners\":["), html);
    assertFalse(html.contains("/*DATA*/null"));
    String withoutNames = html.replace("http://www.w3.org/2000/svg", "");
    assertFalse(withoutNames.contains("http:") || withoutNames.contains("https:"), html);
    assertFalse(html.contains("src=") || html.contains("<link"), html);
  }

  @Test
  void aLimitTooSmallNamesTheTensorsAtThePeak() {
    Result result = Examples.run("plan", mlp, "--dim", "batch=100", "--max-memory", "1k");
    assertEquals(7, result.code(), result.err());
    assertTrue(result.err().contains("1024 allowed: tensors at the peak"), result.err());
  }
}
