package fluidml.memory;

/**
 * Optimium's memory planning: walk the execution order; the allocation table holds the memory
 * ranges in use at the current step, and a buffer that is not in it yet replaces one that is no
 * longer referenced. The free range that fits best is taken; otherwise the buffer that ends highest
 * grows the arena. Compared with first fit over the whole lifespan this looks at the present only,
 * so it costs next to nothing. Problems with fixed offsets need the future too; there each buffer
 * is fitted over its whole lifespan, in the same order. {@link MemoryTables} shows both tables of
 * any plan.
 */
record TablePlanner() implements MemoryPlanner {
  @Override
  public String name() {
    return "tables";
  }

  @Override
  public MemoryPlan planBlocks(MemoryProblem problem) {
    Lifespans spans = problem.spans();
    if (spans.anyFixed()) {
      return new GreedyPlanner(name(), BufferOrder.BIRTH, Placement.Fit.BEST).planBlocks(problem);
    }
    int n = problem.count();
    Table table = new Table(problem);
    int[] births = BufferOrder.BIRTH.of(problem);
    int dead = 0;
    for (int i : births) {
      while (dead < n && spans.upper[spans.byUpper[dead]] <= spans.lower[i]) {
        table.remove(spans.byUpper[dead++]);
      }
      table.insert(i);
    }
    return new MemoryPlan(name(), table.offset, table.arena);
  }

  /** The allocation table: the live buffers by offset. */
  private static final class Table {
    private final long[] bytes;
    private final long[] alignment;
    private final long[] offset;
    private final int[] live;
    private int count;
    private long arena;

    Table(MemoryProblem problem) {
      bytes = problem.sizes();
      alignment = problem.spans().alignment;
      offset = new long[bytes.length];
      live = new int[bytes.length];
    }

    void remove(int i) {
      int kept = 0;
      for (int k = 0; k < count; k++) {
        if (live[k] != i) {
          live[kept++] = live[k];
        }
      }
      count = kept;
    }

    void insert(int i) {
      if (bytes[i] == 0) {
        return;
      }
      long cursor = 0;
      long bestOffset = -1;
      long bestGap = Long.MAX_VALUE;
      int bestAt = 0;
      for (int k = 0; k <= count; k++) {
        long low = k < count ? offset[live[k]] : Math.max(arena, cursor);
        long candidate = MemoryProblem.alignUp(cursor, alignment[i]);
        if (low - candidate >= bytes[i] && low - cursor < bestGap) {
          bestOffset = candidate;
          bestGap = low - cursor;
          bestAt = k;
        }
        if (k < count) {
          cursor = low + bytes[live[k]];
        }
      }
      if (bestOffset < 0) {
        bestOffset = MemoryProblem.alignUp(cursor, alignment[i]);
        bestAt = count;
      }
      offset[i] = bestOffset;
      arena = Math.max(arena, bestOffset + bytes[i]);
      System.arraycopy(live, bestAt, live, bestAt + 1, count - bestAt);
      live[bestAt] = i;
      count++;
    }
  }
}
