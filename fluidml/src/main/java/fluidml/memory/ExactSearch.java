package fluidml.memory;

import java.util.Arrays;
import java.util.function.BooleanSupplier;

/**
 * Decides whether the buffers fit into a capacity: depth-first search over placements that are
 * pushed down as far as they go, which every solution can be.
 *
 * <p>The state is a skyline, one floor per {@link Sections section}. In a valley of it (a run of
 * equal floors between higher ones) consider one section: either one of the buffers that fit
 * between the walls lies there on the floor, or the section stays empty up to the next offset at
 * which a buffer can rest on something else. These choices exclude each other, so no placement is
 * built twice in another order. Of all sections of all valleys the one with fewest choices is
 * taken, weighted by how often it was the reason of a dead end (Boussemart and others, 2004). Where
 * no unplaced buffer crosses a step the rest falls apart and each part is searched by itself.
 * States without solution are remembered, across restarts too: they depend on the capacity only.
 *
 * <p>Floors raised to the lowest offset of any unplaced buffer and the check of a section's load
 * follow MiniMalloc (Moffitt, 2023).
 */
final class ExactSearch {
  /** What came out of a search. */
  enum Outcome {
    /** Everything is placed. */
    FITS,
    /** There is no placement within the capacity. */
    IMPOSSIBLE,
    /** The budget is used up. */
    UNKNOWN
  }

  /** Nodes between two looks at the clock. */
  private static final int PATIENCE = 256;

  /** A state with more unplaced buffers counts for several nodes, so that nodes measure work. */
  private static final int NODE_BUFFERS = 256;

  final SearchState state;
  private final ChildOrder order;
  private final FailedStates failed = new FailedStates();
  private final BooleanSupplier expired;

  /** Random numbers that stand for a buffer in the hash of a state, two each. */
  private final long[] buffersKey;

  private final long[] floorsKey;

  /** A stack of lists of buffers. */
  private int[] pool;

  private int used;
  private final int[] crossing;

  // Per section of the valley in view.
  private final int[] candidates;
  private final long[] nextFloor;
  private final long[] leftSupport;
  private final long[] rightSupport;

  // The section chosen for branching.
  private int bestSection;
  private int bestFrom;
  private int bestTo;
  private long bestNext;

  private long nodes;
  private long nextLook = PATIENCE;
  private long limit;
  private boolean stopped;
  private long capacity = -1;

  ExactSearch(MemoryProblem problem, BooleanSupplier expired) {
    state = new SearchState(problem);
    order = new ChildOrder(state);
    this.expired = expired;
    pool = new int[4 * state.count + 64];
    crossing = new int[state.sections + 2];
    candidates = new int[state.sections];
    nextFloor = new long[state.sections];
    leftSupport = new long[state.sections + 1];
    rightSupport = new long[state.sections + 1];
    buffersKey = keys(2 * state.count, 1);
    floorsKey = keys(2 * state.sections, 2);
  }

  private static long[] keys(int count, long seed) {
    long[] keys = new long[count];
    for (int i = 0; i < count; i++) {
      keys[i] = FailedStates.mix(seed * 0x9E3779B97F4A7C15L + i * 0xD1B54A32D192ED03L) | 1;
    }
    return keys;
  }

  /** Returns the nodes of all searches so far. */
  long nodes() {
    return nodes;
  }

  /**
   * Searches with restarts: several ways to sort the choices in turns, with node limits after Luby
   * and others (1993).
   *
   * @param bytes the capacity
   * @param budget nodes to spend
   */
  Outcome decide(long bytes, long budget) {
    if (bytes > capacity) {
      failed.clear();
    }
    capacity = bytes;
    long end = nodes + budget;
    long unit = Math.max(1000, 3L * state.count);
    Arrays.fill(state.conflicts, 0);
    for (int turn = 0; nodes < end; turn++) {
      int round = turn / ChildOrder.RULES;
      order.choose(turn % ChildOrder.RULES, round);
      limit = Math.min(end, nodes + unit * luby(round + 1));
      stopped = false;
      if (!state.reset(bytes)) {
        return Outcome.IMPOSSIBLE;
      }
      used = 0;
      for (int i = 0; i < state.count; i++) {
        pool[used++] = i;
      }
      if (parts(0, used, 0, state.sections)) {
        return Outcome.FITS;
      }
      if (!stopped) {
        return Outcome.IMPOSSIBLE;
      }
      if (expired.getAsBoolean()) {
        break;
      }
      for (int k = 0; k < state.sections; k++) {
        state.conflicts[k] *= 0.5;
      }
    }
    return Outcome.UNKNOWN;
  }

