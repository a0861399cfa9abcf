package fluidml.vm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.Model;
import fluidml.Options;
import fluidml.Session;
import fluidml.graph.Graph;
import fluidml.graph.GraphParser;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import fluidml.vm.NativeBuffer.Category;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ResultMemoryTest {
  private static final int ELEMENTS = 1 << 20;
  private static final long BYTES = 4L * ELEMENTS;
  private static final long NEVER = 1_000_000;

  private final ArenaPool pool = new ArenaPool(Category.TENSOR, NEVER);
  private final ResultMemory memory = new ResultMemory(pool, 8 * BYTES);

  private Tensor filled(float value) {
    Tensor tensor = memory.tensor(DType.FLOAT32, ELEMENTS);
    for (int i = 0; i < ELEMENTS; i += 1000) {
      tensor.setDouble(i, value);
    }
    return tensor;
  }

  @Test
  void whatNobodyReachesIsUsedAgain() {
    for (int i = 0; i < 200; i++) {
      assertEquals(i, filled(i).getDouble(1000));
    }
    // The heap of the tests counts as well, see the limit's definition.
    long heap = Runtime.getRuntime().totalMemory();
    assertTrue(pool.bytes() <= Math.max(8 * BYTES, 2 * heap) + BYTES, "bytes " + pool.bytes());
    pool.trim();
  }

  @Test
  void whatIsKeptStays() {
    List<Tensor> kept = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      kept.add(filled(i));
    }
    for (int i = 0; i < 40; i++) {
      filled(-1);
    }
    for (int i = 0; i < 40; i++) {
      assertEquals(i, kept.get(i).getDouble(0));
      assertEquals(i, kept.get(i).getDouble(ELEMENTS - ELEMENTS % 1000));
    }
    assertTrue(pool.bytes() >= 40 * BYTES);
  }

  @Test
  void resultsOfRunsAreCountedAndKept() {
    Graph graph =
        GraphParser.parse(
            """
            graph "g" (%x: f32[n]) {
              %y = Unary(NEG) %x
              return %y
            }
            """);
    try (Model model = Model.of(graph, Options.defaults());
        Session session = model.newSession()) {
      Tensor x = Tensor.allocate(DType.FLOAT32, ELEMENTS);
      x.setDouble(7, 1);
      Tensor first = session.run(Map.of("x", x)).get("y");
      for (int i = 2; i < 20; i++) {
        x.setDouble(7, i);
        assertEquals(-i, session.run(Map.of("x", x)).get("y").getDouble(7));
      }
      assertEquals(-1, first.getDouble(7));
      assertTrue(session.memory().process().tensors() >= BYTES);
    }
  }
}
