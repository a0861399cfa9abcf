package fluidml.pass;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise.Binary;
import fluidml.graph.op.Movement.Concat;
import fluidml.graph.op.Movement.Expand;
import fluidml.graph.op.Movement.Flatten;
import fluidml.graph.op.Movement.Pad;
import fluidml.graph.op.Movement.Reshape;
import fluidml.graph.op.Movement.Slice;
import fluidml.graph.op.Movement.SliceAxis;
import fluidml.graph.op.Movement.Split;
import fluidml.graph.op.Movement.Squeeze;
import fluidml.graph.op.Movement.Tile;
import fluidml.graph.op.Movement.Transpose;
import fluidml.graph.op.Movement.Unsqueeze;
import fluidml.graph.op.Reduction.AveragePool;
import fluidml.graph.op.Reduction.MaxPool;
import fluidml.graph.op.Reduction.Reduce;
import fluidml.graph.op.Window;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Movements that move nothing, and movements in a row. */
final class MovementRules {
  static final List<Rule> RULES =
      List.of(
          Rule.of("reshape to the same shape", Reshape.class, MovementRules::sameShape),
          Rule.of("squeeze is a reshape", Squeeze.class, MovementRules::asReshape),
          Rule.of("unsqueeze is a reshape", Unsqueeze.class, MovementRules::asReshape),
          Rule.of("flatten is a reshape", Flatten.class, MovementRules::asReshape),
          Rule.of("reshape of a reshape", Reshape.class, MovementRules::reshapeOnce),
          Rule.of("reshape around a function", Reshape.class, MovementRules::reshapeAround),
          Rule.of("transpose in order", Transpose.class, MovementRules::inOrder),
          Rule.of("transpose of a transpose", Transpose.class, MovementRules::transposeOnce),
          Rule.of("transpose of extents 1", Transpose.class, MovementRules::transposeAsReshape),
          Rule.of("expand to the same shape", Expand.class, MovementRules::sameShape),
          Rule.of("expand of an expand", Expand.class, MovementRules::expandOnce),
          Rule.of("slice of everything", Slice.class, MovementRules::sliceEverything),
          Rule.of("slice of a slice", Slice.class, MovementRules::sliceOnce),
          Rule.of("slice of a concat", Slice.class, MovementRules::sliceOfPart),
          Rule.of("concat of one", Concat.class, MovementRules::concatOfOne),
          Rule.of("concat of a concat", Concat.class, MovementRules::concatOnce),
          Rule.of("split into one", Split.class, MovementRules::sameShape),
          Rule.of("pad by nothing", Pad.class, MovementRules::padNothing),
          Rule.of("tile once", Tile.class, MovementRules::tileOnce),
          Rule.of("reduce no axis", Reduce.class, MovementRules::reduceNothing),
          Rule.of("pool over one element", MaxPool.class, MovementRules::poolOne),
          Rule.of("mean over one element", AveragePool.class, MovementRules::poolOne));

  private MovementRules() {}

  private static Optional<Value> sameShape(Node node, Rewriter g) {
    return node.output().knownShape().isPresent()
            && node.output().knownShape().equals(node.input(0).knownShape())
        ? Optional.of(node.input(0))
        : Optional.empty();
  }

  private static Optional<Value> asReshape(Node node, Rewriter g) {
    return node.output().knownShape().map(shape -> g.emit(new Reshape(shape), node.input(0)));
  }

  private static Optional<Value> reshapeOnce(Node node, Rewriter g) {
    return g.producer(node.input(0))
        .filter(inner -> inner.op() instanceof Reshape)
        .map(inner -> g.emit(node.op(), inner.input(0)));
  }

