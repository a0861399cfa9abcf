package fluidml.graph.infer;

import fluidml.graph.Type;
import fluidml.graph.op.Indexing;
import fluidml.graph.op.Indexing.Compress;
import fluidml.graph.op.Indexing.Gather;
import fluidml.graph.op.Indexing.GatherElements;
import fluidml.graph.op.Indexing.GatherND;
import fluidml.graph.op.Indexing.NonMaxSuppression;
import fluidml.graph.op.Indexing.NonZero;
import fluidml.graph.op.Indexing.OneHot;
import fluidml.graph.op.Indexing.ScatterElements;
import fluidml.graph.op.Indexing.ScatterND;
import fluidml.graph.op.Indexing.TensorScatter;
import fluidml.graph.op.Indexing.Unique;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Result types of the ops whose element positions are data. */
final class IndexingTypes {
  private IndexingTypes() {}

  static List<Type> infer(Site site, Indexing op) {
    return switch (op) {
      case Gather gather -> {
        site.arity(2, 2);
        site.requireIndex(1);
        yield site.one(site.dtype(0), gather(site, gather.axis()));
      }
      case GatherElements gather -> {
        site.arity(2, 2);
        site.requireIndex(1);
        Optional<Shape> x = site.rank(0, 1, Integer.MAX_VALUE);
        x.ifPresent(s -> site.axis(gather.axis(), s.rank()));
        x.ifPresent(s -> site.rank(1, s.rank()));
        yield site.one(site.dtype(0), site.shape(1));
      }
      case GatherND gather -> {
        site.arity(2, 2);
        site.requireIndex(1);
        yield site.one(site.dtype(0), gatherND(site, Math.toIntExact(gather.batchDims())));
      }
      case ScatterElements scatter -> {
        site.arity(3, 3);
        site.requireIndex(1);
        Optional<Shape> x = site.rank(0, 1, Integer.MAX_VALUE);
        x.ifPresent(s -> site.axis(scatter.axis(), s.rank()));
        x.ifPresent(s -> site.rank(1, s.rank()));
        x.ifPresent(s -> site.rank(2, s.rank()));
        yield site.one(site.sameType(0, 2), x);
      }
      case ScatterND _ -> {
        site.arity(3, 3);
        site.requireIndex(1);
        yield site.one(site.sameType(0, 2), site.rank(0, 1, Integer.MAX_VALUE));
      }
      case TensorScatter scatter -> {
        site.arity(2, 3);
        site.shape(0).ifPresent(s -> site.axis(scatter.axis(), s.rank()));
        site.shape(0).ifPresent(s -> site.rank(1, s.rank()));
        yield site.one(site.sameType(0, 1), site.shape(0));
      }
      case OneHot oneHot -> oneHot(site, oneHot.axis());
      case NonZero _ -> {
        site.arity(1, 1);
        Dim rank = site.shape(0).map(s -> Dim.of(s.rank())).orElseGet(site::fresh);
        yield site.one(DType.INT64, Shape.of(rank, site.fresh()));
      }
      case Compress compress -> {
        site.arity(2, 2);
        site.requireType(1, DType.BOOL);
        site.rank(1, 1);
        yield site.one(
            site.dtype(0),
            compress.axis().isEmpty()
                ? Optional.of(Shape.of(site.fresh()))
                : site.shape(0)
                    .map(
                        s ->
                            s.withDim(
                                site.axis(compress.axis().getAsInt(), s.rank()), site.fresh())));
      }
      case Unique unique -> unique(site, unique);
      case NonMaxSuppression _ -> {
        site.arity(2, 5);
        site.rank(0, 3);
        site.rank(1, 3);
        yield site.one(DType.INT64, Shape.of(site.fresh(), Dim.of(3)));
      }
    };
  }

  private static Optional<Shape> gather(Site site, int axis) {
    Optional<Shape> data = site.rank(0, 1, Integer.MAX_VALUE);
    Optional<Shape> indices = site.shape(1);
    if (data.isEmpty() || indices.isEmpty()) {
      return Optional.empty();
    }
    int along = site.axis(axis, data.get().rank());
    List<Dim> dims = new ArrayList<>(data.get().dims().subList(0, along));
    dims.addAll(indices.get().dims());
    dims.addAll(data.get().dims().subList(along + 1, data.get().rank()));
    return Optional.of(new Shape(dims));
  }

  private static Optional<Shape> gatherND(Site site, int batch) {
    if (batch < 0) {
      throw site.error("%d batch axes".formatted(batch));
    }
    Optional<Shape> data = site.rank(0, batch + 1, Integer.MAX_VALUE);
    Optional<Shape> indices = site.rank(1, batch + 1, Integer.MAX_VALUE);
    if (data.isEmpty() || indices.isEmpty()) {
      return Optional.empty();
    }
    Shape x = data.get();
    Shape tuples = indices.get();
    OptionalLong length = tuples.dim(-1).constant();
    if (length.isEmpty()) {
      return Optional.empty();
    }
    if (length.getAsLong() < 1 || batch + length.getAsLong() > x.rank()) {
      throw site.error(
          "index tuples of %d numbers after %d batch axes do not fit %s"
              .formatted(length.getAsLong(), batch, x));
    }
    List<Dim> dims = new ArrayList<>();
    for (int i = 0; i < tuples.rank() - 1; i++) {
      dims.add(i < batch ? site.agree(x.dim(i), tuples.dim(i), "batch axis " + i) : tuples.dim(i));
    }
    dims.addAll(x.dims().subList(batch + (int) length.getAsLong(), x.rank()));
    return Optional.of(new Shape(dims));
  }

  private static List<Type> oneHot(Site site, int axis) {
    site.arity(3, 3);
    site.requireNumber(0);
    site.requireNumber(1);
    Dim depth =
        site.scalar(1)
            .or(
                () ->
                    site.constant(1).filter(t -> t.elements() == 1).map(t -> Dim.of(t.getLong(0))))
            .or(
                () ->
                    site.fractions(1)
                        .filter(f -> f.numerators().size() == 1)
                        .flatMap(Fractions::integers)
                        .map(List::getFirst))
            .orElseGet(site::fresh);
    return site.one(
        site.dtype(2),
        site.shape(0)
            .map(
                s -> {
                  List<Dim> dims = new ArrayList<>(s.dims());
                  dims.add(site.axis(axis, s.rank() + 1), depth);
                  return new Shape(dims);
                }));
  }

  private static List<Type> unique(Site site, Unique op) {
    site.arity(1, 1);
    Optional<Shape> x = site.shape(0);
    Dim count = site.fresh();
    Type counts = Type.tensor(DType.INT64, Shape.of(count));
    if (op.axis().isEmpty()) {
      Dim elements = x.map(Shape::elements).orElseGet(site::fresh);
      return site.firstOf(
          Type.tensor(site.dtype(0), Shape.of(count)),
          counts,
          Type.tensor(DType.INT64, Shape.of(elements)),
          counts);
    }
    Optional<Integer> axis = x.map(s -> site.axis(op.axis().getAsInt(), s.rank()));
    Dim extent = x.map(s -> s.dim(axis.orElseThrow())).orElseGet(site::fresh);
    return site.firstOf(
        new Type.TensorType(site.dtype(0), x.map(s -> s.withDim(axis.orElseThrow(), count))),
        counts,
        Type.tensor(DType.INT64, Shape.of(extent)),
        counts);
  }
}
