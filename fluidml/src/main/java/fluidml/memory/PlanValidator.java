package fluidml.memory;

import fluidml.error.VerificationException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * The obvious check that a plan solves its problem, by all pairs of buffers that are live together,
 * or for many buffers by those next to each other in memory at some step. Shares no code with the
 * planners.
 */
public final class PlanValidator {
  /** Beyond this many buffers, pairs are only looked at when something is known to be wrong. */
  private static final int MANY = 2000;

  /** One way in which a plan is wrong. */
  public sealed interface Violation {
    /** Returns the first buffer concerned. */
    String buffer();

    /** Returns what is wrong, with both names where two buffers clash. */
    String describe();
  }

  /**
   * Two buffers share a byte while both are live.
   *
   * @param buffer one buffer
   * @param other the other buffer
   * @param step the first step at which both are live
   * @param offset the first offset in bytes that both cover
   */
  public record Clash(String buffer, String other, int step, long offset) implements Violation {
    @Override
    public String describe() {
      return "'%s' and '%s' are both live at step %d and share byte %d"
          .formatted(buffer, other, step, offset);
    }
  }

  /**
   * A buffer leaves the arena.
   *
   * @param buffer the buffer
   * @param offset its offset in bytes
   * @param end its end in bytes
   * @param arenaBytes the size of the arena in bytes
   */
  public record OutOfArena(String buffer, long offset, long end, long arenaBytes)
      implements Violation {
    @Override
    public String describe() {
      return "'%s' covers [%d, %d) of an arena of %d bytes"
          .formatted(buffer, offset, end, arenaBytes);
    }
  }

  /**
   * A buffer's offset is not a multiple of its alignment.
   *
   * @param buffer the buffer
   * @param offset its offset in bytes
   * @param alignment the alignment asked for
   */
  public record Misaligned(String buffer, long offset, long alignment) implements Violation {
    @Override
    public String describe() {
      return "'%s' lies at %d, which is not a multiple of %d".formatted(buffer, offset, alignment);
    }
  }

  /**
   * A buffer with a fixed offset was put elsewhere.
   *
   * @param buffer the buffer
   * @param offset its offset in bytes
   * @param fixedOffset the offset it was fixed at
   */
  public record Moved(String buffer, long offset, long fixedOffset) implements Violation {
    @Override
    public String describe() {
      return "'%s' lies at %d but is fixed at %d".formatted(buffer, offset, fixedOffset);
    }
  }

  /**
   * A buffer does not lie where another name of its block does.
   *
   * @param buffer the buffer
   * @param other the other name
   * @param offset offset of the buffer in bytes
   * @param otherOffset offset of the other in bytes
   */
  public record Parted(String buffer, String other, long offset, long otherOffset)
      implements Violation {
    @Override
    public String describe() {
      return "'%s' lies at %d, but '%s' of the same block at %d"
          .formatted(buffer, offset, other, otherOffset);
    }
  }

  private PlanValidator() {}

  /**
   * Returns everything that is wrong with a plan; empty when it is valid.
   *
   * @param problem the buffers
   * @param plan a plan for them
   * @throws VerificationException if the plan has another number of buffers than the problem
   */
  public static List<Violation> violations(MemoryProblem problem, MemoryPlan plan) {
    if (plan.count() != problem.count()) {
      throw new VerificationException(
          plan.planner(),
          "memory plan",
          "places " + plan.count() + " buffers, the problem has " + problem.count());
    }
    List<Violation> found = new ArrayList<>();
    for (int i = 0; i < problem.count(); i++) {
      single(problem.buffer(i), plan.offset(i), plan.arenaBytes(), found);
    }
    List<Buffer> blocks = blocks(problem);
    if (blocks.size() > MANY && disjoint(blocks, plan)) {
      return found;
    }
    List<Integer> byBirth = new ArrayList<>(IntStream.range(0, blocks.size()).boxed().toList());
    byBirth.sort(Comparator.comparingInt(i -> blocks.get(i).lower()));
    for (int x = 0; x < byBirth.size(); x++) {
      int i = byBirth.get(x);
      for (int y = x + 1; y < byBirth.size(); y++) {
        int j = byBirth.get(y);
        if (blocks.get(j).lower() >= blocks.get(i).upper()) {
          break;
        }
        pair(blocks.get(i), blocks.get(j), plan.offset(i), plan.offset(j), found);
      }
    }
    return found;
  }

