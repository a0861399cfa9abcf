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
import java.util.function.ToIntFunction;
import java.util.function.ToLongFunction;

/** What is chosen if only layouts, only loops, or both may be chosen. */
final class Combinations {
  private static final Duration SEARCH = Duration.ofSeconds(1);

  private final double rest;
  private final ToIntFunction<Decisions> copies;

  /**
   * Combinations of one graph.
   *
   * @param rest seconds of a run besides its steps
   * @param copies how many steps only bring a value into another layout
   */
  Combinations(double rest, ToIntFunction<Decisions> copies) {
    this.rest = rest;
    this.copies = copies;
  }

  private Combination combination(
      String layout, boolean loops, double seconds, Decisions decisions) {
    return new Combination(layout, loops, seconds + rest, decisions, copies.applyAsInt(decisions));
  }

  /** All combinations of layouts and loops. */
  List<Combination> of(
      List<Timed> timed,
      ToLongFunction<Dim> extents,
      Alternatives both,
      Map<String, LayoutSolution> solutions) {
    Alternatives fixed = new Alternatives(timed, true, false, extents);
    Alternatives loops = new Alternatives(timed, false, true, extents);
    List<Combination> all = new ArrayList<>();
    all.add(combination("default", false, sum(timed.getFirst().seconds()), Decisions.NONE));
    LayoutSolution freeLoops = solve(new GlobalSolver(SEARCH), loops.problem());
    Decisions ways = loops.decisions(freeLoops);
    all.add(combination("default", true, freeLoops.cost(), ways));
    for (LayoutSolver solver : List.of(new SequenceSolver(), new GlobalSolver(SEARCH))) {
      LayoutSolution solution = solve(solver, fixed.problem());
      all.add(combination(solver.name(), false, solution.cost(), fixed.decisions(solution)));
      LayoutSolution free = noWorse(solutions.get(solver.name()), both.problem());
      all.add(combination(solver.name(), true, free.cost(), both.decisions(free)));
    }
    timed.stream()
        .filter(t -> t.variation().name().equals(Experiments.ROW_MAJOR))
        .forEach(
            t -> {
              double seconds = sum(t.seconds());
              double gain = sum(timed.getFirst().seconds()) - freeLoops.cost();
              Decisions decisions = t.variation().decisions();
              Decisions reordered =
                  new Decisions(ways.tiles(), decisions.orders(), ways.algorithms());
              all.addFirst(combination(Experiments.ROW_MAJOR, true, seconds - gain, reordered));
              all.addFirst(combination(Experiments.ROW_MAJOR, false, seconds, decisions));
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
