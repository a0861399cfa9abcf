package fluidml.bench;

import fluidml.Model;
import fluidml.Options;
import fluidml.Session;
import fluidml.file.AtomicFile;
import fluidml.lower.LoweredProgram;
import fluidml.reference.Datum;
import fluidml.report.Table;
import fluidml.tensor.Tensor;
import fluidml.vm.InputShapes;
import fluidml.vm.Profile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
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

/** Every kernel of a model against the limits of the machine. */
@Command(
    name = "roofline",
    description = {
      "Compares the time of every kernel of a model with what its arithmetic and its bytes take at"
          + " the limits of the machine, which are measured in the same run.",
      "The limit is the larger of the two; 'of limit' is its share of the measured time. Bytes are"
          + " those that must be read and written at least once: weights at the bandwidth of a"
          + " buffer as large as all weights, tensors at that of one as large as the arena."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class RooflineCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "MODEL", description = "A model file, or a folder with model.onnx.")
  private Path path;

  @Option(
      names = "--threads",
      defaultValue = "0",
      description = "Threads that share a run; 0 for all processors (default: ${DEFAULT-VALUE}).")
  private int threads;

  @Option(
      names = "--warmup",
      defaultValue = "3",
      paramLabel = "SECONDS",
      description = "Unmeasured running time (default: ${DEFAULT-VALUE}).")
  private double warmup;

  @Option(
      names = "--runs",
      defaultValue = "50",
      description = "Measured runs; the median of each step counts (default: ${DEFAULT-VALUE}).")
  private int runs;

  @Option(
      names = "--dim",
      paramLabel = "NAME=N",
      description =
          "Extent of a symbolic dimension; inputs are then made by a formula. Without it the inputs"
              + " of test_data_set_0 are used.")
  private List<String> dims = new ArrayList<>();

  @Option(
      names = "--top",
      defaultValue = "30",
      description = "Most rows of the table; 0 for all (default: ${DEFAULT-VALUE}).")
  private int top;

  @Option(names = "--html", paramLabel = "FILE", description = "Writes the picture and the table.")
  private Path html;

  @Option(names = "--svg", paramLabel = "FILE", description = "Writes the picture alone.")
  private Path svg;

  @Option(names = "--json", paramLabel = "FILE", description = "Writes the results as JSON.")
  private Path json;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (runs < 1 || threads < 0 || top < 0) {
      throw new ParameterException(spec.commandLine(), "--runs, --threads or --top out of range");
    }
    Options options = Options.defaults().withThreads(threads).withProfile(true);
    try (Model model = Model.load(Inputs.modelFile(path), options);
        Session session = model.newSession()) {
      LoweredProgram program =
          model
              .program()
              .orElseThrow(
                  () ->
                      new ParameterException(
                          spec.commandLine(), "a compiled model has no graph; give the ONNX file"));
      Map<String, Tensor> inputs = Inputs.of(path, model.inputs(), Arguments.dims(dims));
      double[] nanos = times(session, inputs, program.steps().size());
      Datum[] data = inputs.values().stream().map(Datum::of).toArray(Datum[]::new);
      Map<String, Long> symbols = InputShapes.solve(program.graph(), data);
      long arena = session.memoryPlan().map(m -> m.plan().arenaBytes()).orElse(0L);
      MachineLimits limits =
          MachineLimits.measure(
              model.threads(),
              Roofline.weightBytes(program, symbols),
              Math.max(1, arena),
              program.target().byteProducts());
      report(limits, model.threads(), Roofline.of(program, symbols, nanos));
    }
    return 0;
  }

  /** The median of each step, in nanoseconds. */
  private double[] times(Session session, Map<String, Tensor> inputs, int steps) {
    long end = System.nanoTime() + (long) (warmup * 1e9);
    Map<String, Tensor> outputs = session.run(inputs);
    Session.BoundRun run = session.bind(inputs, outputs);
    while (System.nanoTime() < end) {
      run.run();
    }
    Profile profile = session.profile().orElseThrow();
    double[][] nanos = new double[steps][runs];
    for (int i = 0; i < runs; i++) {
      profile.reset();
      run.run();
      for (int step = 0; step < steps; step++) {
        nanos[step][i] = profile.nanos(step);
      }
    }
    return Arrays.stream(nanos)
        .mapToDouble(
            each -> {
              Arrays.sort(each);
              return each[runs / 2];
            })
        .toArray();
  }

  private void report(MachineLimits limits, int count, List<Roofline.Kernel> kernels)
      throws IOException {
    double all = kernels.stream().mapToDouble(Roofline.Kernel::nanos).sum();
    String summary =
        String.format(
            Locale.ROOT,
            "%s on %d threads: %.3f ms in steps, %.1f %% of the limit; peak %.0f GFLOP/s%s, weights"
                + " %.1f GB/s, tensors %.1f GB/s",
            name(),
            count,
            all / 1e6,
            100 * kernels.stream().mapToDouble(k -> k.fraction(limits) * k.nanos()).sum() / all,
            limits.gflops(),
            limits.byteGops() > 0 ? number(" and %.0f GOP/s of bytes", limits.byteGops()) : "",
            limits.weightGigabytes(),
            limits.tensorGigabytes());
    String table = table(limits, kernels, all).render();
    System.out.println(summary);
    System.out.print(table);
    String picture = RooflinePicture.svg(limits, kernels);
    if (svg != null) {
      AtomicFile.write(svg, file -> Files.writeString(file, picture));
    }
    if (html != null) {
      String page = RooflinePicture.page(name(), summary, picture, table);
      AtomicFile.write(html, file -> Files.writeString(file, page));
    }
    if (json != null) {
      Map<String, Object> result = json(limits, count, kernels, all);
      JsonFile.write(json, result);
    }
  }

  private String name() {
    Path absolute = path.toAbsolutePath().normalize();
    return (Files.isDirectory(absolute) ? absolute : absolute.getParent()).getFileName().toString();
  }

  private Table table(MachineLimits limits, List<Roofline.Kernel> kernels, double all) {
    Table table =
        new Table()
            .right("ms")
            .right("share")
            .right("calls")
            .right("GFLOP")
            .right("MB")
            .right("FLOP/B")
            .right("GFLOP/s")
            .right("GB/s")
            .right("of peak")
            .right("of bytes")
            .right("of limit")
            .left("bound")
            .left("kernel");
    kernels.stream()
        .limit(top == 0 ? kernels.size() : top)
        .forEach(
            k ->
                table.row(
                    number("%.3f", k.nanos() / 1e6),
                    number("%.1f%%", 100 * k.nanos() / all),
                    k.calls(),
                    number("%.3f", k.flops() / 1e9),
                    number("%.2f", (k.weightBytes() + k.tensorBytes()) / 1e6),
                    number("%.1f", k.intensity()),
                    number("%.1f", k.gflops()),
                    number("%.1f", k.gigabytes()),
                    number("%.0f%%", 100 * k.computeNanos(limits) / k.nanos()),
                    number("%.0f%%", 100 * k.memoryNanos(limits) / k.nanos()),
                    number("%.0f%%", 100 * k.fraction(limits)),
                    bound(k, limits),
                    k.name() + " " + k.shapes()));
    return table;
  }

  private static String bound(Roofline.Kernel kernel, MachineLimits limits) {
    return kernel.computeNanos(limits) > kernel.memoryNanos(limits) ? "compute" : "memory";
  }

  private static String number(String format, double value) {
    return String.format(Locale.ROOT, format, value);
  }

  private Map<String, Object> json(
      MachineLimits limits, int count, List<Roofline.Kernel> kernels, double all) {
    List<Map<String, Object>> rows = new ArrayList<>();
    for (Roofline.Kernel k : kernels) {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("kernel", k.name());
      row.put("shapes", k.shapes());
      row.put("calls", k.calls());
      row.put("ms", k.nanos() / 1e6);
      row.put("share", k.nanos() / all);
      row.put("flops", k.flops());
      row.put("bytes", k.bytes());
      row.put("weightBytes", k.weightBytes());
      row.put("tensorBytes", k.tensorBytes());
      row.put("intensity", k.intensity());
      row.put("gflops", k.gflops());
      row.put("ofPeak", k.computeNanos(limits) / k.nanos());
      row.put("ofBandwidth", k.memoryNanos(limits) / k.nanos());
      row.put("ofLimit", k.fraction(limits));
      row.put("bound", bound(k, limits));
      rows.add(row);
    }
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("model", name());
    result.put("threads", count);
    result.put("stepsMs", all / 1e6);
    result.put("peakGflops", limits.gflops());
    result.put("peakByteGops", limits.byteGops());
    result.put("weightGigabytesPerSecond", limits.weightGigabytes());
    result.put("tensorGigabytesPerSecond", limits.tensorGigabytes());
    result.put("kernels", rows);
    return result;
  }
}
