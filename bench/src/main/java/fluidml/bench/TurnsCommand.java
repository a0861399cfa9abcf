package fluidml.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** This build beside another one, or beside ONNX Runtime, in one process and in turns. */
@Command(
    name = "turns",
    description = {
      "Measures models on this build and on another one, or on ONNX Runtime, in one process in"
          + " turns: differences of a few percent show where neighbours disturb the machine.",
      "The ratio is the median of those of neighbouring turns, with its quartiles; fastest that of"
          + " the fastest tenth of all runs. Below 1 this build is faster. Every second fork begins"
          + " with the other side, because the JVM remembers what it ran first."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class TurnsCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(
      arity = "1..*",
      paramLabel = "MODEL",
      description = "A model file, or a folder with model.onnx.")
  private List<Path> models;

  @Option(
      names = "--against",
      paramLabel = "BUILD",
      description =
          "Another build of this engine: a checkout where bin/bench was built, or the library's"
              + " jar. Without it the other side is ONNX Runtime.")
  private Path against;

  @Option(
      names = "--threads",
      split = ",",
      defaultValue = "1",
      description = "Thread counts (default: ${DEFAULT-VALUE}).")
  private List<Integer> threads;

  @Option(
      names = "--forks",
      defaultValue = "2",
      description = "JVMs that measure both sides (default: ${DEFAULT-VALUE}).")
  private int forks;

  @Option(
      names = "--warmup",
      defaultValue = "3",
      paramLabel = "SECONDS",
      description = "Unmeasured running time of either side (default: ${DEFAULT-VALUE}).")
  private double warmup;

  @Option(
      names = "--turn",
      defaultValue = "0.1",
      paramLabel = "SECONDS",
      description = "A turn, at least one run (default: ${DEFAULT-VALUE}).")
  private double turn;

  @Option(
      names = "--turns",
      defaultValue = "40",
      description = "Turns of either side in every fork (default: ${DEFAULT-VALUE}).")
  private int turns;

  @Option(
      names = "--dim",
      paramLabel = "NAME=N",
      description =
          "Extent of a symbolic dimension; inputs are then made by a formula. Without it the inputs"
              + " of test_data_set_0 are used.")
  private List<String> dims = new ArrayList<>();

  @Option(names = "--json", paramLabel = "FILE", description = "Writes the results as JSON.")
  private Path json;

  /**
   * What was measured of a model.
   *
   * @param thisMs median of the turns' mean runs on this build
   * @param otherMs the same on the other side
   * @param ratio median ratio of neighbouring turns
   * @param lowerQuartile a quarter of the ratios is below
   * @param upperQuartile a quarter of the ratios is above
   * @param fastestRatio that of the fastest tenth of all runs of either side
   */
  record Row(
      String model,
      int threads,
      double thisMs,
      double otherMs,
      double ratio,
      double lowerQuartile,
      double upperQuartile,
      double fastestRatio) {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    Arguments.dims(dims);
    if (forks < 1 || turns < 1 || threads.stream().anyMatch(t -> t < 1)) {
      throw new ParameterException(
          spec.commandLine(), "--forks, --turns and --threads are 1 at least");
    }
    String library = against == null ? "" : RunnableModel.library(against).toString();
    System.out.printf(
        "%-22s %7s %10s %10s %8s %17s %8s%n",
        "model", "threads", "this ms", "other ms", "ratio", "quartiles", "fastest");
    List<Row> rows = new ArrayList<>();
    for (Path model : models) {
      for (int count : threads) {
        rows.add(row(model, count, measured(model, count, library)));
      }
    }
    if (json != null) {
      JsonFile.write(json, rows);
    }
    return 0;
  }

  private Turns measured(Path model, int count, String library)
      throws IOException, InterruptedException {
    Turns all = new Turns(List.of(), List.of());
    for (int fork = 0; fork < forks; fork++) {
      System.err.printf(
          "\r%s, %d threads, fork %d of %d   ", CompareCommand.name(model), count, fork + 1, forks);
      List<String> arguments =
          new ArrayList<>(
              List.of(
                  model.toString(),
                  Integer.toString(count),
                  Double.toString(warmup),
                  Double.toString(turn),
                  Integer.toString(turns),
                  library,
                  Boolean.toString(fork % 2 == 1)));
      arguments.addAll(dims);
      all =
          all.and(
              new ObjectMapper().readValue(Forks.run(TurnsWorker.class, arguments), Turns.class));
    }
    System.err.print("\r" + " ".repeat(78) + "\r");
    return all;
  }

  private static Row row(Path model, int count, Turns measured) {
    double[] ratios = measured.ratios();
    Row row =
        new Row(
            CompareCommand.name(model),
            count,
            Turns.median(measured.ours()),
            Turns.median(measured.theirs()),
            Turns.quantile(ratios, 0.5),
            Turns.quantile(ratios, 0.25),
            Turns.quantile(ratios, 0.75),
            Turns.fastestTenth(measured.ours()) / Turns.fastestTenth(measured.theirs()));
    System.out.printf(
        Locale.ROOT,
        "%-22s %7d %10.3f %10.3f %8.3f %8.3f to %.3f %8.3f%n",
        row.model,
        row.threads,
        row.thisMs,
        row.otherMs,
        row.ratio,
        row.lowerQuartile,
        row.upperQuartile,
        row.fastestRatio);
    return row;
  }
}
