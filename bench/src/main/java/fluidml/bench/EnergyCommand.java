package fluidml.bench;

import fluidml.report.Bytes;
import fluidml.report.Table;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What an inference costs, in joules where the machine tells. */
@Command(
    name = "energy",
    description = {
      "Measures joules per inference through RAPL (/sys/class/powercap), here and on ONNX Runtime,"
          + " each in a process of its own. The counters are those of the whole machine, so nothing"
          + " else should run.",
      "",
      "Where there are no counters, or they may not be read, it says so and shows processor time of"
          + " all threads, and the bytes that steps read and write if nothing stays in a cache."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class EnergyCommand implements Callable<Integer> {
  private static final List<String> ENGINES = List.of("fluidml", "onnxruntime");

  @Parameters(
      arity = "1..*",
      paramLabel = "MODEL",
      description = "Model files, or folders with model.onnx.")
  private List<Path> models;

  @Option(
      names = "--threads",
      defaultValue = "2",
      description = "Threads of a run (default: ${DEFAULT-VALUE}).")
  private int threads;

  @Option(
      names = "--warmup",
      defaultValue = "4",
      paramLabel = "SECONDS",
      description = "Unmeasured running time (default: ${DEFAULT-VALUE}).")
  private double warmup;

  @Option(
      names = "--time",
      defaultValue = "4",
      paramLabel = "SECONDS",
      description = "Measured running time (default: ${DEFAULT-VALUE}).")
  private double time;

  @Option(
      names = "--dim",
      paramLabel = "NAME=N",
      description =
          "Extent of a symbolic dimension. Without it the inputs of test_data_set_0 are used.")
  private List<String> dims = new ArrayList<>();

  @Override
  public Integer call() throws IOException, InterruptedException {
    Arguments.dims(dims);
    boolean counters = Rapl.open().isThere();
    if (!counters) {
      System.out.println(
          "This machine shows no energy counters (no readable"
              + " /sys/class/powercap/intel-rapl:*/energy_uj): processor time and bytes instead.");
    }
    Table table =
        new Table()
            .left("model")
            .left("engine")
            .right("joules")
            .right("CPU ms")
            .right("ms")
            .right("bytes moved")
            .right("CPU time / ONNX Runtime's");
    for (Path model : models) {
      List<EnergyWorker.Measured> measured = new ArrayList<>();
      for (String engine : ENGINES) {
        List<String> arguments =
            new ArrayList<>(
                List.of(
                    engine,
                    model.toString(),
                    Integer.toString(threads),
                    Double.toString(warmup),
                    Double.toString(time)));
        arguments.addAll(dims);
        measured.add(EnergyWorker.Measured.parse(Forks.run(EnergyWorker.class, arguments)));
      }
      for (int i = 0; i < ENGINES.size(); i++) {
        EnergyWorker.Measured one = measured.get(i);
        table.row(
            CompareCommand.name(model),
            ENGINES.get(i),
            one.joules() < 0 ? "" : String.format(Locale.ROOT, "%.3f", one.joules()),
            String.format(Locale.ROOT, "%.2f", 1e3 * one.cpuSeconds()),
            String.format(Locale.ROOT, "%.2f", 1e3 * one.seconds()),
            one.bytes() < 0 ? "" : Bytes.format(one.bytes()),
            String.format(Locale.ROOT, "%.3f", one.cpuSeconds() / measured.getLast().cpuSeconds()));
      }
    }
    System.out.print(table.render());
    return 0;
  }
}
