package fluidml.pass;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Generation.Range;
import fluidml.graph.op.Indexing.Gather;
import fluidml.graph.op.Movement.Expand;
import fluidml.graph.op.Movement.Reshape;
import fluidml.graph.op.Movement.Slice;
import fluidml.graph.op.Movement.SliceAxis;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Gathers whose positions are known, as slices, which need no copy. */
final class IndexingRules {
  private static final long MAX_SCANNED = 1 << 16;

  static final List<Rule> RULES =
      List.of(
          Rule.of("gather of consecutive positions", Gather.class, IndexingRules::slice),
          Rule.of("gather of one position everywhere", Gather.class, IndexingRules::repeat),
          Rule.of("gather of a changed table", Gather.class, IndexingRules::changeLater));

  /**
   * Positions {@code start, start + 1, …}.
   *
   * @param end what no position reaches
   */
  private record Run(Dim start, Dim size, Dim end) {
    Run(Dim start, Dim size) {
      this(start, size, start.plus(size));
    }
  }

  private IndexingRules() {}

  /** {@code Gather(x, [3,4,5])} is {@code Slice(x, 3, size 3)}. */
  private static Optional<Value> slice(Node node, Rewriter g) {
    Value data = node.input(0);
    if (data.knownShape().isEmpty() || node.output().knownShape().isEmpty()) {
      return Optional.empty();
    }
    int axis = axis(node);
    return run(node.input(1), g)
        .filter(run -> isInside(run, data.shape().dim(axis)))
        .map(
            run -> {
              SliceAxis part = new SliceAxis(axis, run.start(), run.size(), 1);
              Value slice = g.emit(new Slice(List.of(part)), data);
              return g.emit(new Reshape(node.output().shape()), slice);
            });
  }

  private static boolean isInside(Run run, Dim extent) {
    return run.start().lowerBound() >= 0 && extent.minus(run.end()).lowerBound() >= 0;
  }

  /** {@code Gather(x, [7,7,7])} is {@code Expand(Slice(x, 7, size 1))}. */
  private static Optional<Value> repeat(Node node, Rewriter g) {
    Value data = node.input(0);
    Value indices = node.input(1);
    if (data.knownShape().isEmpty()
        || node.output().knownShape().isEmpty()
        || indices.knownShape().isEmpty()) {
      return Optional.empty();
    }
    int axis = axis(node);
    return uniform(indices, g)
        .filter(position -> isInside(new Run(Dim.of(position), Dim.ONE), data.shape().dim(axis)))
        .map(
            position -> {
              SliceAxis part = new SliceAxis(axis, Dim.of(position), Dim.ONE, 1);
              Value row = g.emit(new Slice(List.of(part)), data);
              List<Dim> dims = new ArrayList<>(data.shape().dims());
              dims.remove(axis);
              for (int i = 0; i < indices.shape().rank(); i++) {
                dims.add(axis, Dim.ONE);
              }
              Value shaped = g.emit(new Reshape(new Shape(dims)), row);
              return g.emit(new Expand(node.output().shape()), shaped);
            });
  }

  /** {@code Gather(f(table), i)} is {@code f(Gather(table, i))}: fewer elements to compute. */
  private static Optional<Value> changeLater(Node node, Rewriter g) {
    Optional<Node> change = g.producer(node.input(0)).filter(n -> n.op() instanceof Elementwise);
    if (change.isEmpty() || !g.isSingleUse(node.input(0))) {
      return Optional.empty();
    }
    List<Value> operands = new ArrayList<>();
    int tables = 0;
    for (Value operand : change.get().inputs()) {
      boolean table =
          operand.isPresent() && operand.knownShape().equals(node.input(0).knownShape());
      if (!table && operand.isPresent() && g.scalar(operand).isEmpty()) {
        return Optional.empty();
      }
      tables += table ? 1 : 0;
      operands.add(table ? g.emit(node.op(), operand, node.input(1)) : operand);
    }
    return tables == 1 && isConstant(change.get(), g)
        ? Optional.of(g.emit(change.get().op(), operands, 1).getFirst())
        : Optional.empty();
  }

  /** Whether all that an elementwise expression depends on is constant. */
  private static boolean isConstant(Node node, Rewriter g) {
    return node.op() instanceof Elementwise
        && node.inputs().stream()
            .allMatch(
                v ->
                    !v.isPresent()
                        || g.constant(v).isPresent()
                        || g.producer(v).filter(n -> isConstant(n, g)).isPresent());
  }

  private static int axis(Node node) {
    int axis = ((Gather) node.op()).axis();
    return axis < 0 ? axis + node.input(0).shape().rank() : axis;
  }

  /** The run that all elements form in row-major order. */
  private static Optional<Run> run(Value indices, Rewriter g) {
    Node node = g.producer(indices).orElse(null);
    if (node == null) {
      return Optional.empty();
    }
    return switch (node.op()) {
      case Range(Dim start, Dim size, long step, _) when step == 1 ->
          Optional.of(new Run(start, size));
      case Reshape _ -> run(node.input(0), g);
      case Slice(List<SliceAxis> axes) when axes.size() == 1 -> sliced(node, axes.getFirst(), g);
      default -> g.constant(indices).flatMap(IndexingRules::run);
    };
  }

  private static Optional<Run> sliced(Node node, SliceAxis part, Rewriter g) {
    Shape shape = node.input(0).knownShape().orElse(Shape.SCALAR);
    for (int i = 0; i < shape.rank(); i++) {
      if (i != part.axis() && !shape.dim(i).is(1)) {
        return Optional.empty();
      }
    }
    return part.step() != 1
        ? Optional.empty()
        : run(node.input(0), g)
            .map(run -> new Run(run.start().plus(part.start()), part.size(), run.end()));
  }

  private static Optional<Run> run(Tensor tensor) {
    if (!tensor.dtype().isInteger() || tensor.elements() == 0 || tensor.elements() > MAX_SCANNED) {
      return Optional.empty();
    }
    long first = tensor.getLong(0);
    for (long i = 1; i < tensor.elements(); i++) {
      if (tensor.getLong(i) != first + i) {
        return Optional.empty();
      }
    }
    return Optional.of(new Run(Dim.of(first), Dim.of(tensor.elements())));
  }

  /** The position that all elements are, whatever is cut out of them. */
  private static Optional<Long> uniform(Value indices, Rewriter g) {
    Node node = g.producer(indices).orElse(null);
    if (node == null) {
      return Optional.empty();
    }
    return switch (node.op()) {
      case Reshape _, Slice _, Expand _ -> uniform(node.input(0), g);
      default -> g.constant(indices).flatMap(IndexingRules::uniform);
    };
  }

  private static Optional<Long> uniform(Tensor tensor) {
    if (!tensor.dtype().isInteger() || tensor.elements() == 0 || tensor.elements() > MAX_SCANNED) {
      return Optional.empty();
    }
    long first = tensor.getLong(0);
    for (long i = 1; i < tensor.elements(); i++) {
      if (tensor.getLong(i) != first) {
        return Optional.empty();
      }
    }
    return Optional.of(first);
  }
}
