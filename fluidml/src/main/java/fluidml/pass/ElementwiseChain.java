package fluidml.pass;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise;
import fluidml.reference.Datum;
import fluidml.reference.Interpreter;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * Elementwise functions in a row on one large tensor, all other operands being numbers. Computed
 * piece by piece on all cores, so that nothing in between is ever whole.
 *
 * @param source what the first function is applied to
 * @param nodes the functions in order
 */
record ElementwiseChain(Value source, List<Node> nodes) {
  private static final long MIN_ELEMENTS = 1 << 18;
  private static final int PIECE = 1 << 15;

  ElementwiseChain {
    nodes = List.copyOf(nodes);
  }

  /**
   * The longest chain that ends with {@code last}, if it is long enough in elements.
   *
   * @param isReady whether a value needs no computation any more
   */
  static Optional<ElementwiseChain> endingAt(Node last, Graph graph, Predicate<Value> isReady) {
    List<Node> nodes = new ArrayList<>();
    Optional<Value> operand = largeOperand(last, graph);
    Node node = last;
    Value source = Value.ABSENT;
    while (operand.isPresent()) {
      nodes.addFirst(node);
      source = operand.get();
      Optional<Node> producer = graph.producer(source);
      boolean goesOn =
          producer.isPresent()
              && !isReady.test(source)
              && graph.uses(source).size() == 1
              && !graph.isOutput(source);
      operand = goesOn ? largeOperand(producer.get(), graph) : Optional.empty();
      node = producer.orElse(node);
    }
    return nodes.isEmpty() ? Optional.empty() : Optional.of(new ElementwiseChain(source, nodes));
  }

  private static Optional<Value> largeOperand(Node node, Graph graph) {
    if (!(node.op() instanceof Elementwise)
        || node.outputs().size() != 1
        || !isLarge(node.output())) {
      return Optional.empty();
    }
    List<Value> others =
        node.inputs().stream()
            .filter(
                v -> v.isPresent() && graph.constant(v).filter(t -> t.elements() == 1).isEmpty())
            .toList();
    return others.size() == 1
            && isLarge(others.getFirst())
            && others.getFirst().knownShape().equals(node.output().knownShape())
        ? Optional.of(others.getFirst())
        : Optional.empty();
  }

  private static boolean isLarge(Value value) {
    return value.knownShape().isPresent()
        && value.shape().isConstant()
        && value.shape().elements().lowerBound() >= MIN_ELEMENTS
        && value.dtype().bytes() > 0
        && value.dtype().kind() != DType.Kind.COMPLEX;
  }

  /** What the last function gives; throws like {@link Interpreter#execute(Node, List)}. */
  Tensor compute(Tensor x, Graph graph) {
    Tensor result = Tensor.allocate(nodes.getLast().output().dtype(), x.dims());
    long n = x.elements();
    int pieces = Math.toIntExact((n + PIECE - 1) / PIECE);
    IntStream.range(0, pieces)
        .parallel()
        .forEach(
            i -> {
              long start = (long) i * PIECE;
              long count = Math.min(PIECE, n - start);
              Tensor piece = Tensor.wrap(x.dtype(), part(x, start, count), count);
              for (Node node : nodes) {
                piece = apply(node, piece, graph);
              }
              part(result, start, count).copyFrom(piece.data());
            });
    return result;
  }

  private static MemorySegment part(Tensor tensor, long start, long count) {
    long bytes = tensor.dtype().bytes();
    return tensor.data().asSlice(start * bytes, count * bytes);
  }

  private static Tensor apply(Node node, Tensor piece, Graph graph) {
    List<Datum> operands = new ArrayList<>();
    for (Value input : node.inputs()) {
      Optional<Tensor> number = graph.constant(input).filter(t -> t.elements() == 1);
      operands.add(input.isPresent() ? Datum.of(number.orElse(piece)) : Datum.absent());
    }
    return Interpreter.execute(node, operands).getFirst().tensor();
  }
}
