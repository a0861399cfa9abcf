package fluidml.bench;

import fluidml.layout.CostMatrix;
import fluidml.layout.LayoutProblem;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Layout problems of any size in the shapes that networks have. Values lie in one of four layouts,
 * operators have four variants; every number is drawn from a seed.
 */
final class SyntheticGraphs {
  private static final List<String> LAYOUTS = List.of("nchw", "nhwc", "nchw16", "panels");
  private static final int VARIANTS = 4;

  /** How operators are connected. */
  enum Form {
    /** Each reads the one before. */
    CHAIN,
    /** Two chains with a rung at every step. */
    LADDER,
    /** A chain that doubles at every operator. */
    TREE,
    /** Blocks of four with a connection around each. */
    RESIDUAL,
    /** Two operands, each up to 30 operators back. */
    RANDOM
  }

  private final Random random;
  private final List<LayoutProblem.Value> values = new ArrayList<>();
  private final List<LayoutProblem.Operator> operators = new ArrayList<>();

  private SyntheticGraphs(long seed) {
    this.random = new Random(seed);
  }

  /** A problem of a form with a number of operators. */
  static LayoutProblem of(Form form, int operators, long seed) {
    SyntheticGraphs graph = new SyntheticGraphs(seed);
    graph.values.add(graph.value(true));
    for (int o = 0; o < operators; o++) {
      graph.operator(graph.sources(form, o));
    }
    return new LayoutProblem(graph.values, graph.operators);
  }

  /** Values that operator {@code o} reads; value 0 is the input, value o + 1 its result. */
  private List<Integer> sources(Form form, int o) {
    return switch (form) {
      case CHAIN -> List.of(o);
      case LADDER -> o < 2 ? List.of(0) : o % 2 == 0 ? List.of(o - 1) : List.of(o - 1, o);
      case TREE -> List.of((o + 1) / 2);
      case RESIDUAL -> o % 4 == 3 ? List.of(o, o - 3) : List.of(o);
      case RANDOM -> {
        int span = Math.min(o + 1, 30);
        yield List.of(o - random.nextInt(span), o - random.nextInt(span));
      }
    };
  }

  private LayoutProblem.Value value(boolean input) {
    double size = 1 + random.nextInt(20);
    CostMatrix conversions = CostMatrix.uniform(LAYOUTS.size(), size);
    String name = "v" + values.size();
    return input
        ? LayoutProblem.Value.fixed(name, LAYOUTS, 0, conversions)
        : LayoutProblem.Value.free(name, LAYOUTS, conversions);
  }

  private void operator(List<Integer> reads) {
    int result = values.size();
    values.add(value(false));
    List<LayoutProblem.Variant> variants = new ArrayList<>();
    double cost = 10 + random.nextInt(90);
    boolean movesNothing = random.nextInt(3) == 0;
    for (int k = 0; k < VARIANTS; k++) {
      // Elementwise operators run alike in every layout; others have one they like.
      int layout = k;
      double own = movesNothing ? cost : cost * (0.7 + random.nextDouble());
      int yielded = movesNothing || random.nextBoolean() ? layout : random.nextInt(LAYOUTS.size());
      variants.add(
          new LayoutProblem.Variant(
              "k" + k, own, reads.stream().map(_ -> layout).toList(), List.of(yielded)));
    }
    operators.add(
        new LayoutProblem.Operator("op" + operators.size(), reads, List.of(result), variants));
  }
}
