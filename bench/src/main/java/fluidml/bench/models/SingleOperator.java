package fluidml.bench.models;

import fluidml.tensor.DType;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * A model of one operator, or of the few nodes that exporters write for one function.
 *
 * @param label what is done, for users
 * @param result the type of its output
 * @param body adds inputs and nodes to a network and returns the output
 */
public record SingleOperator(String label, DType result, Function<Network, String> body) {
  /** A model with a float32 output. */
  static SingleOperator operator(String label, Function<Network, String> body) {
    return new SingleOperator(label, DType.FLOAT32, body);
  }

  /** Builds the model; the same one every time. */
  public Architecture.Instance build() {
    Network net = new Network(label);
    net.output(body.apply(net), result);
    return net.build();
  }

  /** All of them, in groups of a kind. */
  public static List<SingleOperator> all() {
    return Stream.of(
            ElementwiseOperators.all(),
            RowOperators.all(),
            WindowOperators.all(),
            MovementOperators.all(),
            ProductOperators.all())
        .flatMap(List::stream)
        .toList();
  }
}
