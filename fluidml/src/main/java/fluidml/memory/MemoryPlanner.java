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
  MemoryPlan plan(MemoryProblem problem);
}
