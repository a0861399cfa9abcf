package fluidml.lower;

import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Movement;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Elementwise clusters over views of all kinds. */
class MapLoweringTest {
  private static final Dim N = Dim.symbol("n");
  private static final Dim M = Dim.symbol("m");
  private final Random random = new Random(7);

  private static Value binary(GraphBuilder g, BinaryFunction f, Value a, Value b) {
    return g.add(new Elementwise.Binary(f), a, b);
  }

  private Tensor f32(long... dims) {
    return Compiled.random(DType.FLOAT32, random, dims);
  }

  @Test
  void flatChainOfSymbolicLength() {
    GraphBuilder g = new GraphBuilder("t");
    Value x = g.input("x", Type.tensor(DType.FLOAT32, Shape.of(N, Dim.of(3))));
    Value y = g.input("y", Type.tensor(DType.FLOAT32, Shape.of(N, Dim.of(3))));
    Value sum = binary(g, BinaryFunction.ADD, x, y);
    g.output(g.add(new Elementwise.Unary(UnaryFunction.RELU), sum));
    g.output(sum);
    for (int n : new int[] {1, 5, 4000}) {
      Compiled.check(g.build(), 0, f32(n, 3), f32(n, 3));
    }
  }

  @Test
  void broadcastRowsColumnsAndScalars() {
    GraphBuilder g = new GraphBuilder("t");
    Value x = g.input("x", Type.tensor(DType.FLOAT32, Shape.of(N, M, Dim.of(19))));
    Value row = g.input("row", Type.tensor(DType.FLOAT32, Shape.of(19)));
    Value column = g.input("column", Type.tensor(DType.FLOAT32, Shape.of(N, Dim.ONE, Dim.ONE)));
    Value scalar = g.constant("scalar", Tensor.scalar(0.5f));
    Value t = binary(g, BinaryFunction.MUL, x, row);
    t = binary(g, BinaryFunction.SUB, t, column);
    g.output(binary(g, BinaryFunction.DIV, t, scalar));
    Compiled.check(g.build(), 0, f32(3, 5, 19), f32(19), f32(3, 1, 1));
  }

  @Test
  void outerProductFromVectors() {
    GraphBuilder g = new GraphBuilder("t");
    Value x = g.input("x", Type.tensor(DType.FLOAT32, Shape.of(N, Dim.ONE)));
    Value y = g.input("y", Type.tensor(DType.FLOAT32, Shape.of(M)));
    g.output(binary(g, BinaryFunction.MUL, x, y));
    Compiled.check(g.build(), 0, f32(7, 1), f32(21));
  }

  @Test
  void transposedOperandIsWalkedInTiles() {
    GraphBuilder g = new GraphBuilder("t");
    Value x = g.input("x", Type.tensor(DType.FLOAT32, Shape.of(Dim.of(2), N, M)));
    Value y = g.input("y", Type.tensor(DType.FLOAT32, Shape.of(Dim.of(2), M, N)));
    Value t = g.add(new Movement.Transpose(List.of(0, 2, 1)), x);
    g.output(binary(g, BinaryFunction.ADD, t, y));
    Compiled.check(g.build(), 0, f32(2, 37, 18), f32(2, 18, 37));
  }

  @Test
  void slicesForwardAndBackward() {
    GraphBuilder g = new GraphBuilder("t");
    Value x = g.input("x", Type.tensor(DType.FLOAT32, Shape.of(N, Dim.of(20))));
    Value half =
        g.add(new Movement.Slice(List.of(new Movement.SliceAxis(1, Dim.of(10), Dim.of(10), 1))), x);
    Value reversed =
        g.add(
            new Movement.Slice(List.of(new Movement.SliceAxis(1, Dim.of(19), Dim.of(10), -2))), x);
    g.output(binary(g, BinaryFunction.ADD, half, reversed));
    Compiled.check(g.build(), 0, f32(9, 20));
  }

  @Test
  void scalarsAndEmptyTensors() {
    GraphBuilder g = new GraphBuilder("t");
    Value x = g.input("x", Type.tensor(DType.FLOAT32, Shape.SCALAR));
    g.output(binary(g, BinaryFunction.ADD, x, x));
    Compiled.check(g.build(), 0, f32());

    GraphBuilder h = new GraphBuilder("t");
    Value y = h.input("y", Type.tensor(DType.FLOAT32, Shape.of(N, M)));
    Value b = h.input("b", Type.tensor(DType.FLOAT32, Shape.of(N, Dim.ONE)));
    h.output(binary(h, BinaryFunction.ADD, y, b));
    Compiled.check(h.build(), 0, f32(0, 3), f32(0, 1));
    Compiled.check(h.build(), 0, f32(3, 0), f32(3, 1));
  }

  @Test
  void longRowsAreSplit() {
    GraphBuilder g = new GraphBuilder("t");
    Value x = g.input("x", Type.tensor(DType.FLOAT32, Shape.of(Dim.of(2), Dim.of(9001))));
    Value b = g.input("b", Type.tensor(DType.FLOAT32, Shape.of(2, 1)));
    g.output(binary(g, BinaryFunction.ADD, x, b));
    Compiled.check(g.build(), 0, f32(2, 9001), f32(2, 1));
  }
}
