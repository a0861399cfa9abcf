package fluidml;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.error.MemoryLimitException;
import fluidml.graph.Graph;
import fluidml.graph.GraphParser;
import fluidml.tensor.Tensor;
import fluidml.vm.MemoryStrategy;
import java.lang.management.ManagementFactory;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;

final class RecomputationTest {
  /** The sum %e is cheap, made of little, and needed before and after something large. */
  private static final Graph GRAPH =
      GraphParser.parse(
          """
          graph "g" (%%x: f32[n, 1]) {
            %%w = Constant(f32[1,8]{1, 2, 3, 4, 5, 6, 7, 8})
            %%u = Constant(f32[8,64]{%1$s})
            %%v = Constant(f32[64,8]{%1$s})
            %%e = Binary(ADD) %%x, %%w
            %%a = Softmax(1) %%e
            %%h = MatMul() %%a, %%u
            %%i = Softmax(1) %%h
            %%k = MatMul() %%i, %%v
            %%l = Softmax(0) %%k
            %%y = Binary(MUL) %%l, %%e
            return %%y
          }
          """
              .formatted(
                  IntStream.range(0, 512)
                      .mapToObj(i -> Integer.toString(i * 53 % 97 - 48))
                      .collect(Collectors.joining(", "))));

  private static final Options PLAIN = Options.defaults().withThreads(1);

  private static final Options AGAIN =
      PLAIN.withMemoryStrategy(MemoryStrategy.ALL.withRecompute(true));

  /** Result and arena of a run, and what no arena for the chosen order is below. */
  private record Outcome(float[] result, long arena, long bound) {}

  private static Outcome run(Options options, int rows) {
    float[] values = new float[rows];
    for (int i = 0; i < rows; i++) {
      values[i] = (i * 53 % 97 - 48) / 16f;
    }
    try (Model model = Model.of(GRAPH, options);
        Session session = model.newSession()) {
      float[] result = session.run(Map.of("x", Tensor.of(values, rows, 1))).get("y").toFloats();
      return new Outcome(
          result,
          session.memory().session().planned(),
          session.memoryPlan().orElseThrow().problem().lowerBound());
    }
  }

  @Test
  void theSameBitsInLessMemory() {
    for (int rows : new int[] {1, 64, 1000}) {
      Outcome plain = run(PLAIN, rows);
      Outcome again = run(AGAIN, rows);
      assertArrayEquals(plain.result, again.result);
      assertArrayEquals(plain.result, run(AGAIN.withChecked(true), rows).result);
      assertTrue(rows == 1 || again.arena < plain.arena, again.arena + " of " + plain.arena);
    }
  }

  @Test
  void aLimitThatOnlyRecomputationMeetsIsMet() {
    Outcome plain = run(PLAIN, 1000);
    long least = run(AGAIN, 1000).arena;
    assertTrue(plain.bound > least, plain.bound + " and " + least);
    Outcome limited = run(PLAIN.withMaxMemory(least), 1000);
    assertArrayEquals(plain.result, limited.result);
    assertTrue(limited.arena <= least, limited.arena + " of " + least);
    MemoryLimitException e =
        assertThrows(MemoryLimitException.class, () -> run(PLAIN.withMaxMemory(least / 2), 1000));
    assertEquals(least / 2, e.allowedBytes());
    assertTrue(e.neededBytes() <= least, e::getMessage);
  }

  @Test
  void whatIsRefusedOnceIsRefusedAgainAndOthersRun() {
    long least = run(AGAIN, 1000).arena;
    try (Model model = Model.of(GRAPH, PLAIN.withMaxMemory(least / 2));
        Session session = model.newSession()) {
      for (int i = 0; i < 3; i++) {
        Map<String, Tensor> large = Map.of("x", Tensor.of(new float[1000], 1000, 1));
        assertThrows(MemoryLimitException.class, () -> session.run(large));
        assertEquals(
            80, session.run(Map.of("x", Tensor.of(new float[10], 10, 1))).get("y").elements());
      }
    }
  }

  @Test
  void theMemoryOfTheProcessIsShownThroughJmx() throws Exception {
    MemoryReport.publish();
    MemoryReport.publish();
    ObjectName name = new ObjectName(MemoryReport.BEAN);
    var server = ManagementFactory.getPlatformMBeanServer();
    try (Model model = Model.of(GRAPH, PLAIN);
        Session session = model.newSession()) {
      session.run(Map.of("x", Tensor.of(new float[1000], 1000, 1)));
      assertTrue((long) server.getAttribute(name, "Arenas") > 0);
      assertTrue((long) server.getAttribute(name, "Total") > 0);
      server.invoke(name, "trim", new Object[0], new String[0]);
      assertEquals(0L, server.getAttribute(name, "IdleArenas"));
    }
  }
}