  /**
   * Returns whether no blocks share a byte while both are live, from a walk through time that
   * compares each with those next to it in memory only. Names of a block must lie together.
   */
  private static boolean disjoint(List<Buffer> blocks, MemoryPlan plan) {
    List<Integer> births = new ArrayList<>();
    Map<String, Long> placed = new HashMap<>();
    for (int i = 0; i < blocks.size(); i++) {
      String alias = blocks.get(i).alias().orElse("");
      Long before = alias.isEmpty() ? null : placed.putIfAbsent(alias, plan.offset(i));
      if (before != null && before != plan.offset(i)) {
        return false;
      }
      if (before == null && blocks.get(i).bytes() > 0) {
        births.add(i);
      }
    }
    List<Integer> deaths = new ArrayList<>(births);
    births.sort(Comparator.comparingInt(i -> blocks.get(i).lower()));
    deaths.sort(Comparator.comparingInt(i -> blocks.get(i).upper()));
    TreeMap<Long, Integer> live = new TreeMap<>();
    int dead = 0;
    for (int i : births) {
      while (blocks.get(deaths.get(dead)).upper() <= blocks.get(i).lower()) {
        live.remove(plan.offset(deaths.get(dead++)));
      }
      long offset = plan.offset(i);
      Map.Entry<Long, Integer> below = live.floorEntry(offset);
      Map.Entry<Long, Integer> above = live.ceilingEntry(offset);
      if ((below != null && below.getKey() + blocks.get(below.getValue()).bytes() > offset)
          || (above != null && offset + blocks.get(i).bytes() > above.getKey())) {
        return false;
      }
      live.put(offset, i);
    }
    return true;
  }

  /** Returns every buffer with the lifespan and size of the block it is a name of. */
  private static List<Buffer> blocks(MemoryProblem problem) {
    Map<String, Buffer> union = new HashMap<>();
    for (Buffer row : problem.buffers()) {
      row.alias().ifPresent(alias -> union.merge(alias, row, PlanValidator::union));
    }
    return problem.buffers().stream()
        .map(row -> row.alias().map(alias -> union(row, union.get(alias))).orElse(row))
        .toList();
  }

  private static Buffer union(Buffer a, Buffer b) {
    return Buffer.of(
            a.id(),
            Math.min(a.lower(), b.lower()),
            Math.max(a.upper(), b.upper()),
            Math.max(a.bytes(), b.bytes()))
        .aliased(a.alias().orElseThrow());
  }

  private static void pair(Buffer a, Buffer b, long offsetA, long offsetB, List<Violation> found) {
    if (a.alias().isPresent() && a.alias().equals(b.alias())) {
      if (offsetA != offsetB) {
        found.add(new Parted(a.id(), b.id(), offsetA, offsetB));
      }
      return;
    }
    int step = Math.max(a.lower(), b.lower());
    long from = Math.max(offsetA, offsetB);
    long to = Math.min(offsetA + a.bytes(), offsetB + b.bytes());
    if (step < a.upper() && step < b.upper() && from < to) {
      found.add(new Clash(a.id(), b.id(), step, from));
    }
  }

  private static void single(Buffer buffer, long offset, long arenaBytes, List<Violation> found) {
    if (offset < 0 || offset > arenaBytes - buffer.bytes()) {
      found.add(new OutOfArena(buffer.id(), offset, offset + buffer.bytes(), arenaBytes));
    }
    if (offset % buffer.alignment() != 0) {
      found.add(new Misaligned(buffer.id(), offset, buffer.alignment()));
    }
    if (buffer.fixedOffset().isPresent() && buffer.fixedOffset().getAsLong() != offset) {
      found.add(new Moved(buffer.id(), offset, buffer.fixedOffset().getAsLong()));
    }
  }

  /**
   * Returns the plan if it is valid.
   *
   * @param problem the buffers
   * @param plan a plan for them
   * @throws VerificationException naming the planner and the first buffers that clash
   */
  public static MemoryPlan check(MemoryProblem problem, MemoryPlan plan) {
    List<Violation> found = violations(problem, plan);
    if (!found.isEmpty()) {
      Violation first = found.getFirst();
      throw new VerificationException(
          plan.planner(),
          "buffer '" + first.buffer() + "'",
          first.describe() + " (" + found.size() + " violations)");
    }
    return plan;
  }
}
