package fluidml.bench;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Matrix products as a fraction of the measured peak. */
@Command(
    name = "gemm",
    description = {
      "Measures matrix products with JMH on one thread, and prints the fraction of the core's fma"
          + " peak,",
      "which is measured in the same run; beside it the same products by ONNX Runtime."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class GemmCommand implements Callable<Integer> {
  @Option(
      names = "--forks",
      defaultValue = "5",
      description = "JVMs for each shape (default: ${DEFAULT-VALUE}).")
  private int forks;

  @Option(
      names = "--shape",
      split = ",",
      defaultValue = "128x768x768,128x768x3072,128x3072x768",
      paramLabel = "MxKxN",
      description = "Rows, depth and columns (default: ${DEFAULT-VALUE}).")
  private List<String> shapes;

  @Override
  public Integer call() throws RunnerException {
    double peak = 0;
    for (RunResult result : run(PeakBenchmark.class, new String[0])) {
      peak = PeakBenchmark.flops() / best(result);
    }
    System.out.printf(Locale.ROOT, "fma peak of one core %.1f GFLOP/s%n", peak);
    System.out.printf(
        "%-16s %-12s %10s %10s %9s %9s%n", "shape", "engine", "median", "best", "of peak", "best");
    String[] names = shapes.toArray(String[]::new);
    print("fluidml", run(GemmBenchmark.class, names), peak);
    print("onnxruntime", run(OnnxRuntimeGemmBenchmark.class, names), peak);
    return 0;
  }

  private static void print(String engine, Collection<RunResult> results, double peak) {
    for (RunResult result : results) {
      String shape = result.getParams().getParam("shape");
      double flops = GemmBenchmark.flops(shape);
      double median = flops / result.getPrimaryResult().getStatistics().getPercentile(50);
      double best = flops / best(result);
      System.out.printf(
          Locale.ROOT,
          "%-16s %-12s %10.1f %10.1f %8.1f%% %8.1f%%%n",
          shape,
          engine,
          median,
          best,
          100 * median / peak,
          100 * best / peak);
    }
  }

  /** Nanoseconds of the fastest iteration. */
  private static double best(RunResult result) {
    return result.getPrimaryResult().getStatistics().getMin();
  }

  private Collection<RunResult> run(Class<?> benchmark, String[] parameters)
      throws RunnerException {
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include("^" + benchmark.getName() + "\\.")
            .forks(forks)
            .warmupIterations(3)
            .warmupTime(TimeValue.seconds(1))
            .measurementIterations(3)
            .measurementTime(TimeValue.seconds(1))
            .verbosity(VerboseMode.SILENT)
            .jvmArgsAppend(
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow");
    if (parameters.length > 0) {
      options = options.param("shape", parameters);
    }
    return new Runner(options.build()).run();
  }
}
