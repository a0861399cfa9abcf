package fluidml.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import fluidml.graph.Graph;
import fluidml.graph.GraphBuilder;
import fluidml.graph.Node;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Control;
import fluidml.graph.op.Movement;
import fluidml.graph.op.Op;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class ControlTest {
  private static final Type.TensorType INTEGER = Type.tensor(DType.INT64);
  private static final Type.TensorType VECTOR = Type.tensor(DType.INT64, 2);

  private static List<Datum> execute(Op op, int results, Tensor... operands) {
    List<Value> outputs = new ArrayList<>();
    for (int i = 0; i < results; i++) {
      outputs.add(new Value("r" + i, Type.unranked(DType.INT64)));
    }
    List<Value> inputs = new ArrayList<>();
    for (int i = 0; i < operands.length; i++) {
      inputs.add(new Value("x" + i, Type.unranked(DType.INT64)));
    }
    return Interpreter.execute(
        new Node("n", op, inputs, outputs), Arrays.stream(operands).map(Datum::of).toList());
  }

  /** (iteration, condition, carried, capture) → (condition, capture, iteration, carried). */
  private static Graph loopBody() {
    GraphBuilder body = new GraphBuilder("body");
    Value iteration = body.input("i", INTEGER);
    Value condition = body.input("go", Type.tensor(DType.BOOL));
    Value carried = body.input("state", VECTOR);
    Value capture = body.input("outside", VECTOR);
    body.output(condition);
    body.output(capture);
    body.output(iteration);
    body.output(carried);
    return body.build();
  }

  @Test
  void aLoopCarriesAndCollects() {
    List<Datum> results =
        execute(
            new Control.Loop(loopBody(), 1),
            3,
            Tensor.scalar(3L),
            Tensor.of(new boolean[] {true}),
            Tensor.ofLongs(1, 2),
            Tensor.ofLongs(8, 9));
    assertArrayEquals(new long[] {8, 9}, results.get(0).tensor().toLongs());
    assertArrayEquals(new long[] {0, 1, 2}, results.get(1).tensor().toLongs());
    assertArrayEquals(new long[] {1, 2, 8, 9, 8, 9}, results.get(2).tensor().toLongs());
  }

  @Test
  void aLoopWithoutTripsCollectsEmptyTensors() {
    List<Datum> results =
        execute(
            new Control.Loop(loopBody(), 1),
            3,
            Tensor.scalar(0L),
            Tensor.of(new boolean[] {true}),
            Tensor.ofLongs(1, 2),
            Tensor.ofLongs(8, 9));
    assertArrayEquals(new long[] {1, 2}, results.get(0).tensor().toLongs());
    assertArrayEquals(new long[] {0}, results.get(1).tensor().dims());
    assertArrayEquals(new long[] {0, 2}, results.get(2).tensor().dims());
  }

  @Test
  void aScanWalksAnyAxisInBothDirections() {
    GraphBuilder body = new GraphBuilder("body");
    Value state = body.input("state", VECTOR);
    Value slice = body.input("slice", VECTOR);
    body.output(slice);
    body.output(state);
    Control.Scan scan =
        new Control.Scan(body.build(), 1, List.of(1), List.of(true), List.of(-1), List.of(true));
    List<Datum> results =
        execute(scan, 2, Tensor.ofLongs(7, 7), Tensor.of(new long[] {1, 2, 3, 4, 5, 6}, 2, 3));
    assertArrayEquals(new long[] {1, 4}, results.get(0).tensor().toLongs());
    Tensor collected = results.get(1).tensor();
    assertArrayEquals(new long[] {2, 3}, collected.dims());
    assertArrayEquals(new long[] {2, 3, 7, 5, 6, 7}, collected.toLongs());
  }

  @Test
  void bodiesSeeTheDimSymbolsAround() {
    GraphBuilder body = new GraphBuilder("body");
    Value x = body.input("x", Type.unranked(DType.INT64));
    Dim s = Dim.symbol("s");
    body.output(body.add(new Movement.Reshape(Shape.of(s, Dim.ONE)), x));
    Graph branch = body.build();
    GraphBuilder main = new GraphBuilder("main");
    Value condition = main.input("c", Type.tensor(DType.BOOL));
    Value input = main.input("x", Type.tensor(DType.INT64, Shape.of(s)));
    main.output(main.add(new Control.If(branch, branch), condition, input));
    List<Datum> results =
        Interpreter.run(
            main.build(),
            List.of(Datum.of(Tensor.of(new boolean[] {false})), Datum.of(Tensor.ofLongs(4, 5, 6))));
    assertEquals("i64[3,1]", results.getFirst().tensor().toString());
  }
}
