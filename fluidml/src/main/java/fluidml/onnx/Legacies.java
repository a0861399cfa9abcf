package fluidml.onnx;

import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Gemm;
import fluidml.graph.op.Elementwise.Binary;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Movement.Unsqueeze;
import fluidml.graph.op.Normalization.BatchNorm;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Forms that operators had before version 7, where broadcasting was asked for by attributes and
 * training was the default.
 */
final class Legacies {
  private static final Map<String, BinaryFunction> BINARY =
      Map.ofEntries(
          Map.entry("Add", BinaryFunction.ADD),
          Map.entry("Sub", BinaryFunction.SUB),
          Map.entry("Mul", BinaryFunction.MUL),
          Map.entry("Div", BinaryFunction.DIV),
          Map.entry("Pow", BinaryFunction.POW),
          Map.entry("And", BinaryFunction.AND),
          Map.entry("Or", BinaryFunction.OR),
          Map.entry("Xor", BinaryFunction.XOR),
          Map.entry("Equal", BinaryFunction.EQUAL),
          Map.entry("Less", BinaryFunction.LESS),
          Map.entry("Greater", BinaryFunction.GREATER));

  private Legacies() {}

  static void register(Operators to) {
    BINARY.forEach((name, function) -> to.add(name, 1, 2, 2, c -> binary(c, function)));
    to.add("PRelu", 1, 2, 2, Legacies::prelu);
    to.add("Gemm", 1, 3, 3, Legacies::gemm);
    to.add("BatchNormalization", 6, 5, 5, Legacies::batchNorm);
    to.add("Dropout", 6, 1, 1, Legacies::dropout);
  }

  /** The axes of b are those of a from {@code axis} on; without axis, the last ones. */
  private static List<Value> binary(Call c, BinaryFunction function) {
    c.attributes().ignore("consumed_inputs");
    boolean broadcast = c.attributes().flag("broadcast", false);
    Value b = c.in(1);
    if (broadcast && c.attributes().has("axis")) {
      int rank = c.rank(c.in(0));
      int axis = c.axis(c.attributes().requiredInteger("axis"), rank);
      b = withTrailingAxes(c, b, rank - axis - c.rank(b));
    } else if (!broadcast && c.rank(c.in(0)) != c.rank(b)) {
      throw c.invalid("operands of different rank need attribute 'broadcast'");
    }
    return c.out(new Binary(function), c.in(0), b);
  }

  private static Value withTrailingAxes(Call c, Value x, int count) {
    if (count < 0) {
      throw c.invalid("attribute 'axis' leaves too few axes for " + x);
    }
    int rank = c.rank(x);
    List<Integer> axes = IntStream.range(rank, rank + count).boxed().toList();
    return count == 0 ? x : c.add(new Unsqueeze(axes), x);
  }

  /** One slope for all, or one for each channel (axis 1). */
  private static List<Value> prelu(Call c) {
    c.attributes().ignore("consumed_inputs");
    Value slope = c.in(1);
    int rank = c.rank(c.in(0));
    if (c.rank(slope) == 1 && !c.shape(slope).dim(0).is(1)) {
      slope = withTrailingAxes(c, slope, rank - 2);
    }
    return c.out(new Binary(BinaryFunction.PRELU), c.in(0), slope);
  }

  private static List<Value> gemm(Call c) {
    c.attributes().ignore("broadcast");
    return c.out(
        new Gemm(
            c.attributes().real("alpha", 1),
            c.attributes().real("beta", 1),
            c.attributes().flag("transA", false),
            c.attributes().flag("transB", false)),
        c.operands());
  }

  private static void requireInference(Call c) {
    if (!c.attributes().flag("is_test", false)) {
      throw c.unsupported("attribute 'is_test' is 0, which means training; export for inference");
    }
  }

  private static List<Value> batchNorm(Call c) {
    requireInference(c);
    c.attributes().ignore("momentum");
    if (!c.attributes().flag("spatial", true)) {
      throw c.unsupported("attribute 'spatial' is 0; re-export with operator set 9 or newer");
    }
    double epsilon = c.attributes().real("epsilon", 1e-5f);
    return List.of(c.out(0, new BatchNorm(epsilon), c.operands().toArray(Value[]::new)));
  }

  private static List<Value> dropout(Call c) {
    requireInference(c);
    c.attributes().ignore("ratio");
    if (c.wants(1)) {
      throw c.unsupported("the mask of an operator set before 7; convert the model");
    }
    return List.of(c.in(0));
  }
}
