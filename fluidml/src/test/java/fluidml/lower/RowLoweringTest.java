package fluidml.lower;

import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Movement;
import fluidml.graph.op.Normalization;
import fluidml.graph.op.Op;
import fluidml.graph.op.Reduction;
import fluidml.graph.op.Reduction.ReduceFunction;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Reductions and row composites in every direction, against the interpreter. */
class RowLoweringTest {
  private static final Dim N = Dim.symbol("n");
  private static final Dim M = Dim.symbol("m");
  private final Random random = new Random(5);

  private Tensor f32(long... dims) {
    return Compiled.random(DType.FLOAT32, random, dims);
  }

  private static Value f32(GraphBuilder g, String name, Dim... dims) {
    return g.input(name, Type.tensor(DType.FLOAT32, Shape.of(dims)));
  }

  private static Value binary(GraphBuilder g, BinaryFunction f, Value a, Value b) {
    return g.add(new Elementwise.Binary(f), a, b);
  }

  @ParameterizedTest
  @EnumSource(ReduceFunction.class)
  void reductionsAlongAllSetsOfAxes(ReduceFunction function) {
    List<List<Integer>> sets =
        List.of(
            List.of(0),
            List.of(1),
            List.of(2),
            List.of(0, 1),
            List.of(0, 2),
            List.of(1, 2),
            List.of(0, 1, 2));
    for (List<Integer> axes : sets) {
      GraphBuilder g = new GraphBuilder("t");
      Value x = f32(g, "x", Dim.of(3), N, M);
      Value y = g.add(new Elementwise.Unary(UnaryFunction.ABS), x);
      g.output(g.add(new Reduction.Reduce(function, axes, true), y));
      g.output(g.add(new Reduction.Reduce(function, axes, false), x));
      Compiled.check(g.build(), 1e-5, f32(3, 5, 37));
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"FLOAT64", "FLOAT16", "INT32", "INT64", "UINT8", "INT8"})
  void reductionsOfOtherTypes(DType dtype) {
    for (ReduceFunction function : ReduceFunction.values()) {
      boolean real =
          function == ReduceFunction.L2
              || function == ReduceFunction.LOG_SUM
              || function == ReduceFunction.LOG_SUM_EXP;
      if (real && !dtype.isFloat()) {
        continue;
      }
      for (int axis = 0; axis < 2; axis++) {
        GraphBuilder g = new GraphBuilder("t");
        Value x = g.input("x", Type.tensor(dtype, Shape.of(N, Dim.of(19))));
        g.output(g.add(new Reduction.Reduce(function, List.of(axis), false), x));
        Tensor data = Compiled.random(dtype, random, 5, 19);
        double tolerance = dtype == DType.FLOAT64 ? 1e-12 : 2e-3;
        Compiled.check(g.build(), tolerance, data);
      }
    }
  }

  @Test
  void channelsLastMeanAndEpilogue() {
    GraphBuilder g = new GraphBuilder("t");
    Value x = f32(g, "x", N, Dim.of(4), Dim.of(5), Dim.of(21));
    Value bias = f32(g, "bias", Dim.of(21), Dim.ONE, Dim.ONE);
    Value y = g.add(new Movement.Transpose(List.of(0, 3, 1, 2)), x);
    Value mean = g.add(new Reduction.Reduce(ReduceFunction.MEAN, List.of(2, 3), true), y);
    g.output(
        g.add(
            new Elementwise.Unary(UnaryFunction.TANH), binary(g, BinaryFunction.ADD, mean, bias)));
    Compiled.check(g.build(), 1e-5, f32(2, 4, 5, 21), f32(21, 1, 1));
  }

