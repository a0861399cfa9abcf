package fluidml.memory;

import java.util.Arrays;
import java.util.List;

/**
 * Fills the valleys of a skyline from the bottom up, like best fit for cutting stock (Burke and
 * others, 2004): in a valley between higher walls, the section that still has most to hold gets the
 * heaviest buffer that covers it and fits between the walls, else the valley gets any that fits,
 * else it rises to its lower wall. Takes about n log n time however many buffers are live together.
 * Problems with fixed offsets are placed first fit instead, largest first.
 *
 * <p>With several rounds, buffers that came out on top gain weight for the next one (squeaky wheel
 * optimisation, Joslin and Clements, 1999), until a plan meets the lower bound.
 *
 * @param name the planner's name
 * @param weight which buffer is the heaviest
 * @param rounds plans to make, of which the best is taken; fewer for very many buffers
 */
record ValleyPlanner(String name, Weight weight, int rounds) implements MemoryPlanner {
  /** How much heavier a buffer on top gets. */
  private static final double GAIN = 2;

  /** Buffers of all rounds together, beyond the first few. */
  private static final int MOST_PLACED = 800_000;

  private static final int FEW_ROUNDS = 4;

  /** Which of the buffers that fit is taken. */
  enum Weight {
    /** The one that covers most sections. */
    SECTIONS,
    /** The largest product of sections and the root of the bytes. */
    BALANCED,
    /** The one that covers most sections, of those in the highest class of bytes, fine classes. */
    FINE_CLASS,
    /** The one that covers most sections, of those in the highest class of bytes. */
    CLASS,
    /** The largest product of sections and bytes. */
    AREA;

    private static final double CLASS_STEP = 1e8;

    double of(double sections, double bytes) {
      return switch (this) {
        case SECTIONS -> sections;
        case BALANCED -> sections * Math.sqrt(bytes);
        case FINE_CLASS -> Math.floor(4 * Math.log(bytes)) * CLASS_STEP + sections;
        case CLASS -> Math.floor(2 * Math.log(bytes)) * CLASS_STEP + sections;
        case AREA -> sections * bytes;
      };
    }
  }

  /** Returns a planner for each weight, the one that meets the bound most often first. */
  static List<MemoryPlanner> all() {
    return List.of(
        new ValleyPlanner("valley-sections", Weight.SECTIONS, 1),
        new ValleyPlanner("valley-class", Weight.CLASS, 1),
        new ValleyPlanner("valley-balanced", Weight.BALANCED, 1),
        new ValleyPlanner("valley-fine-class", Weight.FINE_CLASS, 1),
        new ValleyPlanner("valley-area", Weight.AREA, 1));
  }

  /** Returns planners that take several rounds. */
  static List<MemoryPlanner> squeaky() {
    return List.of(
        new ValleyPlanner("squeaky-sections", Weight.SECTIONS, 20),
        new ValleyPlanner("squeaky-area", Weight.AREA, 20),
        new ValleyPlanner("squeaky-balanced", Weight.BALANCED, 20));
  }

  @Override
  public MemoryPlan planBlocks(MemoryProblem problem) {
    for (long fixed : problem.spans().fixed) {
      if (fixed != MemoryProblem.FREE) {
        return new GreedyPlanner(name, BufferOrder.SIZE, Placement.Fit.FIRST).planBlocks(problem);
      }
    }
    Valleys valleys = new Valleys(problem, weight);
    MemoryPlan best = valleys.plan(name);
    long goal = problem.lowerBound() + problem.spans().grain - 1;
    int most = Math.max(FEW_ROUNDS, MOST_PLACED / Math.max(1, problem.count()));
    for (int i = 1; i < Math.min(rounds, most) && best.arenaBytes() > goal; i++) {
      valleys.boost((goal + valleys.arena) / 2);
      MemoryPlan next = valleys.plan(name);
      best = next.arenaBytes() < best.arenaBytes() ? next : best;
    }
    return best;
  }

  /** The skyline as runs of sections with equal floors, each known by its first section. */
  private static final class Valleys {
    private final MemoryProblem problem;
    private final Sections sections;
    private final IntervalTree unplaced;
    private final double[] weights;
    private final long[] full;
    private final long[] floor;
    private LoadTree load;
    private final int[] end;
    private final int[] previous;
    private final long[] offsets;
    private long arena;

