package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.op.Indexing;
import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.ScalarType;
import fluidml.loop.Type;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * Ops whose element positions are data. Rows of data that lie densely are copied in vectors; an
 * index outside of its axis ends the run with an exception, and no element outside is ever touched.
 */
public final class IndexingLowering implements Lowering {
  private static final String OUTSIDE = "is not an index of the axis";

  @Override
  public Result lower(Cluster cluster, Context context) {
    if (cluster.anchor().isEmpty()
        || !(cluster.anchor().get().op() instanceof Indexing op)
        || cluster.nodes().size() > 1) {
      return new Result.Refused("");
    }
    Node node = cluster.anchor().get();
    return switch (op) {
      case Indexing.Gather gather -> gather(node, gather.axis(), context);
      case Indexing.GatherElements gather -> gatherElements(node, gather.axis(), context);
      case Indexing.GatherND gather -> gatherTuples(node, (int) gather.batchDims(), context);
      case Indexing.OneHot hot -> oneHot(node, hot.axis(), context);
      case Indexing.ScatterElements scatter -> ScatterKernels.elements(node, scatter, context);
      case Indexing.ScatterND scatter -> ScatterKernels.slices(node, scatter, context);
      case Indexing.TensorScatter _,
          Indexing.NonZero _,
          Indexing.Compress _,
          Indexing.Unique _,
          Indexing.NonMaxSuppression _ ->
          new Result.Refused("no schedule for " + Labels.of(op));
    };
  }

  /** An index that may count from the end, checked, in [0, extent). */
  static Expr checked(BodyBuilder b, Expr index, Expr extent) {
    Expr raw = b.let("raw", Exprs.convert(ScalarType.I64, index));
    Expr zero = Exprs.index(0);
    Expr at = b.let("at", Exprs.select(raw.lt(zero), raw.plus(extent), raw));
    b.require(Exprs.and(at.ge(zero), at.lt(extent)), raw, OUTSIDE);
    return at;
  }

  private static View with(View view, Shape space, List<Dim> strides) {
    return new View(view.root(), view.dtype(), space, view.offset(), strides);
  }

  /** Axes before the gathered one, the axes of the indices, axes after: one space for all three. */
  private static Result gather(Node node, int axis, Context context) {
    View data = MapKernel.bits(context.view(node.input(0)));
    View indices = context.view(node.input(1));
    View y = MapKernel.bits(context.view(node.output()));
    int along = axis < 0 ? axis + data.shape().rank() : axis;
    int count = indices.shape().rank();
    List<Dim> dataStrides = new ArrayList<>();
    List<Dim> indexStrides = new ArrayList<>();
    for (int i = 0; i < y.shape().rank(); i++) {
      boolean indexed = i >= along && i < along + count;
      int source = i < along ? i : i - count + 1;
      dataStrides.add(indexed ? Dim.ZERO : data.strides().get(source));
      indexStrides.add(indexed ? indices.strides().get(i - along) : Dim.ZERO);
    }
    MapKernel kernel =
        new MapKernel(
            "gather",
            y.shape(),
            List.of(with(data, y.shape(), dataStrides), with(indices, y.shape(), indexStrides)),
            List.of(y));
    Expr extent = kernel.call().size(data.shape().dim(along));
    Expr step = kernel.call().size(data.strides().get(along));
    BufferView x = kernel.read(0);
    BufferView at = kernel.read(1);
    BufferView out = kernel.write(0);
    boolean rows = at.isConstant(kernel.inner()) && kernel.isVectorisable();
    int lanes = rows ? context.target().lanes(List.of(y.dtype())) : 1;
    return Result.of(
        kernel.build(
            "Gather",
            List.of(node),
            lanes,
            1,
            (b, row) -> {
              if (at.isConstant(kernel.inner())) {
                Expr base = base(b, at, row, extent, step);
                return point ->
                    FusedNodes.store(b, out, point, FusedNodes.load(b, moved(x, base), point));
              }
              return point -> {
                Expr base = base(b, at, point, extent, step);
                FusedNodes.store(b, out, point, FusedNodes.load(b, moved(x, base), point));
              };
            }));
  }

  private static Expr base(BodyBuilder b, BufferView at, Point point, Expr extent, Expr step) {
    Expr index = checked(b, b.load(at.buffer(), at.index(point.indices())), extent);
    return b.let("base", index.times(step));
  }

  private static BufferView moved(BufferView view, Expr offset) {
    return new BufferView(view.buffer(), view.base().plus(offset), view.strides(), view.view());
  }

  private static Result gatherElements(Node node, int axis, Context context) {
    View data = MapKernel.bits(context.view(node.input(0)));
    View indices = context.view(node.input(1));
    View y = MapKernel.bits(context.view(node.output()));
    int along = axis < 0 ? axis + data.shape().rank() : axis;
    List<Dim> strides = new ArrayList<>(data.strides());
    strides.set(along, Dim.ZERO);
    MapKernel kernel =
        new MapKernel(
            "gatherElements",
            y.shape(),
            List.of(with(data, y.shape(), strides), indices),
            List.of(y));
    Expr extent = kernel.call().size(data.shape().dim(along));
    Expr step = kernel.call().size(data.strides().get(along));
    return Result.of(
        kernel.build(
            "GatherElements",
            List.of(node),
            1,
            2,
            (b, _) ->
                point -> {
                  Expr base = base(b, kernel.read(1), point, extent, step);
                  Expr value = FusedNodes.load(b, moved(kernel.read(0), base), point);
                  FusedNodes.store(b, kernel.write(0), point, value);
                }));
  }

