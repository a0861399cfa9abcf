package fluidml.memory;

import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Brings a plan below a given height. What reaches beyond it is taken out; then, one after another,
 * a buffer that is out goes to where it is least in the way, and what lies there is out instead
 * (ejection chains, Glover, 1996), until nothing is. Buffers are weighed by size and lifespan, and
 * become heavier each time they are thrown out, so that trouble does not go round in circles
 * (breakout, Morris, 1993).
 *
 * <p>The same problem, plan and limits give the same result on every machine.
 */
final class EjectionSearch {
  /** A long lifespan makes a buffer hard to place, and so do many bytes. */
  private static final double LIFESPAN_POWER = 1.3;

  private static final double SIZE_POWER = 0.8;

  /** The largest weight; sums of all weights fit a long. */
  private static final long MOST = 1L << 40;

  /** Added to the weight of what has just been placed. */
  private static final long TABU = 1L << 45;

  /** For fewer than this many moves a buffer that was placed shall stay. */
  private static final int TENURE = 4;

  /** The heaviest of so many buffers that are out is placed next. */
  private static final int CANDIDATES = 4;

  private final MemoryProblem problem;
  private final long grain;
  private final int[] lower;
  private final int[] upper;
  private final long[] height;
  private final long[] offset;
  private final long[] weight;

  /** The move from which on a buffer may be thrown out without more ado. */
  private final long[] settled;

  private final long top;
  private final PlacedSpans placed;
  private final PlacedSpans.Hits hits;
  private final Random random = new Random(1);

  /** Buffers that are out. */
  private final int[] out;

  private int outCount;
  private long moves;

  /**
   * Takes out what reaches beyond a height.
   *
   * @param plan a valid one; none of the buffers has a fixed offset
   * @param arena the height in bytes
   */
  private EjectionSearch(MemoryProblem problem, MemoryPlan plan, long arena) {
    int n = problem.count();
    this.problem = problem;
    this.grain = problem.spans().grain;
    this.top = arena / grain;
    this.lower = IntStream.range(0, n).map(problem::lower).toArray();
    this.upper = IntStream.range(0, n).map(problem::upper).toArray();
    this.height = new long[n];
    this.offset = new long[n];
    this.weight = new long[n];
    this.settled = new long[n];
    this.out = new int[n];
    for (int i = 0; i < n; i++) {
      height[i] = Math.ceilDiv(problem.bytes(i), grain);
      offset[i] = plan.offset(i) / grain;
      double hard =
          StrictMath.pow((double) height[i], SIZE_POWER)
              * StrictMath.pow((double) upper[i] - lower[i], LIFESPAN_POWER);
      weight[i] = (long) Math.min(MOST, 1 + hard);
    }
    this.placed = new PlacedSpans(lower, upper, offset, height);
    this.hits = new PlacedSpans.Hits(n);
    int[] order = Orders.identity(n);
    Orders.sort(order, (a, b) -> Long.compare(offset[a], offset[b]));
    for (int i : order) {
      if (height[i] > 0 && end(i) > top) {
        out[outCount++] = i;
      } else if (height[i] > 0) {
        placed.put(i);
      }
    }
  }

  /**
   * Searches for a plan.
   *
   * @param name the planner's name
   * @param plan a valid one to start from
   * @param arena most bytes that the plan may take
   * @param work how many buffers may be looked at, at most
   * @return a plan if one is found
   */
  static Optional<MemoryPlan> search(
      String name, MemoryProblem problem, MemoryPlan plan, long arena, long work) {
    if (problem.spans().anyFixed()) {
      return Optional.empty();
    }
    EjectionSearch search = new EjectionSearch(problem, plan, arena);
    boolean possible = Arrays.stream(search.height).allMatch(h -> h <= search.top);
    return possible && search.run(work) ? Optional.of(search.toPlan(name)) : Optional.empty();
  }

  private boolean run(long work) {
    long left = work;
    while (outCount > 0 && left > 0) {
      moves++;
      int at = choose();
      int buffer = out[at];
      placed.find(buffer, hits);
      left -= 1 + hits.seen;
      long place = leastInTheWay(buffer);
      if (place >= 0) {
        out[at] = out[--outCount];
        eject(buffer, place);
        offset[buffer] = place;
        placed.put(buffer);
        settled[buffer] = moves + random.nextInt(TENURE);
      }
    }
    return outCount == 0;
  }

  /** Returns where in {@link #out} a heavy buffer is. */
  private int choose() {
    int best = random.nextInt(outCount);
    for (int k = 1; k < CANDIDATES; k++) {
      int other = random.nextInt(outCount);
      if (weight[out[other]] > weight[out[best]]) {
        best = other;
      }
    }
    return best;
  }

  /**
   * Returns the offset at which the buffers in the way weigh least, one of them if there are
   * several; -1 if something has just been placed wherever one looks, most of the time.
   */
  private long leastInTheWay(int buffer) {
    long size = height[buffer];
    long last = top - size;
    long step = problem.alignment(buffer) / grain;
    int entering = 0;
    int leaving = 0;
    long sum = 0;
    long least = Long.MAX_VALUE;
    long place = -1;
    int ties = 0;
    for (long at = 0; at <= last; ) {
      // In the way of [at, at + size): what begins before its end, and does not end by its start.
      while (entering < hits.count && offset[hits.byBegin[entering]] < at + size) {
        sum += weightNow(hits.byBegin[entering++]);
      }
      while (leaving < hits.count && end(hits.byEnd[leaving]) <= at) {
        sum -= weightNow(hits.byEnd[leaving++]);
      }
      if (sum < least) {
        least = sum;
        ties = 0;
      }
      if (sum == least && random.nextInt(++ties) == 0) {
        place = at;
      }
      // Less is in the way only where something ends.
      at =
          leaving < hits.count
              ? MemoryProblem.alignUp(end(hits.byEnd[leaving]), step)
              : Long.MAX_VALUE;
    }
    return least >= TABU && random.nextInt(4) > 0 ? -1 : place;
  }

  private long weightNow(int buffer) {
    return settled[buffer] > moves ? TABU + weight[buffer] : weight[buffer];
  }

  private long end(int buffer) {
    return offset[buffer] + height[buffer];
  }

  /** Throws out what a buffer will overlap. */
  private void eject(int buffer, long place) {
    long end = place + height[buffer];
    for (int k = 0; k < hits.count && offset[hits.byBegin[k]] < end; k++) {
      int other = hits.byBegin[k];
      if (end(other) > place) {
        placed.take(other);
        out[outCount++] = other;
        weight[other] = Math.min(MOST, weight[other] + weight[other] / 20 + 1);
      }
    }
  }

  private MemoryPlan toPlan(String name) {
    long[] offsets = Arrays.stream(offset).map(units -> units * grain).toArray();
    long arena = 0;
    for (int i = 0; i < offsets.length; i++) {
      if (height[i] == 0) {
        offsets[i] = 0;
      }
      arena = Math.max(arena, offsets[i] + problem.bytes(i));
    }
    return new MemoryPlan(name, offsets, arena);
  }
}
