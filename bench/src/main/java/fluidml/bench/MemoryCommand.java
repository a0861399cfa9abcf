package fluidml.bench;

import fluidml.Model;
import fluidml.Options;
import fluidml.Session;
import fluidml.memory.ExactPlanner;
import fluidml.memory.MemoryProblem;
import fluidml.memory.Planners;
import fluidml.report.Bytes;
import fluidml.report.GraphMemory;
import fluidml.report.Table;
import fluidml.tensor.Tensor;
import fluidml.vm.PlannedMemory;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What the intermediates of models need here, as exported, and in ONNX Runtime. */
@Command(
    name = "memory",
    description = {
      "Compares the memory for intermediates: the exporter's graph with a buffer for every tensor,"
          + " with reuse in the exporter's order but no two tensors in one place, the arena, and"
          + " ONNX Runtime.",
      "",
      "Here: the arena; inputs and outputs are in the caller's memory, so they are not in it, but"
          + " for those that are copied.",
      "ONNX Runtime: most bytes in use in the session's arena at any time during three runs less"
          + " those in use when the model is loaded (weights, packed weights), as its own"
          + " statistics say (OrtApi::AllocatorGetStats), in a process of its own; outputs are"
          + " tensors of the caller too. Measured with and without its memory patterns; the smaller"
          + " number counts."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class MemoryCommand implements Callable<Integer> {
  private static final Duration PROOF_TIME = Duration.ofSeconds(10);

  @Parameters(
      arity = "1..*",
      paramLabel = "MODEL",
      description = "Model files, or folders with model.onnx.")
  private List<Path> models;

  @Option(
      names = "--threads",
      defaultValue = "1",
      description =
          "Threads; kernels have private memory for each of them (default: ${DEFAULT-VALUE}).")
  private int threads;

  @Option(
      names = "--dim",
      paramLabel = "NAME=N",
      description =
          "Extent of a symbolic dimension. Without it the inputs of test_data_set_0 are used.")
  private List<String> dims = new ArrayList<>();

  @Option(names = "--math", defaultValue = "fast", description = "fast or strict (default: fast).")
  private Options.MathMode math;

  @Option(names = "--no-onnxruntime", description = "Leave ONNX Runtime out (default: measure it).")
  private boolean noPeer;

  @Option(names = "--json", paramLabel = "FILE", description = "Write the results as JSON.")
  private Path json;

  /**
   * What one model needs, in bytes.
   *
   * @param noReuse all tensors of the exporter's graph together
   * @param exported the largest sum of live tensors in the exporter's order
   * @param fused the same for the steps after fusion, no result in an operand's place, inputs and
   *     outputs copied
   * @param arena what is planned
   * @param optimum the proven lower bound for the order and lifespans chosen
   * @param outputs all outputs, in memory of the caller
   * @param peer ONNX Runtime's activations, −1 if not measured
   */
  record Row(
      String model,
      long noReuse,
      int unknown,
      long exported,
      long fused,
      long arena,
      long optimum,
      long outputs,
      long peer) {
    double ratio() {
      return (double) arena / peer;
    }
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    List<Row> rows = new ArrayList<>();
    for (Path model : models) {
      System.err.printf("\r%s   ", CompareCommand.name(model));
      rows.add(row(model));
    }
    System.err.print("\r" + " ".repeat(40) + "\r");
    System.out.print(table(rows).render());
    if (!noPeer) {
      double mean =
          Math.exp(rows.stream().mapToDouble(r -> Math.log(r.ratio())).average().orElse(0));
      System.out.printf(Locale.ROOT, "geometric mean of arena / ONNX Runtime: %.3f%n", mean);
    }
    if (json != null) {
      JsonFile.write(json, rows);
    }
    return 0;
  }

  private Row row(Path path) throws IOException, InterruptedException {
    Options options = Options.defaults().withThreads(threads).withMath(math);
    try (Model model = Model.load(Inputs.modelFile(path), options);
        Session session = model.newSession()) {
      Map<String, Tensor> inputs = Inputs.of(path, model.inputs(), Arguments.dims(dims));
      Map<String, long[]> extents = new LinkedHashMap<>();
      inputs.forEach((name, tensor) -> extents.put(name, tensor.dims()));
      GraphMemory graph = GraphMemory.of(model.importedGraph(), extents);
      Map<String, Tensor> results = session.run(inputs);
      // Results that would be on the heap are memory of the caller as well.
      Map<String, Tensor> outputs = Inputs.offHeap(results);
      session.bind(inputs, outputs).run();
      PlannedMemory planned = session.memoryPlan().orElseThrow();
      long peer = noPeer ? -1 : peer(path, outputs);
      return new Row(
          CompareCommand.name(path),
          graph.problem().totalBytes(),
          graph.unknown(),
          graph.problem().lowerBound(),
          session.memoryAlternatives().getFirst().problem().lowerBound(),
          planned.plan().arenaBytes(),
          optimum(planned),
          outputs.values().stream().mapToLong(t -> t.data().byteSize()).sum(),
          peer);
    }
  }

  private static long optimum(PlannedMemory planned) {
    MemoryProblem problem = planned.problem();
    return planned.plan().arenaBytes() <= problem.lowerBound()
        ? problem.lowerBound()
        : Planners.exact(ExactPlanner.Limits.of(PROOF_TIME)).solve(problem).bound();
  }

  private long peer(Path path, Map<String, Tensor> outputs)
      throws IOException, InterruptedException {
    String types =
        outputs.values().stream()
            .map(
                t ->
                    t.dtype().name()
                        + ":"
                        + Arrays.stream(t.dims())
                            .mapToObj(Long::toString)
                            .collect(Collectors.joining(",")))
            .collect(Collectors.joining(";"));
    long least = Long.MAX_VALUE;
    for (boolean patterns : new boolean[] {true, false}) {
      List<String> arguments =
          new ArrayList<>(
              List.of(
                  path.toString(), Integer.toString(threads), types, Boolean.toString(patterns)));
      arguments.addAll(dims);
      String line = Forks.run(OnnxRuntimeMemoryWorker.class, arguments);
      least = Math.min(least, OnnxRuntimeMemoryWorker.Measured.parse(line).activations());
    }
    return least;
  }

  private Table table(List<Row> rows) {
    Table table =
        new Table()
            .left("model")
            .right("no reuse")
            .right("reuse")
            .right("fused")
            .right("arena")
            .left("optimum")
            .right("less than no reuse")
            .right("with outputs")
            .right("outputs")
            .right("ONNX Runtime")
            .right("ratio");
    for (Row row : rows) {
      table.row(
          row.model,
          Bytes.format(row.noReuse) + (row.unknown > 0 ? " +" + row.unknown + " tensors" : ""),
          Bytes.format(row.exported),
          Bytes.format(row.fused),
          Bytes.format(row.arena),
          row.arena <= row.optimum ? "proven" : "at least " + Bytes.format(row.optimum),
          less(row.arena, row.noReuse),
          less(row.arena + row.outputs, row.noReuse),
          Bytes.format(row.outputs),
          row.peer < 0 ? "" : Bytes.format(row.peer),
          row.peer < 0 ? "" : String.format(Locale.ROOT, "%.3f", row.ratio()));
    }
    return table;
  }

  private static String less(long bytes, long of) {
    return String.format(Locale.ROOT, "%.1f %%", 100.0 * (of - bytes) / of);
  }
}
