package fluidml.memory;

/**
 * Places one buffer after the other, each in a gap left by those placed before that overlap it in
 * time, or above them.
 *
 * @param name the planner's name
 * @param order the sequence of buffers
 * @param fit the gap that is taken
 */
record GreedyPlanner(String name, BufferOrder order, Placement.Fit fit) implements MemoryPlanner {
  @Override
  public MemoryPlan planBlocks(MemoryProblem problem) {
    Placement placement = new Placement(problem);
    placement.placeAll(order.of(problem), fit, Long.MAX_VALUE);
    return placement.toPlan(name);
  }
}
