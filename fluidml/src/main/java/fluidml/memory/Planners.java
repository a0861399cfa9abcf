package fluidml.memory;

import fluidml.error.InvalidInputException;
import java.util.ArrayList;
import java.util.List;

/** All planners by name, and the portfolios that choose among them. */
public final class Planners {
  /** States looked at in {@link #thorough()}; some milliseconds on hundreds of buffers. */
  private static final long THOROUGH_NODES = 20_000;

  /** Beyond this many buffers some rounds of valleys cost less than the search they save. */
  private static final int MANY = 1000;

  /** States looked at in {@link #exact()}; seconds on hundreds of buffers. */
  private static final long EXACT_NODES = 500_000;

  private Planners() {}

  /** Returns the baseline without reuse: the arena is the sum of all sizes. */
  public static MemoryPlanner noReuse() {
    return new NoReusePlanner();
  }

  /** Returns Optimium's tables: walk the execution order, replace what is no longer referenced. */
  public static MemoryPlanner tables() {
    return new TablePlanner();
  }

  /** Returns first fit: buffers by birth, each in the lowest gap that is free over its lifespan. */
  public static MemoryPlanner firstFit() {
    return new GreedyPlanner("first-fit", BufferOrder.BIRTH, Placement.Fit.FIRST);
  }

  /**
   * Returns greedy by size: largest first, each in the smallest gap among the buffers that overlap
   * it in time (Pisarchyk and Lee, 2020, algorithm 3; as FluidML uses it).
   */
  public static MemoryPlanner greedyBySize() {
    return new GreedyPlanner("greedy-by-size", BufferOrder.SIZE, Placement.Fit.BEST);
  }

  /**
   * Returns greedy by breadth: the steps with most live bytes first, within a step the largest
   * buffer first (Pisarchyk and Lee, 2020, algorithm 2).
   */
  public static MemoryPlanner greedyByBreadth() {
    return new GreedyPlanner("greedy-by-breadth", BufferOrder.BREADTH, Placement.Fit.BEST);
  }

  /**
   * Returns the portfolio for binding: greedy and valley planners from cheap to dear until one
   * meets the lower bound, else the best of them; of more than a thousand buffers, it is lowered by
   * ejection chains if it is not within 2 % of the bound. A few hundred microseconds at most on
   * hundreds of buffers, some seconds on a hundred thousand.
   */
  public static MemoryPlanner fast() {
    return new PortfolioPlanner("fast", greedy(), ValleyPlanner.all(), 0);
  }

  /**
   * Returns the portfolio for plans that are worth some milliseconds: {@link #fast()}, then several
   * rounds of filling valleys, then ejection chains or a short branch and bound, until one meets
   * the lower bound.
   */
  public static MemoryPlanner thorough() {
    return thorough(THOROUGH_NODES);
  }

  /**
   * Returns {@link #thorough()} with another limit.
   *
   * @param searchNodes states that branch and bound may look at
   */
  public static MemoryPlanner thorough(long searchNodes) {
    return new PortfolioPlanner("thorough", greedy(), valleys(), searchNodes);
  }

  /**
   * Returns branch and bound to the optimum, with a generous but finite number of states so that
   * its plans are reproducible; {@link ExactPlanner} has other limits and tells what was proven.
   */
  public static ExactPlanner exact() {
    return exact(ExactPlanner.Limits.ofNodes(EXACT_NODES));
  }

  /**
   * Returns branch and bound to the optimum.
   *
   * @param limits when to stop
   */
  public static ExactPlanner exact(ExactPlanner.Limits limits) {
    return new ExactPlanner(limits);
  }

  private static List<MemoryPlanner> greedy() {
    return List.of(
        greedyBySize(),
        tables(),
        firstFit(),
        greedyByBreadth(),
        new GreedyPlanner("greedy-by-size-low", BufferOrder.SIZE, Placement.Fit.FIRST),
        new GreedyPlanner("greedy-by-duration", BufferOrder.DURATION, Placement.Fit.FIRST),
        new GreedyPlanner("greedy-by-birth", BufferOrder.BIRTH, Placement.Fit.BEST));
  }

  private static List<MemoryPlanner> valleys() {
    List<MemoryPlanner> valleys = new ArrayList<>(ValleyPlanner.all());
    valleys.addAll(ValleyPlanner.squeaky());
    return valleys;
  }

  /** Returns the best plan to start a search from: small problems are better searched at once. */
  static MemoryPlan start(MemoryProblem problem) {
    return (problem.count() > MANY ? thorough(0) : fast()).plan(problem);
  }

  /** Returns every planner, the baseline first and the portfolios last. */
  public static List<MemoryPlanner> all() {
    List<MemoryPlanner> all = new ArrayList<>();
    all.add(noReuse());
    all.addAll(greedy());
    all.addAll(valleys());
    all.add(new EjectionPlanner("ejection"));
    all.add(fast());
    all.add(thorough());
    all.add(exact());
    return List.copyOf(all);
  }

  /**
   * Returns the planner with a name.
   *
   * @param name one of the names in {@link #all}
   * @throws InvalidInputException listing the names if there is none
   */
  public static MemoryPlanner named(String name) {
    for (MemoryPlanner planner : all()) {
      if (planner.name().equals(name)) {
        return planner;
      }
    }
    throw new InvalidInputException(
        name, "no such planner; there are " + all().stream().map(MemoryPlanner::name).toList());
  }
}
