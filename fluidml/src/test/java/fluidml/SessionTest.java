package fluidml;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.error.InvalidInputException;
import fluidml.error.MemoryLimitException;
import fluidml.error.SessionClosedException;
import fluidml.graph.Graph;
import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.MatMul;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import fluidml.vm.NativeBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class SessionTest {
  /** {@code y = relu(x·w)} for x of {@code [rows, 24]}. */
  private static Graph graph() {
    GraphBuilder builder = new GraphBuilder("layer");
    Value x =
        builder.input("x", Type.tensor(DType.FLOAT32, Shape.of(Dim.symbol("rows"), Dim.of(24))));
    float[] weights = new float[24 * 40];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (i * 37 % 101 - 50) / 64f;
    }
    Value w = builder.constant("w", Tensor.of(weights, 24, 40));
    Value product = builder.add(new MatMul(), x, w);
    builder.output(
        builder
            .add("relu", new Unary(UnaryFunction.RELU), List.of(product), List.of("y"))
            .getFirst());
    return builder.build();
  }

  private static Tensor input(int rows) {
    float[] values = new float[rows * 24];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i * 53 % 97 - 48) / 32f;
    }
    return Tensor.of(values, rows, 24);
  }

  private static float[] expected(int rows) {
    try (Model model = Model.of(graph(), Options.defaults().withEngine(Options.Engine.REFERENCE));
        Session session = model.newSession()) {
      return session.run(Map.of("x", input(rows))).get("y").toFloats();
    }
  }

  @Test
  void engineOfKernelsEqualsTheInterpreter() {
    try (Model model = Model.of(graph(), Options.defaults());
        Session session = model.newSession()) {
      for (int rows : new int[] {1, 7, 33, 7}) {
        float[] actual = session.run(Map.of("x", input(rows))).get("y").toFloats();
        assertArrayEquals(expected(rows), actual, 1e-4f);
      }
    }
  }

  @Test
  void threadsCanBeSetFromRunToRun() {
    try (Model model = Model.of(graph(), Options.defaults().withThreads(3));
        Session session = model.newSession()) {
      assertEquals(3, session.threads());
      Map<String, Tensor> prompt = Map.of("x", input(600));
      Map<String, Tensor> token = Map.of("x", input(1));
      float[] all = session.run(prompt).get("y").toFloats();
      session.setThreads(1);
      assertEquals(1, session.threads());
      assertArrayEquals(all, session.run(prompt).get("y").toFloats());
      assertArrayEquals(expected(1), session.run(token).get("y").toFloats(), 1e-4f);
      session.setThreads(2);
      assertArrayEquals(all, session.run(prompt).get("y").toFloats());
      session.setThreads(0);
      assertEquals(3, session.threads());
      assertArrayEquals(all, session.run(prompt).get("y").toFloats());
      assertThrows(InvalidInputException.class, () -> session.setThreads(4));
      assertThrows(InvalidInputException.class, () -> session.setThreads(-1));
    }
  }

  @Test
  void boundRunsReadAndWriteTheGivenTensors() {
    try (Model model = Model.of(graph(), Options.defaults());
        Session session = model.newSession()) {
      Tensor x = input(5).copy();
      Tensor y = Tensor.allocate(DType.FLOAT32, 5, 40);
      Session.BoundRun run = session.bind(Map.of("x", x), Map.of("y", y));
      run.run();
      assertArrayEquals(expected(5), y.toFloats(), 1e-4f);
      x.data().fill((byte) 0);
      run.run();
      assertArrayEquals(new float[200], y.toFloats());
    }
  }

  @Test
  void wrongNamesAndPlacesAreRefused() {
    try (Model model = Model.of(graph(), Options.defaults());
        Session session = model.newSession()) {
      assertEquals(
          "x", assertThrows(InvalidInputException.class, () -> session.run(Map.of())).input());
      assertThrows(
          InvalidInputException.class, () -> session.run(Map.of("x", input(1), "z", input(1))));
      assertThrows(
          InvalidInputException.class, () -> session.bind(Map.of("x", input(1)), Map.of()));
      Session.BoundRun wrong =
          session.bind(Map.of("x", input(2)), Map.of("y", Tensor.allocate(DType.FLOAT32, 3, 40)));
      assertThrows(InvalidInputException.class, wrong::run);
    }
  }

  @Test
  void useAfterCloseIsAnException() {
    Model model = Model.of(graph(), Options.defaults());
    Session session = model.newSession();
    session.close();
    session.close();
    assertThrows(SessionClosedException.class, () -> session.run(Map.of("x", input(1))));
    assertThrows(SessionClosedException.class, () -> session.prepare(Map.of("x", input(1))));
    model.close();
    model.close();
    assertThrows(SessionClosedException.class, model::newSession);
  }

  @Test
  void sessionsOutliveTheModelTheyCameFrom() {
    Model model = Model.of(graph(), Options.defaults());
    try (Session session = model.newSession()) {
      model.close();
      assertArrayEquals(expected(3), session.run(Map.of("x", input(3))).get("y").toFloats(), 1e-4f);
    }
  }

  @Test
  void closingFreesAllNativeMemory() {
    long before = NativeBuffer.liveBytes();
    for (int i = 0; i < 3; i++) {
      try (Model model = Model.of(graph(), Options.defaults());
          Session one = model.newSession();
          Session two = model.newSession()) {
        one.run(Map.of("x", input(9)));
        two.run(Map.of("x", input(90)));
        assertTrue(NativeBuffer.liveBytes() > before);
      }
    }
    assertEquals(before, NativeBuffer.liveBytes());
  }

  @Test
  void closeMayComeAtAnyMomentFromAnyThread() throws Exception {
    float[] expected = expected(40);
    for (int round = 0; round < 8; round++) {
      try (Model model = Model.of(graph(), Options.defaults().withThreads(2))) {
        Session session = model.newSession();
        CountDownLatch running = new CountDownLatch(2);
        List<Future<Integer>> runs = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
          for (int t = 0; t < 2; t++) {
            runs.add(threads.submit(() -> runUntilClosed(session, running, expected)));
          }
          running.await();
          Future<?> close = threads.submit(session::close);
          close.get(60, TimeUnit.SECONDS);
          for (Future<Integer> run : runs) {
            assertTrue(run.get(60, TimeUnit.SECONDS) >= 1);
          }
        }
      }
    }
  }

  private static int runUntilClosed(Session session, CountDownLatch running, float[] expected) {
    int runs = 0;
    try {
      while (true) {
        float[] actual = session.run(Map.of("x", input(40))).get("y").toFloats();
        assertArrayEquals(expected, actual, 1e-4f);
        if (runs++ == 0) {
          running.countDown();
        }
      }
    } catch (SessionClosedException e) {
      return runs;
    }
  }

  @Test
  void aLimitTooSmallIsRefusedAndTheNextRunFits() {
    try (Model model = Model.of(graph(), Options.defaults().withMaxMemory(40_000));
        Session session = model.newSession()) {
      MemoryLimitException e =
          assertThrows(MemoryLimitException.class, () -> session.run(Map.of("x", input(4000))));
      assertTrue(e.neededBytes() > 40_000, e.getMessage());
      assertArrayEquals(expected(2), session.run(Map.of("x", input(2))).get("y").toFloats(), 1e-4f);
    }
  }

  @Test
  void extentsThatContradictAProductAreRefusedBeforeItRuns() {
    GraphBuilder builder = new GraphBuilder("product");
    Value a =
        builder.input("a", Type.tensor(DType.FLOAT32, Shape.of(Dim.of(2), Dim.symbol("depth"))));
    Value b =
        builder.input("b", Type.tensor(DType.FLOAT32, Shape.of(Dim.symbol("rows"), Dim.of(3))));
    builder.output(builder.add("p", new MatMul(), List.of(a, b), List.of("y")).getFirst());
    try (Model model = Model.of(builder.build(), Options.defaults());
        Session session = model.newSession()) {
      Tensor left = Tensor.allocate(DType.FLOAT32, 2, 4);
      session.run(Map.of("a", left, "b", Tensor.allocate(DType.FLOAT32, 4, 3)));
      InvalidInputException e =
          assertThrows(
              InvalidInputException.class,
              () -> session.run(Map.of("a", left, "b", Tensor.allocate(DType.FLOAT32, 5, 3))));
      assertTrue(e.getMessage().contains("4 and 5") || e.getMessage().contains("5 and 4"));
    }
  }
}
