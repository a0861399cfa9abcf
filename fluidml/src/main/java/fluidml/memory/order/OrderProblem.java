package fluidml.memory.order;

import fluidml.error.VerificationException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * Steps, what must run before what, and the buffers they touch. A buffer is live from the first
 * step that touches it to the last; some are live from the beginning or to the end, whoever touches
 * them.
 *
 * <p>Memory of an order is the largest sum of bytes that are live during a step, the step's private
 * bytes included. A result that takes the place of an operand does not count beside it.
 *
 * @param buffers what is touched
 * @param steps in the given order, which must be possible
 */
public record OrderProblem(List<Item> buffers, List<Step> steps) {
  private static final String PHASE = "ordering";

  /**
   * A buffer.
   *
   * @param bytes size in bytes
   * @param fromStart whether it is live before the first step
   * @param toEnd whether it is live after the last step
   */
  public record Item(long bytes, boolean fromStart, boolean toEnd) {}

  /**
   * A step.
   *
   * @param before numbers of the steps that must run before it
   * @param touches numbers of the buffers that it reads or writes, each once
   * @param overwrites results that may take an operand's place
   * @param privateBytes bytes that it needs while it runs
   */
  public record Step(
      List<Integer> before, List<Integer> touches, List<Overwrite> overwrites, long privateBytes) {
    public Step {
      before = List.copyOf(before);
      touches = List.copyOf(touches);
      overwrites = List.copyOf(overwrites);
    }
  }

  /**
   * A result of a step that takes the place of an operand of the same size, if the step is the
   * operand's last and the result's first.
   *
   * @param operand number of a buffer
   * @param result number of a buffer
   */
  public record Overwrite(int operand, int result) {}

  /**
   * Copies the lists.
   *
   * @throws VerificationException if the given order breaks its own constraints, or a number names
   *     nothing
   */
  public OrderProblem {
    buffers = List.copyOf(buffers);
    steps = List.copyOf(steps);
    for (int i = 0; i < steps.size(); i++) {
      for (int before : steps.get(i).before()) {
        check(before >= 0 && before < i, i, "step " + before + " must come before it");
      }
      for (int buffer : steps.get(i).touches()) {
        check(buffer >= 0 && buffer < buffers.size(), i, "there is no buffer " + buffer);
      }
    }
  }

  private static void check(boolean holds, int step, String problem) {
    if (!holds) {
      throw new VerificationException(PHASE, "step " + step, problem);
    }
  }

  /** The given order: 0, 1, 2, … */
  public int[] given() {
    int[] order = new int[steps.size()];
    Arrays.setAll(order, i -> i);
    return order;
  }

  /** Whether an order has every step once and keeps all constraints. */
  public boolean allows(int[] order) {
    BitSet done = new BitSet();
    for (int step : order) {
      if (step < 0 || step >= steps.size() || done.get(step)) {
        return false;
      }
      for (int before : steps.get(step).before()) {
        if (!done.get(before)) {
          return false;
        }
      }
      done.set(step);
    }
    return order.length == steps.size();
  }

  /**
   * The memory of an order in bytes: the naive walk, which shares no code with the search.
   *
   * @param order every step once, all constraints kept
   */
  public long peak(int[] order) {
    return Arrays.stream(live(order)).max().orElse(0);
  }

  /**
   * The memory during each step of an order in bytes.
   *
   * @param order every step once, all constraints kept
   */
  public long[] live(int[] order) {
    int n = buffers.size();
    int[] first = new int[n];
    int[] last = new int[n];
    Arrays.fill(first, -1);
    Arrays.fill(last, -1);
    for (int time = 0; time < order.length; time++) {
      for (int buffer : steps.get(order[time]).touches()) {
        first[buffer] = first[buffer] < 0 ? time : first[buffer];
        last[buffer] = time;
      }
    }
    long[] lives = new long[order.length];
    for (int time = 0; time < order.length; time++) {
      long live = steps.get(order[time]).privateBytes();
      for (int b = 0; b < n; b++) {
        boolean begun = buffers.get(b).fromStart() || (first[b] >= 0 && first[b] <= time);
        boolean needed = buffers.get(b).toEnd() || last[b] >= time;
        live += begun && needed ? buffers.get(b).bytes() : 0;
      }
      List<Integer> replaced = new ArrayList<>();
      for (Overwrite o : steps.get(order[time]).overwrites()) {
        boolean dies = !buffers.get(o.operand()).toEnd() && last[o.operand()] == time;
        boolean born = !buffers.get(o.result()).fromStart() && first[o.result()] == time;
        boolean free = !replaced.contains(o.operand()) && !replaced.contains(o.result());
        if (dies && born && free && sameSize(o)) {
          replaced.add(o.operand());
          replaced.add(o.result());
          live -= buffers.get(o.result()).bytes();
        }
      }
      lives[time] = live;
    }
    return lives;
  }

  boolean sameSize(Overwrite overwrite) {
    return buffers.get(overwrite.operand()).bytes() == buffers.get(overwrite.result()).bytes();
  }
}
