package fluidml.lower;

import fluidml.graph.GraphBuilder;
import fluidml.graph.Node;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.ParametricFunction;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.loop.ScalarType;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
