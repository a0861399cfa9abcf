package fluidml.vm;

import fluidml.emit.jvm.KernelCompiler;
import fluidml.graph.Graph;
import fluidml.loop.Target;
import fluidml.lower.LoweredProgram;
import fluidml.lower.Lowerer;
import fluidml.lower.Lowering;
import fluidml.memory.Planners;
import fluidml.reference.Datum;
import fluidml.tensor.Tensor;
import java.util.List;

/** Runs graphs on generated kernels, for tests that compare engines. */
public final class Engines {
  private Engines() {}

  /** The outputs of a graph that must run without fallbacks. */
  public static List<Datum> compiled(
      Graph graph, List<Lowering> lowerings, Target target, int threads, List<Datum> inputs) {
    LoweredProgram program = Lowerer.lower(graph, target, lowerings, true);
    if (!program.fallbacks().isEmpty()) {
      throw new AssertionError("falls back: " + program.fallbacks());
    }
    try (ThreadTeam team = new ThreadTeam(threads);
        Executable executable = new Executable(program, new KernelCompiler(target));
        Executor executor =
            new Executor(executable, team, Planners.fast(), 4, Long.MAX_VALUE, false)) {
      return executor.run(inputs.toArray(Datum[]::new), new Tensor[graph.outputs().size()]);
    }
  }
}
