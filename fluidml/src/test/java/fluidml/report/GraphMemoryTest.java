package fluidml.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Movement;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GraphMemoryTest {
  @Test
  void everyTensorHasABufferAndLivesToItsLastUse() {
    GraphBuilder builder = new GraphBuilder("chain");
    Dim n = Dim.symbol("n");
    Value x = builder.input("x", Type.tensor(DType.FLOAT32, Shape.of(n, Dim.of(2))));
    Value one = builder.constant("one", Tensor.scalar(1f));
    Value a = builder.add(new Elementwise.Binary(Elementwise.BinaryFunction.ADD), x, one);
    Value b = builder.add(new Movement.Transpose(List.of(1, 0)), a);
    builder.output(builder.add(new Elementwise.Unary(Elementwise.UnaryFunction.ABS), b));
    GraphMemory memory = GraphMemory.of(builder.build(), Map.of("x", new long[] {10, 2}));
    assertEquals(0, memory.unknown());
    assertEquals(4, memory.problem().count());
    assertEquals(4 * 80, memory.problem().totalBytes());
    assertEquals(2 * 80, memory.problem().lowerBound());
  }

  @Test
  void extentsThatNobodyGaveAreCounted() {
    GraphBuilder builder = new GraphBuilder("unknown");
    Value x = builder.input("x", Type.tensor(DType.FLOAT32, Shape.of(Dim.symbol("n"))));
    builder.output(builder.add(new Elementwise.Unary(Elementwise.UnaryFunction.ABS), x));
    GraphMemory memory = GraphMemory.of(builder.build(), Map.of());
    assertEquals(2, memory.unknown());
    assertEquals(0, memory.problem().count());
  }
}
