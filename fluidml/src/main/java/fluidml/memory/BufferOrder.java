package fluidml.memory;

/** The sequence in which a greedy planner places the buffers. */
public enum BufferOrder {
  /** As the problem lists them. */
  GIVEN {
    @Override
    int[] of(MemoryProblem problem) {
      return Orders.identity(problem.count());
    }
  },

  /** By first step, larger first among those that start together. */
  BIRTH {
    @Override
    int[] of(MemoryProblem problem) {
      int[] order = problem.spans().byLower.clone();
      int[] lower = problem.spans().lower;
      long[] bytes = problem.sizes();
      Orders.sort(
          order,
          (a, b) ->
              lower[a] != lower[b]
                  ? Integer.compare(lower[a], lower[b])
                  : Long.compare(bytes[b], bytes[a]));
      return order;
    }
  },

  /** Largest first; among equals the longest lived, then the earliest. */
  SIZE {
    @Override
    int[] of(MemoryProblem problem) {
      long[] bytes = problem.sizes();
      int[] duration = durations(problem);
      int[] order = problem.spans().byLower.clone();
      Orders.sort(
          order,
          (a, b) ->
              bytes[a] != bytes[b]
                  ? Long.compare(bytes[b], bytes[a])
                  : Integer.compare(duration[b], duration[a]));
      return order;
    }
  },

  /** Longest lived first; among equals the largest. */
  DURATION {
    @Override
    int[] of(MemoryProblem problem) {
      long[] bytes = problem.sizes();
      int[] duration = durations(problem);
      int[] order = problem.spans().byLower.clone();
      Orders.sort(
          order,
          (a, b) ->
              duration[a] != duration[b]
                  ? Integer.compare(duration[b], duration[a])
                  : Long.compare(bytes[b], bytes[a]));
      return order;
    }
  },

  /** Largest product of bytes and steps first. */
  AREA {
    @Override
    int[] of(MemoryProblem problem) {
      long[] bytes = problem.sizes();
      int[] duration = durations(problem);
      double[] area = new double[bytes.length];
      for (int i = 0; i < area.length; i++) {
        area[i] = (double) bytes[i] * duration[i];
      }
      int[] order = problem.spans().byLower.clone();
      Orders.sort(order, (a, b) -> Double.compare(area[b], area[a]));
      return order;
    }
  },

  /**
   * Buffers live at the step with most live bytes first, then those of the next step, and so on;
   * within a step the largest first.
   */
  BREADTH {
    @Override
    int[] of(MemoryProblem problem) {
      long[] bytes = problem.sizes();
      long[] breadth = problem.breadths();
      int[] order = problem.spans().byLower.clone();
      Orders.sort(
          order,
          (a, b) ->
              breadth[a] != breadth[b]
                  ? Long.compare(breadth[b], breadth[a])
                  : Long.compare(bytes[b], bytes[a]));
      return order;
    }
  };

  abstract int[] of(MemoryProblem problem);

  private static int[] durations(MemoryProblem problem) {
    int[] lower = problem.spans().lower;
    int[] duration = problem.spans().upper.clone();
    for (int i = 0; i < duration.length; i++) {
      duration[i] -= lower[i];
    }
    return duration;
  }
}
