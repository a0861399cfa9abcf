package fluidml.memory;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

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
    /** The largest product of sections and the fourth root of the bytes. */
    TALLER;

    double of(double sections, double bytes) {
      return switch (this) {
        case SECTIONS -> sections;
        case TALLER -> sections * Math.sqrt(Math.sqrt(bytes));
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

  /**
   * A loss of one part in so many of the bound more counts about e times as much. A power instead
   * of an exponential has the same bits everywhere.
   */
  private static final double SHARPNESS = 300;

  @Override
  public MemoryPlan planBlocks(MemoryProblem problem) {
    if (problem.spans().anyFixed()) {
      return new GreedyPlanner(name, BufferOrder.SIZE, Placement.Fit.FIRST).planBlocks(problem);
    }
    return new Beam(problem, weight).plan(name);
  }

  /** One way to continue a partial plan. */
  private record Continuation(int parent, long variation, double loss) {}

  /** A partial plan. */
  private static final class Partial {
    final Valleys.State state;

    /** Bytes that are still to lie over each section, those of short buffers in part only. */
    final double[] rest;

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
        count = keep(continuations(count, level, goal), goal);
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

    private List<Continuation> continuations(int count, int level, long goal) {
      List<Continuation> found = new ArrayList<>();
      int each = Math.max(1, variations / count);
      for (int parent = 0; parent < count; parent++) {
        now[parent].state.restore();
        for (int k = 0; k < each; k++) {
          // Without variation first; no two others alike.
          long variation = k == 0 ? 0 : (((long) level << 3) + parent) * MOST_VARIATIONS + k;
          valleys.fillTo(goal, variation);
          double loss = goal == Long.MAX_VALUE ? valleys.arena() : loss(now[parent].rest);
          found.add(new Continuation(parent, variation, loss));
          valleys.undo(now[parent].state);
        }
      }
      found.sort(Comparator.comparingDouble(Continuation::loss));
      return found;
    }

    /** Makes the best continuations the partial plans, and returns how many they are. */
    private int keep(List<Continuation> found, long goal) {
      int count = 0;
      double before = -1;
      for (Continuation c : found) {
        if (count == next.length) {
          break;
        }
        // Equal losses are nearly always equal plans.
        if (c.loss != before) {
          before = c.loss;
          Partial parent = now[c.parent];
          Partial child = next[count++];
          parent.state.restore();
          valleys.fillTo(goal, c.variation);
          child.state.save();
          placedChanges();
          double placed = 0;
          for (int k = 0; k < sections.count; k++) {
            placed += change[k];
            child.rest[k] = parent.rest[k] - placed;
          }
        }
      }
      Partial[] kept = next;
      next = now;
      now = kept;
      return count;
    }

    private void placedChanges() {
      Arrays.fill(change, 0);
      for (int k = 0; k < valleys.placedCount(); k++) {
        int i = valleys.placed(k);
        change[sections.from[i]] += bytes[i];
        change[sections.to[i]] -= bytes[i];
      }
    }

    /** Returns how bad it is what has been lost, over all sections. */
    private double loss(double[] rest) {
      placedChanges();
      double sum = 0;
      double placed = 0;
      double inverse = 1 / bound;
      for (int a = 0; a < sections.count; a = valleys.end(a)) {
        double floor = valleys.floor(a);
        for (int k = a; k < valleys.end(a); k++) {
          placed += change[k];
          double above = (floor + rest[k] - placed) * inverse - 1;
          double power = Math.max(0, 1 + above * (SHARPNESS / 16));
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
