package fluidml.memory;

import java.util.Arrays;

/**
 * A partial placement, built from the bottom up: per section the floor below which everything is
 * decided, and per buffer the earliest and the latest offset it can still have. Every change can be
 * taken back. Offsets and sizes are counted in grains (the largest power of two that divides every
 * offset), sizes rounded up.
 */
final class SearchState {
  static final long INFINITE = Long.MAX_VALUE;

  final int count;
  final int sections;
  final int[] from;
  final int[] to;
  final long[] size;
  final long[] alignment;

  /** Offset above which a buffer may not lie; for a fixed buffer where it lies. */
  final long[] latest;

  /** Lowest offset a buffer can still have; not below any floor it rests on. */
  final long[] earliest;

  final long[] floor;

  /** Bytes per section that are still to be placed. */
  final long[] load;

  /** Where the placed buffers lie. */
  final long[] offset;

  /** How often each section was the reason of a dead end, with old ones fading. */
  final double[] conflicts;

  private final long grain;
  private final int[] original;
  private final long[] bytes;
  private final long[] fixed;
  private final long[] lowest;
  private final long[] fullLoad;
  private final long peakLoad;
  private long height;
  private int[] changed = new int[1 << 12];
  private long[] before = new long[1 << 12];
  private int changes;

  SearchState(MemoryProblem problem) {
    Sections compressed = new Sections(problem);
    Lifespans spans = problem.spans();
    original = compressed.buffer;
    count = original.length;
    sections = compressed.count;
    from = compressed.from;
    to = compressed.to;
    grain = spans.grain;
    size = new long[count];
    alignment = new long[count];
    bytes = new long[count];
    fixed = new long[count];
    latest = new long[count];
    earliest = new long[count];
    offset = new long[count];
    floor = new long[sections];
    load = new long[sections];
    lowest = new long[sections];
    fullLoad = new long[sections];
    conflicts = new double[sections];
    for (int i = 0; i < count; i++) {
      bytes[i] = problem.bytes(original[i]);
      size[i] = (bytes[i] + grain - 1) / grain;
      alignment[i] = spans.alignment[original[i]] / grain;
      fixed[i] = spans.fixed[original[i]];
      for (int k = from[i]; k < to[i]; k++) {
        fullLoad[k] += size[i];
      }
    }
    peakLoad = Arrays.stream(fullLoad).max().orElse(0);
  }

  /**
   * Forgets all placements.
   *
   * @param capacity size in bytes of the arena to fit into
   * @return whether every buffer fits by itself
   */
  boolean reset(long capacity) {
    height = (capacity + grain - 1) / grain;
    changes = 0;
    Arrays.fill(floor, 0);
    System.arraycopy(fullLoad, 0, load, 0, sections);
    boolean fits = true;
    for (int i = 0; i < count; i++) {
      latest[i] = Math.floorDiv(capacity - bytes[i], grain) & -alignment[i];
      earliest[i] = 0;
      if (fixed[i] != MemoryProblem.FREE) {
        earliest[i] = fixed[i] / grain;
        fits &= earliest[i] <= latest[i];
        latest[i] = earliest[i];
      }
      fits &= latest[i] >= earliest[i];
    }
    return fits;
  }

  /** Returns the grains of all buffers in a section, placed or not. */
  long fullLoad(int section) {
    return fullLoad[section];
  }

  /** Returns the grains of the fullest section. */
  long peakLoad() {
    return peakLoad;
  }

  boolean overlap(int a, int b) {
    return from[a] < to[b] && from[b] < to[a];
  }

  boolean interchangeable(int a, int b) {
    return from[a] == from[b]
        && to[a] == to[b]
        && size[a] == size[b]
        && alignment[a] == alignment[b]
        && latest[a] == latest[b];
  }

  /** Returns a mark for {@link #undo}. */
  int mark() {
    return changes;
  }

  /** Takes back all changes since a mark. */
  void undo(int mark) {
    while (changes > mark) {
      changes--;
      int what = changed[changes];
      if (what < 0) {
        load[~what] = before[changes];
      } else if (what < sections) {
        floor[what] = before[changes];
      } else {
        earliest[what - sections] = before[changes];
      }
    }
  }

  private void remember(int what, long value) {
    if (changes == changed.length) {
      changed = Arrays.copyOf(changed, changes * 2);
      before = Arrays.copyOf(before, changes * 2);
    }
    changed[changes] = what;
    before[changes++] = value;
  }

  private void setFloor(int section, long value) {
    remember(section, floor[section]);
    floor[section] = value;
  }

  /** Makes sure that a buffer does not lie below an offset. */
  void raise(int buffer, long value) {
    if (earliest[buffer] < value) {
      remember(sections + buffer, earliest[buffer]);
      earliest[buffer] = MemoryProblem.alignUp(value, alignment[buffer]);
    }
  }

  /** Puts a buffer at its earliest offset; the caller raises the others. Returns its top. */
  long place(int buffer) {
    long top = earliest[buffer] + size[buffer];
    offset[buffer] = earliest[buffer];
    for (int k = from[buffer]; k < to[buffer]; k++) {
      setFloor(k, top);
      remember(~k, load[k]);
      load[k] -= size[buffer];
    }
    return top;
  }

  /** Leaves a section empty up to a new floor. */
  void waste(int[] pool, int start, int end, int section, long newFloor) {
    setFloor(section, newFloor);
    for (int i = start; i < end; i++) {
      int b = pool[i];
      if (from[b] <= section && section < to[b]) {
        raise(b, newFloor);
      }
    }
  }

  /**
   * Raises every floor to the lowest offset any unplaced buffer above it can have. Returns false
   * when some buffer or the load of some section no longer fits.
   *
   * @param pool holds the unplaced buffers of the sections in {@code [start, end)}
   */
  boolean propagate(int[] pool, int start, int end, int firstSection, int endSection) {
    for (int k = firstSection; k < endSection; k++) {
      lowest[k] = INFINITE;
    }
    for (int i = start; i < end; i++) {
      int b = pool[i];
      long early = earliest[b];
      if (early > latest[b]) {
        return blame((from[b] + to[b]) >>> 1);
      }
      for (int k = from[b]; k < to[b]; k++) {
        if (early < lowest[k]) {
          lowest[k] = early;
        }
      }
    }
    for (int k = firstSection; k < endSection; k++) {
      if (lowest[k] != INFINITE) {
        if (lowest[k] > floor[k]) {
          setFloor(k, lowest[k]);
        }
        if (floor[k] + load[k] > height) {
          return blame(k);
        }
      }
    }
    return true;
  }

  /** Returns whether a section can hold what it still must when its floor is raised. */
  boolean canRaise(int section, long newFloor) {
    return newFloor != INFINITE && newFloor + load[section] <= height;
  }

  /** Counts a dead end; always false. */
  boolean blame(int section) {
    conflicts[section]++;
    return false;
  }

  /** Returns the plan when everything is placed. */
  MemoryPlan toPlan(String planner, MemoryProblem problem) {
    long[] offsets = new long[problem.count()];
    for (int i = 0; i < offsets.length; i++) {
      offsets[i] = Math.max(0, problem.fixedOffset(i));
    }
    long arena = 0;
    for (int i = 0; i < count; i++) {
      offsets[original[i]] = offset[i] * grain;
    }
    for (int i = 0; i < offsets.length; i++) {
      arena = Math.max(arena, offsets[i] + problem.bytes(i));
    }
    return new MemoryPlan(planner, offsets, arena);
  }
}
