package fluidml.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class EjectionPlannerTest {
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
    assertEquals("ejection", plan.planner());
    assertTrue(plan.ratio(problem) <= 1.02, plan + " for " + problem);
  }

  @Test
  void plansAreReproducibleAndNeverHigher() {
    EjectionPlanner planner = new EjectionPlanner("ejection");
    for (long seed = 1; seed <= 5; seed++) {
      MemoryProblem problem = random(700, seed);
      MemoryPlan start = ValleyPlanner.all().getFirst().plan(problem);
      MemoryPlan plan = PlanValidator.check(problem, planner.lower(problem, start));
      assertTrue(plan.arenaBytes() <= start.arenaBytes());
      assertEquals(plan, planner.lower(problem, start));
    }
  }

  @Test
  void alignmentsAreKept() {
    Random random = new Random(1);
    List<Buffer> rows = new ArrayList<>();
    for (int i = 0; i < 1200; i++) {
      int lower = random.nextInt(1200);
      int steps = (int) Math.exp(random.nextDouble() * Math.log(600));
      Buffer buffer = Buffer.of("b" + i, lower, lower + steps, random.nextInt(5000));
      rows.add(buffer.aligned(random.nextInt(4) == 0 ? 256 : 64));
    }
    MemoryProblem problem = MemoryProblem.of(rows);
    MemoryPlan start = ValleyPlanner.all().getFirst().plan(problem);
    MemoryPlan plan = new EjectionPlanner("ejection").lower(problem, start);
    PlanValidator.check(problem, plan);
    assertTrue(plan.arenaBytes() < start.arenaBytes(), start + ", " + plan);
  }

  @Test
  void whatCannotBeDoneIsLeftAlone() {
    MemoryProblem none = MemoryProblem.of(List.of());
    EjectionPlanner planner = new EjectionPlanner("ejection");
    assertEquals(0, planner.plan(none).arenaBytes());
    MemoryProblem fixed =
        MemoryProblem.of(List.of(Buffer.of("a", 0, 2, 64).at(64), Buffer.of("b", 1, 3, 128)));
    assertTrue(PlanValidator.check(fixed, planner.plan(fixed)).arenaBytes() >= 192);
    MemoryProblem problem = random(300, 1);
    MemoryPlan start = ValleyPlanner.all().getFirst().plan(problem);
    long below = problem.lowerBound() - 1;
    assertTrue(EjectionSearch.search("e", problem, start, below, 1_000_000).isEmpty());
  }

  @Test
  void livePlacedSpansAreFoundInOrder() {
    Random random = new Random(3);
    int n = 400;
    int[] lower = random.ints(n, 0, 1000).toArray();
    int[] upper = new int[n];
    long[] height = random.longs(n, 1, 50).toArray();
    long[] offset = new long[n];
    boolean[] in = new boolean[n];
    for (int i = 0; i < n; i++) {
      upper[i] = lower[i] + 1 + (int) Math.exp(random.nextDouble() * 6);
    }
    PlacedSpans placed = new PlacedSpans(lower, upper, offset, height);
    PlacedSpans.Hits hits = new PlacedSpans.Hits(n);
    for (int k = 0; k < 3000; k++) {
      int i = random.nextInt(n);
      if (in[i]) {
        placed.take(i);
      } else {
        offset[i] = random.nextInt(300);
        placed.put(i);
      }
      in[i] = !in[i];
      int asked = random.nextInt(n);
      placed.find(asked, hits);
      int[] expected =
          IntStream.range(0, n)
              .filter(j -> in[j] && lower[j] < upper[asked] && lower[asked] < upper[j])
              .toArray();
      assertEquals(expected.length, hits.count);
      int[] begin = Arrays.copyOf(hits.byBegin, hits.count);
      int[] end = Arrays.copyOf(hits.byEnd, hits.count);
      for (int j = 1; j < hits.count; j++) {
        assertTrue(offset[begin[j - 1]] <= offset[begin[j]]);
        assertTrue(offset[end[j - 1]] + height[end[j - 1]] <= offset[end[j]] + height[end[j]]);
      }
      assertArrayEquals(expected, Arrays.stream(begin).sorted().toArray());
      assertArrayEquals(expected, Arrays.stream(end).sorted().toArray());
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
    }
  }

  @Test
  void heaviestIntervalIsFound() {
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
    for (int k = 0; k < 200; k++) {
      int a = random.nextInt(80);
      int b = a + random.nextInt(60);
      int expected = -1;
      for (int i = 0; i < n; i++) {
        boolean inside = from[i] >= a && from[i] <= b && to[i] >= a && to[i] <= b;
        if (inside && tree.contains(i) && (expected < 0 || weights[i] > weights[expected])) {
          expected = i;
        }
      }
      assertEquals(expected, tree.heaviest(a, b, a, b));
      if (expected >= 0 && k % 3 == 0) {
        tree.remove(expected);
      }
    }
  }
}