  @Test
  void emptyRows() {
    GraphBuilder g = new GraphBuilder("t");
    Value x = f32(g, "x", N, M);
    g.output(g.add(new Reduction.Reduce(ReduceFunction.SUM, List.of(1), false), x));
    g.output(g.add(new Reduction.Reduce(ReduceFunction.MAX, List.of(0), false), x));
    Compiled.check(g.build(), 0, f32(3, 0));
    Compiled.check(g.build(), 0, f32(0, 3));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void softmaxAlongEveryAxis(int axis) {
    for (Op op : List.of(new Reduction.Softmax(axis), new Reduction.LogSoftmax(axis))) {
      GraphBuilder g = new GraphBuilder("t");
      Value x = f32(g, "x", Dim.of(3), N, M);
      g.output(g.add(op, x));
      Value scaled = binary(g, BinaryFunction.MUL, x, g.constant("c", Tensor.scalar(0.125f)));
      Value mask = f32(g, "mask", Dim.ONE, N, M);
      Value masked = binary(g, BinaryFunction.ADD, scaled, mask);
      Value soft = g.add(op, masked);
      g.output(binary(g, BinaryFunction.MUL, soft, mask));
      Compiled.check(g.build(), 1e-5, f32(3, 7, 39), f32(1, 7, 39));
    }
  }

  /** A row with a NaN of either sign, or with +∞, is NaN throughout; one of −∞ alone, too. */
  @Test
  void softmaxOfWhatIsNoNumber() {
    float[] special = {
      Float.NaN, Float.intBitsToFloat(0xffc00000), Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY
    };
    float[] values = new float[(special.length + 2) * 37];
    for (int i = 0; i < values.length; i++) {
      values[i] = -1 - random.nextFloat();
    }
    for (int row = 0; row < special.length; row++) {
      values[row * 37 + random.nextInt(37)] = special[row];
    }
    for (int i = 0; i < 37; i++) {
      values[special.length * 37 + i] = Float.NEGATIVE_INFINITY;
    }
    for (int axis = 0; axis < 2; axis++) {
      GraphBuilder g = new GraphBuilder("t");
      Value x = f32(g, "x", Dim.of(special.length + 2), Dim.of(37));
      g.output(g.add(new Reduction.Softmax(axis), x));
      g.output(g.add(new Reduction.LogSoftmax(axis), x));
      Compiled.check(g.build(), 1e-5, Tensor.of(values, special.length + 2, 37));
    }
  }

  @Test
  void softmaxOfOtherFloats() {
    for (DType dtype : List.of(DType.FLOAT64, DType.FLOAT16, DType.BFLOAT16)) {
      GraphBuilder g = new GraphBuilder("t");
      Value x = g.input("x", Type.tensor(dtype, Shape.of(N, M)));
      g.output(g.add(new Reduction.Softmax(-1), x));
      g.output(g.add(new Reduction.LogSoftmax(-1), x));
      double tolerance = dtype == DType.FLOAT64 ? 1e-13 : dtype == DType.FLOAT16 ? 1e-3 : 8e-3;
      Compiled.check(g.build(), tolerance, Compiled.random(dtype, random, 3, 37));
    }
  }

  @Test
  void layerNormWithResidualAndStatistics() {
    for (int axis : new int[] {-1, 1}) {
      GraphBuilder g = new GraphBuilder("t");
      Value x = f32(g, "x", N, Dim.of(3), Dim.of(45));
      Value r = f32(g, "r", N, Dim.of(3), Dim.of(45));
      Shape part = axis == 1 ? Shape.of(3, 45) : Shape.of(45);
      Value scale = g.input("scale", Type.tensor(DType.FLOAT32, part));
      Value bias = g.input("bias", Type.tensor(DType.FLOAT32, part));
      Value sum = binary(g, BinaryFunction.ADD, x, r);
      Value norm = g.add(new Normalization.LayerNorm(axis, 1e-5), sum, scale, bias);
      g.output(g.add(new Elementwise.Unary(UnaryFunction.RELU), norm));
      g.add(
              "n",
              new Normalization.LayerNorm(axis, 1e-5),
              List.of(x, scale),
              List.of("y", "mean", "inverse"))
          .forEach(g::output);
      g.output(g.add(new Normalization.RmsNorm(axis, 1e-5), x, scale));
      long[] dims = axis == 1 ? new long[] {3, 45} : new long[] {45};
      Compiled.check(g.build(), 1e-5, f32(4, 3, 45), f32(4, 3, 45), f32(dims), f32(dims));
    }
  }

  @Test
  void normsOfChannelsAndGroups() {
    GraphBuilder g = new GraphBuilder("t");
    Value x = f32(g, "x", N, Dim.of(6), Dim.of(3), Dim.of(7));
    Value scale = f32(g, "scale", Dim.of(6));
    Value bias = f32(g, "bias", Dim.of(6));
    g.output(g.add(new Normalization.InstanceNorm(1e-5), x, scale, bias));
    g.output(g.add(new Normalization.GroupNorm(3, 1e-5), x, scale, bias));
    g.output(g.add(new Normalization.LpNorm(1, 2), x));
    g.output(g.add(new Normalization.LpNorm(-1, 1), x));
    Compiled.check(g.build(), 1e-5, f32(2, 6, 3, 7), f32(6), f32(6));
  }
}
