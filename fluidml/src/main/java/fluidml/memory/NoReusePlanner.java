package fluidml.memory;

/** The baseline: every buffer has bytes of its own, so the arena is the sum of all sizes. */
record NoReusePlanner() implements MemoryPlanner {
  @Override
  public String name() {
    return "no-reuse";
  }

  @Override
  public MemoryPlan planBlocks(MemoryProblem problem) {
    int n = problem.count();
    long[] offset = new long[n];
    long end = 0;
    for (int i = 0; i < n; i++) {
      if (problem.fixedOffset(i) != MemoryProblem.FREE) {
        offset[i] = problem.fixedOffset(i);
        end = Math.max(end, offset[i] + problem.bytes(i));
      }
    }
    for (int i = 0; i < n; i++) {
      if (problem.fixedOffset(i) == MemoryProblem.FREE) {
        offset[i] = MemoryProblem.alignUp(end, problem.alignment(i));
        end = offset[i] + problem.bytes(i);
      }
    }
    return new MemoryPlan(name(), offset, end);
  }
}
