package fluidml.graph.infer;

import fluidml.graph.Node;
import fluidml.graph.OpSymbols;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Generation;
import fluidml.graph.op.Generation.Constant;
import fluidml.graph.op.Generation.ConstantOfShape;
import fluidml.graph.op.Generation.DimTensor;
import fluidml.graph.op.Generation.Range;
import fluidml.graph.op.Generation.RangeBy;
import fluidml.graph.op.Generation.ShapeOf;
import fluidml.graph.op.Generation.SizeOf;
import fluidml.graph.op.Movement;
import fluidml.graph.op.Movement.Expand;
import fluidml.graph.op.Movement.ExpandBy;
import fluidml.graph.op.Movement.Flatten;
import fluidml.graph.op.Movement.Pad;
import fluidml.graph.op.Movement.PadBy;
import fluidml.graph.op.Movement.Reshape;
import fluidml.graph.op.Movement.ReshapeBy;
import fluidml.graph.op.Movement.Slice;
import fluidml.graph.op.Movement.SliceBy;
import fluidml.graph.op.Movement.Split;
import fluidml.graph.op.Movement.SplitBy;
import fluidml.graph.op.Movement.Squeeze;
import fluidml.graph.op.Movement.SqueezeBy;
import fluidml.graph.op.Movement.Tile;
import fluidml.graph.op.Movement.TileBy;
import fluidml.graph.op.Movement.Unsqueeze;
import fluidml.graph.op.Movement.UnsqueezeBy;
import fluidml.graph.op.Op;
import fluidml.graph.op.Reduction.Reduce;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * A node's op with its geometry as attributes instead of operands.
 *
 * <p>Attributes mention symbols of the graph's inputs, and symbols of the operands' own types,
 * only: a data-dependent extent that another operand carries stays an operand, so that the graph
 * keeps saying what must run first.
 *
 * @param op the op with attributes
 * @param operands what is left of the node's operands
 * @param constant a constant that becomes the only operand, if one must be added
 */
public record StaticForm(Op op, List<Value> operands, Optional<Tensor> constant) {
  public StaticForm {
    operands = List.copyOf(operands);
  }

  private StaticForm(Op op, Value... operands) {
    this(op, List.of(operands), Optional.empty());
  }

  /**
   * The form with attributes of {@code node}, if its operands are known well enough and it has not
   * that form already. All reshapes become {@link Reshape}.
   *
   * @param contents has recorded the nodes before
   */
  public static Optional<StaticForm> of(Node node, Contents contents) {
    return find(node, contents).filter(f -> isGiven(f, contents));
  }

  private static Optional<StaticForm> find(Node node, Contents contents) {
    return switch (node.op()) {
      case Movement movement -> movement(node, movement, contents);
      case Generation generation -> generation(node, generation, contents);
      case Reduce reduce -> reduce(node, reduce, contents);
      default -> Optional.empty();
    };
  }

  /**
   * A generator of the elements of {@code value}, a constant or symbolic numbers, if they are
   * known.
   *
   * @return empty also for symbolic numbers that depend on data, or are not int64
   */
  public static Optional<Generation> generator(Value value, Contents contents) {
    return contents.of(value).flatMap(known -> generator(known, value.dtype(), contents));
  }

  private static Optional<Generation> generator(
      SymbolicTensor known, DType dtype, Contents contents) {
    long[] dims = known.dims().stream().mapToLong(Long::longValue).toArray();
    Optional<long[]> numbers = known.constant();
    if (numbers.isPresent()) {
      Tensor tensor = Tensor.allocate(dtype, dims);
      for (int i = 0; i < numbers.get().length; i++) {
        tensor.setLong(i, numbers.get()[i]);
      }
      return Optional.of(new Constant(tensor));
    }
    boolean given = known.elements().stream().allMatch(contents::isGiven);
    return given && dtype == DType.INT64
        ? Optional.of(new DimTensor(known.elements(), Shape.of(dims)))
        : Optional.empty();
  }

  private static boolean isGiven(StaticForm form, Contents contents) {
    return OpSymbols.symbols(form.op).stream()
        .allMatch(
            s ->
                contents.isGiven(Dim.symbol(s))
                    || form.operands.stream().anyMatch(v -> Types.symbols(v.type()).contains(s)));
  }

