package fluidml.vm;

import fluidml.error.InvalidInputException;
import fluidml.error.MemoryLimitException;
import fluidml.memory.ExactPlanner;
import fluidml.memory.MemoryPlan;
import fluidml.memory.MemoryPlanner;
import fluidml.memory.MemoryProblem;
import fluidml.memory.PlanValidator;
import fluidml.memory.Planners;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Where everything lies for one set of input extents and one choice of tensors that stay in the
 * caller's memory.
 */
final class ArenaPlan {
  /** How many of the tensors at the peak a refusal names. */
  private static final int NAMED = 12;

  /** How long a plan that fits a limit is searched for, each time. */
  private static final Duration SEARCH_TIME = Duration.ofSeconds(3);

  private final long[] direct;
  private final Schedule schedule;
  private final MemoryProblem problem;
  private final MemoryPlan plan;
  private final int[] parts;

  ArenaPlan(long[] direct, Schedule schedule, MemoryProblem problem, MemoryPlan plan, int[] parts) {
    this.direct = direct;
    this.schedule = schedule;
    this.problem = problem;
    this.plan = plan;
    this.parts = parts;
  }

  /** External numbers of what stays in the caller's memory, as bits. */
  long[] direct() {
    return direct;
  }

  /** The order of the steps. */
  Schedule schedule() {
    return schedule;
  }

  /** Lifespans and sizes; what stays in the caller's memory has size 0. */
  MemoryProblem problem() {
    return problem;
  }

  /** A valid plan for the problem. */
  MemoryPlan plan() {
    return plan;
  }

  /** How many threads share each step. */
  int[] parts() {
    return parts;
  }

  /**
   * Plans. If the plan of the planner does not fit the limit, a search for a better plan and one
   * thread for every step, which needs less private memory, are tried.
   *
   * @param memoryLimit bytes that the arena may take
   * @throws InvalidInputException if an extent is negative
   * @throws MemoryLimitException if no plan fits the limit
   */
  static ArenaPlan of(
      Executable executable,
      Binding binding,
      long[] direct,
      MemoryPlanner planner,
      long memoryLimit) {
    long[] chosen = direct.clone();
    ArenaPlan plan = plan(executable, binding, chosen, planner, binding.parts());
    if (plan.bytes() <= memoryLimit) {
      return plan;
    }
    ExactPlanner exact =
        Planners.exact(
            new ExactPlanner.Limits(SEARCH_TIME, Long.MAX_VALUE, OptionalLong.of(memoryLimit)));
    if (plan.problem.lowerBound() <= memoryLimit) {
      plan = smaller(plan, plan(executable, binding, chosen, exact, plan.parts));
    }
    int[] alone = plan.parts.clone();
    Arrays.fill(alone, 1);
    if (plan.bytes() > memoryLimit) {
      plan = smaller(plan, plan(executable, binding, chosen, planner, alone));
    }
    if (plan.bytes() > memoryLimit && plan.problem.lowerBound() <= memoryLimit) {
      plan = smaller(plan, plan(executable, binding, chosen, exact, alone));
    }
    if (plan.bytes() > memoryLimit) {
      throw new MemoryLimitException(plan.bytes(), memoryLimit, peak(plan.problem));
    }
    return plan;
  }

  private static ArenaPlan smaller(ArenaPlan a, ArenaPlan b) {
    return b.bytes() < a.bytes() ? b : a;
  }

  private static ArenaPlan plan(
      Executable executable, Binding binding, long[] direct, MemoryPlanner planner, int[] parts) {
    Schedule schedule = null;
    MemoryProblem problem = null;
    for (Schedule candidate : executable.schedules()) {
      MemoryProblem sized = sized(executable, binding, direct, candidate, parts);
      if (problem == null || sized.lowerBound() < problem.lowerBound()) {
        schedule = candidate;
        problem = sized;
      }
    }
    MemoryPlan plan = PlanValidator.check(problem, planner.plan(problem));
    return new ArenaPlan(direct, schedule, problem, plan, parts);
  }

  /** The lifespans of a schedule with sizes. */
  static MemoryProblem sized(
      Executable executable, Binding binding, long[] direct, Schedule schedule, int[] parts) {
    long[] bytes = new long[schedule.problem().count()];
    int[] byteDims = executable.rootByteDims();
    for (int root = 0; root < byteDims.length; root++) {
      int buffer = schedule.bufferOf(root);
      long size = binding.values[byteDims[root]];
      if (size < 0) {
        throw new InvalidInputException(
            executable.roots().root(root).name(), "has a negative extent for these input shapes");
      }
      if (!isDirect(direct, schedule.externalOf(buffer))) {
        bytes[buffer] = Math.max(bytes[buffer], size);
      }
    }
    for (int step = 0; step < parts.length; step++) {
      int buffer = schedule.scratchOf(step);
      if (buffer != Schedule.NONE) {
        bytes[buffer] = parts[step] * binding.scratchStride(step);
      }
    }
    return schedule.problem().withSizes(bytes);
  }

  private static boolean isDirect(long[] direct, int external) {
    return external != ArenaRoots.INTERNAL && (direct[external >> 6] & (1L << external)) != 0;
  }

  /** Whether a buffer lies in memory of the caller. */
  boolean isDirect(int buffer) {
    return isDirect(direct, schedule.externalOf(buffer));
  }

  /** Size of the arena in bytes. */
  long bytes() {
    return plan.arenaBytes();
  }

  /** The tensors that make the peak, largest first. */
  private static String peak(MemoryProblem problem) {
    int step = problem.peakStep();
    List<Integer> live =
        IntStream.range(0, problem.count())
            .filter(i -> problem.lower(i) <= step && step < problem.upper(i))
            .filter(i -> problem.bytes(i) > 0)
            .boxed()
            .sorted(Comparator.comparingLong((Integer i) -> -problem.bytes(i)))
            .toList();
    String names =
        live.stream()
            .limit(NAMED)
            .map(i -> name(problem.id(i)) + " " + problem.bytes(i))
            .collect(Collectors.joining(", "));
    String more = live.size() > NAMED ? " and " + (live.size() - NAMED) + " more" : "";
    return "tensors at the peak (bytes): " + names + more;
  }

  /** A buffer's name without its number. */
  private static String name(String id) {
    return id.substring(id.indexOf(':') + 1);
  }
}
