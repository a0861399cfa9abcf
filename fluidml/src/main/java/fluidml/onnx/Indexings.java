package fluidml.onnx;

import fluidml.graph.Value;
import fluidml.graph.op.Indexing.Compress;
import fluidml.graph.op.Indexing.Gather;
import fluidml.graph.op.Indexing.GatherElements;
import fluidml.graph.op.Indexing.GatherND;
import fluidml.graph.op.Indexing.NonMaxSuppression;
import fluidml.graph.op.Indexing.NonZero;
import fluidml.graph.op.Indexing.OneHot;
import fluidml.graph.op.Indexing.ScatterElements;
import fluidml.graph.op.Indexing.ScatterND;
import fluidml.graph.op.Indexing.ScatterReduction;
import fluidml.graph.op.Indexing.TensorScatter;
import fluidml.graph.op.Indexing.Unique;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Operators whose element positions are data. */
final class Indexings {
  private static final Map<String, ScatterReduction> REDUCTIONS_16 =
      Map.of(
          "none", ScatterReduction.NONE,
          "add", ScatterReduction.ADD,
          "mul", ScatterReduction.MUL);

  private static final Map<String, ScatterReduction> REDUCTIONS =
      Map.of(
          "none", ScatterReduction.NONE,
          "add", ScatterReduction.ADD,
          "mul", ScatterReduction.MUL,
          "min", ScatterReduction.MIN,
          "max", ScatterReduction.MAX);

  private Indexings() {}

  static void register(Operators to) {
    to.add("Gather", 1, 2, 2, c -> c.out(new Gather(axis(c, 0)), c.operands()));
    to.add("GatherElements", 11, 2, 2, c -> c.out(new GatherElements(axis(c, 0)), c.operands()));
    to.add(
        "GatherND",
        11,
        2,
        2,
        c -> c.out(new GatherND(c.attributes().integer("batch_dims", 0)), c.operands()));
    Map<String, ScatterReduction> none = Map.of("none", ScatterReduction.NONE);
    to.add("Scatter", 9, 3, 3, c -> scatterElements(c, none));
    to.add("ScatterElements", 11, 3, 3, c -> scatterElements(c, none));
    to.add("ScatterElements", 16, 3, 3, c -> scatterElements(c, REDUCTIONS_16));
    to.add("ScatterElements", 18, 3, 3, c -> scatterElements(c, REDUCTIONS));
    to.add("ScatterND", 11, 3, 3, c -> scatterNd(c, none));
    to.add("ScatterND", 16, 3, 3, c -> scatterNd(c, REDUCTIONS_16));
    to.add("ScatterND", 18, 3, 3, c -> scatterNd(c, REDUCTIONS));
    to.add("TensorScatter", 24, 2, 3, Indexings::tensorScatter);
    to.add("OneHot", 9, 3, 3, Indexings::oneHot);
    to.add("NonZero", 9, 1, 1, c -> c.out(new NonZero(), c.operands()));
    to.add("Compress", 9, 2, 2, c -> c.out(new Compress(optionalAxis(c)), c.operands()));
    to.add(
        "Unique",
        11,
        1,
        1,
        c -> c.out(new Unique(optionalAxis(c), c.attributes().flag("sorted", true)), c.operands()));
    to.add(
        "NonMaxSuppression",
        10,
        2,
        5,
        c ->
            c.out(
                new NonMaxSuppression(c.attributes().flag("center_point_box", false)),
                c.operands()));
  }

  private static int axis(Call c, long absent) {
    return c.axis(c.attributes().integer("axis", absent), c.in(0));
  }

  private static OptionalInt optionalAxis(Call c) {
    OptionalLong axis = c.attributes().integer("axis");
    return axis.isPresent()
        ? OptionalInt.of(c.axis(axis.getAsLong(), c.in(0)))
        : OptionalInt.empty();
  }

  private static List<Value> scatterElements(Call c, Map<String, ScatterReduction> reductions) {
    ScatterReduction reduction = reduction(c, reductions);
    return c.out(new ScatterElements(axis(c, 0), reduction), c.operands());
  }

  private static List<Value> scatterNd(Call c, Map<String, ScatterReduction> reductions) {
    return c.out(new ScatterND(reduction(c, reductions)), c.operands());
  }

  /** Versions that know no reduction have no attribute for it. */
  private static ScatterReduction reduction(Call c, Map<String, ScatterReduction> reductions) {
    return reductions.size() == 1
        ? ScatterReduction.NONE
        : c.attributes().choice("reduction", "none", reductions);
  }

  private static List<Value> tensorScatter(Call c) {
    boolean circular =
        c.attributes().choice("mode", "linear", Map.of("linear", false, "circular", true));
    return c.out(new TensorScatter(axis(c, -2), circular), c.operands());
  }

  /** The axis counts among those of the result, one more than the indices have. */
  private static List<Value> oneHot(Call c) {
    long axis = c.attributes().integer("axis", -1);
    int counted =
        c.in(0)
            .knownShape()
            .map(s -> c.axis(axis, s.rank() + 1))
            .orElseGet(() -> Math.toIntExact(axis));
    return c.out(new OneHot(counted), c.operands());
  }
}
