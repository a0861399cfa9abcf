package fluidml.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.error.InvalidInputException;
import fluidml.graph.Graph;
import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Indexing;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class InputGeneratorTest {
  private static Graph graph() {
    GraphBuilder builder = new GraphBuilder("g");
    Shape shape = Shape.of(Dim.symbol("batch"), Dim.symbol("sequence"));
    Value ids = builder.input("input_ids", Type.tensor(DType.INT64, shape));
    builder.input("attention_mask", Type.tensor(DType.FLOAT32, shape));
    builder.input("position_ids", Type.tensor(DType.INT64, shape));
    builder.input("x", Type.tensor(DType.FLOAT32, shape));
    builder.input("y", Type.tensor(DType.FLOAT32, shape));
    builder.input("past", Type.tensor(DType.UINT8, Shape.of(Dim.symbol("sequence___1"))));
    builder.input("any", Type.unranked(DType.FLOAT32));
    Value table = builder.constant("table", Tensor.of(new float[14], 7, 2));
    builder.output(builder.add(new Indexing.Gather(0), table, ids));
    return builder.build();
  }

  private final Graph graph = graph();
  private final InputGenerator generator = new InputGenerator(graph, Map.of("batch", 2L), 0);

  private Tensor make(int input) {
    return generator.generate(graph.inputs().get(input)).tensor();
  }

  @Test
  void idsStayInTheTableThatTheyIndex() {
    Tensor ids = make(0);
    assertEquals("i64[2,16]", ids.toString());
    assertTrue(LongStream.of(ids.toLongs()).allMatch(i -> i >= 0 && i < 7));
    assertEquals(Map.of("sequence", 16L), generator.chosen());
  }

  @Test
  void masksAreOnesAndPositionsCount() {
    assertEquals(1, make(1).getFloat(31));
    assertEquals(15, make(2).getLong(31));
  }

  @Test
  void uniformNumbersDifferByInputAndSeedOnly() {
    float[] x = make(3).toFloats();
    assertArrayEquals(x, make(3).toFloats());
    assertNotEquals(x[0], make(4).getFloat(0));
    InputGenerator other = new InputGenerator(graph, Map.of("batch", 2L), 1);
    assertNotEquals(x[0], other.generate(graph.inputs().get(3)).tensor().getFloat(0));
  }

  @Test
  void extentsNamedAsSumsAreSums() {
    assertEquals("u8[17]", make(5).toString());
  }

  @Test
  void unknownRanksMustBeGiven() {
    assertThrows(InvalidInputException.class, () -> make(6));
  }
}
