package fluidml.vm;

import fluidml.error.KernelFailureException;
import fluidml.memory.MemoryProblem;
import java.lang.foreign.MemorySegment;

/**
 * Watches the arena of a run in checked mode. Bytes that belong to no live tensor are filled with a
 * pattern that is a NaN in every floating-point type: whoever reads a tensor before it is written
 * or after its life gets NaNs, and whoever writes outside of live tensors is found after the step.
 */
final class Sentinel {
  private static final byte PATTERN = (byte) 0xFF;

  private final MemoryProblem problem;
  private final ArenaPlan plan;
  private final MemorySegment arena;

  /** Fills what is not live when the inputs come. */
  Sentinel(ArenaPlan plan, MemorySegment arena) {
    this.plan = plan;
    this.problem = plan.problem();
    this.arena = arena.asSlice(0, plan.bytes());
    this.arena.fill(PATTERN);
  }

  /** Fills inputs that no step reads, after all inputs have come. */
  void begin() {
    for (int i = 0; i < problem.count(); i++) {
      if (problem.upper(i) == 1) {
        slice(plan.plan().offset(i), problem.bytes(i)).fill(PATTERN);
      }
    }
  }

  /**
   * Checks what is dead and fills what dies, after the step at a place.
   *
   * @throws KernelFailureException if a byte outside of live tensors has changed
   */
  void after(int place, String label) {
    int time = place + 1;
    boolean[] live = new boolean[problem.count()];
    for (int i = 0; i < live.length; i++) {
      live[i] = problem.lower(i) <= time && time < problem.upper(i) && problem.bytes(i) > 0;
    }
    long at = 0;
    while (at < arena.byteSize()) {
      long next = arena.byteSize();
      long end = at;
      for (int i = 0; i < live.length; i++) {
        long offset = plan.plan().offset(i);
        if (live[i] && offset <= at && at < offset + problem.bytes(i)) {
          end = Math.max(end, offset + problem.bytes(i));
        } else if (live[i] && offset > at) {
          next = Math.min(next, offset);
        }
      }
      if (end == at) {
        requireUntouched(at, next, place, label);
        end = next;
      }
      at = end;
    }
    for (int i = 0; i < live.length; i++) {
      if (live[i] && problem.upper(i) == time + 1) {
        slice(plan.plan().offset(i), problem.bytes(i)).fill(PATTERN);
      }
    }
  }

  private MemorySegment slice(long offset, long bytes) {
    return arena.asSlice(offset, bytes);
  }

  private void requireUntouched(long from, long to, int place, String label) {
    for (long i = from; i < to; i++) {
      if (arena.get(java.lang.foreign.ValueLayout.JAVA_BYTE, i) != PATTERN) {
        throw new KernelFailureException(
            label, "step " + place + " wrote byte " + i + " of the arena, outside of its tensors");
      }
    }
  }
}
