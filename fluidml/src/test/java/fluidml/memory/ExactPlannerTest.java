package fluidml.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class ExactPlannerTest {
  @Property(tries = 400)
  void findsAndProvesTheOptimumOfTinyProblems(@ForAll("tiny") MemoryProblem problem) {
    long optimum = optimum(problem);
    ExactPlanner.Result result = Planners.exact().solve(problem);
    PlanValidator.check(problem, result.plan());
    assertEquals(optimum, result.plan().arenaBytes());
    assertEquals(optimum, result.bound());
    assertTrue(result.proven());
    assertTrue(problem.lowerBound() <= optimum);
  }

  @Property(tries = 200)
  void keepsFixedBuffersWhereTheyAre(
      @ForAll("tiny") MemoryProblem problem, @ForAll("offsets") List<Integer> offsets) {
    MemoryProblem fixed = fix(problem, offsets);
    long optimum = optimum(fixed);
    ExactPlanner.Result result = Planners.exact().solve(fixed);
    PlanValidator.check(fixed, result.plan());
    assertEquals(optimum, result.plan().arenaBytes());
    assertTrue(result.proven());
  }

  @Property(tries = 200)
  void namesOfABlockLieTogether(
      @ForAll("tiny") MemoryProblem problem, @ForAll("offsets") List<Integer> groups) {
    List<Buffer> rows = new ArrayList<>(problem.buffers());
    for (int i = 0; i < Math.min(rows.size(), groups.size()); i++) {
      rows.set(i, rows.get(i).aliased("g" + groups.get(i) % 2));
    }
    MemoryProblem aliased = MemoryProblem.of(rows);
    assertEquals(aliased, MemoryCsv.parseProblem(MemoryCsv.format(aliased)));
    assertTrue(aliased.totalBytes() <= problem.totalBytes());
    long optimum = optimum(aliased.blocks());
    ExactPlanner.Result result = Planners.exact().solve(aliased);
    assertEquals(optimum, PlanValidator.check(aliased, result.plan()).arenaBytes());
    assertTrue(result.proven());
    for (MemoryPlanner planner : Planners.all()) {
      MemoryPlan plan = PlanValidator.check(aliased, planner.plan(aliased));
      assertTrue(plan.arenaBytes() >= optimum, planner.name());
    }
  }

  @Property(tries = 100)
  void aTargetIsReachedIfThereIsAPlan(@ForAll("tiny") MemoryProblem problem) {
    long target = optimum(problem) + 3;
    ExactPlanner.Limits limits = ExactPlanner.Limits.ofNodes(10_000).withTarget(target);
    assertTrue(Planners.exact(limits).plan(problem).arenaBytes() <= target);
  }

  @Test
  void aLimitLeavesAPlanAndABound() {
    MemoryProblem problem = random(300, 7);
    ExactPlanner.Result result = Planners.exact(ExactPlanner.Limits.ofNodes(10)).solve(problem);
    PlanValidator.check(problem, result.plan());
    assertTrue(result.bound() >= problem.lowerBound());
    assertTrue(result.plan().arenaBytes() >= result.bound());
    assertEquals(result.proven(), result.gap() == 0);
    ExactPlanner.Result none = Planners.exact(ExactPlanner.Limits.of(Duration.ZERO)).solve(problem);
    assertEquals(Planners.fast().plan(problem), none.plan());
  }

  @Test
  void manyBuffersDoNotOverflowTheStack() {
    List<Buffer> rows = new ArrayList<>();
    for (int i = 0; i < 6000; i++) {
      // Pairs that only fit when every second buffer lies on top.
      rows.add(Buffer.of("b" + i, i, i + 2, i % 3 == 0 ? 5 : 3));
    }
    MemoryProblem problem = MemoryProblem.of(rows);
    MemoryPlan plan = Planners.exact(ExactPlanner.Limits.ofNodes(30_000)).plan(problem);
    PlanValidator.check(problem, plan);
  }

  @Test
  void progressNeverGoesBack() {
    MemoryProblem problem = random(60, 3);
    long[] last = {Long.MAX_VALUE, 0, 0};
    Planners.exact(ExactPlanner.Limits.ofNodes(5000))
        .solve(
            problem,
            (best, bound, nodes) -> {
              assertFalse(best > last[0] || bound < last[1] || nodes < last[2]);
              last[0] = best;
              last[1] = bound;
              last[2] = nodes;
            });
  }

  /** Best over all orders of placing each buffer as low as it goes; every optimum is one. */
  private static long optimum(MemoryProblem problem) {
    int[] order = Orders.identity(problem.count());
    return permute(problem, order, 0);
  }

  private static long permute(MemoryProblem problem, int[] order, int at) {
    if (at == order.length) {
      Placement placement = new Placement(problem);
      placement.placeAll(order, Placement.Fit.FIRST, Long.MAX_VALUE);
      return placement.arena();
    }
    long best = Long.MAX_VALUE;
    for (int i = at; i < order.length; i++) {
      swap(order, at, i);
      best = Math.min(best, permute(problem, order, at + 1));
      swap(order, at, i);
    }
    return best;
  }

  private static void swap(int[] order, int a, int b) {
    int kept = order[a];
    order[a] = order[b];
    order[b] = kept;
  }

  /** Fixes the first buffers that do not clash when put at the given offsets. */
  private static MemoryProblem fix(MemoryProblem problem, List<Integer> offsets) {
    List<Buffer> rows = new ArrayList<>(problem.buffers());
    for (int i = 0; i < Math.min(rows.size(), offsets.size()); i++) {
      Buffer row = rows.get(i);
      Buffer moved = row.at(offsets.get(i) * row.alignment());
      Optional<Buffer> clash = rows.subList(0, i).stream().filter(r -> clash(r, moved)).findFirst();
      rows.set(i, clash.isPresent() ? row : moved);
    }
    return MemoryProblem.of(rows);
  }

  private static boolean clash(Buffer a, Buffer b) {
    return a.fixedOffset().isPresent()
        && a.overlapsInTime(b)
        && a.fixedOffset().getAsLong() < b.fixedOffset().orElseThrow() + b.bytes()
        && b.fixedOffset().orElseThrow() < a.fixedOffset().getAsLong() + a.bytes();
  }

  private static MemoryProblem random(int count, long seed) {
    Random random = new Random(seed);
    List<Buffer> rows = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int lower = random.nextInt(count);
      rows.add(Buffer.of("b" + i, lower, lower + 1 + random.nextInt(20), random.nextInt(1000)));
    }
    return MemoryProblem.of(rows);
  }

  @Provide
  Arbitrary<List<Integer>> offsets() {
    return Arbitraries.integers().between(0, 12).list().ofMaxSize(3);
  }

  @Provide
  Arbitrary<MemoryProblem> tiny() {
    return Arbitraries.of(List.of(1L), List.of(4L), List.of(1L, 4L), List.of(2L, 4L, 8L))
        .flatMap(ExactPlannerTest::tiny);
  }

  private static Arbitrary<MemoryProblem> tiny(List<Long> alignments) {
    Arbitrary<Buffer> rows =
        Combinators.combine(
                Arbitraries.integers().between(0, 7),
                Arbitraries.integers().between(1, 5),
                Arbitraries.longs().between(0, 9),
                Arbitraries.of(alignments))
            .as(
                (lower, duration, bytes, alignment) ->
                    Buffer.of("", lower, lower + duration, bytes).aligned(alignment));
    return rows.list()
        .ofMaxSize(6)
        .map(
            list -> {
              List<Buffer> named = new ArrayList<>();
              for (Buffer row : list) {
                named.add(
                    Buffer.of("b" + named.size(), row.lower(), row.upper(), row.bytes())
                        .aligned(row.alignment()));
              }
              return MemoryProblem.of(named);
            });
  }
}
