package fluidml.tune;

import fluidml.error.InvalidInputException;
import fluidml.error.VerificationException;
import fluidml.graph.Graph;
import fluidml.layout.DefaultSolver;
import fluidml.layout.GlobalSolver;
import fluidml.layout.LayoutProblem;
import fluidml.layout.LayoutSolution;
import fluidml.layout.LayoutSolver;
import fluidml.layout.SequenceSolver;
import fluidml.loop.Target;
import fluidml.lower.Decisions;
import fluidml.lower.LoweredProgram;
import fluidml.lower.Lowerer;
import fluidml.lower.Lowering;
import fluidml.reference.Datum;
import fluidml.vm.InputShapes;
import fluidml.vm.ThreadTeam;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Measures the ways to run the kernels of a graph, chooses for the whole graph, and keeps both in a
 * {@link CostFile}. Costs are kept after every program that was measured, so that an end at any
 * moment loses one program's at most.
 */
public final class Tuner {
  private static final double WARM_SECONDS = 0.7;
  private static final double RUN_SECONDS = 1.5;
  private static final Duration SEARCH = Duration.ofSeconds(2);
  private static final int FINAL_ROUNDS = 15;

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
   * What came out.
   *
   * @param key of the model in the cost table
   * @param choice what is used from now on
   * @param problem what was chosen from, in seconds
   * @param solutions by solver
   * @param trace how the sequence solver went
   * @param variants existing besides the defaults
   * @param programs measured now, in seconds; empty if everything was known
   * @param skipped programs for which the time was too short
   */
  public record Result(
      String key,
      CostTable.Choice choice,
      LayoutProblem problem,
      Map<String, LayoutSolution> solutions,
      Optional<SequenceSolver.Trace> trace,
      int variants,
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
    CostTable table = file.read();
    Map<String, Long> symbols = InputShapes.solve(graph, inputs);
    CallKey keys = new CallKey(d -> d.evaluate(symbols::get), team.size());
    List<Variation> variations = Variation.of(graph, target);
    List<Alternatives.Timed> timed = new ArrayList<>();
    Map<String, Double> measured = new LinkedHashMap<>();
    List<String> skipped = new ArrayList<>();
    long longest = 0;
    for (int i = 0; i < variations.size(); i++) {
      Variation variation = variations.get(i);
      LoweredProgram program = lower(variation.decisions());
      List<String> names = program.steps().stream().map(keys::of).toList();
      if (!table.costs().keySet().containsAll(names)) {
        if (i > 0 && System.nanoTime() + longest > end) {
          skipped.add(variation.name());
          continue;
        }
        progress.begins(i, variations.size() + 1, variation.name());
        long begin = System.nanoTime();
        try (Measurement measurement = new Measurement(program, team, inputs)) {
          measurement.warm(WARM_SECONDS);
          measurement.run(RUN_SECONDS);
          Map<String, CostTable.Cost> fresh = new HashMap<>(measurement.costs());
          fresh.keySet().removeAll(table.costs().keySet());
          table = file.add(new CostTable(fresh, Map.of())).with(table);
          measured.put(variation.name(), Measurement.median(measurement.totals()));
        }
        longest = Math.max(longest, System.nanoTime() - begin);
      }
      CostTable known = table;
      timed.add(
          new Alternatives.Timed(
              variation,
              program,
              names.stream().mapToDouble(n -> known.costs().get(n).seconds()).toArray()));
    }
    return choose(inputs, solver, table, timed, measured, skipped, progress);
  }

  private LoweredProgram lower(Decisions decisions) {
    return Lowerer.lower(graph, target, lowerings, fuse, decisions);
  }

  private Result choose(
      Datum[] inputs,
      String wanted,
      CostTable table,
      List<Alternatives.Timed> timed,
      Map<String, Double> measured,
      List<String> skipped,
      Progress progress)
      throws IOException {
    Alternatives alternatives = new Alternatives(timed);
    LayoutProblem problem = alternatives.problem();
    Map<String, LayoutSolution> solutions = new LinkedHashMap<>();
    Optional<SequenceSolver.Trace> trace = Optional.empty();
    for (LayoutSolver solver :
        List.of(new DefaultSolver(), new SequenceSolver(), new GlobalSolver(SEARCH))) {
      try {
        if (solver instanceof SequenceSolver sequence) {
          trace = Optional.of(sequence.trace(problem));
          solutions.put(solver.name(), trace.get().solution());
        } else {
          solutions.put(solver.name(), solver.solve(problem));
        }
      } catch (VerificationException e) {
        // Values of this graph cannot be converted; a vote that needs it gives no choice.
        solutions.remove(solver.name());
      }
    }
    String key = key(graph, target, lowerings, fuse, team.size());
    String solver = wanted.equals("best") ? "global" : wanted;
    LayoutSolution solution = solutions.getOrDefault(solver, solutions.get("default"));
    Decisions decisions = alternatives.decisions(solution);
    Optional<CostTable.Choice> before = table.choice(key);
    CostTable.Choice choice;
    if (measured.isEmpty()
        && before.isPresent()
        && (before.get().decisions().equals(decisions) || wanted.equals("best"))) {
      choice = before.get();
    } else {
      progress.begins(timed.size(), timed.size() + 1, "the choice");
      choice = verified(inputs, solution, decisions, wanted.equals("best"));
      file.add(CostTable.EMPTY.with(key, choice));
    }
    return new Result(
        key, choice, problem, solutions, trace, alternatives.existing(), measured, skipped);
  }

  /** The choice, if it measures no worse than the default; both run in turns. */
  private CostTable.Choice verified(
      Datum[] inputs, LayoutSolution solution, Decisions decisions, boolean elseDefault) {
    LoweredProgram usual = lower(Decisions.NONE);
    try (Measurement first = new Measurement(usual, team, inputs)) {
      first.warm(WARM_SECONDS);
      if (decisions.equals(Decisions.NONE)) {
        first.run(RUN_SECONDS);
        double seconds = Measurement.median(first.totals());
        return new CostTable.Choice("default", solution.cost(), seconds, seconds, decisions);
      }
      try (Measurement second = new Measurement(lower(decisions), team, inputs)) {
        second.warm(WARM_SECONDS);
        for (int i = 0; i < FINAL_ROUNDS; i++) {
          first.once(true);
          second.once(true);
        }
        double before = Measurement.median(first.totals());
        double after = Measurement.median(second.totals());
        return after > before && elseDefault
            ? new CostTable.Choice("default", solution.cost(), before, before, Decisions.NONE)
            : new CostTable.Choice(solution.solver(), solution.cost(), after, before, decisions);
      }
    }
  }
}
