package fluidml.layout.pbqp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class PbqpSolverTest {

  /** Any density, from trees to cliques; some alternatives forbidden. */
  private static Pbqp random(long seed) {
    Random random = new Random(seed);
    Pbqp.Builder builder = new Pbqp.Builder();
    int n = 1 + random.nextInt(8);
    int[] sizes = new int[n];
    for (int v = 0; v < n; v++) {
      sizes[v] = 1 + random.nextInt(3);
      builder.variable(costs(random, sizes[v]));
    }
    int density = 1 + random.nextInt(100);
    for (int v = 0; v < n; v++) {
      for (int w = v + 1; w < n; w++) {
        if (random.nextInt(100) < density) {
          builder.edge(v, w, costs(random, sizes[v] * sizes[w]));
        }
      }
    }
    return builder.build();
  }

  private static double[] costs(Random random, int count) {
    double[] costs = new double[count];
    for (int i = 0; i < count; i++) {
      costs[i] = random.nextInt(40) == 0 ? Double.POSITIVE_INFINITY : random.nextInt(30);
    }
    return costs;
  }

  private static double bruteForce(Pbqp problem) {
    int[] choice = new int[problem.variables()];
    double least = Double.POSITIVE_INFINITY;
    boolean more = true;
    while (more) {
      least = Math.min(least, problem.cost(choice));
      more = false;
      for (int v = 0; v < choice.length && !more; v++) {
        choice[v] = (choice[v] + 1) % problem.alternatives(v);
        more = choice[v] != 0;
      }
    }
    return least;
  }

  @Property(tries = 10_000)
  void equalsBruteForce(@ForAll long seed) {
    Pbqp problem = random(seed);
    double least = bruteForce(problem);
    PbqpSolver.Result result = PbqpSolver.solve(problem, Duration.ofSeconds(20));
    assertEquals(least, result.cost());
    assertEquals(problem.cost(result.choice()), result.cost());
    assertTrue(least == Double.POSITIVE_INFINITY || result.isProven());
  }

  @Property(tries = 3000)
  void boundHoldsWithoutTimeToSearch(@ForAll long seed) {
    Pbqp problem = random(seed);
    PbqpSolver.Result result = PbqpSolver.solve(problem, Duration.ZERO);
    assertEquals(problem.cost(result.choice()), result.cost());
    double least = bruteForce(problem);
    assertTrue(least == Double.POSITIVE_INFINITY || result.lowerBound() <= least + 1e-6);
  }
}
