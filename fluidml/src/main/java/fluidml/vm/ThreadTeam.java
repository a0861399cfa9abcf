package fluidml.vm;

import fluidml.error.SessionClosedException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Daemon threads that help a calling thread with one {@link RangeTask} after the other, cheaply
 * enough for tasks of a few microseconds. A fork is one volatile write, a join one read per helper;
 * nothing is allocated and nothing is locked.
 *
 * <p><b>Use.</b> Whoever runs programs holds a {@link Lease}, one per thread that runs at a time,
 * and marks each run with {@link Lease#beginRun} and {@link Lease#endRun}. The team helps one lease
 * at a time. A lease that finds the team taken computes alone, and gets the team at its next task
 * after it became free; so concurrent runs never wait for each other.
 *
 * <p><b>Balance.</b> An extent is split by {@link Partition}. A part that no helper has begun when
 * the caller is done with its own is computed by the caller, so a helper that is parked,
 * descheduled or gone costs time but never progress. The second half of every part can be split
 * further, into pieces: whoever is done with his own part takes pieces of the others, so that a
 * processor that others slow down does less.
 *
 * <p><b>Idleness.</b> Helpers spin for up to two milliseconds between the tasks of a run, and are
 * parked otherwise.
 */
public final class ThreadTeam implements AutoCloseable {
  private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(long[].class);
  private static final VarHandle OWNER;

  static {
    try {
      OWNER = MethodHandles.lookup().findVarHandle(ThreadTeam.class, "owner", Lease.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Slots are this many longs apart: two cache lines, because neighbours are fetched in pairs. */
  private static final int PAD = 16;

  /** Slot of the command: number of the fork, and in the lowest bits its number of parts. */
  private static final int COMMAND = PAD;

  private static final int PARTS_BITS = 16;
  private static final int MAX_SIZE = 1 << 10;

  private static final long SPIN_NANOS = 50_000;

  /**
   * How long a helper spins between the tasks of a run. Longer than most steps take: a helper that
   * parks halts its processor, and on a virtual machine a processor that halts all the time comes
   * back late and, for seconds, slow (runs of BERT on two threads took 208 instead of 117 ms in 4
   * of 10 processes with 50 µs, in none of 12 with this).
   */
  private static final long HELPER_SPIN_NANOS = 2_000_000;

  private static final int SPINS_PER_CLOCK_READ = 64;

  /**
   * Command; then per part the last claimed command, the last finished command, parked or not, and
   * how many of its pieces were taken.
   */
  private final long[] slots;

  private final int size;
  private final Worker[] workers;
  private final Throwable[] failures;

  // The current fork: written by the owner before the command, constant until all parts are
  // finished.
  private RangeTask task;
  private long[] frame;
  private long scratch;
  private long scratchStride;
  private long extent;
  private int pieces;

  private volatile Lease owner;
  private volatile boolean active;
  private volatile boolean failed;
  private volatile boolean closed;
  private volatile Thread waiter;

  /**
   * Starts a team.
   *
   * @param size number of threads that compute together, the calling thread included, 1 to 1024
   * @throws IllegalArgumentException if the size is out of range
   */
  public ThreadTeam(int size) {
    if (size < 1 || size > MAX_SIZE) {
      throw new IllegalArgumentException("team size " + size + " is not in 1 to " + MAX_SIZE);
    }
    this.size = size;
    slots = new long[(4 * size + 3) * PAD];
    failures = new Throwable[size];
    workers = new Worker[size - 1];
    for (int i = 0; i < workers.length; i++) {
      workers[i] = new Worker(this, i + 1);
    }
    for (Worker worker : workers) {
      worker.start();
    }
  }

  /** Returns the number of processors this process may use, as the JVM reads it from the cgroup. */
  public static int defaultSize() {
    return Math.min(MAX_SIZE, Runtime.getRuntime().availableProcessors());
  }

  /** Returns the number of threads that compute together, the calling thread included. */
  public int size() {
    return size;
  }

  /** Returns the helper threads. */
  List<Thread> threads() {
    return List.of(workers);
  }

  /**
   * Returns a new right to run on this team.
   *
   * @throws SessionClosedException if the team is closed
   */
  public Lease newLease() {
    checkOpen();
    return new Lease(this);
  }

  private void checkOpen() {
    if (closed) {
      throw new SessionClosedException("thread team");
    }
  }

  /**
   * Ends the threads and waits for them; parts they have begun are finished first. A run in
   * progress goes on and completes on its own thread. Closing twice does nothing.
   */
  @Override
  public void close() {
    closed = true;
    boolean interrupted = false;
    for (Worker worker : workers) {
      LockSupport.unpark(worker);
      while (worker.isAlive() && worker != Thread.currentThread()) {
        try {
          worker.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static int claimed(int part) {
    return (2 + 4 * part) * PAD;
  }

  private static int finished(int part) {
    return (3 + 4 * part) * PAD;
  }

  private static int parked(int part) {
    return (4 + 4 * part) * PAD;
  }

  private static int taken(int part) {
    return (5 + 4 * part) * PAD;
  }

  private static int parts(long command) {
    return (int) (command & ((1 << PARTS_BITS) - 1));
  }

  /**
   * Takes a part of a fork, once. Commands grow, so a helper that is late by any number of forks
   * finds its part taken; and while a part is not taken the fork cannot end.
   */
  private boolean claim(int part, long command) {
    long last = (long) SLOT.getAcquire(slots, claimed(part));
    return last < command && SLOT.compareAndSet(slots, claimed(part), last, command);
  }

  /** Computes a part, but for those of its pieces that others take. */
  private void compute(int part, int parts) {
    long begin = Partition.begin(extent, parts, part);
    long end = Partition.begin(extent, parts, part + 1);
    if (pieces == 0) {
      compute(part, begin, end);
      return;
    }
    compute(part, begin, split(begin, end));
    takePieces(part, part, parts);
  }

  /** Computes what is left of other parts' pieces. */
  private void help(int part, int parts) {
    for (int other = 1; pieces > 0 && other < parts; other++) {
      takePieces(part, (part + other) % parts, parts);
    }
  }

  private void takePieces(int part, int of, int parts) {
    long begin = Partition.begin(extent, parts, of);
    long end = Partition.begin(extent, parts, of + 1);
    long split = split(begin, end);
    int piece = (int) (long) SLOT.getAndAdd(slots, taken(of), 1L);
    while (piece < pieces) {
      compute(
          part,
          split + Partition.begin(end - split, pieces, piece),
          split + Partition.begin(end - split, pieces, piece + 1));
      piece = (int) (long) SLOT.getAndAdd(slots, taken(of), 1L);
    }
  }

  private static long split(long begin, long end) {
    return begin + (end - begin) / 2;
  }

  /** Computes a range, unless there is none or this thread has failed in this fork. */
  private void compute(int part, long begin, long end) {
    if (begin >= end || failures[part] != null) {
      return;
    }
    try {
      task.run(frame, scratch + part * scratchStride, begin, end);
    } catch (Throwable e) {
      failures[part] = e;
      failed = true;
    }
  }

  private void wake(int parts) {
    for (int part = 1; part < parts; part++) {
      if ((long) SLOT.getVolatile(slots, parked(part)) != 0) {
        // Cleared here, so that a helper that is slow to wake is not woken again by every fork.
        SLOT.setRelease(slots, parked(part), 0L);
        LockSupport.unpark(workers[part - 1]);
      }
    }
  }

  private void forkJoin(int parts) {
    for (int part = 0; pieces > 0 && part < parts; part++) {
      SLOT.set(slots, taken(part), 0L);
    }
    long command = ((((long) SLOT.get(slots, COMMAND) >>> PARTS_BITS) + 1) << PARTS_BITS) | parts;
    SLOT.setVolatile(slots, COMMAND, command);
    wake(parts);
    compute(0, parts);
    for (int part = parts - 1; part > 0; part--) {
      if (claim(part, command)) {
        compute(part, parts);
        SLOT.setRelease(slots, finished(part), command);
      }
    }
    help(0, parts);
    for (int part = 1; part < parts; part++) {
      await(part, command);
    }
    if (failed) {
      rethrow(parts);
    }
  }

  private boolean isFinished(int part, long command) {
    return (long) SLOT.getVolatile(slots, finished(part)) >= command;
  }

  private void await(int part, long command) {
    for (int spins = SPINS_PER_CLOCK_READ; spins > 0; spins--) {
      if (isFinished(part, command)) {
        return;
      }
      Thread.onSpinWait();
    }
    long start = System.nanoTime();
    while (System.nanoTime() - start < SPIN_NANOS) {
      for (int spins = SPINS_PER_CLOCK_READ; spins > 0; spins--) {
        if (isFinished(part, command)) {
          return;
        }
        Thread.onSpinWait();
      }
    }
    boolean interrupted = false;
    waiter = Thread.currentThread();
    while (!isFinished(part, command)) {
      LockSupport.park(this);
      interrupted |= Thread.interrupted();
    }
    waiter = null;
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void rethrow(int parts) {
    failed = false;
    Throwable first = null;
    for (int part = 0; part < parts; part++) {
      Throwable failure = failures[part];
      failures[part] = null;
      if (first == null) {
        first = failure;
      } else if (failure != null && !failure.equals(first)) {
        first.addSuppressed(failure);
      }
    }
    switch (first) {
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      case null, default ->
          throw new IllegalStateException("a task threw a checked exception", first);
    }
  }

  /** The right to run on a team, held by one thread at a time. */
  public static final class Lease {
    private final ThreadTeam team;
    private boolean running;
    private boolean owns;

    private Lease(ThreadTeam team) {
      this.team = team;
    }

    /** Returns the number of threads of the team. */
    public int size() {
      return team.size;
    }

    /**
     * Marks the begin of a run: the team is taken if it is free, and helpers are woken so that they
     * spin when the first task comes.
     *
     * @param parts the largest number of parts of any task of the run; 1 wakes nobody
     * @throws SessionClosedException if the team is closed
     * @throws IllegalStateException if a run is already marked
     */
    public void beginRun(int parts) {
      team.checkOpen();
      if (running) {
        throw new IllegalStateException("a run has already begun");
      }
      running = true;
      if (parts > 1 && acquire()) {
        team.wake(Math.min(parts, team.size));
      }
    }

    /** Marks the end of a run: the team is free again and its threads park. */
    public void endRun() {
      running = false;
      if (owns) {
        owns = false;
        team.active = false;
        team.owner = null;
      }
    }

    private boolean acquire() {
      if (owns) {
        return true;
      }
      if (team.owner == null && OWNER.compareAndSet(team, null, this)) {
        owns = true;
        team.active = true;
      }
      return owns;
    }

    /**
     * Computes {@code [0, extent)} and returns when all of it is done. Allocates nothing.
     *
     * @param task the kernel; parts are passed to it concurrently
     * @param frame passed to every part
     * @param scratch address of the scratch memory of part 0
     * @param scratchStride bytes from the scratch memory of a part to that of the next
     * @param extent number of indices; zero does nothing
     * @param parts how many parts are worth their while, limited here by the size of the team and
     *     by the extent; 1 stays on the calling thread
     * @throws RuntimeException the exception a part threw, after all parts have ended; that of the
     *     lowest part if there are several, the others are suppressed in it
     * @throws IllegalStateException if no run is marked
     */
    public void run(
        RangeTask task, long[] frame, long scratch, long scratchStride, long extent, int parts) {
      run(task, frame, scratch, scratchStride, extent, parts, 0);
    }

    /**
     * Like {@link #run(RangeTask, long[], long, long, long, int)}, for parts that may be split.
     *
     * @param pieces into how many pieces the second half of every part is split, for whoever is
     *     free; zero for none. Every piece is a call of the task.
     */
    public void run(
        RangeTask task,
        long[] frame,
        long scratch,
        long scratchStride,
        long extent,
        int parts,
        int pieces) {
      if (!running) {
        throw new IllegalStateException("no run has begun");
      }
      int used = (int) Math.min(Math.min(parts, team.size), extent);
      if (used > 1 && acquire()) {
        team.task = task;
        team.frame = frame;
        team.scratch = scratch;
        team.scratchStride = scratchStride;
        team.extent = extent;
        team.pieces = pieces;
        team.forkJoin(used);
      } else if (extent > 0) {
        task.run(frame, scratch, 0, extent);
      }
    }
  }

  /** Computes part {@code part} of every fork that has that many. */
  private static final class Worker extends Thread {
    private final ThreadTeam team;
    private final int part;

    Worker(ThreadTeam team, int part) {
      super("fluidml-worker-" + part);
      this.team = team;
      this.part = part;
      setDaemon(true);
    }

    @Override
    public void run() {
      long seen = 0;
      while (!team.closed) {
        seen = nextCommand(seen);
        int parts = parts(seen);
        if (part < parts && team.claim(part, seen)) {
          team.compute(part, parts);
          team.help(part, parts);
          SLOT.setVolatile(team.slots, finished(part), seen);
          Thread waiting = team.waiter;
          if (waiting != null) {
            LockSupport.unpark(waiting);
          }
        }
      }
    }

    private long command() {
      return (long) SLOT.getVolatile(team.slots, COMMAND);
    }

    /** Waits for another command than the last one seen, or until the team is closed. */
    private long nextCommand(long seen) {
      long start = System.nanoTime();
      while (!team.closed) {
        for (int spins = SPINS_PER_CLOCK_READ; spins > 0; spins--) {
          long command = command();
          if (command != seen) {
            return command;
          }
          Thread.onSpinWait();
        }
        if (!team.active || System.nanoTime() - start > HELPER_SPIN_NANOS) {
          SLOT.setVolatile(team.slots, parked(part), 1L);
          if (command() == seen && !team.closed) {
            LockSupport.park(team);
            Thread.interrupted();
          }
          SLOT.setVolatile(team.slots, parked(part), 0L);
          start = System.nanoTime();
        }
      }
      return seen;
    }
  }
}
