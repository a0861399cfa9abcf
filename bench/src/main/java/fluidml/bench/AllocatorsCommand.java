package fluidml.bench;

import fluidml.Model;
import fluidml.Options;
import fluidml.Session;
import fluidml.memory.MemoryCsv;
import fluidml.memory.MemoryPlan;
import fluidml.memory.MemoryProblem;
import fluidml.memory.Planners;
import fluidml.report.Bytes;
import fluidml.report.Table;
import fluidml.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The planned arena beside allocators of C on the buffers of models. */
@Command(
    name = "allocators",
    description = {
      "Replays the buffers of models, as one run allocates and frees them step by step, on malloc,"
          + " jemalloc and tcmalloc, and compares with the planned arena.",
      "",
      "Peak is the most memory at one time in resident pages that hold a buffer or held one and are"
          + " kept by the allocator (mincore), every page of a buffer touched once; live is the"
          + " largest sum of live bytes, which nothing can be below; fragmentation is peak / live −"
          + " 1. Time is that of malloc and free in one"
          + " run, then with a byte written to each page: freed memory that went back to the system"
          + " comes back page by page. The arena is planned once per set of extents and costs"
          + " nothing in a run.",
      "",
      "An allocator that is not on the machine has a row that says how to install it."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class AllocatorsCommand implements Callable<Integer> {
  private static final int PLANS = 200;

  /** The allocators of C. */
  private enum Allocator {
    MALLOC("malloc", "", ""),
    JEMALLOC("jemalloc", "libjemalloc.so.2", "apt-get install libjemalloc2"),
    TCMALLOC("tcmalloc", "libtcmalloc_minimal.so.4", "apt-get install libtcmalloc-minimal4");

    private final String title;
    private final String file;
    private final String install;

    Allocator(String title, String file, String install) {
      this.title = title;
      this.file = file;
      this.install = install;
    }

    /** The library's file, "-" for the C library's own; empty if it is not on the machine. */
    Optional<String> library() throws IOException {
      if (file.isEmpty()) {
        return Optional.of("-");
      }
      try (Stream<Path> folders =
          Stream.of("/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib").map(Path::of)) {
        for (Path folder : folders.filter(Files::isDirectory).toList()) {
          try (Stream<Path> found = Files.find(folder, 2, (path, _) -> path.endsWith(file))) {
            Optional<Path> first = found.findFirst();
            if (first.isPresent()) {
              return first.map(Path::toString);
            }
          }
        }
      }
      return Optional.empty();
    }
  }

  @Parameters(
      arity = "1..*",
      paramLabel = "MODEL",
      description = "Model files, or folders with model.onnx.")
  private List<Path> models;

  @Option(
      names = "--dim",
      paramLabel = "NAME=N",
      description =
          "Extent of a symbolic dimension. Without it the inputs of test_data_set_0 are used.")
  private List<String> dims = new ArrayList<>();

  @Option(names = "--json", paramLabel = "FILE", description = "Write the results as JSON.")
  private Path json;

  @Option(
      names = "--svg",
      paramLabel = "FILE",
      description = "Draw peaks relative to the live bytes.")
  private Path svg;

  /** One allocator on one model; sizes in bytes, times of one run in microseconds. */
  record Row(
      String model,
      String allocator,
      int buffers,
      long live,
      long peak,
      double micros,
      double touchedMicros) {
    double fragmentation() {
      return (double) peak / live - 1;
    }
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Table table =
        new Table()
            .left("model")
            .left("allocator")
            .right("buffers")
            .right("live")
            .right("peak")
            .right("fragmentation")
            .right("µs per run")
            .right("with pages")
            .left("");
    List<Row> rows = new ArrayList<>();
    Map<String, Map<String, Double>> bars = new LinkedHashMap<>();
    for (Path model : models) {
      String name = CompareCommand.name(model);
      MemoryProblem problem = problem(model);
      Path csv = Files.createTempFile("trace", ".csv");
      try {
        Files.writeString(csv, MemoryCsv.format(problem));
        for (Allocator allocator : Allocator.values()) {
          Optional<String> library = allocator.library();
          if (library.isEmpty()) {
            table.row(name, allocator.title, "", "", "", "", "", "", missing(allocator));
            continue;
          }
          rows.add(row(name, allocator, library.get(), csv, problem));
          add(table, rows.getLast(), "");
        }
      } finally {
        Files.delete(csv);
      }
      double plan = planMicros(problem);
      MemoryPlan planned = Planners.fast().plan(problem);
      rows.add(
          new Row(
              name,
              "arena",
              (int) buffers(problem),
              problem.maxLiveBytes(),
              planned.arenaBytes(),
              0,
              0));
      add(table, rows.getLast(), String.format(Locale.ROOT, "planned once in %.0f µs", plan));
      for (Row row : rows) {
        bars.computeIfAbsent(row.model, _ -> new LinkedHashMap<>())
            .put(row.allocator, (double) row.peak / row.live);
      }
    }
    System.out.print(table.render());
    if (json != null) {
      JsonFile.write(json, rows);
    }
    if (svg != null) {
      Files.writeString(svg, BarPlot.svg("peak / live bytes", bars));
      System.out.println("plot written to " + svg);
    }
    return 0;
  }

  private static String missing(Allocator allocator) {
    return allocator.file + " is not on this machine: " + allocator.install;
  }

  private static void add(Table table, Row row, String note) {
    table.row(
        row.model,
        row.allocator,
        row.buffers,
        Bytes.format(row.live),
        Bytes.format(row.peak),
        String.format(Locale.ROOT, "%.1f %%", 100 * row.fragmentation()),
        String.format(Locale.ROOT, "%.1f", row.micros),
        String.format(Locale.ROOT, "%.1f", row.touchedMicros),
        note);
  }

  private static Row row(
      String model, Allocator allocator, String library, Path csv, MemoryProblem problem)
      throws IOException, InterruptedException {
    Map<String, String> environment =
        library.equals("-") ? Map.of() : Map.of("LD_PRELOAD", library);
    String line =
        Forks.run(AllocatorWorker.class, List.of(csv.toString(), library), List.of(), environment);
    AllocatorWorker.Measured measured = AllocatorWorker.Measured.parse(line);
    return new Row(
        model,
        allocator.title,
        (int) buffers(problem),
        problem.maxLiveBytes(),
        measured.peakBytes(),
        measured.micros(),
        measured.touchedMicros());
  }

  private static long buffers(MemoryProblem problem) {
    return IntStream.range(0, problem.count()).filter(i -> problem.bytes(i) > 0).count();
  }

  private static double planMicros(MemoryProblem problem) {
    double[] times = new double[PLANS];
    for (int i = 0; i < PLANS; i++) {
      long begin = System.nanoTime();
      Planners.fast().plan(problem);
      times[i] = (System.nanoTime() - begin) / 1e3;
    }
    Arrays.sort(times);
    return times[PLANS / 2];
  }

  /** The buffers of a run: intermediates, copies, private memory of kernels. */
  private MemoryProblem problem(Path path) {
    try (Model model = Model.load(Inputs.modelFile(path), Options.defaults());
        Session session = model.newSession()) {
      Map<String, Tensor> inputs = Inputs.of(path, model.inputs(), Arguments.dims(dims));
      session.prepare(inputs);
      return session.memoryPlan().orElseThrow().problem();
    }
  }
}
