package fluidml.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fluidml.Model;
import fluidml.Options;
import fluidml.Session;
import fluidml.graph.Graph;
import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Movement;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryCommandsTest {
  private static Path example() {
    return Path.of(System.getProperty("fluidml.root"), "examples", "mlp");
  }

  @Test
  void theArenaIsComparedWithTheGraphAndWithOnnxRuntime(@TempDir Path folder) throws Exception {
    Path json = folder.resolve("memory.json");
    assertEquals(0, Main.commandLine().execute("memory", example().toString(), "--json=" + json));
    JsonNode row = new ObjectMapper().readTree(json.toFile()).get(0);
    long arena = row.get("arena").asLong();
    assertTrue(arena > 0 && arena == row.get("optimum").asLong(), row::toString);
    assertTrue(row.get("noReuse").asLong() >= row.get("exported").asLong(), row::toString);
    assertTrue(row.get("peer").asLong() > 0, row::toString);
  }

  @Test
  void everyAllocatorOnTheMachineIsReplayed(@TempDir Path folder) throws Exception {
    Path json = folder.resolve("allocators.json");
    Path svg = folder.resolve("allocators.svg");
    String[] arguments = {"allocators", example().toString(), "--json=" + json, "--svg=" + svg};
    assertEquals(0, Main.commandLine().execute(arguments));
    JsonNode rows = new ObjectMapper().readTree(json.toFile());
    assertEquals("malloc", rows.get(0).get("allocator").asText());
    for (JsonNode row : rows) {
      assertTrue(row.get("peak").asLong() >= row.get("live").asLong(), row::toString);
    }
    assertTrue(Files.readString(svg).contains("arena"));
  }

  @Test
  void energyIsMeasuredOrReplaced() {
    String[] arguments = {"energy", example().toString(), "--warmup=0.1", "--time=0.1"};
    assertEquals(0, Main.commandLine().execute(arguments));
  }

  @Test
  void aSoakDrawsItsMemory(@TempDir Path folder) throws Exception {
    Path svg = folder.resolve("soak.svg");
    String[] arguments = {
      "soak",
      example().toString(),
      "--runs=300",
      "--callers=2",
      "--interval=0.01",
      "--growth=9",
      "--svg=" + svg
    };
    assertEquals(0, Main.commandLine().execute(arguments));
    assertTrue(Files.readString(svg).contains("resident"));
  }

  @Test
  void aModelForOneLengthTakesShorterOnes() {
    GraphBuilder builder = new GraphBuilder("fixed");
    Value x = builder.input("x", Type.tensor(DType.FLOAT32, 1, 6));
    Value table = builder.constant("table", Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 1, 6));
    Value shape = builder.constant("shape", Tensor.of(new long[] {6, 1}, 2));
    Value sum = builder.add(new Elementwise.Binary(Elementwise.BinaryFunction.ADD), x, table);
    builder.output(builder.add(new Movement.ReshapeBy(false), sum, shape));
    Graph fixed = builder.build();
    Graph free = SymbolicExtents.of(fixed, "length", 6);
    float[] all = {10, 20, 30, 40, 50, 60};
    float[] whole = result(fixed, all);
    assertArrayEquals(whole, result(free, all));
    assertArrayEquals(Arrays.copyOf(whole, 4), result(free, Arrays.copyOf(all, 4)));
    assertThrows(RuntimeException.class, () -> result(fixed, Arrays.copyOf(all, 4)));
  }

  private static float[] result(Graph graph, float[] values) {
    try (Model model = Model.of(graph, Options.defaults().withEngine(Options.Engine.REFERENCE));
        Session session = model.newSession()) {
      Tensor x = Tensor.of(values, 1, values.length);
      return session.run(Map.of("x", x)).values().iterator().next().toFloats();
    }
  }
}
