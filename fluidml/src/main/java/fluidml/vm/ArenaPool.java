package fluidml.vm;

import fluidml.error.MemoryLimitException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * The arenas of all sessions of the process. A session has one while it runs; between runs any
 * other session of any model may use it, so there are as many arenas as runs at the same time, not
 * as sessions. What nobody uses for {@link #IDLE_SECONDS} seconds is freed, and everything when the
 * last session closes.
 *
 * <p>A session gets the arena back that it had before if that is idle: then it is warm in the
 * caches and its address is in the session's frames. Contents are undefined.
 */
final class ArenaPool {
  /** How long an arena may be idle. */
  static final long IDLE_SECONDS = 20;

  private static final ArenaPool PROCESS = new ArenaPool(NativeBuffer.Category.ARENA, IDLE_SECONDS);

  /** A larger idle arena is taken up to this many times the size that is needed. */
  private static final long MAX_WASTE = 2;

  /** An arena, idle or in use. */
  static final class Pooled {
    private final NativeBuffer buffer;
    private boolean idle;
    private boolean freed;
    private long idleSince;

    private Pooled(NativeBuffer buffer) {
      this.buffer = buffer;
    }

    /** The memory. */
    NativeBuffer buffer() {
      return buffer;
    }
  }

  private final NativeBuffer.Category category;
  private final long idleNanos;
  private final List<Pooled> all = new ArrayList<>();
  private int sessions;
  private boolean timed;

  /**
   * An empty pool; all sessions of the process share {@link #process}.
   *
   * @param category what its memory is counted as
   */
  ArenaPool(NativeBuffer.Category category, long idleSeconds) {
    this.category = category;
    this.idleNanos = TimeUnit.SECONDS.toNanos(idleSeconds);
  }

  /** The pool of this process. */
  static ArenaPool process() {
    return PROCESS;
  }

  /** Counts a session. */
  synchronized void open() {
    sessions++;
  }

  /**
   * Counts a session out; the last one leaves nothing behind.
   *
   * @param last the arena it used last
   */
  synchronized void close(Optional<Pooled> last) {
    sessions--;
    last.filter(p -> p.idle).ifPresent(this::free);
    if (sessions == 0) {
      trim(Long.MIN_VALUE);
    }
  }

  /**
   * An arena for one run.
   *
   * @param bytes what is needed
   * @param limit what the session may have, at least {@code bytes}
   * @param last the arena the session had before, or null; taken if it is idle and large enough
   * @throws MemoryLimitException if the machine does not give that much, even after all idle arenas
   *     were freed
   */
  synchronized Pooled acquire(long bytes, long limit, Pooled last) {
    if (last != null && last.idle && last.buffer.bytes() >= bytes) {
      last.idle = false;
      return last;
    }
    boolean grows = last != null && last.idle;
    if (grows) {
      free(last);
    }
    Optional<Pooled> idle = acquireIdle(bytes, limit);
    if (idle.isPresent()) {
      return idle.get();
    }
    // Extents that grow from run to run shall not take a new arena each time.
    long wanted = grows ? Math.min(limit, bytes + bytes / 8) : bytes;
    Pooled made = new Pooled(allocate(wanted, bytes));
    all.add(made);
    return made;
  }

  /** The smallest idle arena that is large enough, if there is one; sizes as for another run. */
  synchronized Optional<Pooled> acquireIdle(long bytes, long limit) {
    Optional<Pooled> best =
        all.stream()
            .filter(p -> p.idle && p.buffer.bytes() >= bytes)
            .filter(p -> p.buffer.bytes() <= Math.min(limit, bytes * MAX_WASTE))
            .min(Comparator.comparingLong(p -> p.buffer.bytes()));
    best.ifPresent(p -> p.idle = false);
    return best;
  }

  private NativeBuffer allocate(long wanted, long least) {
    try {
      return NativeBuffer.allocate(category, wanted);
    } catch (MemoryLimitException e) {
      trim(Long.MIN_VALUE);
      return NativeBuffer.allocate(category, least);
    }
  }

  /** Gives an arena back after a run. */
  synchronized void release(Pooled pooled) {
    pooled.idle = true;
    pooled.idleSince = System.nanoTime();
    if (!timed) {
      timed = true;
      startTimer();
    }
  }

  private void startTimer() {
    CompletableFuture.delayedExecutor(idleNanos, TimeUnit.NANOSECONDS, Runnable::run)
        .execute(this::tick);
  }

  private synchronized void tick() {
    trim(idleNanos);
    timed = !all.isEmpty();
    if (timed) {
      startTimer();
    }
  }

  /** Frees what has been idle for that long. */
  private void trim(long nanos) {
    long now = System.nanoTime();
    for (Pooled pooled : List.copyOf(all)) {
      if (pooled.idle && now - pooled.idleSince >= nanos) {
        free(pooled);
      }
    }
  }

  private void free(Pooled pooled) {
    pooled.idle = false;
    if (!pooled.freed) {
      pooled.freed = true;
      all.remove(pooled);
      pooled.buffer.close();
    }
  }

  /** Frees everything that is idle now. */
  synchronized void trim() {
    trim(Long.MIN_VALUE);
  }

  /** Bytes that are idle. */
  synchronized long idleBytes() {
    return all.stream().filter(p -> p.idle).mapToLong(p -> p.buffer.bytes()).sum();
  }

  /** Bytes that are in use. */
  synchronized long usedBytes() {
    return bytes() - idleBytes();
  }

  /** Bytes of all arenas, idle or not. */
  synchronized long bytes() {
    return all.stream().mapToLong(p -> p.buffer.bytes()).sum();
  }

  /** Sizes of all arenas, largest first. */
  synchronized List<Long> sizes() {
    return all.stream().map(p -> p.buffer.bytes()).sorted(Comparator.reverseOrder()).toList();
  }
}
