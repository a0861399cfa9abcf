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

  /** The highest step that may be levelled, as a share of the bound. */
  private static final double STEP = 0.001;

  /** How much heavier a buffer on top gets. */
  private static final double GAIN = 2;

  /** Among how many of the heaviest a variation chooses. */
  private static final int CHOICES = 4;

  /** How likely a variation is to prefer the next in weight. */
  private static final double NEXT = 0.3;

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
  private final int[] placed;
  private int placedCount;
  private long variant;

  /** The arena to aim at where steps are levelled, or zero. */
  private long levelled;

  private final int[] choices = new int[CHOICES];

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
    placed = new int[n];
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
    fillTo(Long.MAX_VALUE, 0);
    return toPlan(name);
  }

  MemoryPlan toPlan(String name) {
    return new MemoryPlan(name, offsets, arena);
  }

  long arena() {
    return arena;
  }

  /**
   * Makes valleys that are a small step deep rise to their lower wall at once where that can be
   * afforded: floor and bytes still to come are far enough below the bound for the height. Wide
   * level floors have room for more buffers than what would have filled the step.
   *
   * @param bound bytes that no plan is below
   */
  void levelSteps(long bound) {
    levelled = bound;
  }

  /** Takes all buffers off. */
  void clear() {
    unplaced.reset(weights);
    load = new LoadTree(full);
    for (int k = 0; k < earliest.length; k++) {
      earliest[k] = earliestAt(k);
    }
    arena = 0;
    placedCount = 0;
    if (sections.count > 0) {
      run(0, sections.count, -1, 0);
    }
  }

  /**
   * Fills all valleys until no floor is below a level, but above the last buffers.
   *
   * @param level offset in bytes
   * @param variation zero for the heaviest buffer every time; any other number stands for one way
   *     to prefer the next in weight now and then
   */
  void fillTo(long level, long variation) {
    variant = variation;
    placedCount = 0;
    openCount = 0;
    for (int a = 0; a < sections.count; a = end[a]) {
      push(a);
    }
    while (openCount > 0) {
      int a = open[--openCount];
      if (isRun(a) && floor[a] < level && wall(a) > floor[a]) {
        fill(a);
      }
    }
  }

  /** Returns how many buffers the last {@link #fillTo} has placed. */
  int placedCount() {
    return placedCount;
  }

  /** Returns the k-th buffer that the last {@link #fillTo} has placed, as {@link Sections} does. */
  int placed(int k) {
    return placed[k];
  }

  Sections sections() {
    return sections;
  }

  /** Returns where the run that starts at a section ends. */
  int end(int a) {
    return end[a];
  }

  /** Returns the floor of the run that starts at a section. */
  long floor(int a) {
    return floor[a];
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

  /** Takes off what the last {@link #fillTo} has placed on a state. */
  void undo(State state) {
    for (int k = placedCount - 1; k >= 0; k--) {
      int i = placed[k];
      unplaced.add(i, weights[i]);
      earliest[sections.from[i]] = earliestAt(sections.from[i]);
      load.add(sections.from[i], sections.to[i], problem.bytes(sections.buffer[i]));
    }
    placedCount = 0;
    restoreSkyline(state);
  }

  private void restoreSkyline(State state) {
    System.arraycopy(state.end, 0, end, 0, end.length);
    System.arraycopy(state.previous, 0, previous, 0, previous.length);
    System.arraycopy(state.floor, 0, floor, 0, floor.length);
    arena = state.arena;
  }

  /** A copy of a partial plan. */
  final class State {
    private final int[] end = new int[sections.count];
    private final int[] previous = new int[sections.count];
    private final long[] floor = new long[sections.count];
    private final long[] offsets = new long[problem.count()];
    private final IntervalTree.Copy unplaced = Valleys.this.unplaced.new Copy();
    private final LoadTree load = new LoadTree(full);
    private final int[] earliest = new int[sections.count];
    private long arena;

    void save() {
      Valleys from = Valleys.this;
      System.arraycopy(from.end, 0, end, 0, end.length);
      System.arraycopy(from.previous, 0, previous, 0, previous.length);
      System.arraycopy(from.floor, 0, floor, 0, floor.length);
      System.arraycopy(from.offsets, 0, offsets, 0, offsets.length);
      unplaced.save();
      load.copy(from.load);
      System.arraycopy(from.earliest, 0, earliest, 0, earliest.length);
      arena = from.arena;
    }

    void restore() {
      Valleys to = Valleys.this;
      restoreSkyline(this);
      System.arraycopy(offsets, 0, to.offsets, 0, offsets.length);
      unplaced.restore();
      to.load.copy(load);
      System.arraycopy(earliest, 0, to.earliest, 0, earliest.length);
    }
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
    if (isSmallStep(a, critical)) {
      return -1;
    }
    int chosen =
        variant == 0 ? unplaced.heaviest(a, critical, critical + 1, b) : varied(a, critical, b);
    return chosen >= 0 ? chosen : unplaced.heaviest(a, b - 1, a + 1, b);
  }

  /** Returns whether a valley may rise as it is, given the section that has most to hold. */
  private boolean isSmallStep(int a, int critical) {
    long wall = wall(a);
    if (levelled == 0 || wall == Long.MAX_VALUE || wall - floor[a] > STEP * levelled) {
      return false;
    }
    double height = Math.min(1, (double) floor[a] / levelled);
    long lost = wall + load.foundValue() - full[critical];
    return lost <= height * (levelled - full[critical]);
  }

  /** Returns one of the heaviest, the same every time for a variation, a valley and its floor. */
  private int varied(int a, int critical, int b) {
    int count = unplaced.heaviest(choices, a, critical, critical + 1, b);
    double dice = uniform(variant, a, floor[a], b);
    int k = 0;
    while (k < count - 1 && dice < NEXT) {
      dice /= NEXT;
      k++;
    }
    return count == 0 ? -1 : choices[k];
  }

  /** Returns a number in [0, 1) that looks random (the finalizer of SplitMix64). */
  private static double uniform(long variant, long a, long level, long b) {
    long z =
        (variant * 0x9E3779B97F4A7C15L)
            ^ (a * 0xC2B2AE3D27D4EB4FL)
            ^ (level * 0x165667B19E3779F9L)
            ^ (b * 0xD6E8FEB86659FD93L);
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return ((z ^ (z >>> 31)) >>> 11) * 0x1p-53;
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
    placed[placedCount++] = chosen;
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
