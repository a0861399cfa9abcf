package fluidml.layout;

import fluidml.layout.SequenceDynamicProgram.Vote;
import java.util.List;

/**
 * The layout of each value by weighted majority of the wishes for it. Conversion costs play no
 * part; who loses pays one.
 */
public final class MajorityVote {
  private MajorityVote() {}

  /**
   * The layouts that win.
   *
   * @param votes in any order
   * @return for each value the allowed layout with the largest sum of weights; the first of equals,
   *     and the first allowed for a value without votes
   */
  public static int[] count(LayoutProblem problem, List<Vote> votes) {
    double[][] weights = new double[problem.values().size()][];
    for (int v = 0; v < weights.length; v++) {
      weights[v] = new double[problem.values().get(v).layouts().size()];
    }
    for (Vote vote : votes) {
      weights[vote.value()][vote.layout()] += vote.weight();
    }
    int[] winners = new int[weights.length];
    for (int v = 0; v < weights.length; v++) {
      winners[v] = winner(weights[v], problem.values().get(v).storage());
    }
    return winners;
  }

  private static int winner(double[] weights, CostMatrix storage) {
    int winner = -1;
    for (int l = 0; l < weights.length; l++) {
      boolean allowed = storage.at(0, l) < Double.POSITIVE_INFINITY;
      if (allowed && (winner < 0 || weights[l] > weights[winner])) {
        winner = l;
      }
    }
    return winner;
  }
}
