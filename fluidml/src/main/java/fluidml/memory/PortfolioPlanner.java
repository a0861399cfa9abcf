package fluidml.memory;

import java.util.List;

/**
 * Tries planners from cheap to dear and takes the first that meets the lower bound, else the best;
 * the plan carries the name of the planner that made it.
 *
 * @param name the portfolio's name
 * @param members planners in order of cost
 * @param searchSteps steps of {@link OrderSearch} from each start when no member meets the bound
 */
record PortfolioPlanner(String name, List<MemoryPlanner> members, int searchSteps)
    implements MemoryPlanner {
  private static final List<BufferOrder> STARTS =
      List.of(BufferOrder.SIZE, BufferOrder.BIRTH, BufferOrder.BREADTH);

  @Override
  public MemoryPlan plan(MemoryProblem problem) {
    // Alignment may cost up to one grain over the bound however the buffers are placed.
    long goal = problem.lowerBound() + problem.spans().grain - 1;
    MemoryPlan best = members.getFirst().plan(problem);
    for (int i = 1; i < members.size() && best.arenaBytes() > goal; i++) {
      best = smaller(best, members.get(i).plan(problem));
    }
    if (problem.count() == 0) {
      return best;
    }
    for (BufferOrder start : STARTS) {
      if (searchSteps > 0 && best.arenaBytes() > goal) {
        OrderSearch search = new OrderSearch(problem, start, Placement.Fit.FIRST);
        search.run(searchSteps, goal);
        best = smaller(best, search.toPlan("order-search"));
      }
    }
    return best;
  }

  private static MemoryPlan smaller(MemoryPlan a, MemoryPlan b) {
    return b.arenaBytes() < a.arenaBytes() ? b : a;
  }
}
