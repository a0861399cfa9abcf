package fluidml.bench;

import com.sun.management.ThreadMXBean;
import fluidml.file.AtomicFile;
import fluidml.memory.ExactPlanner;
import fluidml.memory.MemoryPlan;
import fluidml.memory.MemoryProblem;
import fluidml.memory.PlanValidator;
import fluidml.memory.Planners;
import fluidml.report.Bytes;
import fluidml.report.Table;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** How memory planning scales. */
@Command(
    name = "plan",
    description = {
      "Measures planning time and memory on networks of any depth, and on random buffers. Shapes"
          + " only: no weights are made. Times are the median of the repetitions on one thread."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class PlanCommand implements Callable<Integer> {
  private static final int WARM_UP_OPERATORS = 2000;

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
  private List<SyntheticNetworks.Form> forms = List.of(SyntheticNetworks.Form.values());

  @Option(
      names = "--repetitions",
      paramLabel = "N",
      defaultValue = "3",
      description = "Plans per problem (default: ${DEFAULT-VALUE}).")
  private int repetitions;

  @Option(
      names = "--exact",
      paramLabel = "SECONDS",
      defaultValue = "0",
      description = "Let branch and bound improve each plan that long (default: not at all).")
  private double exact;

  @Option(
      names = "--svg",
      paramLabel = "FILE",
      description = "Write a plot of seconds over operators, both logarithmic.")
  private Path svg;

  private record Measured(MemoryPlan plan, long bound, double seconds, long allocated) {}

  @Override
  public Integer call() throws IOException {
    Table table =
        new Table()
            .left("form")
            .right("operators")
            .right("parameters")
            .left("planner")
            .right("problem s")
            .right("plan s")
            .right("allocated")
            .right("no reuse")
            .right("arena")
            .right("arena / bound");
    for (SyntheticNetworks.Form form : forms) {
      measure(SyntheticNetworks.of(form, WARM_UP_OPERATORS).problem());
    }
    Map<String, List<double[]>> curves = new LinkedHashMap<>();
    for (SyntheticNetworks.Form form : forms) {
      String name = form.name().toLowerCase(Locale.ROOT).replace('_', '-');
      for (int size : sizes) {
        long begin = System.nanoTime();
        SyntheticNetworks.Network network = SyntheticNetworks.of(form, size);
        double made = (System.nanoTime() - begin) / 1e9;
        Measured measured = measure(network.problem());
        PlanValidator.check(network.problem(), measured.plan);
        table.row(
            name,
            network.operators(),
            network.parameters() == 0
                ? "–"
                : String.format(Locale.ROOT, "%.2f billion", network.parameters() / 1e9),
            measured.plan.planner(),
            String.format(Locale.ROOT, "%.3f", made),
            String.format(Locale.ROOT, "%.4f", measured.seconds),
            Bytes.format(measured.allocated),
            Bytes.format(network.problem().totalBytes()),
            Bytes.format(measured.plan.arenaBytes()),
            String.format(
                Locale.ROOT, "%.4f", (double) measured.plan.arenaBytes() / measured.bound));
        curves
            .computeIfAbsent(name, _ -> new ArrayList<>())
            .add(new double[] {network.operators(), measured.seconds});
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

  private Measured measure(MemoryProblem problem) {
    double[] seconds = new double[Math.max(1, repetitions)];
    MemoryPlan plan = Planners.noReuse().plan(problem);
    long bound = problem.lowerBound();
    long allocated = 0;
    for (int i = 0; i < seconds.length; i++) {
      long allocatedBefore = allocatedBytes();
      long begin = System.nanoTime();
      if (exact > 0) {
        ExactPlanner.Limits limits =
            ExactPlanner.Limits.of(Duration.ofMillis((long) (exact * 1e3)));
        ExactPlanner.Result result = Planners.exact(limits).solve(problem);
        plan = result.plan();
        bound = result.bound();
      } else {
        plan = Planners.fast().plan(problem);
      }
      seconds[i] = (System.nanoTime() - begin) / 1e9;
      allocated = allocatedBytes() - allocatedBefore;
    }
    Arrays.sort(seconds);
    return new Measured(plan, bound, seconds[seconds.length / 2], allocated);
  }

  private static long allocatedBytes() {
    return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
  }
}
