package fluidml.memory.order;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Finds an execution order that needs little memory: dynamic programming over the sets of steps
 * that have run. What is live depends on that set only, so of all ways to reach a set the one with
 * the least peak is enough (Bellman), and sets whose peak reaches the best order known so far are
 * dropped (bound). If no layer of sets is wider than the beam, nothing else was dropped and the
 * result is proven; else the beam keeps the most promising sets of each layer, and a wider beam
 * starts from the better bound.
 *
 * <p>Deterministic: the budget counts transitions, not time. Never worse than the given order; of
 * equally good orders the given one wins, then the one that follows it longest.
 */
public final class OrderSearch {
  /** Transitions that take some tenths of a second. */
  public static final long DEFAULT_BUDGET = 400_000;

  private static final int[] BEAMS = {32, 512, 8192};

  private final OrderProblem problem;
  private final int count;
  private final int words;
  private final long[][] touchedBy;
  private final long[][] before;
  private final int[][] touches;
  private final long[] bytes;
  private long budget;
  private long bound;
  private int[] best;

  private OrderSearch(OrderProblem problem, long budget) {
    this.problem = problem;
    this.budget = budget;
    this.count = problem.steps().size();
    this.words = Math.max(1, (count + 63) / 64);
    int buffers = problem.buffers().size();
    this.touchedBy = new long[buffers][words];
    this.before = new long[count][words];
    this.touches = new int[count][];
    this.bytes = problem.buffers().stream().mapToLong(OrderProblem.Item::bytes).toArray();
    for (int i = 0; i < count; i++) {
      OrderProblem.Step step = problem.steps().get(i);
      touches[i] = step.touches().stream().mapToInt(Integer::intValue).toArray();
      for (int buffer : touches[i]) {
        set(touchedBy[buffer], i);
      }
      for (int earlier : step.before()) {
        set(before[i], earlier);
      }
    }
    this.best = problem.given();
    this.bound = problem.peak(best);
  }

  /** Searches with the default budget. */
  public static OrderSolution solve(OrderProblem problem) {
    return solve(problem, DEFAULT_BUDGET);
  }

  /**
   * Searches.
   *
   * @param budget transitions between sets that may be tried
   */
  public static OrderSolution solve(OrderProblem problem, long budget) {
    return new OrderSearch(problem, budget).run();
  }

  private OrderSolution run() {
    long given = bound;
    long floor = floor();
    boolean proven = bound <= floor;
    for (int i = 0; i < BEAMS.length && !proven && budget > 0; i++) {
      proven = pass(BEAMS[i]) || bound <= floor;
    }
    return new OrderSolution(best, bound, given, proven);
  }

  /** What some step needs by itself in any order. */
  private long floor() {
    long floor = 0;
    for (int i = 0; i < count; i++) {
      long own = problem.steps().get(i).privateBytes();
      for (int buffer : touches[i]) {
        own += bytes[buffer];
      }
      List<Integer> replaced = new ArrayList<>();
      for (OrderProblem.Overwrite o : problem.steps().get(i).overwrites()) {
        if (problem.sameSize(o)
            && !replaced.contains(o.result())
            && !replaced.contains(o.operand())) {
          replaced.add(o.result());
          replaced.add(o.operand());
          own -= bytes[o.result()];
        }
      }
      floor = Math.max(floor, own);
    }
    return floor;
  }

  /** A set of steps that have run, and the best known way there. */
  private static final class State {
    final long[] done;
    State previous;
    int step;
    long live;
    long peak;

    State(long[] done) {
      this.done = done;
    }
  }

  private record Key(long[] words) {
    @Override
    public boolean equals(Object other) {
      return other instanceof Key(long[] theirs) && Arrays.equals(words, theirs);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(words);
    }
  }

