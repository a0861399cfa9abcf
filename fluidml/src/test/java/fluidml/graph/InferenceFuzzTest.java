package fluidml.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.error.InvalidModelException;
import fluidml.graph.infer.StaticForm;
import fluidml.graph.infer.TypeInference;
import fluidml.graph.op.Op;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Whatever an op and its operands are, inference finds types or says what does not fit. */
class InferenceFuzzTest {
  private static final List<DType> DTYPES =
      List.of(DType.FLOAT32, DType.FLOAT32, DType.INT64, DType.BOOL, DType.UINT8);
  private static final List<Dim> SYMBOLS = List.of(Dim.symbol("s"), Dim.symbol("t"));

  @Property(tries = 300)
  void anyOpOnAnyOperands(@ForAll long seed) {
    Random random = new Random(seed);
    RandomOps ops = new RandomOps(seed);
    for (Class<?> kind : RandomOps.kinds()) {
      infer(random, ops.op(kind));
    }
  }

  private static void infer(Random random, Op op) {
    GraphBuilder builder = new GraphBuilder("fuzz");
    List<Value> operands = operands(builder, random);
    List<String> results = new ArrayList<>(List.of("r"));
    while (random.nextInt(3) == 0) {
      results.add("r");
    }
    List<Value> values;
    try {
      values = builder.add("node 7", op, operands, results);
    } catch (InvalidModelException e) {
      assertTrue(e.getMessage().contains("node 7"), e.getMessage());
      assertTrue(e.getMessage().contains(op.mnemonic()), e.getMessage());
      return;
    }
    Node node = builder.nodes().getLast();
    StaticForm.of(node, builder.contents())
        .ifPresent(
            form -> {
              List<Value> rest =
                  form.constant()
                      .map(c -> List.of(builder.constant("c", c)))
                      .orElse(form.operands());
              assertEquals(
                  values.stream().map(Value::type).toList(),
                  TypeInference.infer("n", form.op(), rest, results.size(), builder.contents()));
            });
  }

  private static List<Value> operands(GraphBuilder builder, Random random) {
    List<Value> operands = new ArrayList<>();
    DType usual = DTYPES.get(random.nextInt(DTYPES.size()));
    for (int i = random.nextInt(9); i > 0; i--) {
      operands.add(
          switch (random.nextInt(20)) {
            case 0 -> Value.ABSENT;
            case 1, 2, 3, 4 ->
                builder.constant(
                    "c", Tensor.ofLongs(random.longs(random.nextInt(5), -4, 9).toArray()));
            case 5, 6 -> builder.constant("c", Tensor.scalar(random.nextLong(9) - 2));
            case 7 -> builder.input("x", Type.unranked(usual));
            case 8, 9 ->
                builder.input("x", tensor(DTYPES.get(random.nextInt(DTYPES.size())), random));
            default -> builder.input("x", tensor(usual, random));
          });
    }
    return operands;
  }

  private static Type tensor(DType dtype, Random random) {
    List<Dim> dims = new ArrayList<>();
    for (int i = random.nextInt(5); i > 0; i--) {
      dims.add(random.nextBoolean() ? Dim.of(random.nextInt(6)) : SYMBOLS.get(random.nextInt(2)));
    }
    return Type.tensor(dtype, new Shape(dims));
  }
}
