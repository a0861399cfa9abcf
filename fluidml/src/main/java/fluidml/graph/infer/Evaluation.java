package fluidml.graph.infer;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Elementwise.Binary;
import fluidml.graph.op.Elementwise.Cast;
import fluidml.graph.op.Elementwise.Clip;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Elementwise.Where;
import fluidml.graph.op.Generation;
import fluidml.graph.op.Generation.ConstantOfShape;
import fluidml.graph.op.Generation.DimTensor;
import fluidml.graph.op.Generation.Range;
import fluidml.graph.op.Generation.RangeBy;
import fluidml.graph.op.Generation.ShapeOf;
import fluidml.graph.op.Generation.SizeOf;
import fluidml.graph.op.Op;
import fluidml.graph.op.Reduction.Reduce;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Runs nodes on small tensors of symbolic numbers, as exporters' shape arithmetic needs it. */
final class Evaluation {
  private Evaluation() {}

  /** The elements of the only result of a node, if they follow from what is known. */
  static Optional<SymbolicTensor> result(Node node, Contents contents) {
    Value output = node.output();
    if (!output.isTensor() || !SymbolicTensor.isTracked(output.dtype()) || tooLarge(output)) {
      return Optional.empty();
    }
    Optional<List<Dim>> elements =
        switch (node.op()) {
          case Elementwise op -> elementwise(node, op, contents);
          case Generation op -> generation(node, op, contents);
          case Reduce op -> reduce(node, op, contents);
          default -> Optional.empty();
        };
    if (elements.isEmpty()) {
      return Optional.empty();
    }
    return extents(output)
        .filter(dims -> count(dims) == elements.get().size())
        .map(dims -> new SymbolicTensor(dims, elements.get()));
  }

  /** The extents of a value if all are numbers. */
  static Optional<List<Long>> extents(Value value) {
    return value
        .knownShape()
        .flatMap(Shape::constant)
        .map(
            dims -> {
              List<Long> list = new ArrayList<>();
              for (long dim : dims) {
                list.add(dim);
              }
              return list;
            });
  }

  static long count(List<Long> dims) {
    return dims.stream().reduce(1L, Math::multiplyExact);
  }

  /** Whether a value has, or may have, more elements than are tracked. */
  static boolean tooLarge(Value value) {
    Optional<List<Long>> dims = extents(value);
    return dims.isEmpty() || count(dims.get()) > Contents.MAX_ELEMENTS;
  }

  /** For each element of {@code dims} the position of the element broadcast to it. */
  static int[] broadcast(List<Long> from, List<Long> dims) {
    int[] positions = new int[(int) count(dims)];
    for (int i = 0; i < positions.length; i++) {
      int rest = i;
      int stride = 1;
      for (int axis = 1; axis <= dims.size(); axis++) {
        int extent = dims.get(dims.size() - axis).intValue();
        if (axis <= from.size()) {
          int own = from.get(from.size() - axis).intValue();
          positions[i] += own == 1 ? 0 : rest % extent * stride;
          stride *= own;
        }
        rest /= extent;
      }
    }
    return positions;
  }

  /** The elements of an operand, broadcast to {@code dims}. */
  private static Optional<List<Dim>> operand(Value value, List<Long> dims, Contents contents) {
    return contents
        .of(value)
        .map(
            known ->
                IntStream.of(broadcast(known.dims(), dims))
                    .mapToObj(known.elements()::get)
                    .toList());
  }

  private static Optional<List<Dim>> elementwise(Node node, Elementwise op, Contents contents) {
    Optional<List<Long>> dims = extents(node.output());
    if (dims.isEmpty()) {
      return Optional.empty();
    }
    if (op instanceof Cast cast && node.input(0).dtype().isFloat()) {
      return contents.fractions(node.input(0)).flatMap(f -> truncated(f, cast.to()));
    }
    List<List<Dim>> operands = new ArrayList<>();
    for (Value input : node.inputs()) {
      Optional<List<Dim>> elements = operand(input, dims.get(), contents);
      if (input.isPresent() && elements.isEmpty()) {
        return Optional.empty();
      }
      operands.add(elements.orElse(List.of()));
    }
    List<Dim> results = new ArrayList<>();
    for (int i = 0; i < count(dims.get()); i++) {
      int at = i;
      List<Optional<Dim>> arguments =
          operands.stream()
              .map(o -> o.isEmpty() ? Optional.<Dim>empty() : Optional.of(o.get(at)))
              .toList();
      Optional<Dim> result = element(op, node, arguments);
      if (result.isEmpty()) {
        return Optional.empty();
      }
      results.add(result.get());
    }
    return Optional.of(results);
  }

  private static Optional<List<Dim>> truncated(Fractions fractions, DType to) {
    List<Dim> whole = new ArrayList<>();
    for (int i = 0; i < fractions.numerators().size(); i++) {
      Optional<Dim> quotient =
          SymbolicMath.divide(fractions.numerators().get(i), fractions.denominators().get(i))
              .flatMap(q -> to == DType.BOOL ? SymbolicMath.truth(q) : Optional.of(q));
      if (quotient.isEmpty()) {
        return Optional.empty();
      }
      whole.add(quotient.get());
    }
    return Optional.of(whole);
  }