  /** One pass with a beam; whether it has proven the best order. */
  private boolean pass(int beam) {
    boolean whole = true;
    State start = new State(new long[words]);
    for (int b = 0; b < bytes.length; b++) {
      OrderProblem.Item item = problem.buffers().get(b);
      boolean needed = item.toEnd() || meets(touchedBy[b], touchedBy[b]);
      start.live += item.fromStart() && needed ? bytes[b] : 0;
    }
    List<State> layer = List.of(start);
    for (int depth = 0; depth < count; depth++) {
      Map<Key, State> next = new HashMap<>();
      List<State> inOrder = new ArrayList<>();
      for (State state : layer) {
        for (int step = 0; step < count; step++) {
          if (!has(state.done, step) && contains(state.done, before[step])) {
            if (--budget < 0) {
              return false;
            }
            advance(state, step, next, inOrder);
          }
        }
      }
      if (inOrder.isEmpty()) {
        return whole;
      }
      if (inOrder.size() > beam) {
        whole = false;
        inOrder.sort(Comparator.comparingLong((State s) -> s.peak).thenComparingLong(s -> s.live));
        inOrder = inOrder.subList(0, beam);
      }
      layer = inOrder;
    }
    State end = layer.getFirst();
    bound = end.peak;
    best = new int[count];
    for (int i = count - 1; i >= 0; i--) {
      best[i] = end.step;
      end = end.previous;
    }
    return whole;
  }

  private void advance(State from, int step, Map<Key, State> next, List<State> inOrder) {
    long born = 0;
    long died = 0;
    for (int buffer : touches[step]) {
      born += isBorn(from.done, buffer) ? bytes[buffer] : 0;
      died += dies(from.done, step, buffer) ? bytes[buffer] : 0;
    }
    long during = from.live + born + problem.steps().get(step).privateBytes();
    during -= replaced(from.done, step);
    long peak = Math.max(from.peak, during);
    if (peak >= bound) {
      return;
    }
    long[] done = from.done.clone();
    set(done, step);
    State known = next.get(new Key(done));
    if (known != null && known.peak <= peak) {
      return;
    }
    if (known == null) {
      known = new State(done);
      next.put(new Key(done), known);
      inOrder.add(known);
    }
    known.previous = from;
    known.step = step;
    known.peak = peak;
    known.live = from.live + born - died;
  }

  private boolean isBorn(long[] done, int buffer) {
    return !problem.buffers().get(buffer).fromStart() && !meets(done, touchedBy[buffer]);
  }

  private boolean dies(long[] done, int step, int buffer) {
    if (problem.buffers().get(buffer).toEnd()) {
      return false;
    }
    for (int w = 0; w < words; w++) {
      long rest = touchedBy[buffer][w] & ~done[w];
      if ((w == step >> 6 ? rest & ~(1L << step) : rest) != 0) {
        return false;
      }
    }
    return true;
  }

  private long replaced(long[] done, int step) {
    List<OrderProblem.Overwrite> overwrites = problem.steps().get(step).overwrites();
    if (overwrites.isEmpty()) {
      return 0;
    }
    long saved = 0;
    List<Integer> used = new ArrayList<>();
    for (OrderProblem.Overwrite o : overwrites) {
      if (!used.contains(o.operand())
          && !used.contains(o.result())
          && problem.sameSize(o)
          && dies(done, step, o.operand())
          && isBorn(done, o.result())) {
        used.add(o.operand());
        used.add(o.result());
        saved += bytes[o.result()];
      }
    }
    return saved;
  }

  private static void set(long[] bits, int i) {
    bits[i >> 6] |= 1L << i;
  }

  private static boolean has(long[] bits, int i) {
    return (bits[i >> 6] & (1L << i)) != 0;
  }

  private static boolean contains(long[] all, long[] some) {
    for (int w = 0; w < some.length; w++) {
      if ((some[w] & ~all[w]) != 0) {
        return false;
      }
    }
    return true;
  }

  private static boolean meets(long[] a, long[] b) {
    for (int w = 0; w < b.length; w++) {
      if ((a[w] & b[w]) != 0) {
        return true;
      }
    }
    return false;
  }
}
