package fluidml.memory;

/**
 * Improves a placement order step by step: a buffer that touches the top of the arena is moved to a
 * random earlier place in the order, everything is placed again, and the new order is kept unless
 * the arena grew. Deterministic: the random numbers depend on nothing.
 *
 * <p>Placement stops as soon as it exceeds the best so far, so most steps cost a fraction of a
 * greedy plan.
 */
final class OrderSearch {
  private final MemoryProblem problem;
  private final Placement placement;
  private final Placement.Fit fit;
  private final int[] order;
  private final int[] trial;
  private final long[] offset;
  private long arena;
  private long seed = 0x9E3779B97F4A7C15L;

  OrderSearch(MemoryProblem problem, BufferOrder start, Placement.Fit fit) {
    this.problem = problem;
    this.fit = fit;
    placement = new Placement(problem);
    order = start.of(problem);
    trial = order.clone();
    offset = new long[order.length];
    placement.placeAll(order, fit, Long.MAX_VALUE);
    accept();
  }

  /** Runs up to {@code steps} steps, fewer once the arena is not above {@code goal}. */
  void run(int steps, long goal) {
    for (int step = 0; step < steps && arena > goal; step++) {
      System.arraycopy(order, 0, trial, 0, order.length);
      int from = pickAtTop();
      if (from == 0) {
        return;
      }
      move(trial, from, random(from));
      if (random(4) == 0) {
        int other = 1 + random(order.length - 1);
        move(trial, other, random(other));
      }
      placement.reset();
      if (placement.placeAll(trial, fit, arena)) {
        System.arraycopy(trial, 0, order, 0, order.length);
        accept();
      }
    }
  }

  MemoryPlan toPlan(String planner) {
    return new MemoryPlan(planner, offset, arena);
  }

  private void accept() {
    arena = placement.arena();
    for (int i = 0; i < offset.length; i++) {
      offset[i] = placement.offset(i);
    }
  }

  /** Returns the position in the order of a random buffer that ends at the top. */
  private int pickAtTop() {
    int found = 0;
    int seen = 0;
    for (int at = 0; at < order.length; at++) {
      if (offset[order[at]] + problem.bytes(order[at]) == arena && random(++seen) == 0) {
        found = at;
      }
    }
    return found;
  }

  private static void move(int[] order, int from, int to) {
    int moved = order[from];
    System.arraycopy(order, to, order, to + 1, from - to);
    order[to] = moved;
  }

  private int random(int bound) {
    seed ^= seed << 13;
    seed ^= seed >>> 7;
    seed ^= seed << 17;
    return (int) Long.remainderUnsigned(seed, bound);
  }
}
