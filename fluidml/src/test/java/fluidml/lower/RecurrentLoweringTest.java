package fluidml.lower;

import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Recurrent;
import fluidml.graph.op.Recurrent.Activation;
import fluidml.graph.op.Recurrent.Cell;
import fluidml.graph.op.Recurrent.Direction;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Recurrent layers as kernels, against the interpreter. */
final class RecurrentLoweringTest {
  private static final int FEATURES = 19;
  private static final int HIDDEN = 21;

  private final Random random = new Random(3);
  private final GraphBuilder g = new GraphBuilder("t");
  private final List<Tensor> inputs = new ArrayList<>();

  private Value weight(String name, DType dtype, double scale, boolean constant, long... dims) {
    Tensor tensor = Tensor.allocate(dtype, dims);
    for (long i = 0; i < tensor.elements(); i++) {
      tensor.setDouble(i, random.nextGaussian() * scale);
    }
    if (constant) {
      return g.constant(name, tensor);
    }
    inputs.add(tensor);
    return g.input(name, Type.tensor(dtype, tensor.shape()));
  }

  private Value input(String name, DType dtype, Shape shape, long... dims) {
    inputs.add(Compiled.random(dtype, random, dims));
    return g.input(name, Type.tensor(dtype, shape));
  }

  @ParameterizedTest
  @CsvSource({
    "lstm, FORWARD, false, FLOAT32, true, 2",
    "lstm, BIDIRECTIONAL, true, FLOAT32, true, 2",
    "lstm, REVERSE, false, FLOAT64, true, 2",
    "gru, BIDIRECTIONAL, false, FLOAT32, true, 7",
    "gru, REVERSE, true, FLOAT64, true, 2",
    "rnn, BIDIRECTIONAL, true, FLOAT32, true, 2",
    "rnn, FORWARD, false, FLOAT32, true, 5",
    "gru, BIDIRECTIONAL, true, FLOAT32, false, 9",
    "lstm, BIDIRECTIONAL, false, FLOAT64, false, 3",
    "lstm, BIDIRECTIONAL, false, FLOAT32, true, 1"
  })
  void everyLayer(
      String kind,
      Direction direction,
      boolean batchFirst,
      DType dtype,
      boolean constant,
      int sequences) {
    int gates = kind.equals("lstm") ? 4 : kind.equals("gru") ? 3 : 1;
    int count = direction.count();
    List<Activation> activations = new ArrayList<>();
    for (int d = 0; d < count; d++) {
      if (gates > 1) {
        activations.add(new Activation("sigmoid", 0, 0));
      }
      activations.add(new Activation("tanh", 0, 0));
      if (gates == 4) {
        activations.add(new Activation("relu", 0, 0));
      }
    }
    Cell cell = new Cell(HIDDEN, direction, activations, OptionalDouble.empty(), batchFirst);
    Dim time = Dim.symbol("t");
    Dim batch = Dim.symbol("b");
    Dim depth = Dim.of(FEATURES);
    Value x =
        batchFirst
            ? input("x", dtype, Shape.of(batch, time, depth), sequences, 5, FEATURES)
            : input("x", dtype, Shape.of(time, batch, depth), 5, sequences, FEATURES);
    Value w = weight("w", dtype, 0.2, constant, count, (long) gates * HIDDEN, FEATURES);
    Value r = weight("r", dtype, 0.2, constant, count, (long) gates * HIDDEN, HIDDEN);
    boolean plain = kind.equals("rnn") && direction == Direction.FORWARD;
    Value b =
        plain ? Value.ABSENT : weight("bias", dtype, 0.3, constant, count, 2L * gates * HIDDEN);
    Dim directions = Dim.of(count);
    Dim hidden = Dim.of(HIDDEN);
    Value h =
        batchFirst
            ? input("h", dtype, Shape.of(batch, directions, hidden), sequences, count, HIDDEN)
            : input("h", dtype, Shape.of(directions, batch, hidden), count, sequences, HIDDEN);
    List<Value> results =
        switch (kind) {
          case "lstm" ->
              g.add(
                  "n",
                  new Recurrent.Lstm(cell, false),
                  List.of(x, w, r, b, Value.ABSENT, h, h),
                  List.of("y", "yh", "yc"));
          case "gru" ->
              g.add(
                  "n",
                  new Recurrent.Gru(cell, true),
                  List.of(x, w, r, b, Value.ABSENT, h),
                  List.of("y", "yh"));
          default -> g.add("n", new Recurrent.Rnn(cell), List.of(x, w, r, b), List.of("y", "yh"));
        };
    results.forEach(g::output);
    Compiled.check(g.build(), 1e-5, inputs.toArray(Tensor[]::new));
  }

  @ParameterizedTest
  @CsvSource({
    "gru, FORWARD, false, false, 3",
    "gru, BIDIRECTIONAL, true, true, 5",
    "lstm, BIDIRECTIONAL, true, false, 3",
    "lstm, REVERSE, false, true, 2",
    "rnn, BIDIRECTIONAL, true, false, 3"
  })
  void everyAttribute(
      String kind, Direction direction, boolean lengths, boolean clipped, int sequences) {
    int count = direction.count();
    int gates = kind.equals("lstm") ? 4 : kind.equals("gru") ? 3 : 1;
    List<Activation> activations = new ArrayList<>();
    for (int d = 0; d < count; d++) {
      for (String name :
          List.of("sigmoid", "tanh", "tanh").subList(gates == 1 ? 2 : 0, gates == 3 ? 2 : 3)) {
        activations.add(new Activation(name, 0, 0));
      }
    }
    OptionalDouble clip = clipped ? OptionalDouble.of(0.4) : OptionalDouble.empty();
    Cell cell = new Cell(HIDDEN, direction, activations, clip, false);
    DType dtype = DType.FLOAT32;
    Dim time = Dim.symbol("t");
    Dim batch = Dim.symbol("b");
    Value x = input("x", dtype, Shape.of(time, batch, Dim.of(FEATURES)), 6, sequences, FEATURES);
    Value w = weight("w", dtype, 0.2, true, count, (long) gates * HIDDEN, FEATURES);
    Value r = weight("r", dtype, 0.2, true, count, (long) gates * HIDDEN, HIDDEN);
    Value bias = weight("bias", dtype, 0.3, true, count, 2L * gates * HIDDEN);
    Value steps = Value.ABSENT;
    if (lengths) {
      int[] numbers = new int[sequences];
      for (int i = 0; i < sequences; i++) {
        numbers[i] = i == 0 ? 0 : 2 + i % 5;
      }
      inputs.add(Tensor.of(numbers, sequences));
      steps = g.input("lengths", Type.tensor(DType.INT32, Shape.of(batch)));
    }
    List<Value> results =
        switch (kind) {
          case "lstm" -> {
            Value peepholes = weight("peepholes", dtype, 0.3, true, count, 3L * HIDDEN);
            yield g.add(
                "n",
                new Recurrent.Lstm(cell, clipped),
                List.of(x, w, r, bias, steps, Value.ABSENT, Value.ABSENT, peepholes),
                List.of("y", "yh", "yc"));
          }
          case "gru" ->
              g.add(
                  "n",
                  new Recurrent.Gru(cell, false),
                  List.of(x, w, r, bias, steps),
                  List.of("y", "yh"));
          default ->
              g.add(
                  "n", new Recurrent.Rnn(cell), List.of(x, w, r, bias, steps), List.of("y", "yh"));
        };
    results.forEach(g::output);
    Compiled.check(g.build(), 1e-5, inputs.toArray(Tensor[]::new));
  }
}