  private static long luby(int i) {
    int k = 32 - Integer.numberOfLeadingZeros(i);
    return i == (1 << k) - 1 ? 1L << (k - 1) : luby(i - (1 << (k - 1)) + 1);
  }

  private void reserve(int more) {
    if (used + more > pool.length) {
      pool = Arrays.copyOf(pool, Math.max(2 * pool.length, used + more));
    }
  }

  private boolean tooLate() {
    if (nodes < nextLook) {
      return false;
    }
    nextLook = nodes + PATIENCE;
    return expired.getAsBoolean();
  }

  /** Solves the independent parts of a list of unplaced buffers, the most troublesome first. */
  private boolean parts(int start, int end, int firstSection, int endSection) {
    if (start == end) {
      return true;
    }
    Arrays.fill(crossing, firstSection, endSection + 1, 0);
    for (int i = start; i < end; i++) {
      crossing[state.from[pool[i]] + 1]++;
      crossing[state.to[pool[i]]]--;
    }
    int cuts = 0;
    int across = 0;
    for (int k = firstSection + 1; k < endSection; k++) {
      across += crossing[k];
      crossing[k] = across;
      cuts += across == 0 ? 1 : 0;
    }
    if (cuts == 0) {
      return solve(start, end, firstSection, endSection);
    }
    int[] bounds = new int[cuts + 2];
    int parts = 0;
    bounds[0] = firstSection;
    for (int k = firstSection + 1; k < endSection; k++) {
      if (crossing[k] == 0) {
        bounds[++parts] = k;
      }
    }
    bounds[++parts] = endSection;
    double[] trouble = new double[parts];
    for (int p = 0; p < parts; p++) {
      for (int k = bounds[p]; k < bounds[p + 1]; k++) {
        trouble[p] = Math.max(trouble[p], state.conflicts[k] + 1);
      }
    }
    for (int turn = 0; turn < parts; turn++) {
      int p = 0;
      for (int q = 1; q < parts; q++) {
        p = trouble[q] > trouble[p] ? q : p;
      }
      trouble[p] = -1;
      int mine = used;
      reserve(end - start);
      for (int i = start; i < end; i++) {
        if (state.from[pool[i]] >= bounds[p] && state.from[pool[i]] < bounds[p + 1]) {
          pool[used++] = pool[i];
        }
      }
      boolean solved = mine == used || solve(mine, used, bounds[p], bounds[p + 1]);
      used = mine;
      if (!solved) {
        return false;
      }
    }
    return true;
  }

  /** Places a connected list of buffers; when it cannot, everything is as it was before. */
  private boolean solve(int start, int end, int firstSection, int endSection) {
    int usedBefore = used;
    int mark = state.mark();
    long[] seen = new long[2];
    int seenCount = 0;
    while (state.propagate(pool, start, end, firstSection, endSection)) {
      nodes += 1 + (end - start) / NODE_BUFFERS;
      if (nodes > limit || tooLate()) {
        stopped = true;
        break;
      }
      long a = hash(start, end, firstSection, endSection, 0);
      long b = hash(start, end, firstSection, endSection, 1);
      if (failed.contains(a, b)) {
        break;
      }
      if (seenCount == seen.length) {
        seen = Arrays.copyOf(seen, 2 * seenCount);
      }
      seen[seenCount++] = a;
      seen[seenCount++] = b;
      chooseSection(start, end, firstSection, endSection);
      int section = bestSection;
      long next = bestNext;
      if (tryCandidates(start, end, firstSection, endSection)) {
        return true;
      }
      used = usedBefore;
      if (stopped || !state.canRaise(section, next)) {
        break;
      }
      state.waste(pool, start, end, section, next);
    }
    if (!stopped) {
      for (int i = 0; i < seenCount; i += 2) {
        failed.add(seen[i], seen[i + 1]);
      }
    }
    used = usedBefore;
    state.undo(mark);
    return false;
  }

  private long hash(int start, int end, int firstSection, int endSection, int which) {
    long members = 0;
    for (int i = start; i < end; i++) {
      members ^= buffersKey[2 * pool[i] + which];
    }
    long floors = 0;
    for (int k = firstSection; k < endSection; k++) {
      long key = floorsKey[2 * k + which];
      floors += FailedStates.mix(state.floor[k] * key + key);
    }
    return FailedStates.mix(members + floors);
  }

