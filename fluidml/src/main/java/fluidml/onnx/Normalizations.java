package fluidml.onnx;

import fluidml.graph.Value;
import fluidml.graph.op.Elementwise.Binary;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Movement.Expand;
import fluidml.graph.op.Movement.Unsqueeze;
import fluidml.graph.op.Normalization.BatchNorm;
import fluidml.graph.op.Normalization.GroupNorm;
import fluidml.graph.op.Normalization.InstanceNorm;
import fluidml.graph.op.Normalization.LayerNorm;
import fluidml.graph.op.Normalization.LocalResponseNorm;
import fluidml.graph.op.Normalization.LpNorm;
import fluidml.graph.op.Normalization.RmsNorm;
import fluidml.graph.op.Reduction.Reduce;
import fluidml.graph.op.Reduction.ReduceFunction;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Operators that scale elements by statistics of a group of them. */
final class Normalizations {
  private static final double EPSILON = 1e-5f;

  private Normalizations() {}

  static void register(Operators to) {
    to.add("BatchNormalization", 7, 5, 5, Normalizations::batchNorm7);
    to.add("BatchNormalization", 9, 5, 5, Normalizations::batchNorm);
    to.add("BatchNormalization", 14, 5, 5, Normalizations::batchNorm14);
    to.add("LayerNormalization", 17, 2, 3, Normalizations::layerNorm);
    to.add("RMSNormalization", 23, 2, 2, Normalizations::rmsNorm);
    to.add(
        "InstanceNormalization",
        6,
        3,
        3,
        c -> c.out(new InstanceNorm(c.attributes().real("epsilon", EPSILON)), c.operands()));
    to.add("GroupNormalization", 18, 3, 3, Normalizations::groupNorm18);
    to.add("GroupNormalization", 21, 3, 3, c -> groupNorm(c, c.in(1), c.in(2)));
    to.add(
        "LpNormalization",
        1,
        1,
        1,
        c ->
            c.out(
                new LpNorm(
                    c.axis(c.attributes().integer("axis", -1), c.in(0)),
                    c.attributes().integer("p", 2)),
                c.operands()));
    to.add(
        "LRN",
        1,
        1,
        1,
        c ->
            c.out(
                new LocalResponseNorm(
                    c.attributes().real("alpha", 1e-4f),
                    c.attributes().real("beta", 0.75),
                    c.attributes().real("bias", 1),
                    c.attributes().requiredInteger("size")),
                c.operands()));
    to.add("MeanVarianceNormalization", 9, 1, 1, Normalizations::meanVariance);
  }

  private static List<Value> batchNorm7(Call c) {
    if (!c.attributes().flag("spatial", true)) {
      throw c.unsupported("attribute 'spatial' is 0; re-export with operator set 9 or newer");
    }
    return batchNorm(c);
  }

  private static List<Value> batchNorm(Call c) {
    c.attributes().ignore("momentum");
    double epsilon = c.attributes().real("epsilon", EPSILON);
    if (c.wants(1) || c.wants(2) || c.wants(3) || c.wants(4)) {
      throw c.unsupported("only the first output exists in inference; export for inference");
    }
    return List.of(c.out(0, new BatchNorm(epsilon), c.operands().toArray(Value[]::new)));
  }

  private static List<Value> batchNorm14(Call c) {
    if (!c.attributes().flag("training_mode", false)) {
      return batchNorm(c);
    }
    double epsilon = c.attributes().real("epsilon", EPSILON);
    double momentum = c.attributes().real("momentum", 0.9f);
    Value x = c.in(0);
    DType statistics = c.dtype(c.in(3));
    int rank = c.rank(x);
    List<Integer> axes = IntStream.range(0, rank).filter(i -> i != 1).boxed().toList();
    Value wide = c.cast(x, statistics);
    Value keptMean = c.add(new Reduce(ReduceFunction.MEAN, axes, true), wide);
    Value centred = c.minus(wide, keptMean);
    Value mean = c.add(new Reduce(ReduceFunction.MEAN, axes, false), wide);
    Value variance = c.add(new Reduce(ReduceFunction.MEAN, axes, false), c.times(centred, centred));
    Value y = c.out(0, new BatchNorm(epsilon), x, c.in(1), c.in(2), mean, variance);
    return List.of(
        y,
        running(c, 1, c.in(3), mean, momentum, statistics),
        running(c, 2, c.in(4), variance, momentum, statistics));
  }

  private static Value running(
      Call c, int index, Value old, Value current, double momentum, DType dtype) {
    if (!c.wants(index)) {
      return Value.ABSENT;
    }
    Value kept = c.times(c.cast(old, dtype), c.scalar(dtype, momentum));
    Value added = c.times(current, c.scalar(dtype, 1 - momentum));
    return c.out(index, new Binary(BinaryFunction.ADD), kept, added);
  }

  private static void requireFloatStash(Call c) {
    Optional<DType> stash = c.attributes().dtype("stash_type");
    if (stash.isPresent() && stash.get() != DType.FLOAT32 && stash.get() != c.dtype(c.in(0))) {
      throw c.unsupported(
          "attribute 'stash_type' is " + stash.get() + "; only float32 (1) is supported");
    }
  }

  private static List<Value> layerNorm(Call c) {
    requireFloatStash(c);
    return c.out(
        new LayerNorm(
            c.axis(c.attributes().integer("axis", -1), c.in(0)),
            c.attributes().real("epsilon", EPSILON)),
        c.operands());
  }

  private static List<Value> rmsNorm(Call c) {
    requireFloatStash(c);
    return c.out(
        new RmsNorm(
            c.axis(c.attributes().integer("axis", -1), c.in(0)),
            c.attributes().real("epsilon", EPSILON)),
        c.operands());
  }

  private static List<Value> groupNorm(Call c, Value scale, Value bias) {
    requireFloatStash(c);
    return c.out(
        new GroupNorm(
            c.attributes().requiredInteger("num_groups"), c.attributes().real("epsilon", EPSILON)),
        c.in(0),
        scale,
        bias);
  }

  /** In versions 18 to 20 scale and bias were per group. */
  private static List<Value> groupNorm18(Call c) {
    Dim groups = Dim.of(c.attributes().requiredInteger("num_groups"));
    Dim channels = c.shape(c.in(0)).dim(1);
    return groupNorm(
        c, perChannel(c, c.in(1), groups, channels), perChannel(c, c.in(2), groups, channels));
  }

  private static Value perChannel(Call c, Value x, Dim groups, Dim channels) {
    Value column = c.add(new Unsqueeze(List.of(1)), x);
    Shape repeated = Shape.of(groups, channels.floorDiv(groups));
    return c.reshape(c.add(new Expand(repeated), column), channels);
  }

  /** (x − mean) / (deviation + 1e-9). */
  private static List<Value> meanVariance(Call c) {
    List<Integer> axes = c.attributes().axes("axes").orElse(List.of(0, 2, 3));
    axes = c.axes(axes, c.in(0));
    Value x = c.in(0);
    DType dtype = c.dtype(x);
    Value centred = c.minus(x, c.add(new Reduce(ReduceFunction.MEAN, axes, true), x));
    Value variance = c.add(new Reduce(ReduceFunction.MEAN, axes, true), c.times(centred, centred));
    Value deviation = c.plus(c.unary(UnaryFunction.SQRT, variance), c.scalar(dtype, 1e-9));
    return c.out(new Binary(BinaryFunction.DIV), centred, deviation);
  }
}
