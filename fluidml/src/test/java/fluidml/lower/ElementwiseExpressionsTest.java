package fluidml.lower;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import fluidml.graph.GraphBuilder;
import fluidml.graph.Node;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.ParametricFunction;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.loop.ScalarType;
import fluidml.loop.Target;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every elementwise function on every element type that kernels address, against the interpreter.
 */
class ElementwiseExpressionsTest {
  private static final Dim N = Dim.symbol("n");
  private static final int COUNT = 37;

  static Stream<DType> dtypes() {
    return Arrays.stream(DType.values()).filter(d -> ScalarType.ofStorage(d).isPresent());
  }

  private static double tolerance(DType dtype) {
    return switch (dtype) {
      case FLOAT64 -> 1e-14;
      case FLOAT16 -> 1e-3;
      case BFLOAT16 -> 8e-3;
      default -> 4e-7;
    };
  }

  /** Makes one graph of all ops that are not refused; returns how many there are. */
  private static void check(List<Elementwise> ops, DType... operands) {
    GraphBuilder g = new GraphBuilder("t");
    List<Value> inputs = new ArrayList<>();
    for (DType dtype : operands) {
      inputs.add(g.input("x" + inputs.size(), Type.tensor(dtype, Shape.of(N))));
    }
    double tolerance = 0;
    for (Elementwise op : ops) {
      Value result;
      try {
        result = g.add(op, inputs.toArray(Value[]::new));
      } catch (RuntimeException e) {
        continue;
      }
      Node node = g.nodes().getLast();
      if (ScalarType.ofStorage(result.dtype()).isPresent()
          && ElementwiseExpressions.refusal(node).isEmpty()) {
        g.output(result);
        tolerance = Math.max(tolerance, tolerance(operands[0]));
        tolerance = Math.max(tolerance, result.dtype().isFloat() ? tolerance(result.dtype()) : 0);
      }
    }
    Random random = new Random(3);
    Tensor[] data =
        Arrays.stream(operands).map(d -> Compiled.random(d, random, COUNT)).toArray(Tensor[]::new);
    if (!g.build().outputs().isEmpty()) {
      Compiled.check(g.build(), tolerance, data);
    }
  }

  @ParameterizedTest
  @MethodSource("dtypes")
  void unary(DType dtype) {
    for (UnaryFunction function : UnaryFunction.values()) {
      check(List.of(new Elementwise.Unary(function)), dtype);
    }
    check(List.of(new Elementwise.IsInf(true, false), new Elementwise.IsInf(true, true)), dtype);
  }

