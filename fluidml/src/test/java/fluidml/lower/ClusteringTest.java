package fluidml.lower;

import static org.junit.jupiter.api.Assertions.assertEquals;

import fluidml.graph.Graph;
import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.MatMul;
import fluidml.graph.op.Elementwise.Binary;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.loop.Target;
import fluidml.tensor.DType;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class ClusteringTest {
  private final Random random = new Random(9);

  /** As in dynamically quantised models: the scale of a product is computed behind it. */
  @Test
  void aFactorComputedBehindAProductDoesNotStandInTheWay() {
    GraphBuilder builder = new GraphBuilder("scaled");
    Value x = builder.input("x", Type.tensor(DType.FLOAT32, 5, 12));
    Value w = builder.input("w", Type.tensor(DType.FLOAT32, 12, 9));
    Value first = builder.input("first", Type.tensor(DType.FLOAT32));
    Value second = builder.input("second", Type.tensor(DType.FLOAT32));
    Value product = builder.add(new MatMul(), x, w);
    Value factor = builder.add(new Binary(BinaryFunction.MUL), first, second);
    builder.output(builder.add(new Binary(BinaryFunction.MUL), product, factor));
    Graph graph = builder.build();
    List<String> labels =
        Compiled.lower(graph, new Target(256, false)).steps().stream().map(Step::label).toList();
    assertEquals(List.of("Mul", "MatMul+Mul"), labels);
    Compiled.check(
        graph,
        1e-5,
        Compiled.random(DType.FLOAT32, random, 5, 12),
        Compiled.random(DType.FLOAT32, random, 12, 9),
        Compiled.random(DType.FLOAT32, random),
        Compiled.random(DType.FLOAT32, random));
  }

  /** As for zero points of weights: a column and a row give what is added to a product. */
  @Test
  void whatIsBroadcastForOneUserIsComputedThere() {
    GraphBuilder builder = new GraphBuilder("shifted");
    Value x = builder.input("x", Type.tensor(DType.FLOAT32, 5, 12));
    Value w = builder.input("w", Type.tensor(DType.FLOAT32, 12, 9));
    Value column = builder.input("column", Type.tensor(DType.FLOAT32, 5, 1));
    Value row = builder.input("row", Type.tensor(DType.FLOAT32, 9));
    Value table = builder.add(new Binary(BinaryFunction.MUL), column, row);
    Value product = builder.add(new MatMul(), x, w);
    builder.output(builder.add(new Binary(BinaryFunction.SUB), product, table));
    Graph graph = builder.build();
    List<String> labels =
        Compiled.lower(graph, new Target(256, false)).steps().stream().map(Step::label).toList();
    assertEquals(List.of("MatMul+Mul+Sub"), labels);
    Compiled.check(
        graph,
        1e-5,
        Compiled.random(DType.FLOAT32, random, 5, 12),
        Compiled.random(DType.FLOAT32, random, 12, 9),
        Compiled.random(DType.FLOAT32, random, 5, 1),
        Compiled.random(DType.FLOAT32, random, 9));
  }
}
