package fluidml.layout;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.error.VerificationException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class SolversPropertyTest {
  private static final LayoutSolver GLOBAL = new GlobalSolver(Duration.ofSeconds(10));

  @Property(tries = 10_000)
  void globalChoiceCostsWhatTryingAllCosts(@ForAll long seed) {
    LayoutProblem problem = RandomProblems.small(seed, false);
    LayoutSolution solution = SolutionValidator.check(problem, GLOBAL.solve(problem));
    assertEquals(RandomProblems.bruteForce(problem), solution.cost(), 1e-9);
    assertEquals(solution.cost(), solution.lowerBound(), 1e-6, "proven");
  }

  @Property(tries = 2000)
  void forbiddenConversionsAreAvoidedOrReported(@ForAll long seed) {
    LayoutProblem problem = RandomProblems.small(seed, true);
    double least = RandomProblems.bruteForce(problem);
    try {
      LayoutSolution solution = SolutionValidator.check(problem, GLOBAL.solve(problem));
      assertEquals(least, solution.cost(), 1e-9);
    } catch (VerificationException e) {
      assertEquals(Double.POSITIVE_INFINITY, least, e.getMessage());
    }
  }

  @Property(tries = 2000)
  void everyWayIsValidAndGlobalIsTheCheapest(@ForAll long seed) {
    LayoutProblem problem = RandomProblems.small(seed, false);
    LayoutSolution none = SolutionValidator.check(problem, new DefaultSolver().solve(problem));
    SequenceSolver.Trace trace = new SequenceSolver().trace(problem);
    LayoutSolution sequence = SolutionValidator.check(problem, trace.solution());
    LayoutSolution global = GLOBAL.solve(problem);
    assertTrue(global.cost() <= sequence.cost() + 1e-9);
    assertTrue(global.cost() <= none.cost() + 1e-9);
    assertTrue(sequence.cost() <= trace.voted() + 1e-9);
  }

  @Property(tries = 2000)
  void sequencesPartTheOperatorsAndEachIsTheHeaviestOfTheRest(@ForAll long seed) {
    LayoutProblem problem = RandomProblems.small(seed, false);
    List<List<Integer>> sequences = Sequences.of(problem);
    Set<Integer> gone = new HashSet<>();
    for (List<Integer> sequence : sequences) {
      double weight = 0;
      for (int i = 0; i < sequence.size(); i++) {
        weight += Sequences.cheapest(problem.operators().get(sequence.get(i)));
        assertTrue(i == 0 || follows(problem, sequence.get(i - 1), sequence.get(i)));
      }
      double heaviest = 0;
      for (int o = 0; o < problem.operators().size(); o++) {
        heaviest = Math.max(heaviest, heaviestTo(problem, o, gone));
      }
      assertEquals(heaviest, weight, 1e-9);
      sequence.forEach(o -> assertTrue(gone.add(o)));
    }
    assertEquals(problem.operators().size(), gone.size());
  }

  private static boolean follows(LayoutProblem problem, int before, int after) {
    return problem.operators().get(before).outputs().stream()
        .anyMatch(problem.operators().get(after).inputs()::contains);
  }

  private static double heaviestTo(LayoutProblem problem, int operator, Set<Integer> gone) {
    if (gone.contains(operator)) {
      return 0;
    }
    double before = 0;
    for (int o = 0; o < operator; o++) {
      if (follows(problem, o, operator)) {
        before = Math.max(before, heaviestTo(problem, o, gone));
      }
    }
    return before + Sequences.cheapest(problem.operators().get(operator));
  }

  /** On one sequence without anything beside it the dynamic program is the whole truth. */
  @Property(tries = 2000)
  void dynamicProgramIsExactOnAChain(@ForAll long seed) {
    LayoutProblem any = RandomProblems.small(seed, false);
    LayoutProblem chain = chain(any);
    List<Integer> all =
        java.util.stream.IntStream.range(0, chain.operators().size()).boxed().toList();
    SequenceDynamicProgram.Result result = SequenceDynamicProgram.solve(chain, all);
    assertEquals(RandomProblems.bruteForce(chain), result.cost(), 1e-9);
  }

  /** The same operators, each reading only the first result of the one before. */
  private static LayoutProblem chain(LayoutProblem any) {
    java.util.ArrayList<LayoutProblem.Operator> operators = new java.util.ArrayList<>();
    int before = 0;
    for (LayoutProblem.Operator operator : any.operators()) {
      int value = before;
      int layouts = any.values().get(value).layouts().size();
      operators.add(
          new LayoutProblem.Operator(
              operator.name(),
              List.of(value),
              operator.outputs(),
              operator.variants().stream()
                  .map(
                      k ->
                          new LayoutProblem.Variant(
                              k.name(),
                              k.cost(),
                              List.of(k.inputs().getFirst() % layouts),
                              k.outputs()))
                  .toList()));
      before = operator.outputs().getFirst();
    }
    return new LayoutProblem(any.values(), operators);
  }

  @Property(tries = 500)
  void textAndCsvRoundTrip(@ForAll long seed) {
    LayoutProblem problem = RandomProblems.small(seed, false);
    assertEquals(problem, LayoutText.parse(LayoutText.format(problem)));
    LayoutSolution solution = GLOBAL.solve(problem);
    LayoutSolution read = LayoutText.parseCsv(problem, LayoutText.csv(problem, solution));
    assertEquals(solution.variants(), read.variants());
    assertEquals(solution.layouts(), read.layouts());
  }
}
