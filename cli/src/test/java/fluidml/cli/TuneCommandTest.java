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

class TuneCommandTest {
  private final Path mlp = Examples.folder("mlp");

  @TempDir Path folder;

  private static void assertNeedsNoNetwork(String html) {
    String withoutNames = html.replace("http://www.w3.org/2000/svg", "");
    assertFalse(withoutNames.contains("http:") || withoutNames.contains("https:"), html);
    assertFalse(html.contains("src=") || html.contains("<link"), html);
  }

  @Test
  void tunesOnceExplainsReportsAndProfileKnowsTheCosts() throws IOException {
    Path costs = folder.resolve("costs.txt");
    Path page = folder.resolve("deep/report.html");
    Result first =
        Examples.run(
            "tune", mlp, "--costs", costs, "--html", page, "--explain", "MatMul", "--json");
    assertEquals(0, first.code(), first.err());
    JsonNode json = new ObjectMapper().readTree(first.out());
    assertTrue(json.at("/programsMs/default").asDouble() > 0, first.out());
    assertTrue(json.at("/counts/existing").asInt() > json.at("/counts/promising").asInt());
    assertTrue(json.at("/explained/0/seconds/default").asDouble() > 0, first.out());
    assertTrue(json.at("/combinations").size() >= 6, first.out());
    assertTrue(json.at("/predictedMs").asDouble() > 0, first.out());
    String html = Files.readString(page);
    assertNeedsNoNetwork(html);
    for (String part : new String[] {"graph", "solutions", "operators", "values", "conversions"}) {
      assertTrue(html.contains("id='" + part + "'"), part);
    }
    Result second = Examples.run("tune", mlp, "--costs", costs, "--explain", "MatMul");
    assertEquals(0, second.code(), second.err());
    assertTrue(second.out().contains(" 0 programs measured now"), second.out());
    assertTrue(second.out().contains("of default"), second.out());
    Result profile =
        Examples.run("profile", mlp, "--costs", costs, "--runs", 3, "--warmup", 0, "--json");
    assertEquals(0, profile.code(), profile.err());
    JsonNode profiled = new ObjectMapper().readTree(profile.out());
    assertTrue(profiled.at("/predictedMs").asDouble() > 0, profile.out());
    assertTrue(profiled.at("/rows/0/predictedMs").asDouble() > 0, profile.out());
    assertTrue(profiled.at("/predictedApart").isNumber(), profile.out());
    Result unknown =
        Examples.run("profile", mlp, "--costs", costs, "--dim", "batch=9", "--runs", 1);
    assertEquals(0, unknown.code(), unknown.err());
    assertTrue(unknown.out().contains("the cost table knows 0 of"), unknown.out());
  }

  @Test
  void ablationHasARowForEverySetOfSwitches() throws IOException {
    Path page = folder.resolve("ablation.html");
    Result result =
        Examples.run(
            "ablate",
            mlp,
            "--costs",
            folder.resolve("costs.txt"),
            "--budget",
            0,
            "--forks",
            1,
            "--warmup",
            0,
            "--time",
            0.01,
            "--html",
            page,
            "--json");
    assertEquals(0, result.code(), result.err());
    JsonNode rows = new ObjectMapper().readTree(result.out()).at("/0/rows");
    assertEquals(Ablation.some().size(), rows.size());
    for (JsonNode row : rows) {
      assertTrue(row.at("/latencyMs").asDouble() > 0, row.toString());
      assertTrue(row.at("/arenaBytes").asLong() > 0, row.toString());
      assertTrue(row.at("/ofDefault").asDouble() > 0, row.toString());
      boolean usual = row.at("/layout").asText().equals("default") && row.at("/fusion").asBoolean();
      if (usual && row.at("/loops").asText().equals("fixed")) {
        assertEquals(1, row.at("/ofDefault").asDouble(), 1e-9, row.toString());
      }
    }
    String html = Files.readString(page);
    assertNeedsNoNetwork(html);
    assertTrue(html.contains("<svg class='ablation'"), html);
    assertEquals(64, Ablation.all().size());
    assertTrue(Ablation.all().containsAll(Ablation.some()));
    assertTrue(Ablation.some().contains(Ablation.BASE));
  }

  @Test
  void refusesWhatMakesNoSense() {
    assertEquals(2, Examples.run("tune", mlp, "--costs", "none").code());
    assertEquals(2, Examples.run("tune", mlp, "--budget", "soon").code());
    assertEquals(2, Examples.run("tune", mlp, "--engine", "reference").code());
    assertEquals(2, Examples.run("ablate", mlp, "--no-fuse").code());
    assertEquals(2, Examples.run("ablate", mlp, "--forks", 0).code());
    assertEquals(5, Examples.run("ablate", mlp, folder.resolve("no.onnx")).code());
  }
}
