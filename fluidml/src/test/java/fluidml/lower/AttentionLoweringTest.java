package fluidml.lower;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import fluidml.graph.Graph;
import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Attention;
import fluidml.graph.op.Movement;
import fluidml.loop.Target;
import fluidml.reference.Datum;
import fluidml.reference.Interpreter;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import fluidml.vm.Engines;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class AttentionLoweringTest {
  /**
   * Rows, columns, depth, value depth, mask (0 none, 1 additive, 2 selective), causal, whether
   * neighbouring columns of the keys are neighbours in memory.
   */
  @ParameterizedTest
  @CsvSource({
    "128, 128, 64, 64, 1, false, false",
    "7, 19, 8, 8, 0, false, false",
    "33, 33, 20, 13, 2, true, false",
    "1, 49, 64, 64, 2, false, false",
    "2, 5, 3, 70, 1, false, false",
    "65, 70, 17, 33, 0, true, false",
    "65, 70, 17, 33, 0, true, true",
    "1, 200, 64, 64, 1, false, true",
    "2, 77, 5, 8, 2, true, true",
    "40, 64, 16, 16, 2, false, true"
  })
  void equalsTheReference(
      long rows,
      long columns,
      long depth,
      long valueDepth,
      int mask,
      boolean causal,
      boolean turned) {
    GraphBuilder builder = new GraphBuilder("attention");
    List<Datum> data = new ArrayList<>();
    Random random = new Random(rows * 31 + columns);
    Value q = input(builder, data, random, "q", 2, rows, 3, depth);
    Value k =
        turned
            ? input(builder, data, random, "k", 2, 3, depth, columns)
            : input(builder, data, random, "k", 2, columns, 3, depth);
    Value v = input(builder, data, random, "v", 2, columns, 3, valueDepth);
    List<Value> operands = new ArrayList<>();
    for (Value value : List.of(q, k, v)) {
      List<Integer> axes = turned && value.equals(k) ? List.of(0, 1, 3, 2) : List.of(0, 2, 1, 3);
      operands.add(builder.add(new Movement.Transpose(axes), value));
    }
    if (mask == 1) {
      operands.add(input(builder, data, random, "mask", 2, 1, 1, columns));
    } else if (mask == 2) {
      operands.add(builder.input("mask", Type.tensor(DType.BOOL, rows, columns)));
      Tensor allowed = Tensor.allocate(DType.BOOL, rows, columns);
      for (long i = 0; i < allowed.elements(); i++) {
        allowed.setLong(i, i % columns == 0 || random.nextInt(4) > 0 ? 1 : 0);
      }
      data.add(Datum.of(allowed));
    }
    builder.output(builder.add(Attention.of(0.25, causal), operands.toArray(Value[]::new)));
    Graph graph = builder.build();
    float[] expected = Interpreter.run(graph, data).getFirst().tensor().toFloats();
    float[] first = null;
    for (int bits : new int[] {512, 256, 128, 0}) {
      for (int threads = 1; threads <= 2; threads++) {
        Target target = new Target(bits, threads == 2);
        List<Datum> results =
            Engines.compiled(graph, List.of(new AttentionLowering()), target, threads, data);
        float[] actual = results.getFirst().tensor().toFloats();
        assertArrayEquals(expected, actual, 2e-5f, target.toString());
        first = threads == 1 ? actual : first;
        assertArrayEquals(first, actual, 0, "same bits at any thread count");
      }
    }
    assertEquals(expected.length, 2 * 3 * rows * valueDepth);
  }

  private static Value input(
      GraphBuilder builder, List<Datum> data, Random random, String name, long... dims) {
    Tensor tensor = Tensor.allocate(DType.FLOAT32, dims);
    for (long i = 0; i < tensor.elements(); i++) {
      tensor.setDouble(i, random.nextGaussian());
    }
    data.add(Datum.of(tensor));
    return builder.input(name, Type.tensor(DType.FLOAT32, dims));
  }
}
