package fluidml.graph.infer;

import fluidml.graph.Type;
import fluidml.graph.op.Reduction;
import fluidml.graph.op.Reduction.ArgReduce;
import fluidml.graph.op.Reduction.AveragePool;
import fluidml.graph.op.Reduction.CumulativeProduct;
import fluidml.graph.op.Reduction.CumulativeSum;
import fluidml.graph.op.Reduction.Hardmax;
import fluidml.graph.op.Reduction.LogSoftmax;
import fluidml.graph.op.Reduction.LpPool;
import fluidml.graph.op.Reduction.MaxPool;
import fluidml.graph.op.Reduction.Reduce;
import fluidml.graph.op.Reduction.ReduceFunction;
import fluidml.graph.op.Reduction.Softmax;
import fluidml.graph.op.Reduction.TopK;
import fluidml.graph.op.Window;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.IntStream;

/** Result types of the ops that combine elements along axes. */
final class ReductionTypes {
  private ReductionTypes() {}

  static List<Type> infer(Site site, Reduction op) {
    return switch (op) {
      case Reduce reduce -> {
        site.arity(1, 2);
        boolean extreme =
            reduce.function() == ReduceFunction.MIN || reduce.function() == ReduceFunction.MAX;
        if (!extreme || site.dtype(0) != DType.BOOL) {
          site.requireNumber(0);
        }
        yield site.one(site.dtype(0), reduce(site, reduce));
      }
      case ArgReduce reduce -> {
        site.arity(1, 1);
        site.requireNumber(0);
        yield site.one(
            DType.INT64,
            site.shape(0)
                .map(
                    s ->
                        without(
                            s, List.of(site.axis(reduce.axis(), s.rank())), reduce.keepDims())));
      }
      case Softmax softmax -> alongAxis(site, softmax.axis());
      case LogSoftmax softmax -> alongAxis(site, softmax.axis());
      case Hardmax hardmax -> alongAxis(site, hardmax.axis());
      case CumulativeSum _, CumulativeProduct _ -> {
        site.arity(2, 2);
        site.requireNumber(0);
        site.requireIndex(1);
        yield site.one(site.dtype(0), site.shape(0));
      }
      case TopK topK -> topK(site, topK);
      case MaxPool pool -> {
        site.arity(1, 1);
        site.requireNumber(0);
        Optional<Shape> shape = pool(site, pool.window(), pool.ceilMode());
        yield site.firstOf(
            new Type.TensorType(site.dtype(0), shape), new Type.TensorType(DType.INT64, shape));
      }
      case AveragePool pool -> {
        site.arity(1, 1);
        yield site.one(site.requireFloat(0), pool(site, pool.window(), pool.ceilMode()));
      }
      case LpPool pool -> {
        site.arity(1, 1);
        yield site.one(site.requireFloat(0), pool(site, pool.window(), pool.ceilMode()));
      }
    };
  }

  private static List<Type> alongAxis(Site site, int axis) {
    site.arity(1, 1);
    site.requireFloat(0);
    site.shape(0).ifPresent(s -> site.axis(axis, Math.max(1, s.rank())));
    return site.one(site.dtype(0), site.shape(0));
  }

  private static Optional<Shape> pool(Site site, Window window, boolean ceilMode) {
    return site.rank(0, window.rank() + 2)
        .map(s -> Windows.shape(s.dim(0), s.dim(1), Windows.extents(site, s, window, ceilMode)));
  }

  /** A shape whose axes are reduced to 1 or taken away. */
  static Shape without(Shape shape, List<Integer> axes, boolean keep) {
    List<Dim> dims = new ArrayList<>();
    for (int i = 0; i < shape.rank(); i++) {
      if (!axes.contains(i)) {
        dims.add(shape.dim(i));
      } else if (keep) {
        dims.add(Dim.ONE);
      }
    }
    return new Shape(dims);
  }

  /** The axes along which {@code reduce} runs, if they are known. */
  static Optional<List<Integer>> axes(Site site, Reduce reduce, int rank) {
    List<Integer> axes;
    if (site.has(1)) {
      site.requireIndex(1);
      Optional<long[]> given = site.numbers(1);
      boolean none = site.shape(1).isPresent() && site.shape(1).get().elements().is(0);
      if (given.isEmpty() && !none) {
        return Optional.empty();
      }
      axes =
          none ? List.of() : site.axes(Arrays.stream(given.orElseThrow()).boxed().toList(), rank);
    } else {
      axes = site.axes(reduce.axes(), rank);
    }
    return Optional.of(
        axes.isEmpty() && !reduce.noopWithEmptyAxes()
            ? IntStream.range(0, rank).boxed().toList()
            : axes);
  }

  private static Optional<Shape> reduce(Site site, Reduce reduce) {
    Optional<Shape> shape = site.shape(0);
    if (shape.isEmpty()) {
      boolean toScalar =
          !site.has(1)
              && reduce.axes().isEmpty()
              && !reduce.noopWithEmptyAxes()
              && !reduce.keepDims();
      return toScalar ? Optional.of(Shape.SCALAR) : Optional.empty();
    }
    int rank = shape.get().rank();
    Optional<List<Integer>> axes = axes(site, reduce, rank);
    if (axes.isPresent()) {
      return Optional.of(without(shape.get(), axes.get(), reduce.keepDims()));
    }
    if (reduce.keepDims()) {
      return Optional.of(site.freshShape(rank));
    }
    OptionalLong count =
        site.shape(1).map(s -> s.elements().constant()).orElse(OptionalLong.empty());
    return count.isPresent() && count.getAsLong() > 0
        ? Optional.of(site.freshShape(rank - (int) count.getAsLong()))
        : Optional.empty();
  }

  private static List<Type> topK(Site site, TopK op) {
    site.arity(2, 2);
    site.requireNumber(0);
    site.requireIndex(1);
    Optional<Shape> shape =
        site.rank(0, 1, Integer.MAX_VALUE)
            .map(
                s -> {
                  int axis = site.axis(op.axis(), s.rank());
                  Dim k = site.scalar(1).orElseGet(site::fresh);
                  if (k.minus(s.dim(axis)).lowerBound() > 0) {
                    throw site.error(
                        "k is %s, but the axis has %s elements".formatted(k, s.dim(axis)));
                  }
                  return s.withDim(axis, k);
                });
    return site.firstOf(
        new Type.TensorType(site.dtype(0), shape), new Type.TensorType(DType.INT64, shape));
  }
}