  /**
   * A leading axis of extent 1 that is there for one function of two operands: the other operand
   * does without it, too.
   */
  private static Optional<Value> reshapeAround(Node node, Rewriter g) {
    Optional<Node> function =
        g.producer(node.input(0))
            .filter(n -> n.op() instanceof Binary && g.isSingleUse(node.input(0)));
    if (function.isEmpty() || node.output().knownShape().isEmpty()) {
      return Optional.empty();
    }
    Shape shape = node.output().shape();
    List<Dim> longer = new ArrayList<>(List.of(Dim.ONE));
    longer.addAll(shape.dims());
    Shape inside = new Shape(longer);
    if (node.input(0).knownShape().filter(inside::equals).isEmpty()) {
      return Optional.empty();
    }
    for (int side = 0; side < 2; side++) {
      Value reshaped = function.get().input(side);
      Value other = function.get().input(1 - side);
      Optional<Node> before =
          g.producer(reshaped)
              .filter(
                  n ->
                      n.op() instanceof Reshape
                          && n.input(0).knownShape().filter(shape::equals).isPresent()
                          && reshaped.knownShape().filter(inside::equals).isPresent());
      if (before.isPresent() && other.knownShape().isPresent()) {
        Value shorter = withoutLeadingOne(other, inside.rank(), g);
        Value x = before.get().input(0);
        Value left = side == 0 ? x : shorter;
        return Optional.of(g.emit(function.get().op(), left, side == 0 ? shorter : x));
      }
    }
    return Optional.empty();
  }

  private static Value withoutLeadingOne(Value value, int rank, Rewriter g) {
    Shape shape = value.shape();
    return shape.rank() < rank
        ? value
        : g.emit(new Reshape(new Shape(shape.dims().subList(1, rank))), value);
  }

  private static Optional<Value> inOrder(Node node, Rewriter g) {
    List<Integer> permutation = ((Transpose) node.op()).permutation();
    return IntStream.range(0, permutation.size()).allMatch(i -> permutation.get(i) == i)
        ? Optional.of(node.input(0))
        : Optional.empty();
  }

  private static Optional<Value> transposeOnce(Node node, Rewriter g) {
    List<Integer> outer = ((Transpose) node.op()).permutation();
    return g.producer(node.input(0))
        .flatMap(
            inner ->
                inner.op() instanceof Transpose(List<Integer> first)
                    ? Optional.of(
                        g.emit(
                            new Transpose(outer.stream().map(first::get).toList()), inner.input(0)))
                    : Optional.empty());
  }

  private static Optional<Value> transposeAsReshape(Node node, Rewriter g) {
    Optional<Shape> shape = node.input(0).knownShape();
    List<Integer> permutation = ((Transpose) node.op()).permutation();
    if (shape.isEmpty() || node.output().knownShape().isEmpty()) {
      return Optional.empty();
    }
    int last = -1;
    for (int axis : permutation) {
      if (!shape.get().dim(axis).is(1)) {
        if (axis < last) {
          return Optional.empty();
        }
        last = axis;
      }
    }
    return Optional.of(g.emit(new Reshape(node.output().shape()), node.input(0)));
  }

  private static Optional<Value> expandOnce(Node node, Rewriter g) {
    return g.producer(node.input(0))
        .filter(inner -> inner.op() instanceof Expand)
        .map(inner -> g.emit(node.op(), inner.input(0)));
  }

  private static boolean isWhole(SliceAxis axis, Shape shape) {
    return axis.start().is(0) && axis.step() == 1 && axis.size().equals(shape.dim(axis.axis()));
  }

  private static Optional<Value> sliceEverything(Node node, Rewriter g) {
    Optional<Shape> shape = node.input(0).knownShape();
    List<SliceAxis> axes = ((Slice) node.op()).axes();
    if (shape.isEmpty()) {
      return Optional.empty();
    }
    List<SliceAxis> rest = axes.stream().filter(a -> !isWhole(a, shape.get())).toList();
    if (rest.size() == axes.size()) {
      return Optional.empty();
    }
    return Optional.of(rest.isEmpty() ? node.input(0) : g.emit(new Slice(rest), node.input(0)));
  }

  private static Optional<Value> sliceOnce(Node node, Rewriter g) {
    return g.producer(node.input(0))
        .filter(inner -> inner.op() instanceof Slice)
        .map(inner -> g.emit(compose((Slice) inner.op(), (Slice) node.op()), inner.input(0)));
  }

  private static Slice compose(Slice first, Slice second) {
    List<SliceAxis> axes = new ArrayList<>(first.axes());
    for (SliceAxis outer : second.axes()) {
      Optional<SliceAxis> inner = axes.stream().filter(a -> a.axis() == outer.axis()).findFirst();
      inner.ifPresent(axes::remove);
      axes.add(
          inner
              .map(
                  a ->
                      new SliceAxis(
                          a.axis(),
                          a.start().plus(outer.start().times(a.step())),
                          outer.size(),
                          a.step() * outer.step()))
              .orElse(outer));
    }
    return new Slice(axes);
  }

