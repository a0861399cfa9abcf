package fluidml.layout;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Small random problems. */
final class RandomProblems {
  private RandomProblems() {}

  /** Operators with at most three variants on values with at most three layouts. */
  static LayoutProblem small(long seed, boolean forbids) {
    Random random = new Random(seed);
    List<LayoutProblem.Value> values = new ArrayList<>();
    List<LayoutProblem.Operator> operators = new ArrayList<>();
    int inputs = 1 + random.nextInt(2);
    for (int i = 0; i < inputs; i++) {
      values.add(value(random, i, true, forbids));
    }
    int count = 1 + random.nextInt(5);
    for (int o = 0; o < count; o++) {
      List<Integer> reads = new ArrayList<>();
      int arity = 1 + random.nextInt(2);
      for (int i = 0; i < arity; i++) {
        reads.add(random.nextInt(values.size()));
      }
      List<Integer> writes = new ArrayList<>();
      int results = random.nextInt(5) == 0 ? 2 : 1;
      for (int i = 0; i < results; i++) {
        writes.add(values.size());
        values.add(value(random, values.size(), false, forbids));
      }
      List<LayoutProblem.Variant> variants = new ArrayList<>();
      int ways = 1 + random.nextInt(3);
      for (int k = 0; k < ways; k++) {
        variants.add(
            new LayoutProblem.Variant(
                "k" + k,
                random.nextInt(20),
                reads.stream().map(v -> random.nextInt(values.get(v).layouts().size())).toList(),
                writes.stream().map(v -> random.nextInt(values.get(v).layouts().size())).toList()));
      }
      operators.add(new LayoutProblem.Operator("op" + o, reads, writes, variants));
    }
    return new LayoutProblem(values, operators);
  }

  private static LayoutProblem.Value value(
      Random random, int number, boolean input, boolean forbids) {
    int n = 1 + random.nextInt(3);
    List<String> layouts = List.of("a", "b", "c").subList(0, n);
    CostMatrix conversions =
        CostMatrix.of(
            n,
            n,
            (i, j) ->
                i == j
                    ? 0
                    : forbids && random.nextInt(6) == 0
                        ? Double.POSITIVE_INFINITY
                        : random.nextInt(12));
    return input
        ? LayoutProblem.Value.fixed("v" + number, layouts, 0, conversions)
        : LayoutProblem.Value.free("v" + number, layouts, conversions);
  }

  /** The least cost of all choices, by trying them all. */
  static double bruteForce(LayoutProblem problem) {
    int operators = problem.operators().size();
    int[] extents = new int[operators + problem.values().size()];
    for (int o = 0; o < operators; o++) {
      extents[o] = problem.operators().get(o).variants().size();
    }
    for (int v = 0; v < problem.values().size(); v++) {
      extents[operators + v] = problem.values().get(v).layouts().size();
    }
    int[] layouts = new int[problem.values().size()];
    double least = Double.POSITIVE_INFINITY;
    // Operators choose on their own once the layouts are known.
    boolean more = true;
    while (more) {
      double cost = 0;
      for (int v = 0; v < layouts.length; v++) {
        cost += problem.values().get(v).storage().at(0, layouts[v]);
      }
      for (int o = 0; o < operators; o++) {
        double cheapest = Double.POSITIVE_INFINITY;
        for (int k = 0; k < extents[o]; k++) {
          cheapest = Math.min(cheapest, problem.cost(o, k, layouts));
        }
        cost += cheapest;
      }
      least = Math.min(least, cost);
      more = false;
      for (int v = 0; v < layouts.length && !more; v++) {
        layouts[v] = (layouts[v] + 1) % extents[operators + v];
        more = layouts[v] != 0;
      }
    }
    return least;
  }
}
