package fluidml.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fluidml.Model;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.spi.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TurnsCommandTest {
  private static final Path ROOT = Path.of(System.getProperty("fluidml.root"));

  @TempDir private Path folder;

  @Test
  void measuresBesideOnnxRuntime() throws Exception {
    JsonNode row = measured(List.of());
    assertEquals("mlp", row.get("model").asText());
    assertTrue(row.get("ratio").asDouble() > 0);
  }

  /** The library's classes twice in one process, which share nothing. */
  @Test
  void measuresBesideAnotherBuild() throws Exception {
    Path library = Path.of(Model.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    Path build = Files.isDirectory(library) ? jar(library) : library;
    JsonNode row = measured(List.of("--against=" + build));
    double ratio = row.get("ratio").asDouble();
    assertTrue(row.get("lowerQuartile").asDouble() <= ratio);
    assertTrue(row.get("upperQuartile").asDouble() >= ratio);
    assertTrue(row.get("fastestRatio").asDouble() > 0);
  }

  @Test
  void folderWithoutBuildIsExplained() {
    StringWriter err = new StringWriter();
    int code =
        Main.commandLine()
            .setErr(new PrintWriter(err, true))
            .execute("turns", "--against=" + folder, ROOT.resolve("examples/mlp").toString());
    assertEquals(1, code);
    assertTrue(err.toString().contains("bin/bench --version"), err.toString());
  }

  @Test
  void nothingToMeasureIsWrongUsage() {
    String model = ROOT.resolve("examples/mlp").toString();
    for (String option : List.of("--forks=0", "--turns=0", "--threads=0")) {
      assertEquals(2, Main.commandLine().execute("turns", option, model), option);
    }
  }

  @Test
  void ratiosAreThoseOfNeighbours() {
    Turns first = new Turns(List.of(new double[] {1, 3}), List.of(new double[] {4}));
    Turns second = new Turns(List.of(new double[] {8}), List.of(new double[] {2, 2}));
    Turns both = first.and(second);
    assertArrayEquals(new double[] {0.5, 4}, both.ratios());
    assertArrayEquals(new double[] {0.25, 2}, both.swapped().ratios());
    assertEquals(1, Turns.fastestTenth(both.ours()));
    assertEquals(4, Turns.median(both.theirs()));
  }

  private Path jar(Path classes) throws Exception {
    Path jar = folder.resolve("library.jar");
    int code =
        ToolProvider.findFirst("jar")
            .orElseThrow()
            .run(System.out, System.err, "cf", jar.toString(), "-C", classes.toString(), ".");
    assertEquals(0, code);
    return jar;
  }

  private JsonNode measured(List<String> options) throws Exception {
    Path json = folder.resolve("rows.json");
    List<String> arguments = new ArrayList<>(List.of("turns"));
    arguments.addAll(List.of("--forks=2", "--warmup=0", "--turn=0", "--turns=2", "--json=" + json));
    arguments.addAll(options);
    arguments.add(ROOT.resolve("examples/mlp").toString());
    assertEquals(0, Main.commandLine().execute(arguments.toArray(String[]::new)));
    JsonNode rows = new ObjectMapper().readTree(json.toFile());
    assertEquals(1, rows.size());
    return rows.get(0);
  }
}