  private static Optional<Dim> element(Elementwise op, Node node, List<Optional<Dim>> arguments) {
    Dim first = arguments.getFirst().orElseThrow();
    return switch (op) {
      case Unary unary -> SymbolicMath.unary(unary.function(), first);
      case Binary binary ->
          SymbolicMath.binary(binary.function(), first, arguments.get(1).orElseThrow());
      case Where _ -> {
        Dim a = arguments.get(1).orElseThrow();
        Dim b = arguments.get(2).orElseThrow();
        yield a.equals(b)
            ? Optional.of(a)
            : first.isConstant() ? Optional.of(first.is(0) ? b : a) : Optional.empty();
      }
      case Clip _ -> {
        Dim value = first;
        if (arguments.size() > 1 && arguments.get(1).isPresent()) {
          value = value.max(arguments.get(1).get());
        }
        if (arguments.size() > 2 && arguments.get(2).isPresent()) {
          value = value.min(arguments.get(2).get());
        }
        yield Optional.of(value);
      }
      case Cast cast ->
          cast.to() == DType.BOOL && node.input(0).dtype() != DType.BOOL
              ? SymbolicMath.truth(first)
              : Optional.of(first);
      case Elementwise.ParametricUnary _, Elementwise.IsInf _, Elementwise.BitCast _ ->
          Optional.empty();
    };
  }

  private static Optional<List<Dim>> generation(Node node, Generation op, Contents contents) {
    return switch (op) {
      case Generation.Constant constant ->
          Optional.of(SymbolicTensor.of(constant.tensor()).elements());
      case DimTensor dims -> Optional.of(dims.elements());
      case ShapeOf shapeOf ->
          node.input(0).knownShape().map(s -> GenerationTypes.extents(shapeOf, s));
      case SizeOf _ -> node.input(0).knownShape().map(s -> List.of(s.elements()));
      case ConstantOfShape constant ->
          extents(node.output())
              .map(
                  dims ->
                      Collections.nCopies((int) count(dims), Dim.of(constant.value().getLong(0))));
      case Range range -> range(range.start(), range.size(), range.step());
      case RangeBy _ -> {
        Optional<SymbolicTensor> start = contents.of(node.input(0));
        Optional<long[]> step = contents.of(node.input(2)).flatMap(SymbolicTensor::constant);
        yield start.isPresent() && step.isPresent()
            ? range(start.get().elements().getFirst(), node.output().shape().dim(0), step.get()[0])
            : Optional.empty();
      }
      case Generation.EyeLike _,
          Generation.Random _,
          Generation.RandomLike _,
          Generation.Bernoulli _,
          Generation.Multinomial _ ->
          Optional.empty();
    };
  }

  private static Optional<List<Dim>> range(Dim start, Dim size, long step) {
    if (!size.isConstant()) {
      return Optional.empty();
    }
    List<Dim> elements = new ArrayList<>();
    for (long i = 0; i < size.constant().getAsLong(); i++) {
      elements.add(start.plus(i * step));
    }
    return Optional.of(elements);
  }

  private static Optional<List<Dim>> reduce(Node node, Reduce op, Contents contents) {
    Optional<SymbolicTensor> x = contents.of(node.input(0));
    Optional<Op> form = StaticForm.of(node, contents).map(StaticForm::op);
    Op fixed = form.orElse(op);
    if (x.isEmpty() || !(fixed instanceof Reduce reduce)) {
      return fixed instanceof Unary unary && unary.function() == UnaryFunction.IDENTITY
          ? x.map(SymbolicTensor::elements)
          : Optional.empty();
    }
    if (form.isEmpty() && node.input(1).isPresent()) {
      return Optional.empty();
    }
    List<Long> dims = x.get().dims();
    List<Integer> axes = reduce.axes().stream().map(a -> a < 0 ? a + dims.size() : a).toList();
    List<Long> kept = new ArrayList<>(dims);
    for (int axis = 0; axis < kept.size(); axis++) {
      if (axes.isEmpty() || axes.contains(axis)) {
        kept.set(axis, 1L);
      }
    }
    int[] targets = broadcast(kept, dims);
    List<Optional<Dim>> sums =
        new ArrayList<>(Collections.nCopies((int) count(kept), Optional.empty()));
    for (int i = 0; i < targets.length; i++) {
      Dim element = x.get().elements().get(i);
      Optional<Dim> sum = sums.get(targets[i]);
      Optional<Dim> next =
          sum.isEmpty()
              ? Optional.of(element)
              : SymbolicMath.combine(reduce.function(), sum.get(), element);
      if (next.isEmpty()) {
        return Optional.empty();
      }
      sums.set(targets[i], next);
    }
    Optional<Dim> neutral = SymbolicMath.neutral(reduce.function());
    if (neutral.isEmpty() && sums.stream().anyMatch(Optional::isEmpty)) {
      return Optional.empty();
    }
    return Optional.of(sums.stream().map(s -> s.or(() -> neutral).orElseThrow()).toList());
  }
}
