package fluidml.memory;

import java.util.List;

/**
 * Tries planners from cheap to dear and takes the first that meets the lower bound, else the best;
 * the plan carries the name of the planner that made it. Planners that walk all buffers live
 * together are left out where that is too many. Of more than a thousand buffers, a plan that is not
 * close to the bound is lowered by an {@link EjectionPlanner}.
 *
 * @param name the portfolio's name
 * @param greedy planners that place one buffer after the other, in order of cost
 * @param valleys planners whose time does not depend on how many buffers are live together
 * @param searchNodes states that branch and bound may look at when no member meets the bound
 */
record PortfolioPlanner(
    String name, List<MemoryPlanner> greedy, List<MemoryPlanner> valleys, long searchNodes)
    implements MemoryPlanner {
  /** Pairs of buffers a greedy planner may look at, some tenths of a second. */
  private static final long MOST_PAIRS = 30_000_000;

  /** Up to this many buffers, who asks for no search wants a plan in less than a millisecond. */
  private static final int SMALL = 1000;

  /** Beyond this many buffers a short search does not get to the end of a single plan. */
  private static final int MOST_SEARCHED = 4000;

  /** So near to the bound a plan is low enough for who asks for no search. */
  private static final double CLOSE = 1.02;

  private static final EjectionPlanner EJECTION = new EjectionPlanner("ejection");

  @Override
  public MemoryPlan planBlocks(MemoryProblem problem) {
    long goal = problem.goal();
    boolean crowded = problem.spans().greedyPairs() > MOST_PAIRS;
    MemoryPlan best = (crowded ? valleys : greedy).getFirst().planBlocks(problem);
    if (!crowded) {
      best = first(greedy, problem, goal, best);
    }
    boolean brief = searchNodes == 0 && problem.count() <= SMALL;
    best = first(brief ? valleys.subList(0, 1) : valleys, problem, goal, best);
    if (problem.count() > SMALL) {
      long close = Math.max(goal, (long) (CLOSE * problem.lowerBound()));
      best = EJECTION.lower(problem, best, close);
      best = searchNodes > 0 ? EJECTION.lower(problem, best) : best;
    }
    if (best.arenaBytes() > goal && searchNodes > 0 && problem.count() <= MOST_SEARCHED) {
      ExactPlanner.Limits limits = ExactPlanner.Limits.ofNodes(searchNodes).withTarget(goal);
      best = new ExactPlanner(limits).improve(problem, best).plan();
    }
    return best;
  }

  private static MemoryPlan first(
      List<MemoryPlanner> planners, MemoryProblem problem, long goal, MemoryPlan start) {
    MemoryPlan best = start;
    for (int i = 0; i < planners.size() && best.arenaBytes() > goal; i++) {
      if (planners.get(i).name().equals(best.planner())) {
        continue;
      }
      MemoryPlan next = planners.get(i).planBlocks(problem);
      best = next.arenaBytes() < best.arenaBytes() ? next : best;
    }
    return best;
  }
}