  /** The last axis of the indices holds tuples, of known length. */
  private static Result gatherTuples(Node node, int batch, Context context) {
    View data = MapKernel.bits(context.view(node.input(0)));
    View indices = context.view(node.input(1));
    View y = MapKernel.bits(context.view(node.output()));
    int last = indices.shape().rank() - 1;
    Dim length = indices.shape().dim(last);
    if (!length.isConstant()) {
      return new Result.Refused("index tuples of variable length");
    }
    int tuple = (int) length.constant().getAsLong();
    List<Dim> dataStrides = new ArrayList<>();
    List<Dim> indexStrides = new ArrayList<>();
    for (int i = 0; i < y.shape().rank(); i++) {
      boolean slice = i >= last;
      dataStrides.add(
          slice
              ? data.strides().get(batch + tuple + i - last)
              : i < batch ? data.strides().get(i) : Dim.ZERO);
      indexStrides.add(slice ? Dim.ZERO : indices.strides().get(i));
    }
    MapKernel kernel =
        new MapKernel(
            "gatherTuples",
            y.shape(),
            List.of(with(data, y.shape(), dataStrides), with(indices, y.shape(), indexStrides)),
            List.of(y));
    List<Expr> extents = new ArrayList<>();
    List<Expr> steps = new ArrayList<>();
    for (int i = 0; i < tuple; i++) {
      extents.add(kernel.call().size(data.shape().dim(batch + i)));
      steps.add(kernel.call().size(data.strides().get(batch + i)));
    }
    Expr step = kernel.call().size(indices.strides().get(last));
    BufferView at = kernel.read(1);
    boolean rows = at.isConstant(kernel.inner()) && kernel.isVectorisable();
    int lanes = rows ? context.target().lanes(List.of(y.dtype())) : 1;
    return Result.of(
        kernel.build(
            "GatherND",
            List.of(node),
            lanes,
            1,
            (b, row) -> {
              if (at.isConstant(kernel.inner())) {
                Expr base = tupleBase(b, at, row, step, extents, steps);
                return point ->
                    FusedNodes.store(
                        b,
                        kernel.write(0),
                        point,
                        FusedNodes.load(b, moved(kernel.read(0), base), point));
              }
              return point -> {
                Expr base = tupleBase(b, at, point, step, extents, steps);
                Expr value = FusedNodes.load(b, moved(kernel.read(0), base), point);
                FusedNodes.store(b, kernel.write(0), point, value);
              };
            }));
  }

  /** The offset of the slice that the tuple at a point names. */
  static Expr tupleBase(
      BodyBuilder b, BufferView at, Point point, Expr step, List<Expr> extents, List<Expr> steps) {
    Expr base = Exprs.index(0);
    Expr first = b.let("tuple", at.index(point.indices()));
    for (int i = 0; i < extents.size(); i++) {
      Expr index = b.load(at.buffer(), first.plus(Exprs.index(i).times(step)));
      base = base.plus(checked(b, index, extents.get(i)).times(steps.get(i)));
    }
    return b.let("base", base);
  }

  /**
   * Indices outside of the depth, after counting negative ones from the end, give no hot element.
   */
  private static Result oneHot(Node node, int axis, Context context) {
    View indices = context.view(node.input(0));
    View values = context.view(node.input(2));
    View y = context.view(node.output());
    int along = axis < 0 ? axis + y.shape().rank() : axis;
    List<Dim> strides = new ArrayList<>(indices.strides());
    strides.add(along, Dim.ZERO);
    CallBuilder call = new CallBuilder("oneHot");
    LoopSpace loops = LoopSpace.of(y.shape());
    BufferView at = call.read(loops.apply(with(indices, y.shape(), strides)));
    BufferView pair = call.read(values);
    BufferView out = call.write(loops.apply(y));
    Expr depth = call.size(y.shape().dim(along));
    MapSchedule schedule =
        new MapSchedule(
            call,
            loops,
            1,
            (b, _) -> {
              Expr off = b.let("off", b.load(pair.buffer(), pair.base()));
              Expr on = b.let("on", b.load(pair.buffer(), pair.index(List.of(Exprs.index(1)))));
              return point -> {
                Expr loaded = b.load(at.buffer(), at.index(point.indices()));
                Expr raw = b.let("raw", Exprs.convert(ScalarType.I64, loaded));
                Expr hot =
                    b.let(
                        "hot",
                        Exprs.select(raw.lt(Exprs.constant(Type.I64, 0)), raw.plus(depth), raw));
                Expr here = hot.eq(point.indices().get(along));
                FusedNodes.store(b, out, point, Exprs.select(here, on, off));
              };
            });
    return Result.of(schedule.build("OneHot", List.of(node), OptionalInt.empty(), 1));
  }
}
