package fluidml.tune;

import fluidml.layout.DefaultSolver;
import fluidml.layout.GlobalSolver;
import fluidml.layout.LayoutSolution;
import fluidml.layout.LayoutSolver;
import fluidml.layout.SequenceSolver;
import fluidml.lower.Decisions;
import fluidml.tensor.Dim;
import fluidml.tune.Tuner.Combination;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;
import java.util.function.ToLongFunction;

/** What is chosen if only layouts, only loops, or both may be chosen. */
final class Combinations {
  private static final Duration SEARCH = Duration.ofSeconds(1);

  /** Values lie elsewhere than by default only if that saves this part of a run, or it is noise. */
  private static final double WORTH = 0.01;

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
    Combination usual = combination("default", false, timed.getFirst().total(), Decisions.NONE);
    LayoutSolution freeLoops = noWorse(new GlobalSolver(SEARCH).solve(loops.problem()), loops);
    Decisions ways = loops.decisions(freeLoops);
    Combination reordered = combination("default", true, freeLoops.cost(), ways);
    all.add(usual);
    all.add(reordered);
    for (LayoutSolver solver : List.of(new SequenceSolver(), new GlobalSolver(SEARCH))) {
      all.add(moved(solver.name(), solver.solve(fixed.problem()), fixed, usual));
      all.add(moved(solver.name(), solutions.get(solver.name()), both, reordered));
    }
    timed.stream()
        .filter(t -> t.variation().name().equals(Experiments.ROW_MAJOR))
        .forEach(
            t -> {
              double seconds = t.total();
              double gain = timed.getFirst().total() - freeLoops.cost();
              Decisions decisions = t.variation().decisions();
              Decisions lying = new Decisions(ways.tiles(), decisions.orders(), ways.algorithms());
              all.addFirst(combination(Experiments.ROW_MAJOR, true, seconds - gain, lying));
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

  /** A solution, or the default if that costs less. */
  private static LayoutSolution noWorse(LayoutSolution solution, Alternatives alternatives) {
    LayoutSolution usual = new DefaultSolver().solve(alternatives.problem());
    return solution.cost() <= usual.cost() ? solution : usual;
  }

  /** What a solver says, or what can be had with the layouts of the default if it gains little. */
  private Combination moved(
      String solver, LayoutSolution solution, Alternatives alternatives, Combination unmoved) {
    double seconds = unmoved.predicted() - rest;
    return solution.cost() < seconds * (1 - WORTH)
        ? combination(solver, unmoved.loops(), solution.cost(), alternatives.decisions(solution))
        : combination(solver, unmoved.loops(), seconds, unmoved.decisions());
  }
}
