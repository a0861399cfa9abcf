package fluidml.layout.pbqp;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Searches what no reduction takes away: connected parts each on their own, branching on the
 * variable with the most neighbours, after which reductions go on. A branch ends where its bound
 * meets the best choice known.
 */
final class BranchAndBound {
  private static final int ROOT_PASSES = 400;
  private static final int PASSES = 15;

  private final long deadline;
  private long branches;

  /**
   * A search.
   *
   * @param deadline in {@link System#nanoTime}; after it the best choice so far is given with the
   *     bound so far
   */
  BranchAndBound(long deadline) {
    this.deadline = deadline;
  }

  /** Choices that were branched on. */
  long branches() {
    return branches;
  }

  /** A choice for all variables; no choice costs less than the bound. */
  record Found(int[] choice, double cost, double bound) {}

  /** Solves a problem from its root. */
  Found solve(Pbqp problem) {
    return search(problem, new Work(problem), Double.POSITIVE_INFINITY, true);
  }

  /** One connected part that is left: its problem, the names of its variables, what is known. */
  private static final class Part {
    final List<Integer> names;
    final Pbqp problem;
    final MessageBound messages;
    int[] choice;
    double cost;
    double bound;

    Part(Work work, List<Integer> names) {
      this.names = names;
      this.problem = work.extract(names);
      this.messages = new MessageBound(problem);
    }
  }

  /**
   * @param work the problem, perhaps with variables fixed
   * @param limit choices that cost this or more are of no use
   */
  private Found search(Pbqp problem, Work work, double limit, boolean root) {
    work.reduce();
    List<Part> parts = new ArrayList<>();
    double bound = work.settled();
    for (List<Integer> names : work.parts()) {
      Part part = new Part(work, names);
      part.messages.run(root ? ROOT_PASSES : PASSES, deadline);
      part.choice = part.messages.choice();
      part.cost = part.messages.cost();
      part.bound = Math.min(part.cost, part.messages.bound());
      bound += part.bound;
      parts.add(part);
    }
    parts.sort(Comparator.comparingInt(p -> p.names.size()));
    for (Part part : parts) {
      if (!PbqpSolver.meets(part.cost, part.bound)
          && !PbqpSolver.meets(limit, bound)
          && System.nanoTime() < deadline) {
        bound -= part.bound;
        branch(part, limit - bound);
        bound += part.bound;
      }
    }
    int[] choice = new int[problem.variables()];
    for (Part part : parts) {
      for (int i = 0; i < part.choice.length; i++) {
        choice[part.names.get(i)] = part.choice[i];
      }
    }
    work.complete(choice);
    return new Found(choice, problem.cost(choice), bound);
  }

  private void branch(Part part, double limit) {
    branches++;
    Pbqp problem = part.problem;
    int variable = widest(problem);
    double[] marginals = part.messages.marginals(variable);
    List<Integer> order =
        IntStream.range(0, marginals.length)
            .boxed()
            .sorted(Comparator.comparingDouble(k -> marginals[k]))
            .toList();
    double least = Double.POSITIVE_INFINITY;
    for (int alternative : order) {
      if (problem.costs(variable)[alternative] == Double.POSITIVE_INFINITY) {
        continue;
      }
      Work work = new Work(problem);
      work.fix(variable, alternative);
      double useful = Math.min(limit, part.cost);
      if (System.nanoTime() > deadline) {
        least = Math.min(least, part.bound);
        break;
      }
      Found found = search(problem, work, useful, false);
      if (found.cost < part.cost) {
        part.cost = found.cost;
        part.choice = found.choice;
      }
      least = Math.min(least, found.bound);
    }
    part.bound = Math.min(part.cost, Math.max(part.bound, least));
  }

  private static int widest(Pbqp problem) {
    int[] degrees = new int[problem.variables()];
    for (int e = 0; e < problem.edges(); e++) {
      degrees[problem.first(e)]++;
      degrees[problem.second(e)]++;
    }
    int best = 0;
    for (int v = 1; v < degrees.length; v++) {
      if (degrees[v] > degrees[best]) {
        best = v;
      }
    }
    return best;
  }
}
