package fluidml.memory;

import fluidml.error.VerificationException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What has to be placed: buffers with a size in bytes and a lifespan {@code [lower, upper)} over
 * execution steps. Two buffers that are live at a common step may not share a byte, unless they
 * have the same alias: those are names of one block and all lie at its offset.
 *
 * <p>Immutable and safe to share. Lifespans do not depend on tensor shapes; {@link #withSizes}
 * gives the same problem for other shapes without deriving the overlaps again.
 */
public final class MemoryProblem {
  /** The value of {@link #fixedOffset} for a buffer whose offset is free to choose. */
  public static final long FREE = -1;

  private static final String PHASE = "liveness";

  private final Lifespans spans;
  private final long[] bytes;
  private final List<Optional<String>> aliases;
  private final Optional<AliasGroups> groups;

  private MemoryProblem(
      Lifespans spans, long[] bytes, List<Optional<String>> aliases, Optional<AliasGroups> groups) {
    this.spans = spans;
    this.bytes = bytes;
    this.aliases = aliases;
    this.groups = groups;
  }

  /**
   * Returns the problem made of these buffers, in this order.
   *
   * @param buffers rows with distinct ids
   * @throws VerificationException if an id is used twice, a lifespan is empty or starts before step
   *     zero, a size is negative, an alignment is no power of two, or a fixed offset is negative or
   *     misaligned, also by another buffer of the same alias
   */
  public static MemoryProblem of(List<Buffer> buffers) {
    Set<String> seen = new HashSet<>();
    long[] bytes = new long[buffers.size()];
    boolean aliased = false;
    for (int i = 0; i < bytes.length; i++) {
      Buffer buffer = buffers.get(i);
      String id = buffer.id();
      long alignment = buffer.alignment();
      long fixed = buffer.fixedOffset().orElse(0);
      bytes[i] = buffer.bytes();
      aliased |= buffer.alias().isPresent();
      check(seen.add(id), id, "the id is used twice");
      check(
          buffer.lower() >= 0 && buffer.lower() < buffer.upper(),
          id,
          "the lifespan is empty or negative");
      check(Long.bitCount(alignment) == 1 && alignment > 0, id, "the alignment is no power of two");
      check(fixed >= 0 && fixed % alignment == 0, id, "the fixed offset is negative or misaligned");
    }
    Lifespans spans = Lifespans.of(buffers);
    return new MemoryProblem(
        spans,
        checkedSizes(spans.ids, bytes),
        buffers.stream().map(Buffer::alias).toList(),
        aliased ? Optional.of(AliasGroups.of(buffers)) : Optional.empty());
  }

  /**
   * Returns the same buffers with other sizes; lifespans, alignments and fixed offsets are shared.
   *
   * @param newBytes size in bytes per buffer
   * @throws VerificationException if a size is negative or their number differs
   */
  public MemoryProblem withSizes(long[] newBytes) {
    return new MemoryProblem(spans, checkedSizes(spans.ids, newBytes.clone()), aliases, groups);
  }

  private static long[] checkedSizes(String[] ids, long[] bytes) {
    check(ids.length == bytes.length, "sizes", "expected " + ids.length + " sizes");
    long total = 0;
    for (int i = 0; i < bytes.length; i++) {
      check(bytes[i] >= 0, ids[i], "the size is negative");
      total += bytes[i];
      check(total >= 0 && total <= Long.MAX_VALUE / 2, ids[i], "the sizes add up to too much");
    }
    return bytes;
  }

  private static void check(boolean holds, String subject, String problem) {
    if (!holds) {
      throw new VerificationException(PHASE, "buffer '" + subject + "'", problem);
    }
  }

  /** Returns the problem with one buffer for each alias; this one if there are none. */
  MemoryProblem blocks() {
    return groups
        .map(g -> new MemoryProblem(g.spans(), g.sizes(bytes), List.of(), Optional.empty()))
        .orElse(this);
  }

  /** Returns a plan of {@link #blocks} as a plan of this problem. */
  MemoryPlan ofBlocks(MemoryPlan plan) {
    return groups.map(g -> g.expand(plan)).orElse(plan);
  }

  /** Returns a plan of this problem as a plan of {@link #blocks}. */
  MemoryPlan blocksOf(MemoryPlan plan) {
    return groups.map(g -> g.collapse(plan)).orElse(plan);
  }

  Lifespans spans() {
    return spans;
  }

  /** The sizes themselves, not a copy. */
  long[] sizes() {
    return bytes;
  }

  /** Returns the number of buffers. */
  public int count() {
    return bytes.length;
  }

  /** Returns the name of buffer {@code i}. */
  public String id(int i) {
    return spans.ids[i];
  }

  /** Returns the first step of buffer {@code i}. */
  public int lower(int i) {
    return spans.lower[i];
  }

  /** Returns the first step after the last of buffer {@code i}. */
  public int upper(int i) {
    return spans.upper[i];
  }

  /** Returns the size of buffer {@code i} in bytes. */
  public long bytes(int i) {
    return bytes[i];
  }

  /** Returns the power of two that divides the offset of buffer {@code i}. */
  public long alignment(int i) {
    return spans.alignment[i];
  }

  /** Returns the given offset of buffer {@code i} in bytes, or {@link #FREE}. */
  public long fixedOffset(int i) {
    return spans.fixed[i];
  }

  /**
   * Returns what buffer {@code i} has in common with the other names of its block, if it is one.
   */
  public Optional<String> alias(int i) {
    return aliases.isEmpty() ? Optional.empty() : aliases.get(i);
  }

  /** Returns buffer {@code i} as a row. */
  public Buffer buffer(int i) {
    long fixed = spans.fixed[i];
    return new Buffer(
        spans.ids[i],
        spans.lower[i],
        spans.upper[i],
        bytes[i],
        spans.alignment[i],
        fixed == FREE ? OptionalLong.empty() : OptionalLong.of(fixed),
        alias(i));
  }

  /** Returns all buffers as rows. */
  public List<Buffer> buffers() {
    List<Buffer> rows = new ArrayList<>(count());
    for (int i = 0; i < count(); i++) {
      rows.add(buffer(i));
    }
    return rows;
  }

  /** Returns the bytes all blocks take when none is reused, without padding. */
  public long totalBytes() {
    long total = 0;
    for (long b : blocks().bytes) {
      total += b;
    }
    return total;
  }

  /** Returns the largest sum of live bytes over all steps; no plan is smaller. */
  public long maxLiveBytes() {
    return blocks().maxLive(1);
  }

  /**
   * Returns the best lower bound for the arena in bytes that is cheap to know: {@link
   * #maxLiveBytes}, raised by the padding that alignment forces between buffers that are live
   * together, and not below the end of any fixed buffer. {@link ExactPlanner} proves more.
   */
  public long lowerBound() {
    return groups.isPresent() ? blocks().boundOfBlocks() : boundOfBlocks();
  }

  /**
   * Returns the bytes at which a plan is taken for the best there is: alignment may cost up to one
   * grain over the bound however the buffers are placed.
   */
  long goal() {
    return lowerBound() + spans().grain - 1;
  }

  private long boundOfBlocks() {
    long grain = spans.grain;
    long bound = Math.max(maxLive(1), grain == 1 ? 0 : maxLive(grain) - (grain - 1));
    for (int i = 0; i < bytes.length; i++) {
      if (spans.fixed[i] != FREE) {
        bound = Math.max(bound, spans.fixed[i] + bytes[i]);
      }
    }
    return bound;
  }

  /**
   * Returns the largest number of bytes that divides all sizes, alignments above one byte and fixed
   * offsets, at least 1. When every buffer lies as low as those below it allow, it divides the size
   * of the arena.
   */
  public long granularity() {
    long divisor = 0;
    for (int i = 0; i < bytes.length; i++) {
      divisor = greatestCommonDivisor(divisor, bytes[i]);
      if (spans.alignment[i] > 1) {
        divisor = greatestCommonDivisor(divisor, spans.alignment[i]);
      }
      if (spans.fixed[i] != FREE) {
        divisor = greatestCommonDivisor(divisor, spans.fixed[i]);
      }
    }
    return Math.max(1, divisor);
  }

  private static long greatestCommonDivisor(long a, long b) {
    return b == 0 ? a : greatestCommonDivisor(b, a % b);
  }

  /** Returns a step at which {@link #maxLiveBytes} is reached, or zero when there is no buffer. */
  public int peakStep() {
    return groups.isPresent() ? blocks().peakOfBlocks() : peakOfBlocks();
  }

  private int peakOfBlocks() {
    long live = 0;
    long max = -1;
    int step = 0;
    int dead = 0;
    for (int i : spans.byLower) {
      while (spans.upper[spans.byUpper[dead]] <= spans.lower[i]) {
        live -= bytes[spans.byUpper[dead++]];
      }
      live += bytes[i];
      if (live > max) {
        max = live;
        step = spans.lower[i];
      }
    }
    return step;
  }

  private long maxLive(long grain) {
    long live = 0;
    long max = 0;
    int dead = 0;
    for (int i : spans.byLower) {
      while (spans.upper[spans.byUpper[dead]] <= spans.lower[i]) {
        live -= alignUp(bytes[spans.byUpper[dead++]], grain);
      }
      live += alignUp(bytes[i], grain);
      max = Math.max(max, live);
    }
    return max;
  }

  /** Returns per buffer the largest sum of live bytes over its lifespan. */
  long[] breadths() {
    int n = bytes.length;
    int[] births = spans.byLower;
    long[] liveAfterBirth = new long[n];
    long live = 0;
    int dead = 0;
    for (int x = 0; x < n; x++) {
      while (spans.upper[spans.byUpper[dead]] <= spans.lower[births[x]]) {
        live -= bytes[spans.byUpper[dead++]];
      }
      live += bytes[births[x]];
      liveAfterBirth[x] = live;
    }
    long[] breadth = new long[n];
    for (int x = 0; x < n; x++) {
      int i = births[x];
      long max = 0;
      for (int y = x; y < n && spans.lower[births[y]] < spans.upper[i]; y++) {
        max = Math.max(max, liveAfterBirth[y]);
      }
      breadth[i] = max;
    }
    return breadth;
  }

  static long alignUp(long value, long alignment) {
    return (value + alignment - 1) & -alignment;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof MemoryProblem that && buffers().equals(that.buffers());
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  @Override
  public String toString() {
    return count() + " buffers, " + totalBytes() + " bytes, at most " + maxLiveBytes() + " live";
  }
}
