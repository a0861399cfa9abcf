package fluidml.bench;

import fluidml.file.AtomicFile;
import fluidml.layout.DefaultSolver;
import fluidml.layout.GlobalSolver;
import fluidml.layout.LayoutProblem;
import fluidml.layout.LayoutSolution;
import fluidml.layout.LayoutSolver;
import fluidml.layout.SequenceSolver;
import fluidml.layout.Sequences;
import fluidml.layout.SolutionValidator;
import fluidml.report.Table;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** How the layout solvers scale. */
@Command(
    name = "layout",
    description = {
      "Measures segmentation, dynamic programming and the global solver on synthetic graphs:",
      "chains, ladders, trees, residual nets, random graphs. Shows seconds, cost and proven gap."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class LayoutCommand implements Callable<Integer> {
  @Option(
      names = "--sizes",
      split = ",",
      paramLabel = "N",
      defaultValue = "1000,3000,10000,30000,100000",
      description = "Numbers of operators (default: ${DEFAULT-VALUE}).")
  private List<Integer> sizes;

  @Option(
      names = "--forms",
      split = ",",
      paramLabel = "FORM",
      description = "Of ${COMPLETION-CANDIDATES} (default: all).")
  private List<SyntheticGraphs.Form> forms = List.of(SyntheticGraphs.Form.values());

  @Option(
      names = "--limit",
      paramLabel = "SECONDS",
      defaultValue = "10",
      description = "For the search on what reductions leave (default: ${DEFAULT-VALUE}).")
  private double limit;

  @Option(
      names = "--svg",
      paramLabel = "FILE",
      description = "Write a plot of seconds over operators, both logarithmic.")
  private Path svg;

  private record Timed<T>(T result, double seconds) {}

  @Override
  public Integer call() throws IOException {
    Table table =
        new Table()
            .left("form")
            .right("operators")
            .right("sequences")
            .right("segment s")
            .right("sequence s")
            .right("global s")
            .right("default")
            .right("sequence")
            .right("global")
            .right("gap")
            .right("heap MB");
    LayoutSolver global = new GlobalSolver(Duration.ofMillis((long) (limit * 1000)));
    solve(SyntheticGraphs.of(SyntheticGraphs.Form.RANDOM, 500, 1), global);
    Map<String, List<double[]>> curves = new LinkedHashMap<>();
    for (SyntheticGraphs.Form form : forms) {
      String name = form.name().toLowerCase(Locale.ROOT);
      for (int size : sizes) {
        LayoutProblem problem = SyntheticGraphs.of(form, size, size);
        Timed<List<List<Integer>>> segmented = timed(() -> Sequences.of(problem));
        Timed<LayoutSolution> sequence = solve(problem, new SequenceSolver());
        Timed<LayoutSolution> best = solve(problem, global);
        double none = solve(problem, new DefaultSolver()).result.cost();
        table.row(
            name,
            size,
            segmented.result.size(),
            seconds(segmented.seconds),
            seconds(sequence.seconds),
            seconds(best.seconds),
            "1.0000",
            ratio(sequence.result.cost() / none),
            ratio(best.result.cost() / none),
            ratio(best.result.gap()),
            heapMegabytes());
        curves
            .computeIfAbsent(name + " sequence", _ -> new ArrayList<>())
            .add(new double[] {size, sequence.seconds});
        curves
            .computeIfAbsent(name + " global", _ -> new ArrayList<>())
            .add(new double[] {size, best.seconds});
      }
    }
    System.out.print(table.render());
    if (svg != null) {
      String plot = LogPlot.svg("operators", "seconds", curves);
      AtomicFile.write(svg, path -> Files.writeString(path, plot));
      System.out.println("plot written to " + svg);
    }
    return 0;
  }

  private static Timed<LayoutSolution> solve(LayoutProblem problem, LayoutSolver solver) {
    Timed<LayoutSolution> solved = timed(() -> solver.solve(problem));
    SolutionValidator.check(problem, solved.result);
    return solved;
  }

  private static <T> Timed<T> timed(Supplier<T> work) {
    long begin = System.nanoTime();
    T result = work.get();
    return new Timed<>(result, (System.nanoTime() - begin) / 1e9);
  }

  private static long heapMegabytes() {
    Runtime runtime = Runtime.getRuntime();
    return (runtime.totalMemory() - runtime.freeMemory()) >> 20;
  }

  private static String seconds(double seconds) {
    return String.format(Locale.ROOT, "%.3f", seconds);
  }

  private static String ratio(double ratio) {
    return String.format(Locale.ROOT, "%.4f", ratio);
  }
}
