package fluidml.cli;

import fluidml.Options;
import fluidml.memory.Planners;
import fluidml.report.Bytes;
import fluidml.tune.Tuning;
import fluidml.vm.MemoryStrategy;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Options of every command that compiles a model. */
final class CommonOptions {
  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "Threads that share a run; 0 for all processors of this process"
              + " (default: ${DEFAULT-VALUE}).")
  int threads;

  @Option(
      names = "--vector-bits",
      paramLabel = "BITS",
      description =
          "Vector width of generated code: 128, 256, 512, or 0 for scalar code"
              + " (default: the machine's).")
  Integer vectorBits;

  @Option(
      names = "--no-machine-code",
      description =
          "Multiply bytes in float32 even where the processor has dot products of bytes, for which"
              + " a micro-kernel is written as machine code (default: machine code).")
  boolean noMachineCode;

  @Option(
      names = "--checked",
      description = "Check every memory access of generated code; slow (default: no).")
  boolean checked;

  @Option(
      names = "--engine",
      paramLabel = "ENGINE",
      defaultValue = "compiled",
      description = "What executes: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  Options.Engine engine = Options.Engine.COMPILED;

  @Option(
      names = "--math",
      paramLabel = "MODE",
      defaultValue = "fast",
      description =
          "How far results may differ from the definitions: strict, every sum has its terms; fast,"
              + " convolutions may use Winograd's algorithm, float16 is computed with as float32,"
              + " and products of quantised numbers are scaled in float32 (default:"
              + " ${DEFAULT-VALUE}).")
  Options.MathMode math = Options.MathMode.FAST;

  @Option(names = "--no-fuse", description = "Give every operator its own kernel (default: fuse).")
  boolean noFuse;

  @Option(names = "--no-optimize", description = "Skip all graph passes (default: run them).")
  boolean noOptimize;

  @Option(
      names = "--max-memory",
      paramLabel = "SIZE",
      description =
          "Limit on the arena, e.g. 512M or 2G: a run that needs more is refused before it starts"
              + " (default: none).")
  String maxMemory;

  @Option(
      names = "--planner",
      paramLabel = "NAME",
      defaultValue = "fast",
      description =
          "Planner of the arena: no-reuse, tables, first-fit, greedy-by-size, greedy-by-breadth,"
              + " fast, thorough, exact, … (default: ${DEFAULT-VALUE}).")
  String planner = "fast";

  /** What may be done to lower the need for memory before it is planned. */
  enum MemoryMeans {
    ALL,
    NONE
  }

  @Option(
      names = "--memory-strategy",
      paramLabel = "MEANS",
      defaultValue = "all",
      description =
          "What may lower the need for memory before it is planned: all (another order of the"
              + " steps, results in the place of operands, the caller's tensors where they lie),"
              + " none (default: ${DEFAULT-VALUE}).")
  MemoryMeans memory = MemoryMeans.ALL;

  @Option(
      names = "--recompute",
      description =
          "Compute cheap tensors again where that lowers the peak: less memory, more time. Done"
              + " without it too where --max-memory would refuse a run (default: no).")
  boolean recompute;

  @Option(
      names = "--costs",
      paramLabel = "FILE",
      description =
          "Table of measured costs and choices, written by tune; 'none' for the analytic choice"
              + " (default: one per machine in the user's cache folder).")
  String costs;

  @Option(names = "--json", description = "Print the result as JSON (default: as text).")
  boolean json;

  @Option(names = "--verbose", description = "Show stack traces of failures (default: one line).")
  boolean verbose;

  /**
   * The library's options.
   *
   * @throws fluidml.error.InvalidInputException if a number or name is not allowed
   */
  Options options() {
    Options options =
        Options.defaults()
            .withEngine(engine)
            .withThreads(threads)
            .withMachineCode(!noMachineCode)
            .withChecked(checked)
            .withOptimize(!noOptimize)
            .withFuse(!noFuse)
            .withMath(math)
            .withPlanner(Planners.named(planner))
            .withMemoryStrategy(
                (memory == MemoryMeans.ALL ? MemoryStrategy.ALL : MemoryStrategy.NONE)
                    .withRecompute(recompute));
    if (vectorBits != null) {
      options = options.withVectorBits(vectorBits);
    }
    if (costs != null) {
      options = options.withTuning(costs.equals("none") ? Tuning.NONE : Tuning.at(Path.of(costs)));
    }
    return maxMemory == null ? options : options.withMaxMemory(Bytes.parse(maxMemory));
  }
}
