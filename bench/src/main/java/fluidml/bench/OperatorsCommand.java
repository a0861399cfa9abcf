package fluidml.bench;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import fluidml.Model;
import fluidml.Options;
import fluidml.Session;
import fluidml.bench.models.Architecture;
import fluidml.bench.models.SingleOperator;
import fluidml.onnx.OnnxWriter;
import fluidml.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Single operators beside ONNX Runtime, in one process and in turns. */
@Command(
    name = "operators",
    description = {
      "Measures models of one operator on this engine and on ONNX Runtime, in one process in turns"
          + " of 20 ms.",
      "The ratio is the median of those of neighbouring turns; below 1 this engine is faster. Error"
          + " is the largest difference from ONNX Runtime's output over the largest number of it."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class OperatorsCommand implements Callable<Integer> {
  private static final double TURN_SECONDS = 0.02;

  @Spec private CommandSpec spec;

  @Parameters(
      arity = "0..*",
      paramLabel = "NAME",
      description = "Operators whose label contains this, in any case (default: all).")
  private List<String> names = new ArrayList<>();

  @Option(names = "--list", description = "Prints the labels of the operators and ends.")
  private boolean list;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description =
          "Writes the models instead, each into a folder of its own as bin/bench models does.")
  private Path out;

  @Option(
      names = "--threads",
      defaultValue = "1",
      description = "Threads of either engine (default: ${DEFAULT-VALUE}).")
  private int threads;

  @Option(
      names = "--warmup",
      defaultValue = "0.7",
      paramLabel = "SECONDS",
      description = "Unmeasured running time of this engine (default: ${DEFAULT-VALUE}).")
  private double warmup;

  @Option(
      names = "--turns",
      defaultValue = "9",
      description = "Measured turns of either engine (default: ${DEFAULT-VALUE}).")
  private int turns;

  @Option(names = "--json", paramLabel = "FILE", description = "Writes the results as JSON.")
  private Path json;

  /**
   * What was measured of an operator.
   *
   * @param operator its label
   * @param fluidmlMs median of a run on this engine
   * @param onnxRuntimeMs the same on ONNX Runtime
   * @param ratio median ratio of neighbouring turns
   * @param error largest difference between the outputs over the largest number of them
   */
  record Row(String operator, double fluidmlMs, double onnxRuntimeMs, double ratio, double error) {}

  @Override
  public Integer call() throws IOException, OrtException {
    List<SingleOperator> chosen = chosen();
    if (list) {
      chosen.forEach(o -> System.out.println(o.label()));
      return 0;
    }
    if (out != null) {
      for (SingleOperator each : chosen) {
        String name = each.label().toLowerCase(Locale.ROOT).replaceAll("[^\\p{Alnum}×]+", "-");
        ModelsCommand.write(each.build(), out.resolve(name));
      }
      return 0;
    }
    System.out.printf(
        "%-34s %12s %14s %8s %10s%n",
        "operator", "FluidML µs", "ONNX Runtime µs", "ratio", "error");
    List<Row> rows = new ArrayList<>();
    for (SingleOperator operator : chosen) {
      Row row = measured(operator);
      rows.add(row);
      System.out.printf(
          Locale.ROOT,
          "%-34s %12.1f %14.1f %8.2f %10.1e%n",
          row.operator,
          1e3 * row.fluidmlMs,
          1e3 * row.onnxRuntimeMs,
          row.ratio,
          row.error);
    }
    double logs = rows.stream().mapToDouble(r -> Math.log(r.ratio)).average().orElse(0);
    System.out.printf(
        Locale.ROOT,
        "%d operators, %d threads: geometric mean %.2f, %d above 1.1%n",
        rows.size(),
        threads,
        Math.exp(logs),
        rows.stream().filter(r -> r.ratio > 1.1).count());
    if (json != null) {
      JsonFile.write(json, rows);
    }
    return 0;
  }

  private List<SingleOperator> chosen() {
    for (String name : names) {
      if (SingleOperator.all().stream().noneMatch(o -> matches(o, name))) {
        throw new ParameterException(
            spec.commandLine(), "no operator's label contains '" + name + "'; --list prints them");
      }
    }
    return SingleOperator.all().stream()
        .filter(o -> names.isEmpty() || names.stream().anyMatch(n -> matches(o, n)))
        .toList();
  }

  private static boolean matches(SingleOperator operator, String name) {
    return operator.label().toLowerCase(Locale.ROOT).contains(name.toLowerCase(Locale.ROOT));
  }

  private Row measured(SingleOperator operator) throws IOException, OrtException {
    Architecture.Instance instance = operator.build();
    Path file = Files.createTempFile("operator", ".onnx");
    try {
      OnnxWriter.write(instance.model(), file);
      return measured(operator.label(), file, Inputs.offHeap(instance.inputs()));
    } finally {
      Files.delete(file);
    }
  }

  private Row measured(String label, Path file, Map<String, Tensor> inputs) throws OrtException {
    try (Model model = Model.load(file, Options.defaults().withThreads(threads));
        Session session = model.newSession();
        OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(threads);
      options.setInterOpNumThreads(1);
      Map<String, Tensor> outputs = Inputs.offHeap(session.run(inputs));
      try (OrtSession other = OnnxRuntime.environment().createSession(file.toString(), options)) {
        double error = 0;
        for (Map.Entry<String, Tensor> output : OnnxRuntime.outputs(other, inputs).entrySet()) {
          error = Math.max(error, Inputs.error(outputs.get(output.getKey()), output.getValue()));
        }
        Map<String, OnnxTensor> tensors = OnnxRuntime.tensors(inputs);
        try {
          Session.BoundRun run = session.bind(inputs, outputs);
          return inTurns(label, run::run, () -> OnnxRuntimeWorker.run(other, tensors), error);
        } finally {
          tensors.values().forEach(OnnxTensor::close);
        }
      }
    }
  }

  private Row inTurns(String label, Runnable ours, Runnable theirs, double error) {
    Turns.turn(ours, warmup);
    Turns.turn(theirs, TURN_SECONDS);
    Turns measured = Turns.measure(ours, theirs, turns, TURN_SECONDS);
    return new Row(
        label,
        Turns.median(measured.ours()),
        Turns.median(measured.theirs()),
        Turns.quantile(measured.ratios(), 0.5),
        error);
  }
}
