package fluidml.tune;

import fluidml.emit.jvm.KernelCompiler;
import fluidml.lower.LoweredProgram;
import fluidml.memory.Planners;
import fluidml.reference.Datum;
import fluidml.tensor.Tensor;
import fluidml.vm.Executable;
import fluidml.vm.Executor;
import fluidml.vm.MemoryStrategy;
import fluidml.vm.Profile;
import fluidml.vm.ThreadTeam;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A program that is timed by the virtual machine as it will run: every step between its neighbours,
 * on the cache that they leave it.
 */
final class Measurement implements AutoCloseable {
  private static final int FEWEST_RUNS = 8;
  private static final int MOST_RUNS = 200;

  /** Half the distance of the quartiles that a latency may have, as a part of its median. */
  private static final double CALM = 0.03;

  /** The standard error that the ratio of two latencies may have. */
  private static final double SURE = 0.003;

  private final LoweredProgram program;
  private final Executable executable;
  private final Executor executor;
  private final Datum[] inputs;
  private final int threads;
  private final List<long[]> steps = new ArrayList<>();
  private final List<Long> totals = new ArrayList<>();

  /** Emits the code; nothing runs yet. */
  Measurement(LoweredProgram program, ThreadTeam team, Datum[] inputs) {
    this.program = program;
    this.inputs = inputs.clone();
    this.threads = team.size();
    this.executable =
        new Executable(program, new KernelCompiler(program.target()), MemoryStrategy.ALL);
    this.executor = new Executor(executable, team, Planners.fast(), 1, Long.MAX_VALUE, true);
  }

  /** Runs until the code is hot and gives the time of the last run in nanoseconds. */
  long warm(double seconds) {
    executor.prepare(inputs);
    long end = System.nanoTime() + (long) (seconds * 1e9);
    long last;
    int runs = 0;
    do {
      last = once(false);
    } while (++runs < 3 || System.nanoTime() < end);
    return last;
  }

  /** Runs until the median latency is known well, or the time is up. */
  void run(double seconds) {
    long end = System.nanoTime() + (long) (seconds * 1e9);
    int runs = 0;
    while (runs < FEWEST_RUNS
        || (System.nanoTime() < end && runs < MOST_RUNS && spread(totals()) > CALM)) {
      once(true);
      runs++;
    }
  }

  /**
   * Runs in turns with the default until it is known well how many times as long it takes, or the
   * time is up.
   */
  void runInTurns(Measurement usual, double seconds) {
    long end = System.nanoTime() + (long) (seconds * 1e9);
    int runs = 0;
    while (runs < FEWEST_RUNS
        || (System.nanoTime() < end
            && runs < MOST_RUNS
            && PairedCosts.ratio(usual, this).error() > SURE)) {
      usual.once(true);
      once(true);
      runs++;
    }
  }

  /** Forgets what was measured. */
  void forget() {
    steps.clear();
    totals.clear();
  }

  /** The sum of the costs of all steps. */
  double costSum(Map<String, CostTable.Cost> costs) {
    return keys().stream().mapToDouble(k -> costs.get(k).seconds()).sum();
  }

  /** One run; its time in nanoseconds. */
  long once(boolean keep) {
    Profile profile = executor.profile().orElseThrow();
    profile.reset();
    long begin = System.nanoTime();
    executor.run(inputs, new Tensor[program.graph().outputs().size()]);
    long total = System.nanoTime() - begin;
    if (keep) {
      totals.add(total);
      long[] times = new long[profile.steps()];
      Arrays.setAll(times, profile::nanos);
      steps.add(times);
    }
    return total;
  }

  /** Latencies of all runs kept, in seconds. */
  double[] totals() {
    return totals.stream().mapToDouble(t -> t / 1e9).toArray();
  }

  /** The key of every step. */
  List<String> keys() {
    CallKey key = new CallKey(d -> executor.lastValue(d).orElseThrow(), threads);
    return program.steps().stream().map(key::of).toList();
  }

  /** The costs of all steps by key: equal steps share their samples. */
  Map<String, CostTable.Cost> costs() {
    List<String> keys = keys();
    Map<String, List<Double>> samples = new HashMap<>();
    for (int i = 0; i < keys.size(); i++) {
      List<Double> all = samples.computeIfAbsent(keys.get(i), _ -> new ArrayList<>());
      for (long[] run : steps) {
        all.add(run[i] / 1e9);
      }
    }
    Map<String, CostTable.Cost> costs = new HashMap<>();
    samples.forEach(
        (key, all) -> {
          costs.put(key, CostTable.Cost.of(all));
        });
    return costs;
  }

  /** What a run takes besides its steps: binding, copies of inputs and outputs, dispatch. */
  CostTable.Cost overhead() {
    List<Double> rests = new ArrayList<>();
    for (int run = 0; run < steps.size(); run++) {
      rests.add((totals.get(run) - Arrays.stream(steps.get(run)).sum()) / 1e9);
    }
    return CostTable.Cost.of(rests);
  }

  LoweredProgram program() {
    return program;
  }

  /** Nanoseconds of all steps in each run kept. */
  List<long[]> turns() {
    return steps;
  }

  static double median(double[] values) {
    return quantile(values, 0.5);
  }

  /** Half the distance of the quartiles as a part of the median; infinite for fewer than four. */
  static double spread(double[] values) {
    double median = values.length < 4 ? 0 : median(values);
    return median == 0
        ? Double.POSITIVE_INFINITY
        : (quantile(values, 0.75) - quantile(values, 0.25)) / 2 / median;
  }

  private static double quantile(double[] values, double q) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[(int) Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
  }

  @Override
  public void close() {
    executor.close();
    executable.close();
  }
}
