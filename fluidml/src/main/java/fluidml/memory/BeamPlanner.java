package fluidml.memory;

import java.util.Arrays;

/**
 * Fills valleys like {@link ValleyPlanner}, but layer by layer and in several ways at once: each of
 * a few partial plans is continued to the next level in many variations, and those continuations go
 * on that have wasted least where most is live (beam search, Lowerre, 1976). What is wasted at a
 * section shows at once: its floor and the bytes still to lie over it add up to more than before.
 *
 * @param name the planner's name
 * @param weight which buffer is the heaviest
 */
record BeamPlanner(String name, Weight weight) implements MemoryPlanner {
  /** Which of the buffers that fit is taken, if not the next. */
  enum Weight {
    /** The one that covers most sections. */
    SECTIONS,
    /** The largest product of sections and the eighth root of the bytes. */
    TALLER;

    double of(double sections, double bytes) {
      return switch (this) {
        case SECTIONS -> sections;
        case TALLER -> sections * Math.sqrt(Math.sqrt(Math.sqrt(bytes)));
      };
    }
  }

  /** Continuations of a partial plan; there are as many partial plans as that leaves room for. */
  private static final int VARIATIONS_EACH = 5;

  /** Continuations per level; fewer for very many buffers. */
  private static final int MOST_VARIATIONS = 36;

  /** Continuations per level, times the root of the number of buffers. */
  private static final double VARIATIONS = 6400;

  /**
   * A buffer that covers this share of all sections counts half in what is still to lie there, a
   * shorter one less: it fills gaps that would be lost without it.
   */
  private static final double FILLER = 0.001;

  @Override
  public MemoryPlan planBlocks(MemoryProblem problem) {
    if (problem.spans().anyFixed()) {
      return new GreedyPlanner(name, BufferOrder.SIZE, Placement.Fit.FIRST).planBlocks(problem);
    }
    return new Beam(problem, weight).plan(name);
  }

  /** A partial plan. */
  private static final class Partial {
    final Valleys.State state;

    /** Bytes that are still to lie over each section, those of short buffers in part only. */
    final double[] rest;

    /** How bad it is what has been lost. */
    double loss;

    Partial(Valleys valleys) {
      state = valleys.new State();
      rest = new double[valleys.sections().count + 1];
    }
  }

  private static final class Beam {
    private final Valleys valleys;
    private final Sections sections;
    private final int variations;
    private final int levels;
    private final double bound;

    /** Bytes per buffer, fewer for short ones: they fill gaps that would be lost otherwise. */
    private final double[] bytes;

    /** Changes of the rest from section to section. */
    private final double[] change;

    private Partial[] now;
    private Partial[] next;

    Beam(MemoryProblem problem, Weight weight) {
      valleys = new Valleys(problem, weight::of);
      sections = valleys.sections();
      int n = Math.max(1, problem.count());
      variations = (int) Math.min(MOST_VARIATIONS, Math.ceil(VARIATIONS / Math.sqrt(n)));
      levels = Math.max(1, (int) Math.sqrt(n));
      bound = problem.lowerBound();
      valleys.levelSteps(problem.lowerBound());
      bytes = new double[sections.buffer.length];
      for (int i = 0; i < bytes.length; i++) {
        double covered = sections.to[i] - sections.from[i];
        bytes[i] =
            problem.bytes(sections.buffer[i]) * covered / (covered + FILLER * sections.count);
      }
      change = new double[sections.count + 1];
      int width = Math.max(1, variations / VARIATIONS_EACH);
      now = new Partial[width];
      next = new Partial[width];
      for (int k = 0; k < width; k++) {
        now[k] = new Partial(valleys);
        next[k] = new Partial(valleys);
      }
    }

    MemoryPlan plan(String name) {
      start();
      int count = 1;
      for (int level = 1; level <= levels; level++) {
        boolean last = level == levels;
        long goal = last ? Long.MAX_VALUE : (long) (bound * level / levels);
        count = advance(count, level, goal);
      }
      now[0].state.restore();
      return valleys.toPlan(name);
    }

    private void start() {
      valleys.clear();
      now[0].state.save();
      double[] rest = now[0].rest;
      for (int i = 0; i < bytes.length; i++) {
        rest[sections.from[i]] += bytes[i];
        rest[sections.to[i]] -= bytes[i];
      }
      for (int k = 1; k < rest.length; k++) {
        rest[k] += rest[k - 1];
      }
    }

    /** Continues the partial plans to a level, and returns how many of the best there are now. */
    private int advance(int count, int level, long goal) {
      int kept = 0;
      int each = Math.max(1, variations / count);
      for (int parent = 0; parent < count; parent++) {
        now[parent].state.restore();
        for (int k = 0; k < each; k++) {
          // Without variation first; no two others alike.
          long variation = k == 0 ? 0 : (((long) level << 3) + parent) * MOST_VARIATIONS + k;
          valleys.fillTo(goal, variation);
          double loss = goal == Long.MAX_VALUE ? valleys.arena() : loss(now[parent].rest);
          kept = keep(kept, loss, now[parent]);
          valleys.undo(now[parent].state);
        }
      }
      Partial[] best = next;
      next = now;
      now = best;
      return kept;
    }

    /** Keeps what has just been filled if it is among the best; the best come first. */
    private int keep(int kept, double loss, Partial parent) {
      int at = kept;
      while (at > 0 && next[at - 1].loss > loss) {
        at--;
      }
      // Equal losses are nearly always equal plans.
      if (at == next.length || (at > 0 && next[at - 1].loss == loss)) {
        return kept;
      }
      int last = Math.min(kept, next.length - 1);
      Partial child = next[last];
      System.arraycopy(next, at, next, at + 1, last - at);
      next[at] = child;
      child.loss = loss;
      child.state.save();
      placedChanges();
      double placed = 0;
      for (int k = 0; k < sections.count; k++) {
        placed += change[k];
        child.rest[k] = parent.rest[k] - placed;
      }
      return last + 1;
    }

    private void placedChanges() {
      Arrays.fill(change, 0);
      for (int k = 0; k < valleys.placedCount(); k++) {
        int i = valleys.placed(k);
        change[sections.from[i]] += bytes[i];
        change[sections.to[i]] -= bytes[i];
      }
    }

    /**
     * Returns how bad it is what has been lost, over all sections. A loss of one level more counts
     * about e times as much; a power instead of an exponential has the same bits everywhere.
     */
    private double loss(double[] rest) {
      placedChanges();
      double sum = 0;
      double placed = 0;
      double inverse = 1 / bound;
      double sharpness = levels / 16.0;
      for (int a = 0; a < sections.count; a = valleys.end(a)) {
        double floor = valleys.floor(a);
        for (int k = a; k < valleys.end(a); k++) {
          placed += change[k];
          double above = (floor + rest[k] - placed) * inverse - 1;
          double power = Math.max(0, 1 + above * sharpness);
          power *= power;
          power *= power;
          power *= power;
          sum += power * power;
        }
      }
      return sum;
    }
  }
}
