package fluidml.tune;

import fluidml.error.InvalidInputException;
import fluidml.graph.Graph;
import fluidml.graph.op.Movement;
import fluidml.layout.DefaultSolver;
import fluidml.layout.GlobalSolver;
import fluidml.layout.LayoutProblem;
import fluidml.layout.LayoutSolution;
import fluidml.layout.SequenceSolver;
import fluidml.loop.Target;
import fluidml.lower.Decisions;
import fluidml.lower.LoweredProgram;
import fluidml.lower.Lowerer;
import fluidml.lower.Lowering;
import fluidml.lower.WinogradLowering;
import fluidml.reference.Datum;
import fluidml.tensor.Dim;
import fluidml.vm.InputShapes;
import fluidml.vm.ThreadTeam;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToIntFunction;
import java.util.function.ToLongFunction;
import java.util.stream.DoubleStream;

/**
 * Measures the ways to run the kernels of a graph, chooses for the whole graph, and keeps both in a
 * {@link CostFile}. Costs are kept after every program that was measured, so that an end at any
 * moment loses one program's at most.
 */
public final class Tuner {
  private static final double WARM_SECONDS = 0.7;
  private static final double RUN_SECONDS = 1.5;
  private static final Duration SEARCH = Duration.ofSeconds(2);

  private final Graph graph;
  private final Target target;
  private final List<Lowering> lowerings;
  private final boolean fuse;
  private final ThreadTeam team;
  private final CostFile file;

  /** Gets told what goes on. */
  @FunctionalInterface
  public interface Progress {
    /**
     * Something begins.
     *
     * @param done parts of the work that are done
     * @param total parts of the work
     * @param what begins, for people
     */
    void begins(int done, int total, String what);
  }

  /**
   * How many ways there are to run the distinct operators of a model.
   *
   * @param existing tiles, loop orders, blocks and algorithms that can be run, of all operators
   * @param promising of them that an analytic model does not leave out
   * @param measured ways and layouts that were measured, now or before
   */
  public record Counts(int existing, int promising, int measured) {}

  /**
   * A choice under a restriction.
   *
   * @param layout {@code row-major} (every value in the order of its axes), {@code default} (the
   *     rules of the lowering), {@code sequence} or {@code global}
   * @param loops whether tiles, loop orders and algorithms are chosen, too
   * @param predicted seconds of a run
   * @param copies steps that do nothing but bring a value into another layout
   */
  public record Combination(
      String layout, boolean loops, double predicted, Decisions decisions, int copies) {}

  /**
   * The measured variants of equal operators.
   *
   * @param operator the first of them
   * @param node its first node
   * @param equal how many there are
   * @param seconds by variant; the first is the default
   */
  public record Explained(String operator, String node, int equal, Map<String, Double> seconds) {}

  /**
   * What came out.
   *
   * @param key of the model in the cost table
   * @param choice what is used from now on
   * @param problem what was chosen from, in seconds
   * @param solutions by solver
   * @param trace how the sequence solver went
   * @param counts of ways to run operators
   * @param combinations the choices with and without layouts and loops
   * @param explained every distinct operator with its variants
   * @param programs measured now, in seconds; empty if everything was known
   * @param skipped programs for which the time was too short
   */
  public record Result(
      String key,
      CostTable.Choice choice,
      LayoutProblem problem,
      Map<String, LayoutSolution> solutions,
      Optional<SequenceSolver.Trace> trace,
      Counts counts,
      List<Combination> combinations,
      List<Explained> explained,
      Map<String, Double> programs,
      List<String> skipped) {}

  /**
   * A tuner.
   *
   * @param graph after the passes
   * @param lowerings tried in order for each cluster
   * @param fuse whether nodes may share kernels
   * @param file where costs and choices are kept
   */
  public Tuner(
      Graph graph,
      Target target,
      List<Lowering> lowerings,
      boolean fuse,
      ThreadTeam team,
      CostFile file) {
    this.graph = graph;
    this.target = target;
    this.lowerings = List.copyOf(lowerings);
    this.fuse = fuse;
    this.team = team;
    this.file = file;
  }

  /** The key under which a model's choice is kept. */
  public static String key(
      Graph graph, Target target, List<Lowering> lowerings, boolean fuse, int threads) {
    String setting = target + " " + fuse + " " + lowerings.size();
    return ModelKey.of(graph, threads, setting);
  }