  /** Slices the one operand of a concat that a slice lies in. */
  private static Optional<Value> sliceOfPart(Node node, Rewriter g) {
    Optional<Node> concat = g.producer(node.input(0)).filter(n -> n.op() instanceof Concat);
    List<SliceAxis> axes = ((Slice) node.op()).axes();
    if (concat.isEmpty() || node.input(0).knownShape().isEmpty()) {
      return Optional.empty();
    }
    int axis = axis(((Concat) concat.get().op()).axis(), node.input(0).shape().rank());
    Optional<SliceAxis> along = axes.stream().filter(a -> a.axis() == axis).findFirst();
    if (along.isEmpty() || along.get().step() != 1) {
      return Optional.empty();
    }
    Dim start = along.get().start();
    Dim end = start.plus(along.get().size());
    Dim offset = Dim.ZERO;
    for (Value part : concat.get().inputs()) {
      if (part.knownShape().isEmpty()) {
        return Optional.empty();
      }
      Dim next = offset.plus(part.shape().dim(axis));
      if (isAtMost(offset, start) && isAtMost(end, next)) {
        List<SliceAxis> inside = new ArrayList<>(axes);
        inside.set(
            inside.indexOf(along.get()),
            new SliceAxis(axis, start.minus(offset), along.get().size(), 1));
        return Optional.of(g.emit(new Slice(inside), part));
      }
      offset = next;
    }
    return Optional.empty();
  }

  private static boolean isAtMost(Dim a, Dim b) {
    return b.minus(a).lowerBound() >= 0;
  }

  private static Optional<Value> concatOfOne(Node node, Rewriter g) {
    return node.inputs().size() == 1 ? Optional.of(node.input(0)) : Optional.empty();
  }

  private static Optional<Value> concatOnce(Node node, Rewriter g) {
    if (node.output().knownShape().isEmpty()) {
      return Optional.empty();
    }
    int rank = node.output().shape().rank();
    int axis = axis(((Concat) node.op()).axis(), rank);
    List<Value> parts = new ArrayList<>();
    for (Value part : node.inputs()) {
      Optional<Node> inner =
          g.producer(part)
              .filter(n -> g.isSingleUse(part) && n.op() instanceof Concat)
              .filter(n -> axis(((Concat) n.op()).axis(), rank) == axis);
      parts.addAll(inner.map(Node::inputs).orElse(List.of(part)));
    }
    return parts.size() == node.inputs().size()
        ? Optional.empty()
        : Optional.of(g.emit(node.op(), parts, 1).getFirst());
  }

  private static int axis(int axis, int rank) {
    return axis < 0 ? axis + rank : axis;
  }

  private static boolean all(List<Dim> dims, long value) {
    return dims.stream().allMatch(d -> d.is(value));
  }

  private static Optional<Value> padNothing(Node node, Rewriter g) {
    return node.op() instanceof Pad(var before, var after, _) && all(before, 0) && all(after, 0)
        ? Optional.of(node.input(0))
        : Optional.empty();
  }

  private static Optional<Value> tileOnce(Node node, Rewriter g) {
    return node.op() instanceof Tile(List<Dim> repeats) && all(repeats, 1)
        ? Optional.of(node.input(0))
        : Optional.empty();
  }

  private static Optional<Value> reduceNothing(Node node, Rewriter g) {
    return node.op() instanceof Reduce reduce
            && reduce.axes().isEmpty()
            && reduce.noopWithEmptyAxes()
            && !node.input(1).isPresent()
            && keepsElements(reduce)
        ? Optional.of(node.input(0))
        : Optional.empty();
  }

  private static boolean keepsElements(Reduce reduce) {
    return switch (reduce.function()) {
      case SUM, MEAN, PROD, MIN, MAX -> true;
      case L1, L2, SUM_SQUARE, LOG_SUM, LOG_SUM_EXP -> false;
    };
  }

  private static Optional<Value> poolOne(Node node, Rewriter g) {
    Window window =
        node.op() instanceof MaxPool max ? max.window() : ((AveragePool) node.op()).window();
    boolean one =
        window.kernel().stream().allMatch(k -> k == 1)
            && window.strides().stream().allMatch(s -> s == 1);
    return one ? sameShape(node, g) : Optional.empty();
  }
}
