package fluidml.memory;

import java.util.Arrays;
import java.util.function.DoubleBinaryOperator;

/**
 * A skyline whose valleys are filled from the bottom up. It is held as runs of sections with equal
 * floors, each known by its first section. Valleys between higher walls have no candidates in
 * common, so the order in which they are filled does not matter.
 */
final class Valleys {
  /** In a run of up to so many sections, whether anything fits is asked section by section. */
  private static final int NARROW = 32;

  /** How much heavier a buffer on top gets. */
  private static final double GAIN = 2;

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

  /** Buffers by first section, and where those of each section start. */
  private final int[] byFrom;

  private final int[] firstOf;

  /** Where the first to end ends of those that start at a section and are not placed. */
  private final int[] earliest;

  /** Runs that may be valleys. */
  private int[] open;

  private int openCount;

  /**
   * Creates a skyline on the ground.
   *
   * @param problem buffers without fixed offsets
   * @param weight how heavy a buffer is, given its sections and its bytes
   */
  Valleys(MemoryProblem problem, DoubleBinaryOperator weight) {
    this.problem = problem;
    sections = new Sections(problem);
    int m = sections.count;
    int n = sections.buffer.length;
    unplaced = new IntervalTree(sections.from, sections.to);
    weights = new double[n];
    full = new long[m + 1];
    for (int i = 0; i < n; i++) {
      long bytes = problem.bytes(sections.buffer[i]);
      weights[i] = weight.applyAsDouble(sections.to[i] - sections.from[i], (double) bytes);
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
    byFrom = new int[n];
    firstOf = new int[m + 1];
    earliest = new int[m];
    for (int i = 0; i < n; i++) {
      firstOf[sections.from[i]]++;
    }
    for (int k = 1; k <= m; k++) {
      firstOf[k] += firstOf[k - 1];
    }
    for (int i = 0; i < n; i++) {
      byFrom[--firstOf[sections.from[i]]] = i;
    }
  }

  /** Makes the buffers that end above an offset heavier for the next plan. */
  void boost(long above) {
    for (int i = 0; i < weights.length; i++) {
      int buffer = sections.buffer[i];
      if (offsets[buffer] + problem.bytes(buffer) > above) {
        weights[i] *= GAIN;
      }
    }
  }

  /** Returns the plan that takes the heaviest buffer every time. */
  MemoryPlan plan(String name) {
    clear();
    for (int a = 0; a < sections.count; a = end[a]) {
      push(a);
    }
    while (openCount > 0) {
      int a = open[--openCount];
      if (isRun(a) && wall(a) > floor[a]) {
        fill(a);
      }
    }
    return new MemoryPlan(name, offsets, arena);
  }

  long arena() {
    return arena;
  }

  /** Takes all buffers off. */
  private void clear() {
    unplaced.reset(weights);
    load = new LoadTree(full);
    for (int k = 0; k < earliest.length; k++) {
      earliest[k] = earliestAt(k);
    }
    arena = 0;
    openCount = 0;
    if (sections.count > 0) {
      run(0, sections.count, -1, 0);
    }
  }

  private int earliestAt(int section) {
    int least = Integer.MAX_VALUE;
    for (int k = firstOf[section]; k < firstOf[section + 1]; k++) {
      int i = byFrom[k];
      if (unplaced.contains(i) && sections.to[i] < least) {
        least = sections.to[i];
      }
    }
    return least;
  }

  /** Returns whether nothing fits into a narrow run; of wider ones that is not known. */
  private boolean isBarren(int a, int b) {
    if (b - a > NARROW) {
      return false;
    }
    for (int k = a; k < b; k++) {
      if (earliest[k] <= b) {
        return false;
      }
    }
    return true;
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
    int chosen = choose(a, end[a]);
    if (chosen >= 0) {
      place(chosen, a);
    } else if (wall(a) < Long.MAX_VALUE) {
      rise(a);
    }
  }

  /** Returns the buffer that comes next into a valley; negative if it rises as it is. */
  private int choose(int a, int b) {
    if (isBarren(a, b)) {
      return -1;
    }
    int critical = load.largest(a, b);
    int chosen = unplaced.heaviest(a, critical, critical + 1, b);
    return chosen >= 0 ? chosen : unplaced.heaviest(a, b - 1, a + 1, b);
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
    earliest[from] = earliestAt(from);
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