    /** Runs that may be valleys. */
    private int[] open;

    private int openCount;

    Valleys(MemoryProblem problem, Weight weight) {
      this.problem = problem;
      sections = new Sections(problem);
      int m = sections.count;
      int n = sections.buffer.length;
      unplaced = new IntervalTree(sections.from, sections.to);
      weights = new double[n];
      full = new long[m + 1];
      for (int i = 0; i < n; i++) {
        long bytes = problem.bytes(sections.buffer[i]);
        weights[i] = weight.of(sections.to[i] - sections.from[i], (double) bytes);
        full[sections.from[i]] += bytes;
        full[sections.to[i]] -= bytes;
      }
      for (int k = 1; k <= m; k++) {
        full[k] += full[k - 1];
      }
      floor = new long[m];
      end = new int[m];
      previous = new int[m];
      offsets = new long[problem.count()];
      open = new int[16];
    }

    /** Makes the buffers that end above an offset heavier. */
    void boost(long above) {
      for (int i = 0; i < weights.length; i++) {
        int buffer = sections.buffer[i];
        if (offsets[buffer] + problem.bytes(buffer) > above) {
          weights[i] *= GAIN;
        }
      }
    }

    MemoryPlan plan(String name) {
      unplaced.reset(weights);
      load = new LoadTree(full);
      arena = 0;
      if (sections.count > 0) {
        run(0, sections.count, -1, 0);
        push(0);
      }
      while (openCount > 0) {
        int a = open[--openCount];
        if (isRun(a) && wall(a) > floor[a]) {
          fill(a);
        }
      }
      return new MemoryPlan(name, offsets, arena);
    }

    private void run(int start, int stop, int before, long level) {
      end[start] = stop;
      previous[start] = before;
      floor[start] = level;
      if (stop < end.length) {
        previous[stop] = start;
      }
    }

    private boolean isRun(int a) {
      return end[a] > 0;
    }

    private void push(int a) {
      if (openCount == open.length) {
        open = Arrays.copyOf(open, 2 * openCount);
      }
      open[openCount++] = a;
    }

    /** Returns the lower wall of a run; none is infinitely high. */
    private long wall(int a) {
      long left = previous[a] < 0 ? Long.MAX_VALUE : floor[previous[a]];
      long right = end[a] == end.length ? Long.MAX_VALUE : floor[end[a]];
      return Math.min(left, right);
    }

    private void fill(int a) {
      int b = end[a];
      int critical = load.largest(a, b);
      int chosen = unplaced.heaviest(a, critical, critical + 1, b);
      if (chosen < 0) {
        chosen = unplaced.heaviest(a, b - 1, a + 1, b);
      }
      if (chosen >= 0) {
        place(chosen, a);
      } else if (wall(a) < Long.MAX_VALUE) {
        rise(a);
      }
    }

    private void place(int chosen, int a) {
      int b = end[a];
      int left = previous[a];
      long level = floor[a];
      int from = sections.from[chosen];
      int to = sections.to[chosen];
      int buffer = sections.buffer[chosen];
      long bytes = problem.bytes(buffer);
      offsets[buffer] = MemoryProblem.alignUp(level, problem.alignment(buffer));
      long top = offsets[buffer] + bytes;
      arena = Math.max(arena, top);
      unplaced.remove(chosen);
      load.add(from, to, -bytes);
      if (from > a) {
        run(a, from, left, level);
        push(a);
      }
      run(from, to, from > a ? a : left, top);
      if (to < b) {
        run(to, b, from, level);
        push(to);
      }
      merge(from);
    }

    private void rise(int a) {
      floor[a] = wall(a);
      merge(a);
    }

    /** Joins a run with neighbours that are as high. */
    private void merge(int a) {
      int start = a;
      int left = previous[a];
      if (left >= 0 && floor[left] == floor[a]) {
        run(left, end[a], previous[left], floor[left]);
        end[a] = 0;
        start = left;
      }
      int right = end[start];
      if (right < end.length && floor[right] == floor[start]) {
        int stop = end[right];
        end[right] = 0;
        run(start, stop, previous[start], floor[start]);
      }
      push(start);
      // Beside something that has risen, a run can have become a valley.
      if (previous[start] >= 0) {
        push(previous[start]);
      }
      if (end[start] < end.length) {
        push(end[start]);
      }
    }
  }
}