  private static Site site(Node node, Contents contents) {
    return new Site(node.name(), node.op(), node.inputs(), node.outputs().size(), contents);
  }

  private static Optional<StaticForm> movement(Node node, Movement op, Contents contents) {
    Value x = node.input(0);
    Optional<Shape> shape = x.knownShape();
    if (shape.isEmpty()) {
      return Optional.empty();
    }
    Site site = site(node, contents);
    Optional<Shape> result = node.output().knownShape();
    return switch (op) {
      case Squeeze _, Unsqueeze _, Flatten _ -> result.map(s -> new StaticForm(new Reshape(s), x));
      case ReshapeBy _, SqueezeBy _, UnsqueezeBy _ ->
          known(site, 1) ? result.map(s -> new StaticForm(new Reshape(s), x)) : Optional.empty();
      case ExpandBy _ ->
          known(site, 1) ? result.map(s -> new StaticForm(new Expand(s), x)) : Optional.empty();
      case TileBy _ ->
          site.elements(1).map(repeats -> new StaticForm(new Tile(repeats.elements()), x));
      case SplitBy split -> {
        int axis = site.axis(split.axis(), shape.get().rank());
        yield DynamicMovementTypes.splitSizes(site, axis)
            .map(sizes -> new StaticForm(new Split(axis, sizes), x));
      }
      case SliceBy _ ->
          DynamicMovementTypes.sliced(site, shape.get())
              .filter(sliced -> sliced.slices().stream().allMatch(Optional::isPresent))
              .map(
                  sliced ->
                      new StaticForm(
                          new Slice(sliced.slices().stream().map(Optional::orElseThrow).toList()),
                          x));
      case PadBy pad ->
          DynamicMovementTypes.pads(site, shape.get().rank())
              .map(
                  pads ->
                      new StaticForm(
                          new Pad(pads.get(0), pads.get(1), pad.mode()),
                          site.has(2) ? List.of(x, node.input(2)) : List.of(x),
                          Optional.empty()));
      default -> Optional.empty();
    };
  }

  private static boolean known(Site site, int index) {
    boolean empty = site.shape(index).map(s -> s.elements().is(0)).orElse(false);
    return empty || site.elements(index).isPresent();
  }

  private static Optional<StaticForm> generation(Node node, Generation op, Contents contents) {
    Site site = site(node, contents);
    return switch (op) {
      case ConstantOfShape fill ->
          known(site, 0)
              ? node.output()
                  .knownShape()
                  .map(
                      s ->
                          new StaticForm(
                              new Expand(s), List.of(), Optional.of(fill.value().reshaped())))
              : Optional.empty();
      case RangeBy _ -> {
        Optional<SymbolicTensor> start = site.elements(0);
        Optional<long[]> step = site.numbers(2);
        yield start.isPresent() && step.isPresent() && site.elements(1).isPresent()
            ? GenerationTypes.rangeSize(site)
                .map(
                    size ->
                        new StaticForm(
                            new Range(
                                start.get().elements().getFirst(),
                                size,
                                step.get()[0],
                                site.dtype(0))))
            : Optional.empty();
      }
      case ShapeOf _, SizeOf _ -> generator(node.output(), contents).map(StaticForm::new);
      case DimTensor _ ->
          generator(node.output(), contents)
              .filter(g -> g instanceof Constant)
              .map(StaticForm::new);
      default -> Optional.empty();
    };
  }

  private static Optional<StaticForm> reduce(Node node, Reduce op, Contents contents) {
    Value x = node.input(0);
    if (x.knownShape().isEmpty() || (!op.noopWithEmptyAxes() && !node.input(1).isPresent())) {
      return Optional.empty();
    }
    int rank = x.shape().rank();
    return ReductionTypes.axes(site(node, contents), op, rank)
        .map(
            axes ->
                axes.isEmpty() && rank > 0
                    ? new StaticForm(new Unary(UnaryFunction.IDENTITY), x)
                    : new StaticForm(new Reduce(op.function(), axes, op.keepDims()), x))
        .filter(form -> !form.op.equals(op) || node.inputs().size() > 1);
  }
}
