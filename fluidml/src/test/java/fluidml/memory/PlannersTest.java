package fluidml.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.error.InvalidInputException;
import fluidml.error.VerificationException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PlannersTest {
  /** Six tensors of 100 units, layers executed in the order 1, 2, 4, 3, 5. */
  static final MemoryProblem OPTIMIUM =
      MemoryProblem.of(
          List.of(
              Buffer.of("A", 0, 1, 100),
              Buffer.of("B", 0, 2, 100),
              Buffer.of("C", 1, 4, 100),
              Buffer.of("E", 2, 5, 100),
              Buffer.of("D", 3, 5, 100),
              Buffer.of("F", 4, 5, 100)));

  @Test
  void optimiumsExampleHalvesFrom600To300() {
    assertEquals(600, Planners.noReuse().plan(OPTIMIUM).arenaBytes());
    assertEquals(300, OPTIMIUM.lowerBound());
    MemoryPlan plan = PlanValidator.check(OPTIMIUM, Planners.tables().plan(OPTIMIUM));
    assertEquals(300, plan.arenaBytes());
    assertEquals(plan.offset(1), plan.offset(3), "E replaces B");
  }

  @Test
  void everyPlannerMeetsTheBoundOnTheExample() {
    for (MemoryPlanner planner : Planners.all().subList(1, Planners.all().size())) {
      assertEquals(300, planner.plan(OPTIMIUM).arenaBytes(), planner.name());
    }
  }

  @Test
  void transformerLikeChainMeetsTheBound() {
    MemoryProblem problem = transformer(24, 128);
    MemoryPlan plan = PlanValidator.check(problem, Planners.greedyBySize().plan(problem));
    assertTrue(plan.ratio(problem) <= 1.02, plan + " for " + problem);
    assertTrue(Planners.fast().plan(problem).ratio(problem) <= 1.0);
  }

  @Test
  void otherSizesGiveTheSamePlanAsAProblemMadeAnew() {
    MemoryProblem small = transformer(4, 64);
    MemoryProblem large = transformer(4, 96);
    long[] sizes = IntStream.range(0, large.count()).mapToLong(large::bytes).toArray();
    MemoryProblem resized = small.withSizes(sizes);
    assertEquals(large, resized);
    assertEquals(Planners.fast().plan(large), Planners.fast().plan(resized));
    assertThrows(VerificationException.class, () -> small.withSizes(new long[1]));
  }

  @Test
  void fixedOffsetsStayAndAlignmentHolds() {
    MemoryProblem problem =
        MemoryProblem.of(
            List.of(
                Buffer.of("input", 0, 4, 100).aligned(64).at(128),
                Buffer.of("a", 0, 2, 100).aligned(64),
                Buffer.of("b", 1, 3, 60).aligned(64),
                Buffer.of("empty", 1, 3, 0).aligned(64),
                Buffer.of("c", 2, 4, 129).aligned(64)));
    for (MemoryPlanner planner : Planners.all()) {
      MemoryPlan plan = PlanValidator.check(problem, planner.plan(problem));
      assertEquals(128, plan.offset(0), planner.name());
    }
  }

  @Test
  void orderSearchFindsWhatGreedyOrdersMiss() {
    MemoryProblem problem =
        MemoryProblem.of(
            List.of(
                Buffer.of("a", 0, 3, 3),
                Buffer.of("b", 2, 5, 3),
                Buffer.of("c", 4, 7, 3),
                Buffer.of("d", 6, 9, 3),
                Buffer.of("e", 0, 2, 4),
                Buffer.of("f", 3, 4, 4),
                Buffer.of("g", 5, 6, 4),
                Buffer.of("h", 7, 9, 4)));
    assertEquals(7, problem.lowerBound());
    assertTrue(Planners.thorough().plan(problem).arenaBytes() <= 7);
  }

  @Test
  void emptyProblemNeedsNothing() {
    MemoryProblem none = MemoryProblem.of(List.of());
    for (MemoryPlanner planner : Planners.all()) {
      assertEquals(0, planner.plan(none).arenaBytes(), planner.name());
    }
    assertEquals(0, none.lowerBound());
    assertEquals(0, none.peakStep());
  }

  @Test
  void validatorNamesBothBuffers() {
    MemoryProblem problem =
        MemoryProblem.of(List.of(Buffer.of("left", 0, 2, 8), Buffer.of("right", 1, 3, 8)));
    MemoryPlan bad = new MemoryPlan("broken", new long[] {0, 4}, 12);
    assertEquals(
        List.of(new PlanValidator.Clash("left", "right", 1, 4)),
        PlanValidator.violations(problem, bad));
    VerificationException e =
        assertThrows(VerificationException.class, () -> PlanValidator.check(problem, bad));
    assertTrue(e.getMessage().contains("left") && e.getMessage().contains("right"), e.getMessage());
    assertEquals("broken", e.phase());
    MemoryPlan outside = new MemoryPlan("broken", new long[] {0, 8}, 12);
    assertEquals(
        List.of(new PlanValidator.OutOfArena("right", 8, 16, 12)),
        PlanValidator.violations(problem, outside));
  }

  @Test
  void boundKnowsAboutPadding() {
    MemoryProblem problem =
        MemoryProblem.of(
            List.of(
                Buffer.of("a", 0, 1, 4).aligned(64),
                Buffer.of("b", 0, 1, 4).aligned(64),
                Buffer.of("c", 0, 1, 4).aligned(64)));
    assertEquals(12, problem.maxLiveBytes());
    assertEquals(129, problem.lowerBound());
    assertEquals(132, Planners.fast().plan(problem).arenaBytes());
  }

  @Test
  void namesOfABlockThatPartAreFound() {
    MemoryProblem problem =
        MemoryProblem.of(
            List.of(
                Buffer.of("x", 0, 2, 8).aliased("t"),
                Buffer.of("reshaped", 3, 5, 8).aliased("t"),
                Buffer.of("between", 2, 3, 4)));
    assertEquals(12, problem.lowerBound());
    assertEquals(12, problem.totalBytes());
    assertEquals(
        List.of(new PlanValidator.Parted("x", "reshaped", 0, 8)),
        PlanValidator.violations(problem, new MemoryPlan("broken", new long[] {0, 8, 16}, 20)));
    assertEquals(
        List.of(
            new PlanValidator.Clash("x", "between", 2, 4),
            new PlanValidator.Clash("reshaped", "between", 2, 4)),
        PlanValidator.violations(problem, new MemoryPlan("broken", new long[] {0, 0, 4}, 8)));
    String tables = MemoryTables.of(problem, Planners.fast().plan(problem)).planText();
    assertTrue(tables.contains("x=reshaped,0,5,0,8"), tables);
  }

  @Test
  void crowdedProblemsArePlannedWithoutLookingAtAllPairs() {
    Random random = new Random(1);
    List<Buffer> rows = new ArrayList<>();
    for (int i = 0; i < 8000; i++) {
      int a = random.nextInt(8000);
      int b = random.nextInt(8000);
      rows.add(
          Buffer.of("b" + i, Math.min(a, b), Math.max(a, b) + 1, 64L * (1 + random.nextInt(999))));
    }
    MemoryProblem problem = MemoryProblem.of(rows);
    MemoryPlan plan = PlanValidator.check(problem, Planners.fast().plan(problem));
    assertTrue(plan.planner().startsWith("valley"), plan::toString);
    assertTrue(plan.ratio(problem) <= 1.02, plan + " for " + problem);
    long[] corrupted = plan.offsets();
    int moved = corrupted[17] == 0 ? 18 : 17;
    corrupted[moved] -= 1;
    List<PlanValidator.Violation> found =
        PlanValidator.violations(problem, new MemoryPlan("broken", corrupted, plan.arenaBytes()));
    assertTrue(found.stream().allMatch(v -> v.describe().contains("'b" + moved + "'")));
    assertTrue(!found.isEmpty());
  }

  @Test
  void brokenProblemsAreRefused() {
    for (List<Buffer> rows :
        List.of(
            List.of(Buffer.of("a", 0, 0, 1)),
            List.of(Buffer.of("a", -1, 2, 1)),
            List.of(Buffer.of("a", 0, 1, -1)),
            List.of(Buffer.of("a", 0, 1, 1).aligned(3)),
            List.of(Buffer.of("a", 0, 1, 1).aligned(4).at(2)),
            List.of(Buffer.of("a", 0, 1, Long.MAX_VALUE), Buffer.of("b", 0, 1, 1)),
            List.of(Buffer.of("a", 0, 1, 1), Buffer.of("a", 0, 1, 1)))) {
      assertThrows(VerificationException.class, () -> MemoryProblem.of(rows), rows::toString);
    }
    assertThrows(InvalidInputException.class, () -> Planners.named("magic"));
    assertEquals("tables", Planners.named("tables").name());
  }

  /** Buffers of an encoder: per layer q, k, v, context, projection, norm, ffn, and a residual. */
  static MemoryProblem transformer(int layers, int length) {
    List<Buffer> rows = new ArrayList<>();
    long row = 4L * 768 * length;
    for (int layer = 0; layer < layers; layer++) {
      int t = layer * 8;
      rows.add(Buffer.of("x" + layer, t, t + 6, row).aligned(64));
      rows.add(Buffer.of("q" + layer, t + 1, t + 5, row).aligned(64));
      rows.add(Buffer.of("k" + layer, t + 2, t + 5, row).aligned(64));
      rows.add(Buffer.of("v" + layer, t + 3, t + 5, row).aligned(64));
      rows.add(Buffer.of("mask" + layer, t + 3, t + 5, 4L * length).aligned(64));
      rows.add(Buffer.of("context" + layer, t + 4, t + 6, row).aligned(64));
      rows.add(Buffer.of("projection" + layer, t + 5, t + 7, row).aligned(64));
      rows.add(Buffer.of("statistics" + layer, t + 5, t + 7, 8L * length).aligned(64));
      rows.add(Buffer.of("norm" + layer, t + 6, t + 9, row).aligned(64));
      rows.add(Buffer.of("ffn" + layer, t + 7, t + 9, 4 * row).aligned(64));
    }
    return MemoryProblem.of(rows);
  }
}
