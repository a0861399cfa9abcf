package fluidml.memory;

/** Chooses an offset for every buffer. Implementations are stateless and deterministic. */
public interface MemoryPlanner {
  /** Returns the name that plans carry and people select the planner by. */
  String name();

  /**
   * Returns a plan that passes {@link PlanValidator#check}, unless fixed offsets clash already.
   *
   * @param problem the buffers
   */
  default MemoryPlan plan(MemoryProblem problem) {
    return problem.ofBlocks(planBlocks(problem.blocks()));
  }

  /**
   * Returns a plan like {@link #plan} does.
   *
   * @param problem buffers without aliases
   */
  MemoryPlan planBlocks(MemoryProblem problem);
}