  @ParameterizedTest
  @EnumSource(
      names = {"IS_NAN", "NOT", "BITWISE_NOT"},
      mode = EnumSource.Mode.EXCLUDE)
  void everyFunctionOfFloatsWorksInAllLanes(UnaryFunction function) {
    GraphBuilder g = new GraphBuilder("t");
    g.add(new Elementwise.Unary(function), g.input("x", Type.tensor(DType.FLOAT32, Shape.of(N))));
    Node node = g.nodes().getLast();
    assertEquals(
        16, ElementwiseExpressions.lanes(node, new Target(512, false), _ -> Optional.empty()));
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"FLOAT32", "FLOAT64", "FLOAT16", "BFLOAT16"})
  void parametric(DType dtype) {
    for (ParametricFunction function : ParametricFunction.values()) {
      check(List.of(new Elementwise.ParametricUnary(function, 0.75, 0.5)), dtype);
    }
  }

  @ParameterizedTest
  @MethodSource("dtypes")
  void binary(DType dtype) {
    for (BinaryFunction function : BinaryFunction.values()) {
      check(List.of(new Elementwise.Binary(function)), dtype, dtype);
    }
    check(List.of(new Elementwise.Where()), DType.BOOL, dtype, dtype);
  }

  @ParameterizedTest
  @MethodSource("dtypes")
  void casts(DType from) {
    for (DType to : dtypes().toList()) {
      check(List.of(new Elementwise.Cast(to)), from);
      if (to.bits() == from.bits()) {
        check(List.of(new Elementwise.BitCast(to)), from);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"FLOAT16", "BFLOAT16", "FLOAT32", "FLOAT64", "INT64"})
  void castsOfExtremes(DType to) {
    double[] values = {
      Double.NaN,
      Double.POSITIVE_INFINITY,
      Double.NEGATIVE_INFINITY,
      0,
      -0.0,
      65504,
      65519,
      65520,
      -65520,
      0x1p-14,
      -0x1.ffcp-15,
      0x1.ffep-15,
      0x1p-24,
      0x1p-25,
      0x1.8p-25,
      0x1.8p-24,
      2049,
      2051,
      0x1p62,
      -0x1p63,
      0x1p63,
      0x1p64,
      -0x1p64,
      0x1.fffffep62,
      16777217,
      -2.5,
      0x1p-140,
      3e38
    };
    Tensor doubles = Tensor.allocate(DType.FLOAT64, values.length);
    Tensor floats = Tensor.allocate(DType.FLOAT32, values.length);
    for (int i = 0; i < values.length; i++) {
      doubles.setDouble(i, values[i]);
      floats.setDouble(i, values[i]);
    }
    Tensor longs =
        Tensor.ofLongs(
            Long.MAX_VALUE,
            Long.MIN_VALUE,
            0,
            -1,
            1L << 53,
            (1L << 53) + 1,
            (1L << 24) + 1,
            (1L << 62) + 1,
            -(1L << 40) - 1,
            65519,
            65520);
    for (Tensor tensor : List.of(doubles, floats, longs)) {
      GraphBuilder g = new GraphBuilder("t");
      Value x = g.input("x", Type.tensor(tensor.dtype(), Shape.of(N)));
      g.output(g.add(new Elementwise.Cast(to), x));
      Compiled.check(g.build(), 0, tensor);
    }
  }

  /** What is stored and also read has the value that its element type holds. */
  @ParameterizedTest
  @MethodSource("dtypes")
  void storedResultsAreReadAsStored(DType dtype) {
    if (dtype == DType.BOOL) {
      return;
    }
    GraphBuilder g = new GraphBuilder("t");
    Value x = g.input("x", Type.tensor(dtype, Shape.of(N)));
    Value y = g.input("y", Type.tensor(dtype, Shape.of(N)));
    Value product = g.add(new Elementwise.Binary(BinaryFunction.MUL), x, y);
    g.output(product);
    DType wide = dtype.isFloat() ? DType.FLOAT32 : DType.INT32;
    g.output(g.add(new Elementwise.Cast(wide), product));
    Random random = new Random(9);
    Compiled.check(
        g.build(), 0, Compiled.random(dtype, random, COUNT), Compiled.random(dtype, random, COUNT));
  }

  @Test
  void roundsOnceWhatIsOnlyStored() {
    GraphBuilder g = new GraphBuilder("t");
    Value x = g.input("x", Type.tensor(DType.FLOAT32, Shape.of(N)));
    g.output(g.add(new Elementwise.Cast(DType.FLOAT16), x));
    String text = Compiled.print(g.build(), new Target(512, false));
    assertFalse(text.contains("select"), text);
  }

  @Test
  void powersWithConstantExponents() {
    for (float exponent : new float[] {-1, 0.5f, 1, 2, 3, 2.5f}) {
      GraphBuilder g = new GraphBuilder("t");
      Value x = g.input("x", Type.tensor(DType.FLOAT32, Shape.of(N)));
      Value e = g.constant("e", Tensor.scalar(exponent));
      Value positive = g.add(new Elementwise.Unary(UnaryFunction.ABS), x);
      g.output(g.add(new Elementwise.Binary(BinaryFunction.POW), positive, e));
      Compiled.check(g.build(), 1e-6, Compiled.random(DType.FLOAT32, new Random(1), COUNT));
    }
  }

  @Test
  void clipsWithOneOrBothBounds() {
    for (DType dtype : List.of(DType.FLOAT32, DType.INT64, DType.UINT8)) {
      GraphBuilder g = new GraphBuilder("t");
      Value x = g.input("x", Type.tensor(dtype, Shape.of(N)));
      Value low = g.input("low", Type.tensor(dtype, Shape.SCALAR));
      Value high = g.input("high", Type.tensor(dtype, Shape.SCALAR));
      g.output(g.add(new Elementwise.Clip(), x, low, high));
      g.output(g.add(new Elementwise.Clip(), x, low));
      g.output(g.add(new Elementwise.Clip(), x, Value.ABSENT, high));
      Random random = new Random(5);
      Compiled.check(
          g.build(),
          0,
          Compiled.random(dtype, random, COUNT),
          Compiled.random(dtype, random),
          Compiled.random(dtype, random));
    }
  }
}
