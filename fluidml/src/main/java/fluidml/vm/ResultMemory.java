package fluidml.vm;

import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The memory of large results that runs make anew. A result's memory goes to a later one when the
 * garbage collector has found the tensor unreachable: memory that is fresh from the system costs
 * more than many models take to fill it, because it comes page by page.
 *
 * <p>The collector does not see how much memory a small tensor object holds, so it is asked to
 * collect whenever results that it has not found dead exceed a limit: {@link #UNCOLLECTED_BYTES},
 * twice what was alive after the last time, or twice the heap in use, whichever is most. Results
 * that are kept, and large heaps, are therefore not collected in vain again and again.
 */
final class ResultMemory {
  /** Results that may be dead without being collected, at least. */
  static final long UNCOLLECTED_BYTES = 160L << 20;

  private static final ResultMemory PROCESS =
      new ResultMemory(
          new ArenaPool(NativeBuffer.Category.TENSOR, ArenaPool.IDLE_SECONDS), UNCOLLECTED_BYTES);

  /** How long the collector's references may take to be processed. */
  private static final int MOST_WAITS = 50;

  private static final long WAIT_NANOS = TimeUnit.MICROSECONDS.toNanos(200);

  private final ArenaPool pool;
  private final long leastLimit;
  private long limit;

  /**
   * Memory of its own.
   *
   * @param leastLimit bytes of results that may be dead without being collected, at least
   */
  ResultMemory(ArenaPool pool, long leastLimit) {
    this.pool = pool;
    this.leastLimit = leastLimit;
    this.limit = leastLimit;
  }

  /** That of this process. */
  static ResultMemory process() {
    return PROCESS;
  }

  /**
   * A tensor with undefined elements.
   *
   * @throws fluidml.error.MemoryLimitException if there is not enough memory
   */
  Tensor tensor(DType dtype, long... dims) {
    long bytes = dtype.byteSize(Executor.elements(dims));
    return Tensor.wrap(dtype, lend(take(bytes), bytes), dims);
  }

  /** Frees what waits for results. */
  void trim() {
    pool.trim();
  }

  private ArenaPool.Pooled take(long bytes) {
    Optional<ArenaPool.Pooled> idle = pool.acquireIdle(bytes, Long.MAX_VALUE);
    if (idle.isPresent()) {
      return idle.get();
    }
    collectAbove(bytes);
    return pool.acquire(bytes, Long.MAX_VALUE, null);
  }

  /** A segment that gives the memory back when nobody can reach it any more. */
  @SuppressWarnings("restricted") // as large as the memory, which is freed after it was given back
  private MemorySegment lend(ArenaPool.Pooled pooled, long bytes) {
    return pooled.buffer().segment().reinterpret(bytes, Arena.ofAuto(), _ -> pool.release(pooled));
  }

  private synchronized void collectAbove(long bytes) {
    if (pool.usedBytes() + bytes <= limit) {
      return;
    }
    System.gc();
    for (int waits = 0; waits < MOST_WAITS && pool.usedBytes() + bytes > limit; waits++) {
      LockSupport.parkNanos(WAIT_NANOS);
    }
    Runtime heap = Runtime.getRuntime();
    long used = 2 * (heap.totalMemory() - heap.freeMemory());
    long kept = pool.usedBytes() + bytes > limit ? 2 * pool.usedBytes() : 0;
    limit = Math.max(leastLimit, Math.max(used, kept));
  }
}
