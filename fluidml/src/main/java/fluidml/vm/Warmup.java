package fluidml.vm;

import fluidml.emit.CompiledKernel;
import fluidml.emit.jvm.AllocationGauge;
import fluidml.error.FluidmlException;
import fluidml.loop.Buffer;
import fluidml.loop.Kernel;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.IntToLongFunction;

/**
 * Runs small parts of kernels over and over until the JIT has compiled them, kernel after kernel in
 * turns, so that compilation in the background and execution overlap. A cold kernel is hundreds of
 * times slower than a hot one; with this, a big model does not crawl through its first run.
 *
 * <p>The threads of the team warm up different kernels at the same time. What the parts compute is
 * of no use, may be a mixture of what several wrote, and is overwritten by the next run. Kernels
 * with int32 or int64 operands are the exception: those may be indices, which are checked and then
 * used, so nobody else writes while such a kernel runs.
 */
final class Warmup {
  /** Cold kernels do about this many units of work a second. */
  private static final long COLD_WORK_PER_SECOND = 100_000_000;

  /** From this many seconds on for a cold run, a warm-up pays. */
  private static final double WORTH_SECONDS = 0.3;

  /**
   * A kernel that was quick from the beginning runs this many units, such that the JVM counts
   * enough calls.
   */
  private static final int MIN_UNITS = 700;

  /** Quick units in one turn. */
  private static final int TURN_UNITS = 50;

  private static final long TURN_NANOS = 5_000_000;

  /** The first turn of a kernel is longer: its procedures are then soon on their way to the JIT. */
  private static final long FIRST_TURN_NANOS = 40_000_000;

  /**
   * Every so many units several run as one range: some kernels do neighbours at once, in a
   * procedure that a single unit never calls.
   */
  private static final int WIDE_EVERY = 4;

  /** Units of a wide range. */
  private static final int WIDE_UNITS = 4;

  /** Every so many units leave conditional statements out, so that the JIT knows both ways. */
  private static final int SKIP_EVERY = 3;

  /** A kernel is hot after so many quick units in a row. */
  private static final int CALM_UNITS = 20;

  /**
   * A unit that allocates less holds no vectors on the heap; reading the gauge itself may allocate
   * a little.
   */
  private static final long CALM_BYTES = 2048;

  /** A kernel that does not get better in so many turns stays as it is. */
  private static final int STALE_TURNS = 20;

  /** A unit that is done this fast is not interpreted, or so small that it does not matter. */
  private static final long CALM_NANOS = 25_000;

  private static final long[] NO_FRAME = {};

  private final Binding binding;
  private final IntToLongFunction scratch;
  private final long end;

  /** One distinct kernel at the step where it does the most. */
  private static final class Candidate {
    final CompiledKernel code;
    final boolean alone;
    int step;
    long extent;
    long unit;
    int units;
    int calm;
    int stale;
    boolean wasCold;
    long leastNanos = Long.MAX_VALUE;

    Candidate(CompiledKernel code, Kernel kernel) {
      this.code = code;
      this.alone = kernel.buffers().stream().anyMatch(Buffer::mayHoldIndices);
    }

    /** Whether units have become quick, or were quick always and the JVM has counted enough. */
    boolean isHot() {
      return calm >= CALM_UNITS && (wasCold || units >= MIN_UNITS);
    }
  }

  private Warmup(Binding binding, IntToLongFunction scratch, long end) {
    this.binding = binding;
    this.scratch = scratch;
    this.end = end;
  }

  private static List<Candidate> candidates(Executable executable, Binding binding) {
    Map<CompiledKernel, Candidate> distinct = new LinkedHashMap<>();
    for (int i = 0; i < executable.instructions().size(); i++) {
      Executable.Instruction instruction = executable.instructions().get(i);
      CompiledKernel code = instruction.code();
      if (code != null && binding.extent(i) > 0) {
        Candidate candidate =
            distinct.computeIfAbsent(code, _ -> new Candidate(code, instruction.kernel()));
        if (binding.extent(i) > candidate.extent) {
          candidate.step = i;
          candidate.extent = binding.extent(i);
        }
      }
    }
    return List.copyOf(distinct.values());
  }