  /**
   * Tunes.
   *
   * @param inputs one datum for each input, of the extents to tune for
   * @param budget after this no new program is begun
   * @param solver {@code default}, {@code sequence} or {@code global}, or {@code best} for the one
   *     that measures best
   * @throws IOException if the cost table cannot be written
   * @throws InvalidInputException if an input does not fit or the solver is unknown
   */
  public Result run(Datum[] inputs, Duration budget, String solver, Progress progress)
      throws IOException {
    if (!List.of("best", "default", "sequence", "global").contains(solver)) {
      throw new InvalidInputException("layout", "'" + solver + "' is no solver");
    }
    long end = System.nanoTime() + budget.toNanos();
    Known known = new Known(file.read());
    Map<String, Long> symbols = InputShapes.solve(graph, inputs);
    ToLongFunction<Dim> extents = d -> d.evaluate(symbols::get);
    CallKey keys = new CallKey(extents, team.size());
    LoweredProgram usual = Lowerer.lower(graph, target, lowerings, fuse, Decisions.NONE);
    boolean filtering = lowerings.stream().anyMatch(WinogradLowering.class::isInstance);
    List<String> usualKeys = usual.steps().stream().map(keys::of).toList();
    Experiments experiments = new Experiments(usual, usualKeys, target, extents, filtering);
    List<Variation> variations = experiments.programs();
    List<LoweredProgram> programs =
        variations.parallelStream()
            .map(v -> v.equals(Variation.USUAL) ? usual : lower(usual, v.decisions()))
            .toList();
    List<Timed> timed = new ArrayList<>();
    long longest = 0;
    try (Reference reference = new Reference(usual, inputs)) {
      for (int i = 0; i < variations.size(); i++) {
        Variation variation = variations.get(i);
        LoweredProgram program = programs.get(i);
        List<String> names = program.steps().stream().map(keys::of).toList();
        if (!known.table.costs().keySet().containsAll(names)) {
          if (i > 0 && System.nanoTime() + longest > end) {
            known.skipped.add(variation.name());
            continue;
          }
          progress.begins(i, variations.size() + 1, variation.name());
          long begin = System.nanoTime();
          measure(inputs, variation, program, known, reference);
          longest = Math.max(longest, System.nanoTime() - begin);
        }
        timed.add(new Timed(variation, program, names, known.table));
      }
      reference.calibrate(known);
    }
    timed.replaceAll(t -> new Timed(t.variation(), t.program(), t.keys(), known.table));
    return choose(inputs, solver, timed, extents, experiments, known, progress);
  }

  /** What is known and what became of the programs. */
  private static final class Known {
    CostTable table;
    final Set<String> fresh = new HashSet<>();
    final Map<String, Double> measured = new LinkedHashMap<>();
    final List<String> skipped = new ArrayList<>();

    Known(CostTable table) {
      this.table = table;
    }
  }

  /**
   * The default program, which runs in turns with every other one: a machine that is slower for a
   * while makes both slower.
   */
  private final class Reference implements AutoCloseable {
    private final LoweredProgram program;
    private final Datum[] inputs;
    private final List<Measurement> open = new ArrayList<>(1);
    private final List<Double> latencies = new ArrayList<>();

    Reference(LoweredProgram program, Datum[] inputs) {
      this.program = program;
      this.inputs = inputs;
    }

    /** The measurement, warm and without samples. */
    Measurement fresh() {
      if (open.isEmpty()) {
        open.add(new Measurement(program, team, inputs));
        open.getFirst().warm(WARM_SECONDS);
      }
      keepLatencies();
      open.getFirst().forget();
      return open.getFirst();
    }

    private void keepLatencies() {
      DoubleStream.of(open.getFirst().totals()).forEach(latencies::add);
    }

    /** Gives what was measured now the speed that the machine usually had meanwhile. */
    void calibrate(Known known) throws IOException {
      if (!known.measured.containsKey(Variation.USUAL.name())) {
        return;
      }
      keepLatencies();
      Calibration calibration =
          Calibration.of(known.measured.get(Variation.USUAL.name()), latencies);
      Map<String, CostTable.Cost> costs = new HashMap<>();
      known.fresh.forEach(k -> costs.put(k, calibration.of(known.table.costs().get(k))));
      known.measured.replaceAll((_, seconds) -> seconds * calibration.factor());
      CostTable calibrated = new CostTable(costs, Map.of());
      known.table = file.add(calibrated).with(known.table).with(calibrated);
    }

    @Override
    public void close() {
      open.forEach(Measurement::close);
    }
  }

