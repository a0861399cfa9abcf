package fluidml.lower;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import fluidml.emit.jvm.KernelCompiler;
import fluidml.graph.Graph;
import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.MatMul;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Elementwise.Binary;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Reduction;
import fluidml.loop.Target;
import fluidml.tensor.DType;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class LoweredClustersTest {
  private static final int WIDTH = 12;
  private static final Target TARGET = new Target(256, false);

  private final Random random = new Random(5);
  private final GraphBuilder builder = new GraphBuilder("layers");
  private int products;

  /** {@code (x · w) · scale + x}. */
  private Value layer(Value x, double scale) {
    Value w = builder.constant("w", Compiled.random(DType.FLOAT32, random, WIDTH, WIDTH));
    Value s = builder.constant("s", Tensor.of(new float[] {(float) scale}));
    String name = "product" + products++;
    Value product = builder.add(name, new MatMul(), List.of(x, w), List.of(name)).getFirst();
    Value scaled = builder.add(new Binary(BinaryFunction.MUL), product, s);
    return builder.add(new Binary(BinaryFunction.ADD), scaled, x);
  }

  private static List<KernelCall> calls(LoweredProgram program) {
    return program.steps().stream().map(s -> ((Step.Call) s).call()).toList();
  }

  @Test
  void equalLayersShareAKernelAndNothingElse() {
    Value x = builder.input("x", Type.tensor(DType.FLOAT32, 5, WIDTH));
    Value first = layer(x, 0.5);
    Value second = layer(first, 0.5);
    builder.output(layer(second, 0.25));
    Graph graph = builder.build();
    List<KernelCall> calls = calls(Compiled.lower(graph, TARGET));
    assertEquals(3, calls.size());
    assertSame(calls.get(0).kernel(), calls.get(1).kernel());
    assertNotSame(calls.get(0).kernel(), calls.get(2).kernel());
    assertNotEquals(calls.get(0).arguments(), calls.get(1).arguments());
    Set<Object> nodes = new HashSet<>();
    calls.forEach(c -> nodes.addAll(c.nodes()));
    assertEquals(9, nodes.size());
    Compiled.check(graph, 1e-4, Compiled.random(DType.FLOAT32, random, 5, WIDTH));
  }

  /** The same operands in another place, or one in two places, are another cluster. */
  @Test
  void whatIsSharedCounts() {
    Value x = builder.input("x", Type.tensor(DType.FLOAT32, WIDTH, WIDTH));
    Value y = builder.input("y", Type.tensor(DType.FLOAT32, WIDTH, WIDTH));
    Value xy = builder.add(new MatMul(), x, y);
    Value xx = builder.add(new MatMul(), x, x);
    builder.output(builder.add(new Binary(BinaryFunction.SUB), xy, x));
    builder.output(builder.add(new Binary(BinaryFunction.SUB), x, xx));
    builder.output(builder.add(new Binary(BinaryFunction.SUB), builder.add(new MatMul(), y, x), y));
    Graph graph = builder.build();
    List<KernelCall> calls = calls(Compiled.lower(graph, TARGET));
    assertNotSame(calls.get(0).kernel(), calls.get(1).kernel());
    assertSame(calls.get(0).kernel(), calls.get(2).kernel());
    Tensor a = Compiled.random(DType.FLOAT32, random, WIDTH, WIDTH);
    Tensor b = Compiled.random(DType.FLOAT32, random, WIDTH, WIDTH);
    Compiled.check(graph, 1e-4, a, b);
  }

  @Test
  void whatIsDecidedCounts() {
    Value x = builder.input("x", Type.tensor(DType.FLOAT32, 5, WIDTH));
    builder.output(layer(layer(x, 0.5), 0.5));
    Graph graph = builder.build();
    Decisions decisions =
        new Decisions(Map.of("product1", new Decisions.Tiling(3, 1)), Map.of(), Map.of());
    List<KernelCall> calls = calls(Compiled.lower(graph, TARGET, decisions));
    assertFalse(calls.get(0).kernel().equals(calls.get(1).kernel()));
    Compiled.check(graph, 1e-4, decisions, Compiled.random(DType.FLOAT32, random, 5, WIDTH));
  }

  @ParameterizedTest
  @EnumSource(names = {"SIN", "COS", "TAN", "ASINH", "ACOSH", "SOFTPLUS", "ERF"})
  void chainsOfLongFunctionsFitTheirMethods(UnaryFunction function) {
    GraphBuilder builder = new GraphBuilder("t");
    Value x = builder.input("x", Type.tensor(DType.FLOAT32, Shape.of(3, 40)));
    for (int i = 0; i < 4; i++) {
      x = builder.add(new Elementwise.Unary(function), x);
    }
    x = builder.add(new Reduction.Softmax(1), x);
    for (int i = 0; i < 5; i++) {
      x = builder.add(new Elementwise.Unary(function), x);
    }
    builder.output(x);
    Target target = new Target(512, false);
    for (Step step : Compiled.lower(builder.build(), target).steps()) {
      assertInstanceOf(Step.Call.class, step);
      new KernelCompiler(target).compile(((Step.Call) step).call().kernel());
    }
  }
}
