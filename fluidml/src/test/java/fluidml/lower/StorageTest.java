package fluidml.lower;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.graph.Graph;
import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Movement;
import fluidml.graph.op.Normalization;
import fluidml.graph.op.Window;
import fluidml.tensor.DType;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class StorageTest {
  private final GraphBuilder builder = new GraphBuilder("dense");

  private Value conv(Value x, int in, int out) {
    Value filters = builder.constant("w" + out, Tensor.allocate(DType.FLOAT32, out, in, 1, 1));
    Window window =
        new Window(
            List.of(1L, 1L),
            List.of(1L, 1L),
            List.of(1L, 1L),
            List.of(0L, 0L),
            List.of(0L, 0L),
            Window.Padding.EXPLICIT);
    return builder.add(new Contraction.Conv(window, 1), x, filters, Value.ABSENT);
  }

  @Test
  void channelsThatAreConcatenatedAreWrittenAndReadChannelsLast() {
    Value x = builder.input("x", Type.tensor(DType.FLOAT32, 1, 3, 8, 8));
    Value a = conv(x, 3, 5);
    Value b = conv(a, 5, 7);
    Value both = builder.add(new Movement.Concat(1), a, b);
    Value after = builder.add(new Elementwise.Unary(UnaryFunction.RELU), both);
    Value part = builder.add(new Elementwise.Unary(UnaryFunction.NEG), b);
    builder.output(conv(after, 12, 2));
    builder.output(conv(part, 7, 4));
    Graph graph = builder.build();
    Storage storage = new Storage(graph, Set.of(), Decisions.NONE);
    for (Value value : List.of(a, b)) {
      assertTrue(storage.isInPlace(value, both), value.name());
      assertEquals(12, storage.view(value).strides().getLast().constant().getAsLong());
    }
    for (Value value : List.of(a, b, both, after, part)) {
      assertTrue(storage.view(value).strides().get(1).is(1), value.name());
    }
    assertTrue(storage.view(graph.outputs().getFirst()).isRowMajor());
  }

  @Test
  void whatCallersGetIsCopiedByAKernel() {
    Value x = builder.input("x", Type.tensor(DType.FLOAT32, 1, 3, 8, 8));
    Value turned = builder.add(new Movement.Transpose(List.of(0, 2, 3, 1)), x);
    Value flat = builder.add(new Movement.Reshape(Shape.of(3, 64)), x);
    builder.output(turned);
    builder.output(flat);
    Graph graph = builder.build();
    Storage storage = new Storage(graph, Set.of(), Decisions.NONE);
    assertTrue(storage.view(turned).root().equals(turned));
    assertTrue(storage.view(flat).root().equals(x), "row-major views are handed over as they are");
  }

  @Test
  void normalisedChannelsStayInside() {
    Value x = builder.input("x", Type.tensor(DType.FLOAT32, 1, 3, 8, 8));
    Value a = conv(x, 3, 5);
    Value scale = builder.constant("scale", Tensor.allocate(DType.FLOAT32, 5));
    Value b = builder.add(new Normalization.InstanceNorm(1e-5), a, scale, scale);
    builder.output(conv(b, 5, 2));
    Storage storage = new Storage(builder.build(), Set.of(), Decisions.NONE);
    assertTrue(storage.view(b).strides().get(1).is(1));
  }
}
