package fluidml.vm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.emit.jvm.KernelCompiler;
import fluidml.error.VerificationException;
import fluidml.graph.Graph;
import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Movement;
import fluidml.graph.op.Reduction;
import fluidml.loop.Target;
import fluidml.lower.LoweredProgram;
import fluidml.lower.Lowerer;
import fluidml.lower.Lowerings;
import fluidml.memory.MemoryPlan;
import fluidml.memory.MemoryPlanner;
import fluidml.memory.MemoryProblem;
import fluidml.memory.Planners;
import fluidml.reference.Datum;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Random graphs in random shapes give the same bits wherever their tensors lie: in checked mode,
 * where bytes outside of live tensors are NaNs and must stay so, every strategy and every planner
 * equals a place for every tensor.
 */
final class PoisonedArenaTest {
  private static final int GRAPHS = 40;
  private static final Target CHECKED = new Target(128, false).withChecked(true);

  /** Values of one shape {@code [n, 8]}, so that all of them can meet. */
  private static Graph graph(Random random) {
    GraphBuilder g = new GraphBuilder("random");
    Shape shape = Shape.of(Dim.symbol("n"), Dim.of(8));
    List<Value> values = new ArrayList<>();
    values.add(g.input("a", Type.tensor(DType.FLOAT32, shape)));
    values.add(g.input("b", Type.tensor(DType.FLOAT32, shape)));
    float[] weights = new float[64];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (i * 29 % 17 - 8) / 16f;
    }
    Value w = g.constant("w", Tensor.of(weights, 8, 8));
    int count = 3 + random.nextInt(14);
    for (int i = 0; i < count; i++) {
      Value x = values.get(random.nextInt(values.size()));
      Value y = values.get(Math.max(0, values.size() - 1 - random.nextInt(4)));
      values.add(
          switch (random.nextInt(9)) {
            case 0 -> g.add(new Elementwise.Binary(Elementwise.BinaryFunction.ADD), x, y);
            case 1 -> g.add(new Elementwise.Binary(Elementwise.BinaryFunction.MUL), x, y);
            case 2 -> g.add(new Elementwise.Unary(Elementwise.UnaryFunction.TANH), x);
            case 3 -> g.add(new Reduction.Softmax(1), y);
            case 4 -> g.add(new Reduction.Softmax(0), y);
            case 5 -> g.add(new Contraction.MatMul(), x, w);
            case 6 ->
                g.add(
                    new Elementwise.Binary(Elementwise.BinaryFunction.ADD),
                    g.add(new Contraction.MatMul(), y, w),
                    x);
            case 7 -> halves(g, x, y);
            default ->
                g.add(
                    new Elementwise.Binary(Elementwise.BinaryFunction.SUB),
                    y,
                    g.add(
                        new Reduction.Reduce(Reduction.ReduceFunction.MEAN, List.of(1), true), x));
          });
    }
    g.output(values.getLast());
    if (random.nextBoolean()) {
      g.output(values.get(values.size() - 2));
    }
    return g.build();
  }

  /** The first half of one value beside the second half of another: slices and a Concat. */
  private static Value halves(GraphBuilder g, Value x, Value y) {
    Value left =
        g.add(new Movement.Slice(List.of(new Movement.SliceAxis(1, Dim.ZERO, Dim.of(4), 1))), x);
    Value right =
        g.add(
            new Movement.Slice(List.of(new Movement.SliceAxis(1, Dim.of(4), Dim.of(4), 1))),
            g.add(new Elementwise.Unary(Elementwise.UnaryFunction.NEG), y));
    return g.add(
        new Movement.Concat(1),
        g.add(new Elementwise.Unary(Elementwise.UnaryFunction.ABS), left),
        right);
  }

  private static Tensor input(int rows, int seed) {
    Random random = new Random(seed);
    float[] values = new float[rows * 8];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return Tensor.of(values, rows, 8);
  }

  private static List<float[]> run(
      Executable executable, MemoryPlanner planner, int rows, boolean direct) {
    try (ThreadTeam team = new ThreadTeam(2);
        Arena arena = Arena.ofConfined();
        Executor executor = new Executor(executable, team, planner, 2, Long.MAX_VALUE, false)) {
      Datum[] inputs = {Datum.of(input(rows, 1)), Datum.of(input(rows, 2))};
      int count = executable.program().graph().outputs().size();
      Tensor[] outputs = new Tensor[count];
      if (direct) {
        for (int i = 0; i < 2; i++) {
          var data = arena.allocate(rows * 32L, 64);
          data.copyFrom(inputs[i].tensor().data());
          inputs[i] = Datum.of(Tensor.wrap(DType.FLOAT32, data, rows, 8));
        }
        for (int i = 0; i < count; i++) {
          outputs[i] = Tensor.wrap(DType.FLOAT32, arena.allocate(rows * 32L, 64), rows, 8);
        }
        executor.run(inputs, outputs);
        return List.of(outputs).stream().map(Tensor::toFloats).toList();
      }
      return executor.run(inputs, outputs).stream().map(d -> d.tensor().toFloats()).toList();
    }
  }

  private static void assertSameBits(List<float[]> expected, List<float[]> actual, String what) {
    assertEquals(expected.size(), actual.size());
    for (int i = 0; i < expected.size(); i++) {
      assertArrayEquals(expected.get(i), actual.get(i), what);
    }
  }

  @Test
  void resultsDoNotDependOnWhereTensorsLie() {
    Random random = new Random(5);
    int overwritten = 0;
    int reordered = 0;
    KernelCompiler compiler = new KernelCompiler(CHECKED);
    for (int i = 0; i < GRAPHS; i++) {
      Graph graph = graph(random);
      LoweredProgram program = Lowerer.lower(graph, CHECKED, Lowerings.all(), random.nextBoolean());
      int rows = 1 + random.nextInt(40);
      try (Executable plain = new Executable(program, compiler, MemoryStrategy.NONE);
          Executable dense = new Executable(program, compiler, MemoryStrategy.ALL)) {
        List<float[]> expected = run(plain, Planners.noReuse(), rows, false);
        for (MemoryPlanner planner : List.of(Planners.fast(), Planners.tables())) {
          assertSameBits(expected, run(plain, planner, rows, false), "graph " + i);
          assertSameBits(expected, run(dense, planner, rows, false), "graph " + i);
          assertSameBits(expected, run(dense, planner, rows, true), "graph " + i);
        }
        int places = dense.schedules().getFirst().problem().count();
        overwritten += places < plain.schedules().getFirst().problem().count() ? 1 : 0;
        reordered += dense.schedules().size() > 1 ? 1 : 0;
      }
    }
    assertTrue(overwritten > GRAPHS / 4, "graphs with results in operands' places: " + overwritten);
    assertTrue(reordered > 0, "graphs in another order: " + reordered);
  }

  /** A plan that puts one buffer where another one is, and says nothing about it. */
  private record Corrupting(Random random) implements MemoryPlanner {
    @Override
    public String name() {
      return "corrupting";
    }

    @Override
    public MemoryPlan planBlocks(MemoryProblem problem) {
      MemoryPlan good = Planners.noReuse().plan(problem);
      long[] offsets = good.offsets();
      List<int[]> pairs = new ArrayList<>();
      for (int a = 0; a < problem.count(); a++) {
        for (int b = 0; b < problem.count(); b++) {
          boolean together = problem.buffer(a).overlapsInTime(problem.buffer(b));
          if (a != b && together && problem.bytes(a) > 0 && problem.bytes(b) > 0) {
            pairs.add(new int[] {a, b});
          }
        }
      }
      int[] pair = pairs.get(random.nextInt(pairs.size()));
      offsets[pair[0]] = offsets[pair[1]];
      return new MemoryPlan(name(), offsets, good.arenaBytes());
    }
  }

  @Test
  void corruptedPlansAreFound() {
    Random random = new Random(6);
    KernelCompiler compiler = new KernelCompiler(CHECKED);
    for (int i = 0; i < 20; i++) {
      LoweredProgram program =
          Lowerer.lower(graph(random), CHECKED, Lowerings.all(), random.nextBoolean());
      try (Executable executable = new Executable(program, compiler)) {
        assertThrows(
            VerificationException.class, () -> run(executable, new Corrupting(random), 9, false));
      }
    }
  }

  @Test
  void lifespansThatEndTooEarlyAreFoundByAddressesAlone() {
    Random random = new Random(7);
    KernelCompiler compiler = new KernelCompiler(CHECKED);
    int found = 0;
    for (int i = 0; i < 20; i++) {
      LoweredProgram program = Lowerer.lower(graph(random), CHECKED, Lowerings.all(), true);
      try (Executable executable = new Executable(program, compiler, MemoryStrategy.NONE)) {
        found += shortened(executable) ? 1 : 0;
      }
    }
    assertTrue(found > 10, "programs with an early end that matters: " + found);
  }

  /** Puts everything at the begin of the arena, as if no two lives met; whether that is found. */
  private static boolean shortened(Executable executable) {
    Schedule schedule = executable.schedules().getFirst();
    long[] values = executable.dims().evaluate(Map.of("n", 9L));
    long[] bytes = new long[schedule.problem().count()];
    Arrays.fill(bytes, 9 * 32);
    ArenaPlan plan =
        new ArenaPlan(
            new long[1],
            schedule,
            schedule.problem().withSizes(bytes),
            new MemoryPlan("heap", new long[bytes.length], 9 * 32),
            new int[executable.instructions().size()]);
    try {
      ShadowCheck.check(executable, plan, values);
      return false;
    } catch (VerificationException e) {
      return true;
    }
  }
}
