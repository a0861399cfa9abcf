package fluidml.memory;

import java.util.Arrays;

/**
 * Time compressed to what matters for placement: one section per maximal set of buffers that are
 * live together. A buffer covers a contiguous range of sections, and two buffers overlap in time
 * exactly if their ranges do. Buffers of no bytes are left out.
 */
final class Sections {
  /** The buffers of the problem that have bytes; everything below is indexed like this. */
  final int[] buffer;

  /** First section per buffer. */
  final int[] from;

  /** First section after the last per buffer. */
  final int[] to;

  /** Number of sections. */
  final int count;

  Sections(MemoryProblem problem) {
    Lifespans spans = problem.spans();
    long[] bytes = problem.sizes();
    int n = 0;
    int[] kept = new int[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] > 0) {
        kept[n++] = i;
      }
    }
    buffer = Arrays.copyOf(kept, n);
    int[] births = new int[n];
    int[] deaths = new int[n];
    for (int i = 0; i < n; i++) {
      births[i] = spans.lower[buffer[i]];
      deaths[i] = spans.upper[buffer[i]];
    }
    Arrays.sort(births);
    Arrays.sort(deaths);
    int[] steps = new int[n];
    count = maximalSteps(births, deaths, steps);
    from = new int[n];
    to = new int[n];
    for (int i = 0; i < n; i++) {
      from[i] = firstAtLeast(steps, count, spans.lower[buffer[i]]);
      to[i] = firstAtLeast(steps, count, spans.upper[buffer[i]]);
    }
  }

  /**
   * Finds the births after which something dies before the next birth: just there the set of live
   * buffers is maximal.
   */
  private static int maximalSteps(int[] births, int[] deaths, int[] steps) {
    int found = 0;
    int dead = 0;
    for (int i = 0; i < births.length; i++) {
      if (i + 1 < births.length && births[i + 1] == births[i]) {
        continue;
      }
      while (deaths[dead] <= births[i]) {
        dead++;
      }
      if (i + 1 == births.length || deaths[dead] <= births[i + 1]) {
        steps[found++] = births[i];
      }
    }
    return found;
  }

  private static int firstAtLeast(int[] steps, int count, int step) {
    int at = Arrays.binarySearch(steps, 0, count, step);
    return at >= 0 ? at : -at - 1;
  }
}
