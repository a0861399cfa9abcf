package fluidml.memory;

import java.util.List;

/**
 * Tries planners from cheap to dear and takes the first that meets the lower bound, else the best;
 * the plan carries the name of the planner that made it.
 *
 * @param name the portfolio's name
 * @param members planners in order of cost
 * @param searchNodes states that branch and bound may look at when no member meets the bound
 */
record PortfolioPlanner(String name, List<MemoryPlanner> members, long searchNodes)
    implements MemoryPlanner {
  @Override
  public MemoryPlan plan(MemoryProblem problem) {
    // Alignment may cost up to one grain over the bound however the buffers are placed.
    long goal = problem.lowerBound() + problem.spans().grain - 1;
    MemoryPlan best = members.getFirst().plan(problem);
    for (int i = 1; i < members.size() && best.arenaBytes() > goal; i++) {
      MemoryPlan next = members.get(i).plan(problem);
      best = next.arenaBytes() < best.arenaBytes() ? next : best;
    }
    if (best.arenaBytes() > goal && searchNodes > 0) {
      ExactPlanner.Limits limits = ExactPlanner.Limits.ofNodes(searchNodes).withTarget(goal);
      best = new ExactPlanner(limits).improve(problem, best).plan();
    }
    return best;
  }
}
