package fluidml.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BeamPlannerTest {
  /** Lifespans log-uniform from one step up to half of all, sizes uniform. */
  private static MemoryProblem random(int count, long seed) {
    Random random = new Random(seed);
    List<Buffer> rows = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int lower = random.nextInt(count);
      int steps = (int) Math.exp(random.nextDouble() * Math.log(count / 2.0));
      rows.add(Buffer.of("b" + i, lower, lower + steps, 64L * (1 + random.nextInt(1000))));
    }
    return MemoryProblem.of(rows);
  }

  @Test
  void longLifespansArePlannedNearTheBound() {
    MemoryProblem problem = random(10_000, 2);
    for (MemoryPlanner valley : ValleyPlanner.all()) {
      assertTrue(valley.plan(problem).ratio(problem) > 1.02, valley.name());
    }
    MemoryPlan plan = PlanValidator.check(problem, Planners.fast().plan(problem));
    assertTrue(plan.planner().startsWith("beam-"), plan.planner());
    assertTrue(plan.ratio(problem) <= 1.02, plan + " for " + problem);
  }

  @Test
  void plansAreReproducible() {
    MemoryProblem problem = random(1500, 1);
    for (BeamPlanner.Weight weight : BeamPlanner.Weight.values()) {
      BeamPlanner planner = new BeamPlanner("beam", weight);
      MemoryPlan plan = PlanValidator.check(problem, planner.plan(problem));
      assertEquals(plan, planner.plan(problem));
    }
  }

  @Test
  void undoneLayersLeaveNoTrace() {
    MemoryProblem problem = random(700, 3);
    Valleys valleys = new Valleys(problem, (sections, bytes) -> sections);
    MemoryPlan plain = valleys.plan("plan");
    valleys.clear();
    long half = problem.lowerBound() / 2;
    valleys.fillTo(half, 0);
    Valleys.State state = valleys.new State();
    state.save();
    for (int variation = 1; variation < 5; variation++) {
      valleys.fillTo(Long.MAX_VALUE, variation);
      PlanValidator.check(problem, valleys.toPlan("variation"));
      valleys.undo(state);
    }
    valleys.fillTo(Long.MAX_VALUE, 0);
    assertEquals(plain, valleys.toPlan("plan"), "order and layers do not matter");
    state.restore();
    valleys.fillTo(Long.MAX_VALUE, 0);
    assertEquals(plain, valleys.toPlan("plan"));
  }

  @Test
  void levelledStepsKeepPlansValidAndSkylinesExact() {
    for (long seed = 1; seed <= 5; seed++) {
      MemoryProblem problem = random(900, seed);
      Valleys valleys = new Valleys(problem, (sections, bytes) -> sections);
      MemoryPlan plain = valleys.plan("plan");
      valleys.levelSteps(problem.lowerBound());
      MemoryPlan levelled = PlanValidator.check(problem, valleys.plan("plan"));
      assertNotEquals(plain, levelled);
      valleys.clear();
      valleys.fillTo(problem.lowerBound() / 2, 0);
      Valleys.State state = valleys.new State();
      state.save();
      valleys.fillTo(Long.MAX_VALUE, 1);
      PlanValidator.check(problem, valleys.toPlan("variation"));
      valleys.undo(state);
      valleys.fillTo(Long.MAX_VALUE, 0);
      assertEquals(levelled, valleys.toPlan("plan"), "order and layers do not matter");
    }
  }

  @Test
  void largestLoadIsFoundWithItsPlace() {
    Random random = new Random(7);
    long[] values = random.longs(77, 0, 1000).toArray();
    LoadTree tree = new LoadTree(values);
    for (int k = 0; k < 500; k++) {
      int a = random.nextInt(values.length);
      int b = a + 1 + random.nextInt(values.length - a);
      long more = random.nextInt(200) - 100L;
      for (int i = a; i < b; i++) {
        values[i] += more;
      }
      tree.add(a, b, more);
      int from = random.nextInt(values.length);
      int to = from + 1 + random.nextInt(values.length - from);
      int place = tree.largest(from, to);
      assertTrue(from <= place && place < to);
      assertEquals(Arrays.stream(values, from, to).max().getAsLong(), values[place]);
      assertEquals(values[place], tree.foundValue());
    }
  }

  @Test
  void heaviestFewComeInOrder() {
    Random random = new Random(5);
    int n = 300;
    int[] from = random.ints(n, 0, 100).toArray();
    int[] to = new int[n];
    double[] weights = random.doubles(n).toArray();
    for (int i = 0; i < n; i++) {
      to[i] = from[i] + 1 + random.nextInt(50);
    }
    IntervalTree tree = new IntervalTree(from, to);
    tree.reset(weights);
    int[] few = new int[4];
    for (int k = 0; k < 200; k++) {
      int a = random.nextInt(80);
      int b = a + random.nextInt(60);
      List<Integer> expected = new ArrayList<>();
      for (int i = 0; i < n; i++) {
        if (from[i] >= a && from[i] <= b && to[i] >= a && to[i] <= b) {
          expected.add(i);
        }
      }
      expected.sort((x, y) -> Double.compare(weights[y], weights[x]));
      int count = tree.heaviest(few, a, b, a, b);
      assertEquals(Math.min(4, expected.size()), count);
      for (int i = 0; i < count; i++) {
        assertEquals(expected.get(i), few[i]);
      }
      if (count > 0) {
        tree.remove(few[0]);
        assertEquals(count > 1 ? few[1] : -1, tree.heaviest(a, b, a, b));
        tree.add(few[0], weights[few[0]]);
        assertEquals(few[0], tree.heaviest(a, b, a, b));
      }
    }
  }
}
