package fluidml.reference;

import fluidml.error.UnsupportedModelException;
import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What an op is computed from: the operands of one node, the values of the dim symbols, and which
 * results are wanted. Getters throw {@link IllegalArgumentException} if an operand is missing or is
 * not what it is asked to be; the interpreter adds the node's name.
 */
final class Operands {
  private final Node node;
  private final List<Datum> data;
  private final Map<String, Long> symbols;

  Operands(Node node, List<Datum> data, Map<String, Long> symbols) {
    this.node = node;
    this.data = data;
    this.symbols = symbols;
  }

  /** The node that is being computed. */
  Node node() {
    return node;
  }

  /** Number of operands, absent ones in the middle included. */
  int count() {
    return data.size();
  }

  /** Number of results the node has. */
  int results() {
    return node.outputs().size();
  }

  /** Whether result {@code index} is read by anybody. */
  boolean wants(int index) {
    return index < results() && node.output(index).isPresent();
  }

  /** Whether operand {@code index} is given. */
  boolean has(int index) {
    return datum(index).isPresent();
  }

  /** Operand {@code index}, {@link Datum#absent} if it is not given. */
  Datum datum(int index) {
    return index < data.size() ? data.get(index) : Datum.absent();
  }

  /** All operands from {@code first} on. */
  List<Datum> from(int first) {
    return first >= data.size() ? List.of() : data.subList(first, data.size());
  }

  /** Operand {@code index}, which must be a tensor. */
  Tensor tensor(int index) {
    Datum datum = datum(index);
    if (datum instanceof Datum.TensorDatum(Tensor tensor)) {
      return tensor;
    }
    throw new IllegalArgumentException(
        "operand " + index + " must be a tensor, not " + datum.describe());
  }

  /** Operand {@code index} if it is given. */
  Optional<Tensor> optionalTensor(int index) {
    return has(index) ? Optional.of(tensor(index)) : Optional.empty();
  }

  /** All operands, which must be tensors. */
  List<Tensor> tensors() {
    return data.stream().map(Datum::tensor).toList();
  }

  /** All elements of an integer tensor. */
  long[] longs(int index) {
    return tensor(index).toLongs();
  }

  /** All elements of an integer tensor, if it is given. */
  Optional<long[]> optionalLongs(int index) {
    return optionalTensor(index).map(Tensor::toLongs);
  }

  /** The one element of an integer tensor. */
  long scalarLong(int index) {
    return one(index).getLong(0);
  }

  /** The one element of an integer tensor, or {@code otherwise} if it is not given. */
  long scalarLong(int index, long otherwise) {
    return has(index) ? scalarLong(index) : otherwise;
  }

  /** The one element of a real tensor. */
  double scalarDouble(int index) {
    return one(index).getDouble(0);
  }

  /** The one element of a real tensor, or {@code otherwise} if it is not given. */
  double scalarDouble(int index, double otherwise) {
    return has(index) ? scalarDouble(index) : otherwise;
  }

  private Tensor one(int index) {
    Tensor tensor = tensor(index);
    if (tensor.elements() != 1) {
      throw new IllegalArgumentException(
          "operand " + index + " must have one element, not " + tensor);
    }
    return tensor;
  }

  /** The value of a symbolic number. */
  long value(Dim dim) {
    return dim.evaluate(
        symbol -> {
          Long value = symbols.get(symbol);
          if (value == null) {
            throw new IllegalArgumentException("the dim symbol '" + symbol + "' has no value");
          }
          return value;
        });
  }

  /** The values of symbolic numbers. */
  long[] values(List<Dim> dims) {
    return dims.stream().mapToLong(this::value).toArray();
  }

  /** The extents of a symbolic shape. */
  long[] values(Shape shape) {
    return values(shape.dims());
  }

  /** Runs the body of a control-flow op; it sees the symbols of this graph. */
  List<Datum> run(Graph body, List<Datum> inputs) {
    return Interpreter.run(body, inputs, symbols);
  }

  /** The exception that says that this node asks for something that is not supported. */
  UnsupportedModelException unsupported(String detail) {
    return new UnsupportedModelException(node.name(), node.op().mnemonic(), detail);
  }

  /** One result. */
  static List<Datum> result(Tensor tensor) {
    return List.of(Datum.of(tensor));
  }

  /** Several results. */
  static List<Datum> result(Tensor first, Tensor... more) {
    Datum[] all = new Datum[more.length + 1];
    all[0] = Datum.of(first);
    for (int i = 0; i < more.length; i++) {
      all[i + 1] = Datum.of(more[i]);
    }
    return List.of(all);
  }

  /** An axis counted from the front. */
  static int axis(long axis, int rank) {
    if (axis < -rank || axis >= Math.max(rank, 1)) {
      throw new IllegalArgumentException("axis " + axis + " is outside of rank " + rank);
    }
    return (int) (axis < 0 ? axis + rank : axis);
  }
}