  /** Tries the buffers that can lie on the floor of the chosen section. */
  private boolean tryCandidates(int start, int end, int firstSection, int endSection) {
    int first = used;
    reserve(2 * (end - start));
    collectCandidates(start, end, first);
    int last = used;
    if (first == last && !state.canRaise(bestSection, bestNext)) {
      return state.blame(bestSection);
    }
    for (int c = first; c < last; c++) {
      int chosen = pool[c];
      int mark = state.mark();
      long top = state.place(chosen);
      int rest = used;
      reserve(end - start);
      for (int i = start; i < end; i++) {
        int b = pool[i];
        if (b != chosen) {
          pool[used++] = b;
          if (state.overlap(b, chosen)) {
            state.raise(b, top);
          }
        }
      }
      if (parts(rest, used, firstSection, endSection)) {
        return true;
      }
      used = rest;
      state.undo(mark);
      if (stopped) {
        return false;
      }
    }
    return false;
  }

  private void collectCandidates(int start, int end, int first) {
    for (int i = start; i < end; i++) {
      int b = pool[i];
      if (state.from[b] > bestSection
          || bestSection >= state.to[b]
          || !onFloor(b, bestFrom, bestTo)) {
        continue;
      }
      boolean twin = false;
      for (int j = first; j < used && !twin; j++) {
        twin = state.interchangeable(pool[j], b);
      }
      if (!twin) {
        int at = used++;
        while (at > first && order.before(b, pool[at - 1])) {
          pool[at] = pool[at - 1];
          at--;
        }
        pool[at] = b;
      }
    }
  }

  /** Returns whether a buffer fits between the walls of a valley and can lie on its floor. */
  private boolean onFloor(int b, int valleyFrom, int valleyTo) {
    return state.from[b] >= valleyFrom
        && state.to[b] <= valleyTo
        && state.earliest[b] == MemoryProblem.alignUp(state.floor[valleyFrom], state.alignment[b]);
  }

  /** Finds the section with fewest choices in all valleys. */
  private void chooseSection(int start, int end, int firstSection, int endSection) {
    double bestScore = Double.POSITIVE_INFINITY;
    long bestFloor = SearchState.INFINITE;
    bestSection = -1;
    int a = firstSection;
    while (a < endSection) {
      long level = state.floor[a];
      int b = a + 1;
      while (b < endSection && state.floor[b] == level) {
        b++;
      }
      if ((a == firstSection || state.floor[a - 1] > level)
          && (b == endSection || state.floor[b] > level)) {
        countChoices(start, end, a, b);
        for (int k = a; k < b; k++) {
          boolean raise = state.canRaise(k, nextFloor[k]);
          int choices = candidates[k] + (raise ? 1 : 0);
          double score = choices <= 1 ? choices - 2 : (double) choices / (state.conflicts[k] + 1);
          if (score < bestScore || (score == bestScore && level < bestFloor)) {
            bestScore = score;
            bestFloor = level;
            bestSection = k;
            bestFrom = a;
            bestTo = b;
            bestNext = nextFloor[k];
          }
        }
      }
      a = b;
    }
  }

  /**
   * Fills {@link #candidates} and {@link #nextFloor} for the valley {@code [a, b)}. With nothing on
   * the floor of a section, the lowest buffer over it rests on a wall, on a buffer beside the
   * section or on a fixed one.
   */
  private void countChoices(int start, int end, int a, int b) {
    for (int k = a; k < b; k++) {
      candidates[k] = 0;
      nextFloor[k] = SearchState.INFINITE;
    }
    for (int k = a; k <= b; k++) {
      leftSupport[k] = SearchState.INFINITE;
      rightSupport[k] = SearchState.INFINITE;
    }
    reserve(end - start);
    int near = used;
    for (int i = start; i < end; i++) {
      int x = pool[i];
      int from = state.from[x];
      int to = state.to[x];
      if (from < b && to > a) {
        pool[near++] = x;
        long top = state.earliest[x] + state.size[x];
        if (to <= b && top < leftSupport[to]) {
          leftSupport[to] = top;
        }
        if (from >= a && top < rightSupport[from]) {
          rightSupport[from] = top;
        }
      }
    }
    for (int i = used; i < near; i++) {
      int x = pool[i];
      if (onFloor(x, a, b)) {
        supports(state.from[x], state.to[x]);
      } else {
        int to = Math.min(state.to[x], b);
        for (int k = Math.max(state.from[x], a); k < to; k++) {
          nextFloor[k] = Math.min(nextFloor[k], state.earliest[x]);
        }
      }
    }
  }

  private void supports(int from, int to) {
    long support = SearchState.INFINITE;
    for (int k = from; k < to; k++) {
      candidates[k]++;
      if (k > from) {
        support = Math.min(support, leftSupport[k]);
      }
      nextFloor[k] = Math.min(nextFloor[k], support);
    }
    support = SearchState.INFINITE;
    for (int k = to - 1; k >= from; k--) {
      nextFloor[k] = Math.min(nextFloor[k], support);
      support = Math.min(support, rightSupport[k]);
    }
  }
}
