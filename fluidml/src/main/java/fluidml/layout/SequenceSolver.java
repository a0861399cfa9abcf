package fluidml.layout;

import fluidml.error.VerificationException;
import fluidml.layout.SequenceDynamicProgram.Vote;
import java.util.ArrayList;
import java.util.List;

/**
 * FluidML's way: longest sequences, dynamic programming along each, a weighted majority vote where
 * they disagree. At last every operator takes its cheapest variant for the layouts that won, which
 * never costs more.
 */
public final class SequenceSolver implements LayoutSolver {
  /**
   * Everything on the way to the solution, for people.
   *
   * @param sequences operators of each, heaviest first
   * @param results of the dynamic program, one for each sequence
   * @param votes all wishes
   * @param voted cost of layouts and variants before the operators choose again
   * @param solution the end
   */
  public record Trace(
      List<List<Integer>> sequences,
      List<SequenceDynamicProgram.Result> results,
      List<Vote> votes,
      double voted,
      LayoutSolution solution) {}

  @Override
  public String name() {
    return "sequence";
  }

  @Override
  public LayoutSolution solve(LayoutProblem problem) {
    return trace(problem).solution();
  }

  /**
   * Solves and tells how.
   *
   * @throws VerificationException if forbidden conversions leave no choice
   */
  public Trace trace(LayoutProblem problem) {
    List<List<Integer>> sequences = Sequences.of(problem);
    List<SequenceDynamicProgram.Result> results = new ArrayList<>();
    List<Vote> votes = new ArrayList<>();
    int[] variants = new int[problem.operators().size()];
    for (List<Integer> sequence : sequences) {
      SequenceDynamicProgram.Result result = SequenceDynamicProgram.solve(problem, sequence);
      results.add(result);
      votes.addAll(SequenceDynamicProgram.votes(problem, result));
      for (int i = 0; i < sequence.size(); i++) {
        variants[sequence.get(i)] = result.variants().get(i);
      }
    }
    int[] layouts = MajorityVote.count(problem, votes);
    double voted = problem.cost(variants, layouts);
    chooseVariants(problem, variants, layouts);
    LayoutSolution solution = LayoutSolution.of(name(), problem, variants, layouts, 0);
    if (solution.cost() == Double.POSITIVE_INFINITY) {
      throw new VerificationException(
          "layout", "majority vote", "the layouts that won need a conversion that is forbidden");
    }
    return new Trace(sequences, results, votes, voted, solution);
  }

  /** Gives every operator its cheapest variant for these layouts, keeping the present at a tie. */
  static void chooseVariants(LayoutProblem problem, int[] variants, int[] layouts) {
    for (int o = 0; o < variants.length; o++) {
      double least = problem.cost(o, variants[o], layouts);
      for (int k = 0; k < problem.operators().get(o).variants().size(); k++) {
        double cost = problem.cost(o, k, layouts);
        if (cost < least) {
          least = cost;
          variants[o] = k;
        }
      }
    }
  }
}
