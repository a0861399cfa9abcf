package fluidml.bench;

import fluidml.Model;
import fluidml.Options;
import fluidml.Session;
import fluidml.graph.Graph;
import fluidml.onnx.OnnxFile;
import fluidml.onnx.OnnxImporter;
import fluidml.tensor.Tensor;
import fluidml.vm.NativeBuffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToLongFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs a model from many threads for long and watches the memory of the process. */
@Command(
    name = "soak",
    description = {
      "Runs a model from many threads with random extents, opens and closes sessions all the time,",
      "and prints the resident memory of the process, at the end as a curve. Exit code 1 if it",
      "grows by more than --growth from the first third to the last, if memory outside of the heap",
      "is left at the end, or if a run fails."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class SoakCommand implements Callable<Integer> {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final int BARS = 20;
  private static final long WIDTH = 50;

  @Parameters(paramLabel = "MODEL", description = "A model file, or a folder with model.onnx.")
  private Path path;

  @Option(names = "--dim", paramLabel = "NAME=N", description = "Extent of a symbolic dimension.")
  private List<String> dims = new ArrayList<>();

  @Option(
      names = "--symbol",
      paramLabel = "NAME=N",
      description =
          "Make extent N of a model that was exported for one length a symbol, for --vary; lengths"
              + " of at most N are right.")
  private List<String> symbols = new ArrayList<>();

  @Option(
      names = "--vary",
      split = ",",
      paramLabel = "NAME",
      description = "Symbolic dimensions that are drawn anew, all alike, for each run.")
  private List<String> vary = new ArrayList<>();

  @Option(
      names = "--longest",
      defaultValue = "32",
      description = "Largest number drawn (default: ${DEFAULT-VALUE}).")
  private int longest;

  @Option(
      names = "--runs",
      defaultValue = "100000",
      description = "Runs of all threads together (default: ${DEFAULT-VALUE}).")
  private long runs;

  @Option(
      names = "--callers",
      defaultValue = "8",
      description = "Threads that run the model (default: ${DEFAULT-VALUE}).")
  private int callers;

  @Option(
      names = "--runs-per-session",
      defaultValue = "50",
      description =
          "Runs between the opening and the closing of a session (default: ${DEFAULT-VALUE}).")
  private int runsPerSession;

  @Option(
      names = "--growth",
      defaultValue = "0.05",
      description = "Growth that is still flat, relative (default: ${DEFAULT-VALUE}).")
  private double growth;

  @Option(
      names = "--interval",
      defaultValue = "2",
      paramLabel = "SECONDS",
      description = "Time between two looks at the memory (default: ${DEFAULT-VALUE}).")
  private double interval;

  @Option(
      names = "--svg",
      paramLabel = "FILE",
      description = "Draw the memory over the number of runs.")
  private Path svg;

  /** The memory of the process at one time. */
  private record Look(long runs, long resident, long outside) {}

  private final AtomicLong done = new AtomicLong();
  private final AtomicLong sessions = new AtomicLong();

  @Override
  public Integer call() throws IOException, InterruptedException, ExecutionException {
    if (callers < 1 || runsPerSession < 1 || !(interval > 0)) {
      throw new IllegalArgumentException(
          "--callers, --runs-per-session and --interval are more than 0");
    }
    List<Look> looks = new ArrayList<>();
    long before = NativeBuffer.liveBytes();
    long begin = System.nanoTime();
    try (OnnxFile file = OnnxFile.open(Inputs.modelFile(path));
        Model model = Model.of(graph(file), Options.defaults().withThreads(1));
        ExecutorService threads = Executors.newFixedThreadPool(callers)) {
      List<Map<String, Tensor>> inputs = inputs(model);
      List<Future<?>> work = new ArrayList<>();
      for (int i = 0; i < callers; i++) {
        Random random = new Random(i);
        work.add(threads.submit(() -> caller(model, inputs, random)));
      }
      threads.shutdown();
      while (!threads.awaitTermination((long) (interval * 1e9), TimeUnit.NANOSECONDS)) {
        looks.add(new Look(done.get(), residentBytes(), NativeBuffer.liveBytes()));
        System.out.printf(
            Locale.ROOT,
            "%d runs, %d sessions, resident %.1f MB, outside of the heap %.2f MB%n",
            looks.getLast().runs,
            sessions.get(),
            looks.getLast().resident / 1e6,
            looks.getLast().outside / 1e6);
      }
      for (Future<?> each : work) {
        each.get();
      }
    }
    System.out.printf(
        Locale.ROOT,
        "%d runs in %d sessions by %d threads, %.0f s%n",
        Math.min(runs, done.get()),
        sessions.get(),
        callers,
        (System.nanoTime() - begin) / 1e9);
    draw(looks);
    return verdict(looks, before);
  }

  private Graph graph(OnnxFile file) {
    Graph graph = OnnxImporter.graph(file);
    for (Map.Entry<String, Long> symbol : Arguments.dims(symbols).entrySet()) {
      graph = SymbolicExtents.of(graph, symbol.getKey(), symbol.getValue());
    }
    return graph;
  }

  private List<Map<String, Tensor>> inputs(Model model) {
    List<Map<String, Tensor>> inputs = new ArrayList<>();
    for (int length = 1; length <= (vary.isEmpty() ? 1 : longest); length++) {
      Map<String, Long> extents = Arguments.dims(dims);
      for (String name : vary) {
        extents.put(name, (long) length);
      }
      inputs.add(Inputs.of(path, model.inputs(), extents));
    }
    return inputs;
  }

  private void caller(Model model, List<Map<String, Tensor>> inputs, Random random) {
    while (done.get() < runs) {
      try (Session session = model.newSession()) {
        sessions.incrementAndGet();
        for (int i = 0; i < runsPerSession && done.getAndIncrement() < runs; i++) {
          session.run(inputs.get(random.nextInt(inputs.size())));
        }
      }
    }
  }

  /** Prints the resident memory as bars over the number of runs. */
  private void draw(List<Look> looks) throws IOException {
    long most = looks.stream().mapToLong(Look::resident).max().orElse(0);
    for (int i = 0; i < Math.min(BARS, looks.size()); i++) {
      Look look = looks.get((i + 1) * looks.size() / Math.min(BARS, looks.size()) - 1);
      System.out.printf(
          Locale.ROOT,
          "%,12d runs %7.1f MB %s%n",
          look.runs,
          look.resident / 1e6,
          "#".repeat((int) (WIDTH * look.resident / most)));
    }
    if (svg != null) {
      Map<String, List<double[]>> curves = new LinkedHashMap<>();
      curves.put("resident", points(looks, Look::resident));
      curves.put("outside of the heap", points(looks, Look::outside));
      Files.writeString(svg, LinePlot.svg("runs", "MB", curves));
      System.out.println("curve written to " + svg);
    }
  }

  private static List<double[]> points(List<Look> looks, ToLongFunction<Look> bytes) {
    return looks.stream().map(l -> new double[] {l.runs, bytes.applyAsLong(l) / 1e6}).toList();
  }

  private int verdict(List<Look> looks, long before) {
    long left = Math.max(0, NativeBuffer.liveBytes() - before);
    int third = looks.size() / 3;
    if (third == 0) {
      System.out.printf("too short to judge growth; %d bytes are left%n", left);
      return left == 0 ? 0 : 1;
    }
    // The first third begins after the warm-up, with its second sample.
    double first = average(looks.subList(Math.min(1, third - 1), third));
    double last = average(looks.subList(looks.size() - third, looks.size()));
    System.out.printf(
        Locale.ROOT,
        "resident %.1f MB in the first third, %.1f MB in the last (%+.1f %%); %d bytes are left%n",
        first / 1e6,
        last / 1e6,
        100 * (last / first - 1),
        left);
    return left == 0 && last <= first * (1 + growth) ? 0 : 1;
  }

  private static double average(List<Look> looks) {
    return looks.stream().mapToLong(Look::resident).average().orElse(0);
  }

  private static long residentBytes() throws IOException {
    for (String line : Files.readAllLines(STATUS)) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
      }
    }
    return 0;
  }
}
