package fluidml.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.testing.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** MiniMalloc's hard instances; each is known to fit into the capacity in its name. */
class MiniMallocTest {
  private static final long CAPACITY = 1 << 20;
  private static final long NODES = 200_000;

  @ParameterizedTest
  @ValueSource(strings = {"A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K"})
  void exactReachesTheCapacityWithinItsNodes(String name) throws IOException {
    MemoryProblem problem = read(name + ".1048576.csv");
    assertTrue(problem.lowerBound() <= CAPACITY);
    MemoryPlan greedy = PlanValidator.check(problem, Planners.greedyBySize().plan(problem));
    assertTrue(greedy.arenaBytes() <= 1.5 * CAPACITY, greedy::toString);
    ExactPlanner.Limits limits = ExactPlanner.Limits.ofNodes(NODES).withTarget(CAPACITY);
    ExactPlanner.Result result = Planners.exact(limits).solve(problem);
    PlanValidator.check(problem, result.plan());
    assertTrue(result.plan().arenaBytes() <= CAPACITY, result::toString);
    assertTrue(result.bound() >= problem.lowerBound(), result::toString);
  }

  @Test
  void smallExampleIsSolvedWithinItsCapacity() throws IOException {
    MemoryProblem problem = read("input.12.csv");
    assertEquals(12, PlanValidator.check(problem, Planners.fast().plan(problem)).arenaBytes());
  }

  private static MemoryProblem read(String file) throws IOException {
    String text = Files.readString(SharedData.require("minimalloc/" + file));
    MemoryProblem problem = MemoryCsv.parseProblem(text);
    assertEquals(text.strip(), MemoryCsv.format(problem).strip(), "round trip");
    return problem;
  }
}
