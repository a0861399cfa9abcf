package fluidml.memory;

import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Plans by branch and bound: starts from a plan of the portfolio and the lower bound, and asks
 * {@link ExactSearch} about capacities between the two until they meet or a limit is reached. With
 * a node limit only, the outcome is deterministic.
 *
 * @param limits when to stop
 */
public record ExactPlanner(Limits limits) implements MemoryPlanner {

  /**
   * When the search stops with what it has.
   *
   * @param time how long it may take
   * @param nodes how many states it may look at; states with many buffers count more
   * @param target bytes that are good enough; without it only the optimum is
   */
  public record Limits(Duration time, long nodes, OptionalLong target) {
    /**
     * Returns a limit in time only.
     *
     * @param time how long the search may take
     */
    public static Limits of(Duration time) {
      return new Limits(time, Long.MAX_VALUE, OptionalLong.empty());
    }

    /**
     * Returns a limit in nodes only.
     *
     * @param nodes how many states the search may look at
     */
    public static Limits ofNodes(long nodes) {
      return new Limits(Duration.ofDays(365), nodes, OptionalLong.empty());
    }

    /**
     * Returns these limits, but with a size that is good enough.
     *
     * @param bytes size of the arena in bytes
     */
    public Limits withTarget(long bytes) {
      return new Limits(time, nodes, OptionalLong.of(bytes));
    }
  }

  /**
   * The best plan found and what was proven about it.
   *
   * @param plan the plan
   * @param bound bytes that no plan is below
   * @param nodes states looked at
   */
  public record Result(MemoryPlan plan, long bound, long nodes) {
    /** Returns whether the plan is proven to be the smallest. */
    public boolean proven() {
      return plan.arenaBytes() <= bound;
    }

    /** Returns by how much the plan may exceed the optimum at most, relative to the bound. */
    public double gap() {
      return bound == 0 ? 0 : (double) (plan.arenaBytes() - bound) / bound;
    }
  }

  /** Told of the state of a search now and then, in the thread of the search. */
  @FunctionalInterface
  public interface Progress {
    /**
     * Called at least after every improvement.
     *
     * @param bestBytes size of the best plan so far in bytes
     * @param boundBytes bytes that no plan is below
     * @param nodes states looked at
     */
    void update(long bestBytes, long boundBytes, long nodes);
  }

  /** Nodes of the first attempt at each capacity; doubled from round to round. */
  private static final long FIRST_BUDGET = 20_000;

  /** Beyond this many buffers the search may be deeper than the stack of a thread. */
  private static final int SHALLOW = 500;

  private static final long STACK_PER_BUFFER = 4096;

  private static final long MOST_STACK = 1 << 29;

  @Override
  public String name() {
    return "exact";
  }

  @Override
  public MemoryPlan planBlocks(MemoryProblem problem) {
    return solve(problem).plan();
  }

  /**
   * Returns the best plan within the limits and the bound that was proven.
   *
   * @param problem the buffers
   */
  public Result solve(MemoryProblem problem) {
    return solve(problem, (best, bound, nodes) -> {});
  }

  /**
   * Returns the best plan within the limits and the bound that was proven.
   *
   * @param problem the buffers
   * @param progress told how far the search is
   */
  public Result solve(MemoryProblem problem, Progress progress) {
    long deadline = System.nanoTime() + saturatedNanos(limits.time());
    MemoryProblem blocks = problem.blocks();
    Result result = improve(blocks, Planners.start(blocks), deadline, progress);
    return new Result(problem.ofBlocks(result.plan()), result.bound(), result.nodes());
  }

  /** Returns the best plan within the limits, which is not above a plan that is known already. */
  Result improve(MemoryProblem problem, MemoryPlan start) {
    long deadline = System.nanoTime() + saturatedNanos(limits.time());
    return improve(problem, start, deadline, (best, bound, nodes) -> {});
  }

  private Result improve(
      MemoryProblem problem, MemoryPlan start, long deadline, Progress progress) {
    Run run = new Run(problem, start, limits, deadline, progress);
    if (run.done()) {
      return run.result();
    }
    if (problem.count() <= SHALLOW) {
      return run.search();
    }
    return withDeepStack(run, problem.count());
  }

