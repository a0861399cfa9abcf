package fluidml.memory.order;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.error.VerificationException;
import fluidml.memory.order.OrderProblem.Item;
import fluidml.memory.order.OrderProblem.Overwrite;
import fluidml.memory.order.OrderProblem.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class OrderSearchTest {
  private static Item item(long bytes) {
    return new Item(bytes, false, false);
  }

  private static Step step(List<Integer> before, Integer... touches) {
    return new Step(before, List.of(touches), List.of(), 0);
  }

  /** Two branches that make something big and reduce it; the given order has both big ones live. */
  @Test
  void finishesOneBranchBeforeItBeginsTheOther() {
    OrderProblem problem =
        new OrderProblem(
            List.of(item(10), item(100), item(100), item(1), item(1), new Item(2, false, true)),
            List.of(
                step(List.of(), 0),
                step(List.of(0), 0, 1),
                step(List.of(0), 0, 2),
                step(List.of(1), 1, 3),
                step(List.of(2), 2, 4),
                step(List.of(3, 4), 3, 4, 5)));
    OrderSolution solution = OrderSearch.solve(problem);
    assertEquals(210, solution.givenBytes());
    assertEquals(111, solution.peakBytes());
    assertTrue(solution.optimal());
    assertArrayEquals(new int[] {0, 1, 3, 2, 4, 5}, solution.order());
  }

  @Test
  void keepsTheGivenOrderWhereNoneIsBetter() {
    OrderProblem chain =
        new OrderProblem(
            List.of(item(5), item(5), item(5)),
            List.of(step(List.of(), 0), step(List.of(0), 0, 1), step(List.of(1), 1, 2)));
    OrderSolution solution = OrderSearch.solve(chain);
    assertFalse(solution.isBetter());
    assertTrue(solution.optimal());
    assertArrayEquals(chain.given(), solution.order());
  }

  @Test
  void aResultInAnOperandsPlaceIsCountedOnce() {
    OrderProblem problem =
        new OrderProblem(
            List.of(item(8), item(8)),
            List.of(
                step(List.of(), 0),
                new Step(List.of(0), List.of(0, 1), List.of(new Overwrite(0, 1)), 3)));
    assertEquals(11, problem.peak(problem.given()));
  }

  @Test
  void constraintsThatTheGivenOrderBreaksAreRefused() {
    assertThrows(
        VerificationException.class,
        () -> new OrderProblem(List.of(), List.of(step(List.of(1)), step(List.of()))));
    assertThrows(
        VerificationException.class,
        () -> new OrderProblem(List.of(), List.of(step(List.of(), 0))));
  }

  private static OrderProblem random(Random random, int count) {
    List<Item> buffers = new ArrayList<>();
    List<Step> steps = new ArrayList<>();
    buffers.add(new Item(random.nextInt(20), true, false));
    for (int i = 0; i < count; i++) {
      List<Integer> before = new ArrayList<>();
      List<Integer> touches = new ArrayList<>();
      for (int k = 0; k < i; k++) {
        if (random.nextInt(i) < 2) {
          before.add(k);
          touches.add(k + 1);
        }
      }
      if (before.isEmpty()) {
        touches.add(0);
      }
      List<Overwrite> overwrites =
          random.nextBoolean() ? List.of(new Overwrite(touches.getFirst(), i + 1)) : List.of();
      touches.add(i + 1);
      long bytes =
          random.nextInt(3) == 0 ? buffers.get(touches.getFirst()).bytes() : 1 + random.nextInt(40);
      buffers.add(new Item(bytes, false, i == count - 1));
      steps.add(new Step(before, touches, overwrites, random.nextInt(4)));
    }
    return new OrderProblem(buffers, steps);
  }

  private static long best(OrderProblem problem, List<Integer> order, boolean[] done) {
    int count = problem.steps().size();
    if (order.size() == count) {
      return problem.peak(order.stream().mapToInt(Integer::intValue).toArray());
    }
    long best = Long.MAX_VALUE;
    for (int i = 0; i < count; i++) {
      boolean ready = problem.steps().get(i).before().stream().allMatch(b -> done[b]);
      if (!done[i] && ready) {
        done[i] = true;
        order.add(i);
        best = Math.min(best, best(problem, order, done));
        order.removeLast();
        done[i] = false;
      }
    }
    return best;
  }

  @Test
  void smallProblemsAreSolvedExactly() {
    Random random = new Random(11);
    for (int i = 0; i < 200; i++) {
      OrderProblem problem = random(random, 2 + random.nextInt(6));
      OrderSolution solution = OrderSearch.solve(problem);
      assertTrue(solution.optimal());
      assertTrue(problem.allows(solution.order()));
      assertEquals(problem.peak(solution.order()), solution.peakBytes());
      assertEquals(
          best(problem, new ArrayList<>(), new boolean[problem.steps().size()]),
          solution.peakBytes());
    }
  }

  @Test
  void largeProblemsAreNeverWorseAndAlwaysTheSame() {
    Random random = new Random(12);
    int better = 0;
    for (int i = 0; i < 10; i++) {
      OrderProblem problem = random(random, 150);
      OrderSolution solution = OrderSearch.solve(problem, 50_000);
      assertTrue(problem.allows(solution.order()));
      assertEquals(problem.peak(solution.order()), solution.peakBytes());
      assertTrue(solution.peakBytes() <= solution.givenBytes());
      assertArrayEquals(solution.order(), OrderSearch.solve(problem, 50_000).order());
      better += solution.isBetter() ? 1 : 0;
    }
    assertTrue(better > 0);
  }
}