  private void measure(
      Datum[] inputs, Variation variation, LoweredProgram program, Known known, Reference reference)
      throws IOException {
    Measurement usual = reference.fresh();
    Map<String, CostTable.Cost> fresh = new HashMap<>();
    if (variation.equals(Variation.USUAL)) {
      usual.run(RUN_SECONDS);
      fresh.putAll(usual.costs());
      fresh.put(overhead(), usual.overhead());
      known.measured.put(variation.name(), Measurement.median(usual.totals()));
    } else {
      try (Measurement other = new Measurement(program, team, inputs)) {
        other.warm(WARM_SECONDS);
        other.runInTurns(usual, RUN_SECONDS);
        fresh.putAll(PairedCosts.with(usual, known.table).of(other));
        double ratio = PairedCosts.ratio(usual, other).seconds();
        double then = usual.costSum(known.table.costs()) + rest(known.table);
        known.measured.put(variation.name(), ratio * then);
      }
    }
    fresh.keySet().removeAll(known.table.costs().keySet());
    known.fresh.addAll(fresh.keySet());
    known.table = file.add(new CostTable(fresh, Map.of())).with(known.table);
  }

  /** The key of what a run takes besides its steps. */
  private String overhead() {
    return restKey(key(graph, target, lowerings, fuse, team.size()));
  }

  /** Seconds of a run besides its steps. */
  private double rest(CostTable table) {
    return table.cost(overhead()).map(CostTable.Cost::seconds).orElse(0.0);
  }

  static String restKey(String modelKey) {
    return "run-" + modelKey;
  }

  private LoweredProgram lower(LoweredProgram usual, Decisions decisions) {
    return Lowerer.vary(usual, lowerings, fuse, decisions);
  }

  private static int copies(LoweredProgram program) {
    return (int)
        program.steps().stream()
            .filter(
                s ->
                    s.nodes().stream()
                        .allMatch(
                            n ->
                                n.op() instanceof Movement.Transpose
                                    || n.op() instanceof Movement.Reshape))
            .count();
  }

  /**
   * Writes a table that holds one choice for this model and nothing else, for loads that are to use
   * it.
   *
   * @param path must not exist
   * @throws IOException if it cannot be written
   */
  public void export(Path path, Combination combination) throws IOException {
    CostTable.Choice choice =
        new CostTable.Choice(
            combination.layout(),
            combination.predicted(),
            combination.predicted(),
            combination.predicted(),
            combination.decisions());
    String key = key(graph, target, lowerings, fuse, team.size());
    new CostFile(path, Machine.here(target)).add(CostTable.EMPTY.with(key, choice));
  }

  private Result choose(
      Datum[] inputs,
      String wanted,
      List<Timed> timed,
      ToLongFunction<Dim> extents,
      Experiments experiments,
      Known known,
      Progress progress)
      throws IOException {
    double rest = rest(known.table);
    Alternatives alternatives = new Alternatives(timed, true, true, extents);
    LayoutProblem problem = alternatives.problem();
    Map<String, LayoutSolution> solutions = new LinkedHashMap<>();
    SequenceSolver.Trace trace = new SequenceSolver().trace(problem);
    solutions.put("default", new DefaultSolver().solve(problem));
    solutions.put("sequence", trace.solution());
    solutions.put("global", new GlobalSolver(SEARCH).solve(problem));
    LoweredProgram usual = timed.getFirst().program();
    Map<Decisions, Integer> copied = new HashMap<>();
    timed.forEach(t -> copied.put(t.variation().decisions(), copies(t.program())));
    ToIntFunction<Decisions> copies =
        d -> copied.computeIfAbsent(d, missing -> copies(lower(usual, missing)));
    List<Combination> combinations =
        new Combinations(rest, copies).of(timed, extents, alternatives, solutions);
    String key = key(graph, target, lowerings, fuse, team.size());
    List<Combination> tried = Verification.tried(wanted, combinations);
    Optional<CostTable.Choice> before = known.table.choice(key);
    CostTable.Choice choice;
    if (known.measured.isEmpty()
        && before.isPresent()
        && (wanted.equals("best")
            || before.get().decisions().equals(tried.getLast().decisions()))) {
      choice = before.get();
    } else {
      progress.begins(timed.size(), timed.size() + 1, "the choice");
      Verification.Outcome outcome =
          new Verification(d -> lower(usual, d), team, inputs, known.table)
              .run(tried, wanted.equals("best"), WARM_SECONDS, rest);
      choice = outcome.choice();
      file.add(new CostTable(outcome.costs(), Map.of(key, choice)));
    }
    return new Result(
        key,
        choice,
        problem,
        solutions,
        Optional.of(trace),
        new Counts(experiments.existing(), experiments.promising(), alternatives.measured()),
        combinations,
        alternatives.measured(""),
        known.measured,
        known.skipped);
  }
}
