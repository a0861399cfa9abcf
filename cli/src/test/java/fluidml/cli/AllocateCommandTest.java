package fluidml.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fluidml.cli.Examples.Result;
import fluidml.memory.MemoryCsv;
import fluidml.memory.PlanValidator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AllocateCommandTest {
  private final Path optimium = Examples.folder("mlp").resolveSibling("optimium.csv");
  @TempDir Path folder;

  @Test
  void theWorkedExampleOfTheTablesHalves() {
    Result result = Examples.run("allocate", optimium, "--planner", "tables", "--tables");
    assertEquals(0, result.code(), result.err());
    assertTrue(result.out().contains("step 3: 300 bytes live, allocated [D]"), result.out());
    assertTrue(result.out().contains("step 2: 200 bytes live, released [B], allocated [E]"));
    assertTrue(result.out().contains("arena 300 of 600 bytes"), result.out());
    assertTrue(result.out().contains("optimal"), result.out());
  }

  @Test
  void everyProblemHasItsFieldsInJson() throws IOException {
    Path file = folder.resolve("out.json");
    Result result =
        Examples.run("allocate", optimium, hard(), "--json", file, "--planner", "exact");
    assertEquals(0, result.code(), result.err());
    JsonNode json = new ObjectMapper().readTree(file.toFile());
    assertEquals(2, json.size());
    assertEquals(optimium.toString(), json.at("/0/file").asText());
    assertEquals(6, json.at("/0/buffers").asInt());
    assertEquals(300, json.at("/0/peak").asLong());
    assertEquals(7, json.at("/1/peak").asLong());
    assertEquals(7, json.at("/1/bound").asLong());
    assertTrue(json.at("/1/proven").asBoolean());
    assertTrue(json.at("/1/ms").isNumber());
    assertTrue(json.at("/1/planner").isTextual());
  }

  @Test
  void planAndPictureAreWritten() throws Exception {
    Path plan = folder.resolve("plan.csv");
    Path svg = folder.resolve("map.svg");
    Result result = Examples.run("allocate", hard(), "--plan", plan, "--svg", svg, "--json", "-");
    assertEquals(0, result.code(), result.err());
    assertEquals(7, new ObjectMapper().readTree(result.out()).at("/0/peak").asLong());
    var problem = MemoryCsv.parseProblem(Files.readString(hard()));
    PlanValidator.check(problem, MemoryCsv.parsePlan("written", Files.readString(plan)));
    var document = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(svg.toFile());
    assertEquals(8, document.getElementsByTagName("title").getLength());
  }

  @Test
  void aCapacityThatIsNotMetHasItsExitCode() {
    Result result = Examples.run("allocate", optimium, "--capacity", "299");
    assertEquals(7, result.code(), result.out());
    assertTrue(result.err().contains("needs 300 bytes"), result.err());
    assertEquals(0, Examples.run("allocate", optimium, "--capacity", "300").code());
  }

  @Test
  void mistakesAreNamed() throws IOException {
    Path bad = folder.resolve("bad.csv");
    Files.writeString(bad, "id,lower,upper,size\na,0,1,2\nb,3,2,5\n");
    Result result = Examples.run("allocate", bad);
    assertEquals(6, result.code(), result.err());
    assertTrue(
        result.err().contains("bad.csv': line 3: lower 3 is not below upper 2"), result.err());
    assertEquals(6, Examples.run("allocate", folder.resolve("missing.csv")).code());
    assertEquals(2, Examples.run("allocate", optimium, "--planner", "magic").code());
    assertEquals(2, Examples.run("allocate", optimium, "--capacity", "much").code());
    assertEquals(2, Examples.run("allocate", optimium, "--timeout", "0").code());
    assertEquals(2, Examples.run("allocate", optimium, bad, "--svg", folder.resolve("x")).code());
    assertEquals(2, Examples.run("allocate").code());
  }

  /** Buffers that greedy orders place in 8 bytes or more. */
  private Path hard() throws IOException {
    Path file = folder.resolve("hard.csv");
    Files.writeString(
        file,
        """
        id,lower,upper,size
        a,0,3,3
        b,2,5,3
        c,4,7,3
        d,6,9,3
        e,0,2,4
        f,3,4,4
        g,5,6,4
        h,7,9,4
        """);
    return file;
  }
}
