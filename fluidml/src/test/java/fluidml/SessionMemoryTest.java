package fluidml;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.error.MemoryLimitException;
import fluidml.graph.Graph;
import fluidml.graph.GraphParser;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import fluidml.vm.Executor;
import fluidml.vm.MemoryStrategy;
import fluidml.vm.NativeBuffer;
import fluidml.vm.NativeBuffer.Category;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class SessionMemoryTest {
  /** Every step waits for all of the one before, so that none of it can be fused. */
  private static final Graph GRAPH =
      GraphParser.parse(
          """
          graph "g" (%x: f32[n, 32]) {
            %s = Softmax(1) %x
            %t = Softmax(0) %s
            %sum = Binary(ADD) %t, %s
            %y = Softmax(1) %sum
            return %y
          }
          """);

  private static Tensor input(int rows) {
    float[] values = new float[rows * 32];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i * 53 % 97 - 48) / 16f;
    }
    return Tensor.of(values, rows, 32);
  }

  private static Tensor nativeCopy(Tensor tensor, Arena arena, long alignment) {
    MemorySegment data = arena.allocate(tensor.data().byteSize(), alignment);
    data.copyFrom(tensor.data());
    return Tensor.wrap(tensor.dtype(), data, tensor.dims());
  }

  private static float[] expected(int rows) {
    Options plain = Options.defaults().withMemoryStrategy(MemoryStrategy.NONE);
    try (Model model = Model.of(GRAPH, plain);
        Session session = model.newSession()) {
      return session.run(Map.of("x", input(rows))).get("y").toFloats();
    }
  }

  @Test
  void aByteLessThanTheOptimumIsRefusedAndTheOptimumRuns() {
    long optimum;
    try (Model model = Model.of(GRAPH, Options.defaults().withThreads(1));
        Session session = model.newSession()) {
      session.run(Map.of("x", input(100)));
      optimum = session.memory().session().planned();
      assertEquals(session.memoryPlan().orElseThrow().problem().lowerBound(), optimum);
    }
    try (Model model = Model.of(GRAPH, Options.defaults().withThreads(1).withMaxMemory(optimum));
        Session session = model.newSession()) {
      assertArrayEquals(expected(100), session.run(Map.of("x", input(100))).get("y").toFloats());
    }
    try (Model model =
            Model.of(GRAPH, Options.defaults().withThreads(1).withMaxMemory(optimum - 1));
        Session session = model.newSession()) {
      MemoryLimitException e =
          assertThrows(MemoryLimitException.class, () -> session.run(Map.of("x", input(100))));
      assertEquals(optimum - 1, e.allowedBytes());
      assertTrue(e.neededBytes() > e.allowedBytes());
      assertTrue(e.reason().contains("tensors at the peak"), e.reason());
      assertArrayEquals(expected(9), session.run(Map.of("x", input(9))).get("y").toFloats());
    }
  }

  @Test
  void memoryThatTheMachineDoesNotHaveIsAnExceptionAndTheNextRunSucceeds() {
    Graph outer =
        GraphParser.parse(
            """
            graph "outer" (%x: f32[n, 1], %y: f32[1, m]) {
              %sum = Binary(ADD) %x, %y
              %s = Softmax(1) %sum
              %t = Softmax(0) %s
              %z = Reduce(function=SUM, axes=[0, 1], keepDims=false, noopWithEmptyAxes=false) %t
              return %z
            }
            """);
    try (Model model = Model.of(outer, Options.defaults());
        Session session = model.newSession()) {
      int huge = 1 << 22;
      MemoryLimitException e =
          assertThrows(
              MemoryLimitException.class,
              () ->
                  session.run(
                      Map.of(
                          "x",
                          Tensor.allocate(DType.FLOAT32, huge, 1),
                          "y",
                          Tensor.allocate(DType.FLOAT32, 1, huge))));
      assertEquals(-1, e.allowedBytes());
      Map<String, Tensor> small =
          Map.of(
              "x", Tensor.allocate(DType.FLOAT32, 3, 1), "y", Tensor.allocate(DType.FLOAT32, 1, 5));
      assertEquals(5, session.run(small).get("z").getFloat(0), 1e-5f);
    }
  }

  @Test
  void theCallersTensorsAreUsedWhereTheyLie() {
    try (Arena arena = Arena.ofConfined();
        Model model = Model.of(GRAPH, Options.defaults());
        Session session = model.newSession()) {
      Tensor x = nativeCopy(input(50), arena, 64);
      Tensor y = nativeCopy(input(50), arena, 64);
      session.bind(Map.of("x", x), Map.of("y", y)).run();
      assertArrayEquals(expected(50), y.toFloats());
      MemoryReport.SessionMemory memory = session.memory().session();
      assertEquals(0, memory.stagedInputs());
      assertEquals(0, memory.stagedOutputs());
      assertEquals(2 * 50 * 32 * 4, memory.direct());
      assertArrayEquals(input(50).toFloats(), x.toFloats(), "inputs are never written");
      session.run(Map.of("x", input(50)));
      assertEquals(50 * 32 * 4, session.memory().session().stagedInputs());
    }
  }

  @Test
  void otherTensorsAreCopied() {
    try (Arena shared = Arena.ofShared();
        Arena confined = Arena.ofConfined();
        Model model = Model.of(GRAPH, Options.defaults());
        Session session = model.newSession()) {
      Tensor y = nativeCopy(input(20), confined, 64);
      session.bind(Map.of("x", nativeCopy(input(20), shared, 64)), Map.of("y", y)).run();
      assertArrayEquals(expected(20), y.toFloats());
      assertEquals(20 * 32 * 4, session.memory().session().stagedInputs());
      MemorySegment odd = confined.allocate(20 * 32 * 4 + 4, 64).asSlice(4);
      odd.copyFrom(input(20).data());
      session.bind(Map.of("x", Tensor.wrap(DType.FLOAT32, odd, 20, 32)), Map.of("y", y)).run();
      assertArrayEquals(expected(20), y.toFloats());
      assertEquals(20 * 32 * 4, session.memory().session().stagedInputs());
    }
  }

  @Test
  void anOutputMayOverwriteItsInput() {
    try (Arena arena = Arena.ofConfined();
        Model model = Model.of(GRAPH, Options.defaults());
        Session session = model.newSession()) {
      Tensor both = nativeCopy(input(30), arena, 64);
      session.bind(Map.of("x", both), Map.of("y", both)).run();
      assertArrayEquals(expected(30), both.toFloats());
      MemorySegment segment = arena.allocate(31 * 32 * 4, 64);
      Tensor x = Tensor.wrap(DType.FLOAT32, segment.asSlice(0, 30 * 32 * 4), 30, 32);
      Tensor y = Tensor.wrap(DType.FLOAT32, segment.asSlice(128, 30 * 32 * 4), 30, 32);
      x.data().copyFrom(input(30).data());
      session.bind(Map.of("x", x), Map.of("y", y)).run();
      assertArrayEquals(expected(30), y.toFloats());
    }
  }

  @Test
  void tensorsMayMoveBetweenRuns() {
    try (Model model = Model.of(GRAPH, Options.defaults());
        Session session = model.newSession()) {
      for (int i = 0; i < 6; i++) {
        try (Arena arena = Arena.ofConfined()) {
          arena.allocate(64L * (i + 1), 64);
          Tensor x = nativeCopy(input(40), arena, 64);
          Tensor y = nativeCopy(input(40), arena, 16);
          session.bind(Map.of("x", x), Map.of("y", y)).run();
          assertArrayEquals(expected(40), y.toFloats());
        }
      }
    }
  }

  @Test
  void anArenaMayBeFreedBetweenRunsAndAnotherComeToTheSameAddress() {
    float[] expected = expected(8);
    try (Model model = Model.of(GRAPH, Options.defaults());
        Session session = model.newSession()) {
      for (int i = 0; i < 20; i++) {
        assertArrayEquals(expected, session.run(Map.of("x", input(8))).get("y").toFloats());
        Executor.trimArenas();
      }
    }
  }

  @Test
  void sessionsShareOneArenaWhenTheyRunInTurns() {
    try (Model model = Model.of(GRAPH, Options.defaults());
        Session one = model.newSession();
        Session two = model.newSession();
        Session three = model.newSession()) {
      for (Session session : new Session[] {one, two, three, one}) {
        assertArrayEquals(expected(64), session.run(Map.of("x", input(64))).get("y").toFloats());
      }
      MemoryReport report = two.memory();
      assertEquals(report.session().planned(), report.process().idleArenas());
      assertEquals(report.process().idleArenas(), report.process().arenas());
    }
    assertEquals(0, NativeBuffer.liveBytes(Category.ARENA));
  }

  @Test
  void theReportAccountsForEveryByte() {
    long before = NativeBuffer.liveBytes();
    assertEquals(0, before);
    try (Model model = Model.of(GRAPH, Options.defaults());
        Session one = model.newSession();
        Session two = model.newSession()) {
      one.run(Map.of("x", input(8)));
      one.run(Map.of("x", input(16)));
      two.run(Map.of("x", input(500)));
      MemoryReport a = one.memory();
      MemoryReport b = two.memory();
      assertEquals(NativeBuffer.liveBytes(), a.process().total());
      assertEquals(a.process().constants(), a.model().constants());
      assertEquals(2 * b.session().frames(), a.session().frames());
      assertTrue(b.session().frames() > 0);
      assertTrue(a.process().arenas() >= b.session().planned());
      assertTrue(a.session().intermediates() <= a.session().planned());
    }
    assertEquals(0, NativeBuffer.liveBytes());
  }
}
