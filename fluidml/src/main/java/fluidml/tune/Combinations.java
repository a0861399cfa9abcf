package fluidml.tune;

import fluidml.layout.DefaultSolver;
import fluidml.layout.GlobalSolver;
import fluidml.layout.LayoutProblem;
import fluidml.layout.LayoutSolution;
import fluidml.layout.LayoutSolver;
import fluidml.layout.SequenceSolver;
import fluidml.lower.Decisions;
import fluidml.tensor.Dim;
import fluidml.tune.Tuner.Combination;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;

/** What is chosen if only layouts, only loops, or both may be chosen. */
final class Combinations {
  private static final Duration SEARCH = Duration.ofSeconds(1);

  private Combinations() {}

  /**
   * All combinations of layouts and loops.
   *
   * @param both the problem in which both are free, with its solutions
   * @param rest seconds of a run besides its steps
   */
  static List<Combination> of(
      List<Timed> timed,
      ToLongFunction<Dim> extents,
      Alternatives both,
      Map<String, LayoutSolution> solutions,
      double rest) {
    Alternatives fixed = new Alternatives(timed, true, false, extents);
    Alternatives loops = new Alternatives(timed, false, true, extents);
    List<Combination> all = new ArrayList<>();
    all.add(
        new Combination("default", false, sum(timed.getFirst().seconds()) + rest, Decisions.NONE));
    LayoutSolution freeLoops = solve(new GlobalSolver(SEARCH), loops.problem());
    Decisions ways = loops.decisions(freeLoops);
    all.add(new Combination("default", true, freeLoops.cost() + rest, ways));
    for (LayoutSolver solver : List.of(new SequenceSolver(), new GlobalSolver(SEARCH))) {
      LayoutSolution solution = solve(solver, fixed.problem());
      all.add(
          new Combination(solver.name(), false, solution.cost() + rest, fixed.decisions(solution)));
      LayoutSolution free = noWorse(solutions.get(solver.name()), both.problem());
      all.add(new Combination(solver.name(), true, free.cost() + rest, both.decisions(free)));
    }
    timed.stream()
        .filter(t -> t.variation().name().equals(Experiments.ROW_MAJOR))
        .forEach(
            t -> {
              double seconds = sum(t.seconds()) + rest;
              double gain = sum(timed.getFirst().seconds()) - freeLoops.cost();
              Decisions decisions = t.variation().decisions();
              Decisions reordered =
                  new Decisions(ways.tiles(), decisions.orders(), ways.algorithms());
              all.addFirst(new Combination(Experiments.ROW_MAJOR, true, seconds - gain, reordered));
              all.addFirst(new Combination(Experiments.ROW_MAJOR, false, seconds, decisions));
            });
    return all;
  }

  /**
   * One of them.
   *
   * @throws java.util.NoSuchElementException if it does not exist
   */
  static Combination find(List<Combination> all, String layout, boolean loops) {
    return all.stream()
        .filter(c -> c.layout().equals(layout) && c.loops() == loops)
        .findFirst()
        .orElseThrow();
  }

  private static LayoutSolution solve(LayoutSolver solver, LayoutProblem problem) {
    return noWorse(solver.solve(problem), problem);
  }

  /** A solution, or the default if that costs less. */
  private static LayoutSolution noWorse(LayoutSolution solution, LayoutProblem problem) {
    LayoutSolution usual = new DefaultSolver().solve(problem);
    return solution.cost() <= usual.cost() ? solution : usual;
  }

  private static double sum(double[] seconds) {
    return Arrays.stream(seconds).sum();
  }
}
