package fluidml.memory;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The two tables of Optimium for any plan, one entry per block: after each execution step the
 * <em>allocation table</em> says what is live where, and the <em>memory plan table</em> says where
 * every buffer was put.
 *
 * @param steps one allocation table per step at which buffers are born, in execution order
 * @param plan the memory plan table, in order of birth
 * @param arenaBytes size of the arena in bytes
 * @param totalBytes bytes without any reuse
 */
public record MemoryTables(List<Step> steps, List<Entry> plan, long arenaBytes, long totalBytes) {

  /**
   * A buffer and its place.
   *
   * @param buffer its name
   * @param lower first step
   * @param upper first step after the last
   * @param offset offset in bytes
   * @param bytes size in bytes
   */
  public record Entry(String buffer, int lower, int upper, long offset, long bytes) {}

  /**
   * The allocation table at one step.
   *
   * @param step the execution step
   * @param live the live buffers by offset
   * @param born names of the buffers that start here
   * @param released names of the buffers that ended since the step before in this list
   * @param liveBytes sum of the live sizes
   */
  public record Step(
      int step, List<Entry> live, List<String> born, List<String> released, long liveBytes) {}

  /**
   * Returns the tables of a plan.
   *
   * @param problem the buffers
   * @param plan a plan for them
   */
  public static MemoryTables of(MemoryProblem problem, MemoryPlan plan) {
    return ofBlocks(problem.blocks(), problem.blocksOf(plan));
  }

  private static MemoryTables ofBlocks(MemoryProblem problem, MemoryPlan plan) {
    Lifespans spans = problem.spans();
    List<Entry> entries = new ArrayList<>();
    List<Integer> births = new ArrayList<>();
    for (int i : spans.byLower) {
      entries.add(
          new Entry(
              problem.id(i), problem.lower(i), problem.upper(i), plan.offset(i), problem.bytes(i)));
      if (births.isEmpty() || births.getLast() != problem.lower(i)) {
        births.add(problem.lower(i));
      }
    }
    List<Step> steps = new ArrayList<>();
    List<Entry> before = List.of();
    for (int step : births) {
      List<Entry> live =
          entries.stream()
              .filter(e -> e.lower() <= step && step < e.upper())
              .sorted(Comparator.comparingLong(Entry::offset))
              .toList();
      List<String> born =
          entries.stream().filter(e -> e.lower() == step).map(Entry::buffer).toList();
      List<String> released =
          before.stream().filter(e -> e.upper() <= step).map(Entry::buffer).toList();
      steps.add(new Step(step, live, born, released, live.stream().mapToLong(Entry::bytes).sum()));
      before = live;
    }
    return new MemoryTables(
        List.copyOf(steps), List.copyOf(entries), plan.arenaBytes(), problem.totalBytes());
  }

  /** Returns the allocation table of every step as text. */
  public String allocationText() {
    StringBuilder text = new StringBuilder();
    for (Step step : steps) {
      text.append("step %d: %d bytes live".formatted(step.step(), step.liveBytes()));
      text.append(step.released().isEmpty() ? "" : ", released " + step.released());
      text.append(", allocated ").append(step.born()).append('\n');
      for (Entry e : step.live()) {
        text.append("  [%d, %d) %s\n".formatted(e.offset(), e.offset() + e.bytes(), e.buffer()));
      }
    }
    return text.toString();
  }

  /** Returns the memory plan table as text. */
  public String planText() {
    StringBuilder text = new StringBuilder("buffer,lower,upper,offset,bytes\n");
    for (Entry e : plan) {
      text.append(
          "%s,%d,%d,%d,%d\n".formatted(e.buffer(), e.lower(), e.upper(), e.offset(), e.bytes()));
    }
    return text.append("arena %d of %d bytes\n".formatted(arenaBytes, totalBytes)).toString();
  }
}
