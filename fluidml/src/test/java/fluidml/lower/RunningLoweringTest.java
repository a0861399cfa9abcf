package fluidml.lower;

import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Normalization;
import fluidml.graph.op.Reduction;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Running sums, extreme positions, BatchNorm and rotary embedding, against the interpreter. */
class RunningLoweringTest {
  private static final Dim N = Dim.symbol("n");
  private static final Dim M = Dim.symbol("m");
  private final Random random = new Random(9);

  private Tensor f32(long... dims) {
    return Compiled.random(DType.FLOAT32, random, dims);
  }

  private static Value f32(GraphBuilder g, String name, Dim... dims) {
    return g.input(name, Type.tensor(DType.FLOAT32, Shape.of(dims)));
  }

  @Test
  void runningSumsAndProducts() {
    GraphBuilder g = new GraphBuilder("t");
    Value x = f32(g, "x", N, Dim.of(5), Dim.of(18));
    Value i = g.input("i", Type.tensor(DType.INT64, Shape.of(N, Dim.of(5))));
    for (long axis = 0; axis < 3; axis++) {
      Value a = g.constant("a", Tensor.scalar(axis));
      for (boolean exclusive : new boolean[] {true, false}) {
        g.output(g.add(new Reduction.CumulativeSum(exclusive, axis == 1), x, a));
        g.output(g.add(new Reduction.CumulativeProduct(exclusive, axis != 1), x, a));
      }
    }
    g.output(
        g.add(new Reduction.CumulativeSum(false, true), i, g.constant("a", Tensor.scalar(1L))));
    Compiled.check(g.build(), 1e-4, f32(3, 5, 18), Compiled.random(DType.INT64, random, 3, 5));
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"FLOAT32", "FLOAT64", "INT64", "INT8"})
  void extremesAndHardmax(DType dtype) {
    for (int axis = 0; axis < 2; axis++) {
      GraphBuilder g = new GraphBuilder("t");
      Value x = g.input("x", Type.tensor(dtype, Shape.of(N, M)));
      for (boolean max : new boolean[] {true, false}) {
        g.output(g.add(new Reduction.ArgReduce(max, axis, max, false), x));
        g.output(g.add(new Reduction.ArgReduce(max, axis, false, true), x));
      }
      if (dtype.isFloat()) {
        g.output(g.add(new Reduction.Hardmax(axis), x));
      }
      Tensor data = Tensor.allocate(dtype, 7, 37);
      for (int k = 0; k < data.elements(); k++) {
        data.setDouble(k, random.nextInt(-6, 6));
      }
      Compiled.check(g.build(), 0, data);
    }
  }

  @Test
  void extremesSeeNaN() {
    GraphBuilder g = new GraphBuilder("t");
    Value x = f32(g, "x", N);
    g.output(g.add(new Reduction.ArgReduce(true, 0, true, false), x));
    g.output(g.add(new Reduction.ArgReduce(false, 0, true, false), x));
    Compiled.check(g.build(), 0, Tensor.of(new float[] {3, Float.NaN, 9, Float.NaN, 1}, 5));
  }

  @Test
  void batchNorm() {
    GraphBuilder g = new GraphBuilder("t");
    Value x = f32(g, "x", N, Dim.of(5), Dim.of(7));
    Value[] p = new Value[4];
    for (int k = 0; k < 4; k++) {
      p[k] = f32(g, "p" + k, Dim.of(5));
    }
    g.output(g.add(new Normalization.BatchNorm(1e-3), x, p[0], p[1], p[2], p[3]));
    Tensor variance = f32(5);
    for (int k = 0; k < 5; k++) {
      variance.setDouble(k, 0.5 + k);
    }
    Compiled.check(g.build(), 1e-5, f32(3, 5, 7), f32(5), f32(5), f32(5), variance);
  }

  @Test
  void rotaryEmbeddingInAllForms() {
    for (boolean interleaved : new boolean[] {false, true}) {
      GraphBuilder g = new GraphBuilder("t");
      Value x = f32(g, "x", Dim.of(2), Dim.of(3), N, Dim.of(24));
      Value cos = f32(g, "cos", Dim.ONE, N, Dim.of(8));
      Value sin = f32(g, "sin", Dim.ONE, N, Dim.of(8));
      g.output(g.add(new Normalization.RotaryEmbedding(interleaved, 0, 16), x, cos, sin));
      Value flat = f32(g, "flat", Dim.of(2), N, Dim.of(48));
      Value table = f32(g, "table", Dim.of(50), Dim.of(8));
      Value at = g.input("at", Type.tensor(DType.INT64, Shape.of(Dim.of(2), N)));
      g.output(g.add(new Normalization.RotaryEmbedding(interleaved, 3, 0), flat, table, table, at));
      Tensor positions = Tensor.allocate(DType.INT64, 2, 5);
      for (int k = 0; k < 10; k++) {
        positions.setLong(k, random.nextInt(50));
      }
      Compiled.check(
          g.build(),
          1e-5,
          f32(2, 3, 5, 24),
          f32(1, 5, 8),
          f32(1, 5, 8),
          f32(2, 5, 48),
          f32(50, 8),
          positions);
    }
  }
}
