package fluidml.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fluidml.cli.Examples.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompileCommandTest {
  private final Path mlp = Examples.folder("mlp");

  @TempDir Path temporary;

  @Test
  void writesAFileThatOtherCommandsTake() throws IOException {
    Path file = temporary.resolve("mlp.fluidml");
    Result compiled = Examples.run("compile", mlp, "-o", file, "--json");
    assertEquals(0, compiled.code(), compiled.err());
    JsonNode json = new ObjectMapper().readTree(compiled.out());
    assertEquals(Files.size(file), json.at("/bytes").asLong());
    assertTrue(json.at("/kernels").asInt() > 0);

    Result run =
        Examples.run("run", file, "--json", "--input", "image=" + mlp.resolve("three.json"));
    assertEquals(0, run.code(), run.err());
    assertEquals(3, new ObjectMapper().readTree(run.out()).at("/outputs/0/largestAt").asInt());

    Result inspected = Examples.run("inspect", file);
    assertEquals(0, inspected.code(), inspected.err());
    assertTrue(inspected.out().contains("compiled, weights mapped"), inspected.out());
    for (String[] part : new String[][] {{"--graph"}, {"--kernel", "1"}}) {
      Result refused = Examples.run("inspect", file, part[0], part.length > 1 ? part[1] : "--json");
      assertEquals(2, refused.code(), refused.out());
      assertTrue(refused.err().contains("is compiled"), refused.err());
    }
  }

  @Test
  void namesTheFileAfterTheModel() {
    Result result = Examples.run("compile", mlp, "-o", temporary);
    assertEquals(0, result.code(), result.err());
    assertTrue(Files.exists(temporary.resolve("mlp.fluidml")), result.out());
  }

  @Test
  void refusesWhatItCannotSaveOrRead() throws IOException {
    Path file = temporary.resolve("mlp.fluidml");
    assertEquals(6, Examples.run("compile", mlp, "-o", file, "--checked").code());
    assertEquals(0, Examples.run("compile", mlp, "-o", file).code());
    assertEquals(6, Examples.run("run", file, "--engine", "reference").code());
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
    Result damaged = Examples.run("run", file);
    assertEquals(5, damaged.code(), damaged.err());
    assertTrue(damaged.err().contains("damaged"), damaged.err());
  }
}