  /** Whether a first run of cold kernels would take so long that a warm-up pays. */
  static boolean pays(Executable executable, Binding binding) {
    long work = 0;
    for (Executable.Instruction instruction : executable.instructions()) {
      if (instruction.code() != null) {
        work += binding.values[instruction.work()];
      }
    }
    return work > COLD_WORK_PER_SECOND * WORTH_SECONDS;
  }

  /**
   * Warms up all kernels of a program.
   *
   * @param binding its frames are placed
   * @param scratch address of a step's private memory
   * @param lease marks a run of its own meanwhile
   * @param threads at most so many of the team take part
   * @param budgetNanos ends the warm-up after the turns in which it is used up
   */
  static void run(
      Executable executable,
      Binding binding,
      IntToLongFunction scratch,
      ThreadTeam.Lease lease,
      int threads,
      long budgetNanos) {
    Warmup warmup = new Warmup(binding, scratch, System.nanoTime() + budgetNanos);
    List<Candidate> all = candidates(executable, binding);
    lease.beginRun(threads);
    try {
      Queue<Candidate> alone = new ConcurrentLinkedQueue<>();
      Queue<Candidate> together = new ConcurrentLinkedQueue<>();
      all.forEach(candidate -> (candidate.alone ? alone : together).add(candidate));
      warmup.turns(alone);
      lease.run((_, _, _, _) -> warmup.turns(together), NO_FRAME, 0, 0, threads, threads);
    } finally {
      lease.endRun();
      all.forEach(candidate -> binding.setBrief(candidate.step, 0));
    }
  }

  /** Takes turns until all kernels are hot or warmed by another thread, or the time is up. */
  private void turns(Queue<Candidate> cold) {
    while (System.nanoTime() < end) {
      Candidate candidate = cold.poll();
      if (candidate == null) {
        return;
      }
      if (!turn(candidate)) {
        cold.add(candidate);
      }
    }
  }

  /** Runs units of one kernel for a while; whether it has become hot. */
  private boolean turn(Candidate candidate) {
    long begin = System.nanoTime();
    long limit = candidate.units == 0 ? FIRST_TURN_NANOS : TURN_NANOS;
    candidate.stale++;
    while (!candidate.isHot() && System.nanoTime() - begin < limit) {
      boolean calm = unit(candidate);
      candidate.units++;
      candidate.calm = calm ? candidate.calm + 1 : 0;
      candidate.wasCold |= !calm;
      if (candidate.calm >= CALM_UNITS && candidate.units % TURN_UNITS == 0) {
        break;
      }
    }
    return candidate.isHot() || (candidate.units >= MIN_UNITS && candidate.stale >= STALE_TURNS);
  }

  /** Runs one unit; whether it seems compiled. */
  private boolean unit(Candidate candidate) {
    int width = candidate.units % WIDE_EVERY == WIDE_EVERY - 1 ? WIDE_UNITS : 1;
    long first = Math.max(0, Math.min(candidate.unit, candidate.extent - width));
    long end = Math.min(candidate.extent, first + width);
    boolean skips = candidate.units % SKIP_EVERY == SKIP_EVERY - 1;
    binding.setBrief(candidate.step, skips ? Kernel.SKIPPING : Kernel.BRIEF);
    long begin = System.nanoTime();
    long before = AllocationGauge.bytes();
    try {
      candidate.code.run(
          binding.frame(candidate.step), scratch.applyAsLong(candidate.step), first, end);
    } catch (FluidmlException e) {
      // The operands are whatever lies in the arena; a kernel may rightly refuse them.
      candidate.units = MIN_UNITS;
      return true;
    }
    long allocated = AllocationGauge.bytes() - before;
    long nanos = (System.nanoTime() - begin) / (end - first);
    if (nanos < candidate.leastNanos - candidate.leastNanos / 8) {
      candidate.leastNanos = nanos;
      candidate.stale = 0;
    }
    candidate.unit = (candidate.unit + 1) % candidate.extent;
    return allocated < CALM_BYTES || nanos < CALM_NANOS;
  }
}
