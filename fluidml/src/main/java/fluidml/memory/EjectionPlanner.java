package fluidml.memory;

import java.util.Optional;

/**
 * Lowers a plan by {@link EjectionSearch}, from one height to the next as long as that succeeds.
 *
 * @param name the planner's name
 */
record EjectionPlanner(String name) implements MemoryPlanner {
  /** Buffers that one search looks at, over n√n for n buffers. */
  private static final long WORK = 120;

  /** The most of them: 100,000 buffers and more. */
  private static final long MOST_WORK = 4_000_000_000L;

  @Override
  public MemoryPlan planBlocks(MemoryProblem problem) {
    return lower(problem, ValleyPlanner.all().getFirst().planBlocks(problem));
  }

  /**
   * Brings a plan to a height; if that fails, at least half the way.
   *
   * @param plan a valid one
   * @param goal the height in bytes
   * @return the plan itself if it cannot be lowered, or is low enough
   */
  MemoryPlan lower(MemoryProblem problem, MemoryPlan plan, long goal) {
    if (plan.arenaBytes() <= goal) {
      return plan;
    }
    long work = work(problem);
    return search(problem, plan, goal, work)
        .or(() -> search(problem, plan, middle(plan.arenaBytes(), goal), work / 4))
        .orElse(plan);
  }

  /**
   * Lowers a plan by half of what it is above the bound, again and again.
   *
   * @param plan a valid one
   */
  MemoryPlan lower(MemoryProblem problem, MemoryPlan plan) {
    long least = problem.goal();
    MemoryPlan best = plan;
    while (best.arenaBytes() > least) {
      long goal = middle(best.arenaBytes(), least);
      Optional<MemoryPlan> next = search(problem, best, goal, work(problem));
      if (next.isEmpty()) {
        return best;
      }
      best = next.get();
    }
    return best;
  }

  private Optional<MemoryPlan> search(
      MemoryProblem problem, MemoryPlan plan, long goal, long work) {
    return EjectionSearch.search(name, problem, plan, goal, work);
  }

  /** Half way down, at least one byte. */
  private static long middle(long from, long to) {
    return to + (from - to) / 2;
  }

  private static long work(MemoryProblem problem) {
    double n = problem.count();
    return (long) Math.min(MOST_WORK, WORK * n * Math.sqrt(n));
  }
}