  private static long saturatedNanos(Duration time) {
    return time.compareTo(Duration.ofDays(365)) > 0
        ? Duration.ofDays(365).toNanos()
        : time.toNanos();
  }

  private static Result withDeepStack(Run run, int buffers) {
    AtomicReference<Result> result = new AtomicReference<>();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread thread =
        new Thread(
            null,
            () -> result.set(run.search()),
            "fluidml-memory-search",
            Math.min(MOST_STACK, (1 << 20) + STACK_PER_BUFFER * buffers));
    thread.setUncaughtExceptionHandler((t, e) -> failure.set(e));
    thread.setDaemon(true);
    thread.start();
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
        run.stop();
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (failure.get() instanceof StackOverflowError) {
      // Deeper than any stack: what was found before still stands.
      return run.result();
    }
    if (failure.get() instanceof Error e) {
      throw e;
    }
    if (failure.get() instanceof RuntimeException e) {
      throw e;
    }
    return result.get();
  }

  /** One search: the best plan and the bound as they approach each other. */
  private static final class Run {
    private final MemoryProblem problem;
    private final Limits limits;
    private final long deadline;
    private final Progress progress;
    private final ExactSearch low;
    private final ExactSearch high;

    /** Divides the arena of every plan that is pushed down as far as it goes. */
    private final long step;

    private MemoryPlan best;
    private long bound;
    private volatile boolean stopped;

    Run(MemoryProblem problem, MemoryPlan best, Limits limits, long deadline, Progress progress) {
      this.problem = problem;
      this.best = best;
      this.limits = limits;
      this.deadline = deadline;
      this.progress = progress;
      step = problem.granularity();
      bound = Math.ceilDiv(problem.lowerBound(), step) * step;
      low = new ExactSearch(problem, this::expired);
      high = new ExactSearch(problem, this::expired);
    }

    void stop() {
      stopped = true;
    }

    private long nodes() {
      return low.nodes() + high.nodes();
    }

    private boolean expired() {
      progress.update(best.arenaBytes(), bound, nodes());
      return stopped || System.nanoTime() - deadline > 0;
    }

    private long target() {
      return Math.max(bound, limits.target().orElse(bound));
    }

    boolean done() {
      return best.arenaBytes() <= target();
    }

    Result result() {
      return new Result(best, Math.min(bound, best.arenaBytes()), nodes());
    }

    Result search() {
      long budget = FIRST_BUDGET;
      while (!done() && nodes() < limits.nodes() && !expired()) {
        if (attempt(low, target(), budget) == ExactSearch.Outcome.UNKNOWN
            && between(budget) == ExactSearch.Outcome.UNKNOWN) {
          budget = Math.min(2 * budget, Long.MAX_VALUE / 4);
        }
      }
      progress.update(best.arenaBytes(), bound, nodes());
      return result();
    }

    /** Asks about capacities ever closer to the best plan until one is decided. */
    private ExactSearch.Outcome between(long budget) {
      long gap = best.arenaBytes() - target();
      for (long less = gap / 2; less > 0; less /= 2) {
        long capacity = best.arenaBytes() - less;
        if (capacity / step == target() / step || nodes() >= limits.nodes() || expired()) {
          continue;
        }
        ExactSearch.Outcome outcome = attempt(high, capacity, budget / 4);
        if (outcome != ExactSearch.Outcome.UNKNOWN) {
          return outcome;
        }
        if (less < step || less < gap / 16) {
          break;
        }
      }
      return ExactSearch.Outcome.UNKNOWN;
    }

    private ExactSearch.Outcome attempt(ExactSearch search, long capacity, long budget) {
      long rounded = capacity - capacity % step;
      ExactSearch.Outcome outcome =
          search.decide(rounded, Math.min(budget, limits.nodes() - nodes()));
      switch (outcome) {
        case FITS -> {
          MemoryPlan plan = search.state.toPlan("exact", problem);
          best = plan.arenaBytes() < best.arenaBytes() ? plan : best;
        }
        case IMPOSSIBLE -> bound = Math.max(bound, Math.min(rounded + step, best.arenaBytes()));
        case UNKNOWN -> {}
      }
      return outcome;
    }
  }
}
