package fluidml.vm;

import fluidml.emit.CompiledKernel;
import fluidml.emit.jvm.AllocationGauge;
import fluidml.error.FluidmlException;
import fluidml.loop.Buffer;
import fluidml.loop.Kernel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import java.util.function.IntConsumer;
import java.util.function.IntToLongFunction;
import java.util.stream.IntStream;

/**
 * Runs small parts of kernels over and over until the JIT has compiled them, kernel after kernel in
 * turns, so that compilation in the background and execution overlap. A cold kernel is hundreds of
 * times slower than a hot one; with this, a big model does not crawl through its first run.
 *
 * <p>Several threads warm up different kernels at the same time. What the parts compute is of no
 * use, may be a mixture of what several wrote, and is overwritten by the next run. What may be an
 * index is the exception, as indices are checked and then used: a kernel with int32 or int64
 * operands that are not constants runs while nobody else does, and one with such numbers in its
 * private memory has that memory apart from the arena, where others may write.
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

  /** Units that are not quick run again so many times. */
  private static final int MOST_REPEATS = 12;

  /** A kernel is hot after so many quick units in a row. */
  private static final int CALM_UNITS = 20;

  /** At least so many of them with each of its sizes. */
  private static final int CALM_VISITS = 6;

  /**
   * A unit that allocates less holds no vectors on the heap; reading the gauge itself may allocate
   * a little.
   */
  private static final long CALM_BYTES = 2048;

  /** A kernel that does not get better in so many turns stays as it is. */
  private static final int STALE_TURNS = 20;

  /** A unit that is done this fast is not interpreted, or so small that it does not matter. */
  private static final long CALM_NANOS = 25_000;

  /**
   * After so many units of a kernel that were not quick, the JIT seems to compile while it is
   * interpreted. With the launchers' options, calls wait for the JIT and are soon quick.
   */
  private static final int PATIENT_UNITS = 150;

  private final Binding binding;
  private final long end;

  /** A step whose kernel runs with sizes that no step before it has. */
  private record Place(int step, WarmupVisits visits) {}

  /**
   * One distinct kernel with all its places: which procedures a kernel calls depends on its sizes.
   */
  private static final class Candidate {
    final CompiledKernel code;
    final Kernel kernel;
    final List<Place> places = new ArrayList<>();
    final Set<List<Long>> sizes = new HashSet<>();

    /** Whether private memory may hold indices. */
    final boolean keepsIndices;

    /** Whether an operand that another kernel may write may hold indices. */
    boolean readsIndices;

    Place place;
    WarmupVisits.Visit visit;
    int moves;
    int repeats;
    int units;
    int cold;
    int calm;
    int stale;
    long leastNanos = Long.MAX_VALUE;

    Candidate(CompiledKernel code, Kernel kernel) {
      this.code = code;
      this.kernel = kernel;
      this.keepsIndices = kernel.scratchBuffers().stream().anyMatch(Buffer::mayHoldIndices);
    }

    /** Whether units have become quick, or were quick always and the JVM has counted enough. */
    boolean isHot() {
      boolean isCalm = calm >= Math.max(CALM_UNITS, CALM_VISITS * places.size());
      return isCalm && (cold > 0 || units >= MIN_UNITS);
    }

    /** Goes to the next units, or stays where some were not quick, so that the JVM counts those. */
    void move() {
      if (moves > 0 && calm == 0 && repeats < MOST_REPEATS) {
        repeats++;
        return;
      }
      repeats = 0;
      place = places.get(moves++ % places.size());
      visit = place.visits.next();
    }

    void add(int step, Executable.Instruction instruction, Binding binding) {
      if (sizes.add(Arrays.stream(binding.sizes(instruction)).boxed().toList())) {
        places.add(new Place(step, new WarmupVisits(binding.extent(step))));
        readsIndices |= readsIndices(instruction);
      }
    }

    private boolean readsIndices(Executable.Instruction instruction) {
      List<Buffer> operands = kernel.frameBuffers();
      return IntStream.range(0, operands.size())
          .filter(i -> operands.get(i).mayHoldIndices())
          .anyMatch(i -> instruction.buffers().get(i).root() != Executable.BufferSlot.CONSTANT);
    }
  }

  private Warmup(Binding binding, long end) {
    this.binding = binding;
    this.end = end;
  }

  private static List<Candidate> candidates(Executable executable, Binding binding) {
    Map<CompiledKernel, Candidate> distinct = new LinkedHashMap<>();
    for (int i = 0; i < executable.instructions().size(); i++) {
      Executable.Instruction instruction = executable.instructions().get(i);
      CompiledKernel code = instruction.code();
      if (code != null && binding.extent(i) > 0) {
        distinct
            .computeIfAbsent(code, _ -> new Candidate(code, instruction.kernel()))
            .add(i, instruction, binding);
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
   * @param threads that share a run; two take part if there are as many processors, since they
   *     mostly wait for the JIT
   * @param spareBytes of native memory that may be taken meanwhile; with little, kernels that have
   *     indices in private memory take turns
   * @param budgetNanos ends the warm-up after the turns in which it is used up
   * @throws fluidml.error.MemoryLimitException if the machine does not give that memory
   */
  static void run(
      Executable executable,
      Binding binding,
      IntToLongFunction scratch,
      int threads,
      long spareBytes,
      long budgetNanos) {
    Warmup warmup = new Warmup(binding, System.nanoTime() + budgetNanos);
    List<Candidate> all = candidates(executable, binding);
    int warmers = Math.min(all.size(), Math.max(threads, Math.min(2, ThreadTeam.defaultSize())));
    long stride =
        all.stream()
            .filter(c -> c.keepsIndices && !c.readsIndices)
            .flatMap(c -> c.places.stream())
            .mapToLong(place -> binding.scratchStride(place.step))
            .max()
            .orElse(0);
    boolean apart = warmers > 1 && stride > 0 && stride <= spareBytes / warmers;
    try (NativeBuffer own =
        NativeBuffer.allocate(NativeBuffer.Category.ARENA, apart ? warmers * stride : 0)) {
      Queue<Candidate> alone = new ConcurrentLinkedQueue<>();
      Queue<Candidate> together = new ConcurrentLinkedQueue<>();
      for (Candidate candidate : all) {
        boolean waits = candidate.readsIndices || (candidate.keepsIndices && !apart);
        (waits ? alone : together).add(candidate);
      }
      warmup.turns(alone, scratch, scratch, true);
      inParallel(
          warmers,
          warmer -> {
            long memory = own.address() + warmer * stride;
            boolean stays = warmer < Math.max(1, ThreadTeam.defaultSize() / 2);
            warmup.turns(together, scratch, _ -> memory, stays);
          });
    } finally {
      for (Candidate candidate : all) {
        candidate.places.forEach(place -> binding.setBrief(place.step, 0));
      }
    }
  }

  /** Runs a task on the calling thread and on new ones, and returns when all have ended. */
  private static void inParallel(int count, IntConsumer task) {
    List<Future<?>> others = new ArrayList<>();
    ThreadFactory daemons = Thread.ofPlatform().daemon().name("fluidml-warmup-", 1).factory();
    try (ExecutorService helpers = Executors.newCachedThreadPool(daemons)) {
      for (int i = 1; i < count; i++) {
        int number = i;
        others.add(helpers.submit(() -> task.accept(number)));
      }
      task.accept(0);
    }
    for (Future<?> other : others) {
      if (other.state() == Future.State.FAILED) {
        throw new IllegalStateException("a kernel failed in its warm-up", other.exceptionNow());
      }
    }
  }

  /**
   * Takes turns until all kernels are hot or warmed by another thread, or the time is up.
   *
   * @param scratch address of a step's private memory
   * @param apart the same for kernels that have indices there
   * @param stays whether this goes on where kernels are interpreted while they are compiled; else
   *     it leaves the processor to the JIT
   */
  private void turns(
      Queue<Candidate> cold, IntToLongFunction scratch, IntToLongFunction apart, boolean stays) {
    while (System.nanoTime() < end) {
      Candidate candidate = cold.poll();
      if (candidate == null) {
        return;
      }
      if (!turn(candidate, candidate.keepsIndices ? apart : scratch)) {
        cold.add(candidate);
        if (!stays && candidate.cold > PATIENT_UNITS) {
          return;
        }
      }
    }
  }

  /** Runs units of one kernel for a while; whether it has become hot. */
  private boolean turn(Candidate candidate, IntToLongFunction memory) {
    long begin = System.nanoTime();
    long limit = candidate.units == 0 ? FIRST_TURN_NANOS : TURN_NANOS;
    candidate.stale++;
    while (!candidate.isHot() && System.nanoTime() - begin < limit) {
      boolean calm = unit(candidate, memory);
      candidate.units++;
      candidate.calm = calm ? candidate.calm + 1 : 0;
      candidate.cold += calm ? 0 : 1;
      if (candidate.calm >= CALM_UNITS && candidate.units % TURN_UNITS == 0) {
        break;
      }
    }
    return candidate.isHot() || (candidate.units >= MIN_UNITS && candidate.stale >= STALE_TURNS);
  }

  /** Runs a visit's units; whether they seem compiled. */
  private boolean unit(Candidate candidate, IntToLongFunction memory) {
    candidate.move();
    Place place = candidate.place;
    WarmupVisits.Visit visit = candidate.visit;
    binding.setBrief(place.step, visit.skips() ? Kernel.SKIPPING : Kernel.BRIEF);
    long begin = System.nanoTime();
    long before = AllocationGauge.bytes();
    try {
      candidate.code.run(
          binding.frame(place.step), memory.applyAsLong(place.step), visit.first(), visit.end());
    } catch (FluidmlException e) {
      // The operands are whatever lies in the arena; a kernel may rightly refuse them.
      candidate.units = MIN_UNITS;
      return true;
    }
    long allocated = AllocationGauge.bytes() - before;
    long nanos = (System.nanoTime() - begin) / (visit.end() - visit.first());
    if (nanos < candidate.leastNanos - candidate.leastNanos / 8) {
      candidate.leastNanos = nanos;
      candidate.stale = 0;
    }
    return allocated < CALM_BYTES || nanos < CALM_NANOS;
  }
}
