package fluidml.vm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import fluidml.OtherJvm;
import fluidml.emit.jvm.KernelCompiler;
import fluidml.error.InvalidInputException;
import fluidml.error.MemoryLimitException;
import fluidml.graph.Graph;
import fluidml.graph.GraphBuilder;
import fluidml.graph.GraphParser;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Attention;
import fluidml.loop.Target;
import fluidml.lower.AttentionLowering;
import fluidml.lower.Lowerer;
import fluidml.lower.Lowering;
import fluidml.lower.MapLowering;
import fluidml.memory.MemoryProblem;
import fluidml.memory.Planners;
import fluidml.reference.Datum;
import fluidml.reference.Interpreter;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class ExecutorTest {
  /** Two attentions in a row over {@code [1,2,s,8]}; the length s is symbolic. */
  private static Graph graph() {
    GraphBuilder builder = new GraphBuilder("two");
    Shape shape = Shape.of(Dim.ONE, Dim.of(2), Dim.symbol("s"), Dim.of(8));
    Value x = builder.input("x", Type.tensor(DType.FLOAT32, shape));
    Value y = builder.add(Attention.of(0.5, false), x, x, x);
    builder.output(builder.add(Attention.of(0.5, true), y, y, y));
    return builder.build();
  }

  private static Executable executable() {
    return executable(new Target(256, false));
  }

  private static Executable executable(Target target) {
    return new Executable(
        Lowerer.lower(graph(), target, List.of(new AttentionLowering()), true),
        new KernelCompiler(target));
  }

  private static Tensor input(int length) {
    Random random = new Random(length);
    float[] values = new float[2 * length * 8];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return Tensor.of(values, 1, 2, length, 8);
  }

  @Test
  void oneProgramServesEveryLength() {
    try (ThreadTeam team = new ThreadTeam(2);
        Executable executable = executable();
        Executor executor =
            new Executor(executable, team, Planners.fast(), 3, Long.MAX_VALUE, false)) {
      int[] lengths = {5, 1, 40, 5, 7, 9, 100, 5, 3};
      for (int length : lengths) {
        Datum x = Datum.of(input(length));
        float[] expected = Interpreter.run(graph(), List.of(x)).getFirst().tensor().toFloats();
        Tensor actual = executor.run(new Datum[] {x}, new Tensor[1]).getFirst().tensor();
        assertArrayEquals(new long[] {1, 2, length, 8}, actual.dims());
        assertArrayEquals(expected, actual.toFloats(), 1e-5f);
      }
    }
  }

  /**
   * Scalar code keeps nothing on the heap whatever the optimising compiler does: the executor is
   * exact.
   */
  @Test
  void warmRunsAllocateNothing() {
    assertEquals(0, leastAllocation(new Target(0, false)), "bytes allocated by five warm runs");
  }

  /**
   * The optimising compiler takes every vector off the heap: in a process that runs this alone, for
   * tests before it fill the type profiles that all users of the Vector API share.
   */
  @Test
  void warmVectorsLiveInRegisters() throws IOException, InterruptedException {
    OtherJvm.run(Vectors.class, "--add-modules=jdk.incubator.vector");
  }

  /** A process of its own; its exit code is 0 if five warm runs allocate nothing. */
  static final class Vectors {
    private Vectors() {}

    public static void main(String[] arguments) {
      System.exit(leastAllocation(new Target(256, false)) == 0 ? 0 : 1);
    }
  }

  private static long leastAllocation(Target target) {
    try (ThreadTeam team = new ThreadTeam(2);
        Executable executable = executable(target);
        Executor executor =
            new Executor(executable, team, Planners.fast(), 3, Long.MAX_VALUE, false)) {
      return leastAllocation(executor);
    }
  }

  private static long leastAllocation(Executor executor) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long self = Thread.currentThread().threadId();
    Datum[] inputs = {Datum.of(input(100))};
    Tensor[] outputs = {Tensor.allocate(DType.FLOAT32, 1, 2, 100, 8)};
    long least = Long.MAX_VALUE;
    for (int round = 0; round < 600 && least > 0; round++) {
      long before = threads.getThreadAllocatedBytes(self);
      for (int i = 0; i < 5; i++) {
        executor.run(inputs, outputs);
      }
      least = Math.min(least, threads.getThreadAllocatedBytes(self) - before);
    }
    return least;
  }

  @Test
  void theLimitIsExact() {
    Datum[] inputs = {Datum.of(input(64))};
    try (ThreadTeam team = new ThreadTeam(1);
        Executable executable = executable()) {
      long needed;
      try (Executor free =
          new Executor(executable, team, Planners.fast(), 3, Long.MAX_VALUE, false)) {
        free.run(inputs, new Tensor[1]);
        PlannedMemory memory = free.memory().orElseThrow();
        needed = memory.plan().arenaBytes();
        assertTrue(memory.plan().ratio(memory.problem()) <= 1.02);
      }
      try (Executor enough = new Executor(executable, team, Planners.fast(), 3, needed, false)) {
        enough.run(inputs, new Tensor[1]);
      }
      try (Executor tight = new Executor(executable, team, Planners.fast(), 3, needed - 1, false)) {
        MemoryLimitException e =
            assertThrows(MemoryLimitException.class, () -> tight.run(inputs, new Tensor[1]));
        assertEquals(needed, e.neededBytes());
        assertEquals(needed - 1, e.allowedBytes());
        assertTrue(e.getMessage().contains("scratch of"), e.getMessage());
        tight.run(new Datum[] {Datum.of(input(8))}, new Tensor[1]);
      }
    }
  }

  @Test
  void wrongInputsAreRefusedByName() {
    try (ThreadTeam team = new ThreadTeam(1);
        Executable executable = executable();
        Executor executor =
            new Executor(executable, team, Planners.fast(), 3, Long.MAX_VALUE, false)) {
      Tensor wrongExtent = Tensor.allocate(DType.FLOAT32, 1, 3, 4, 8);
      Tensor wrongType = Tensor.allocate(DType.FLOAT64, 1, 2, 4, 8);
      Tensor wrongRank = Tensor.allocate(DType.FLOAT32, 2, 4, 8);
      for (Tensor wrong : List.of(wrongExtent, wrongType, wrongRank)) {
        InvalidInputException e =
            assertThrows(
                InvalidInputException.class,
                () -> executor.run(new Datum[] {Datum.of(wrong)}, new Tensor[1]));
        assertEquals("x", e.input());
      }
    }
  }

  /** A result of the interpreter that is a view of planned memory outlives it, as others do. */
  @Test
  void interpretedResultsOutliveTheRun() {
    Graph graph =
        GraphParser.parse(
            """
            graph "views" (%x: f32[n,4], %t: i64[2], %k: bool[m]) {
              %y: f32[n,4] = Unary(NEG) %x
              %r: f32[_a,_b] = ReshapeBy(false) %y, %t
              %c: f32[_c,4] = Compress(0) %y, %k
              return %r, %c
            }
            """);
    Target target = new Target(0, false);
    try (ThreadTeam team = new ThreadTeam(1);
        Executable executable =
            new Executable(
                Lowerer.lower(graph, target, List.of(new MapLowering()), true),
                new KernelCompiler(target));
        Executor executor =
            new Executor(executable, team, Planners.fast(), 3, Long.MAX_VALUE, false)) {
      Datum shape = Datum.of(Tensor.ofLongs(4, 2));
      Datum kept = Datum.of(Tensor.of(new boolean[] {false, true}, 2));
      List<List<Datum>> results = new ArrayList<>();
      for (int first : new int[] {1, 20}) {
        float[] x = new float[8];
        for (int i = 0; i < x.length; i++) {
          x[i] = first + i;
        }
        Datum[] inputs = {Datum.of(Tensor.of(x, 2, 4)), shape, kept};
        results.add(executor.run(inputs, new Tensor[2]));
      }
      float[] all = {-1, -2, -3, -4, -5, -6, -7, -8};
      assertArrayEquals(all, results.get(0).get(0).tensor().toFloats());
      float[] last = {-5, -6, -7, -8};
      assertArrayEquals(last, results.get(0).get(1).tensor().toFloats());
      assertEquals(-27, results.get(1).get(1).tensor().toFloats()[3]);
    }
  }

  @Test
  void inputsLiveFromTheStartAndOutputsToTheEnd() {
    try (Executable executable = executable()) {
      MemoryProblem problem = executable.schedules().getFirst().problem();
      int end = executable.program().steps().size() + 2;
      assertEquals(0, problem.lower(0));
      int[] uppers = new int[problem.count()];
      Arrays.setAll(uppers, problem::upper);
      assertEquals(end, Arrays.stream(uppers).max().orElseThrow());
    }
  }

  @Test
  void refusesASequenceLongerThanATableThatIsCutToIt() {
    Graph graph =
        GraphParser.parse(
            """
            graph "g" (%x: f32[s]) {
              %table = Constant(f32[4]{1, 2, 3, 4})
              %cut = Slice([{axis=0, start=0, size=s, step=1}]) %table
              %y = Binary(ADD) %x, %cut
              return %y
            }
            """);
    Target target = new Target(256, false);
    List<Lowering> lowerings = List.of(new MapLowering());
    Datum fits = Datum.of(Tensor.of(new float[4], 4));
    assertArrayEquals(
        new float[] {1, 2, 3, 4},
        Engines.compiled(graph, lowerings, target, 1, List.of(fits))
            .getFirst()
            .tensor()
            .toFloats());
    Datum tooLong = Datum.of(Tensor.of(new float[5], 5));
    assertThrows(
        InvalidInputException.class,
        () -> Engines.compiled(graph, lowerings, target, 1, List.of(tooLong)));
  }
}
