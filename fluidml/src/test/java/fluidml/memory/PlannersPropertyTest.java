package fluidml.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class PlannersPropertyTest {
  private static final MemoryPlanner THOROUGH = Planners.thorough(500);

  @Property(tries = 300)
  void everyPlanIsValidAndNotBelowTheBound(@ForAll("problems") MemoryProblem problem) {
    List<MemoryPlanner> planners = new ArrayList<>(Planners.all());
    planners.removeIf(p -> p.name().equals("exact"));
    planners.add(Planners.exact(ExactPlanner.Limits.ofNodes(1000)));
    for (MemoryPlanner planner : planners) {
      MemoryPlan plan = PlanValidator.check(problem, planner.plan(problem));
      assertTrue(plan.arenaBytes() >= problem.lowerBound(), planner.name());
      assertEquals(plan, planner.plan(problem), "deterministic");
    }
  }

  @Property(tries = 300)
  void boundIsTheLargestSumOfLiveBytes(@ForAll("problems") MemoryProblem problem) {
    long max = 0;
    for (Buffer at : problem.buffers()) {
      max = Math.max(max, liveAt(problem, at.lower()));
    }
    assertEquals(max, problem.maxLiveBytes());
    assertEquals(max, liveAt(problem, problem.peakStep()));
    assertTrue(problem.lowerBound() >= max);
  }

  private static long liveAt(MemoryProblem problem, int step) {
    return problem.buffers().stream()
        .filter(b -> b.lower() <= step && step < b.upper())
        .mapToLong(Buffer::bytes)
        .sum();
  }

  @Property(tries = 100)
  void noReuseIsTheSum(@ForAll("unaligned") MemoryProblem problem) {
    assertEquals(problem.totalBytes(), Planners.noReuse().plan(problem).arenaBytes());
  }

  @Property(tries = 100)
  void portfoliosAreNotWorseThanTheirMembers(@ForAll("problems") MemoryProblem problem) {
    MemoryPlan fast = Planners.fast().plan(problem);
    long goal = problem.lowerBound() + problem.spans().grain - 1;
    for (MemoryPlanner planner : List.of(Planners.greedyBySize(), Planners.tables())) {
      assertTrue(
          fast.arenaBytes() <= Math.max(goal, planner.plan(problem).arenaBytes()), planner.name());
    }
    assertTrue(THOROUGH.plan(problem).arenaBytes() <= fast.arenaBytes());
  }

  @Property(tries = 100)
  void csvRoundTrips(@ForAll("problems") MemoryProblem problem) {
    assertEquals(problem, MemoryCsv.parseProblem(MemoryCsv.format(problem)));
    MemoryPlan plan = Planners.greedyBySize().plan(problem);
    assertEquals(plan, MemoryCsv.parsePlan(plan.planner(), MemoryCsv.format(problem, plan)));
  }

  @Provide
  Arbitrary<MemoryProblem> problems() {
    return problems(Arbitraries.of(1L, 4L, 64L));
  }

  @Provide
  Arbitrary<MemoryProblem> unaligned() {
    return problems(Arbitraries.just(1L));
  }

  private static Arbitrary<MemoryProblem> problems(Arbitrary<Long> alignments) {
    Arbitrary<Buffer> rows =
        Combinators.combine(
                Arbitraries.integers().between(0, 40),
                Arbitraries.integers().between(1, 12),
                Arbitraries.longs().between(0, 300),
                alignments)
            .as(
                (lower, duration, bytes, alignment) ->
                    Buffer.of("", lower, lower + duration, bytes).aligned(alignment));
    return rows.list().ofMinSize(0).ofMaxSize(60).map(PlannersPropertyTest::named);
  }

  private static MemoryProblem named(List<Buffer> rows) {
    List<Buffer> named = new ArrayList<>();
    for (Buffer row : rows) {
      named.add(
          Buffer.of("b" + named.size(), row.lower(), row.upper(), row.bytes())
              .aligned(row.alignment()));
    }
    return MemoryProblem.of(named);
  }
}
