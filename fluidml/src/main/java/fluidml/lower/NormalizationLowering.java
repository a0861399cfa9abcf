package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Movement.SliceAxis;
import fluidml.graph.op.Normalization;
import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.ScalarType;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Normalisations that need no sums: BatchNorm with given statistics, and RotaryEmbedding. */
public final class NormalizationLowering implements Lowering {
  @Override
  public Result lower(Cluster cluster, Context context) {
    if (cluster.anchor().isEmpty() || cluster.nodes().size() > 1) {
      return new Result.Refused("");
    }
    Node node = cluster.anchor().get();
    boolean batchNorm = node.op() instanceof Normalization.BatchNorm;
    if (!batchNorm && !(node.op() instanceof Normalization.RotaryEmbedding)) {
      return new Result.Refused("");
    }
    DType dtype = node.input(0).dtype();
    int reals = batchNorm ? 5 : 3;
    for (Value operand : node.inputs().subList(0, reals)) {
      if (!dtype.isFloat()
          || !ScalarType.ofStorage(operand.dtype()).equals(ScalarType.ofStorage(dtype))) {
        return new Result.Refused(Labels.of(node.op()) + " of mixed precision");
      }
    }
    return node.op() instanceof Normalization.BatchNorm norm
        ? batchNorm(node, norm.epsilon(), context)
        : rotate(node, (Normalization.RotaryEmbedding) node.op(), context);
  }

  private static Result batchNorm(Node node, double epsilon, Context context) {
    Shape space = node.output().shape();
    List<View> reads = new ArrayList<>(List.of(context.view(node.input(0))));
    for (Value parameter : node.inputs().subList(1, 5)) {
      reads.add(RowLowering.perChannel(context.view(parameter), space));
    }
    MapKernel kernel =
        new MapKernel("batchNorm", space, reads, List.of(context.view(node.output())));
    DType dtype = node.output().dtype();
    int lanes = kernel.isVectorisable() ? context.target().lanes(List.of(dtype)) : 1;
    boolean perRow = kernel.read(1).isConstant(kernel.inner());
    return Result.of(
        kernel.build(
            "BatchNorm",
            List.of(node),
            lanes,
            4,
            (b, row) -> {
              Optional<Factors> common =
                  perRow ? Optional.of(Factors.of(b, kernel, row, epsilon)) : Optional.empty();
              return point -> {
                Factors f = common.orElseGet(() -> Factors.of(b, kernel, point, epsilon));
                Expr x = FusedNodes.load(b, kernel.read(0), point);
                Expr y = x.minus(f.mean).fma(f.scale, f.bias);
                FusedNodes.store(b, kernel.write(0), point, y);
              };
            }));
  }

  /** {@code (x − mean)·scale + bias}. */
  private record Factors(Expr mean, Expr scale, Expr bias) {
    static Factors of(BodyBuilder b, MapKernel kernel, Point at, double epsilon) {
      Expr variance = FusedNodes.load(b, kernel.read(4), at);
      Expr safe = variance.plus(Exprs.constant(variance.type(), epsilon));
      Expr scale = FusedNodes.load(b, kernel.read(1), at).div(Exprs.sqrt(safe));
      return new Factors(
          b.let("mean", FusedNodes.load(b, kernel.read(3), at)),
          b.let("scale", scale),
          b.let("bias", FusedNodes.load(b, kernel.read(2), at)));
    }
  }

  /** A view of heads as {@code (batch, heads, rows, depth)}. */
  private static View heads(View view, long heads) {
    return view.shape().rank() == 4
        ? view
        : RowLowering.split(view, 2, Dim.of(heads)).transposed(List.of(0, 2, 1, 3));
  }

  private static View part(View view, Dim start, Dim size, long step) {
    return view.sliced(List.of(new SliceAxis(3, start, size, step)));
  }

  /** The rotated part in one kernel, pair by pair; the rest of the head is copied. */
  private static Result rotate(Node node, Normalization.RotaryEmbedding op, Context context) {
    View x = heads(context.view(node.input(0)), op.heads());
    View y = heads(context.view(node.output()), op.heads());
    Dim depth = x.shape().dim(3);
    Dim rotated = op.rotaryDim() == 0 ? depth : Dim.of(op.rotaryDim());
    Dim half = rotated.floorDiv(2);
    Dim second = op.interleaved() ? Dim.ONE : half;
    long step = op.interleaved() ? 2 : 1;
    Shape space = x.shape().withDim(3, half);
    View cos = context.view(node.input(1));
    boolean lookedUp = node.input(3).isPresent();
    List<View> reads = new ArrayList<>();
    reads.add(part(x, Dim.ZERO, half, step));
    reads.add(part(x, second, half, step));
    reads.add(cache(cos, space, lookedUp));
    reads.add(cache(context.view(node.input(2)), space, lookedUp));
    if (lookedUp) {
      View positions = context.view(node.input(3));
      reads.add(
          new View(
              positions.root(),
              positions.dtype(),
              space,
              positions.offset(),
              List.of(positions.strides().get(0), Dim.ZERO, positions.strides().get(1), Dim.ZERO)));
    }
    MapKernel kernel =
        new MapKernel(
            "rotary",
            space,
            reads,
            List.of(part(y, Dim.ZERO, half, step), part(y, second, half, step)));
    int lanes = kernel.isVectorisable() ? context.target().lanes(List.of(x.dtype())) : 1;
    while (half.isConstant() && lanes > Math.max(1, half.constant().getAsLong())) {
      lanes /= 2;
    }
    Expr extent = kernel.call().size(cos.shape().dim(0));
    Expr cosStep = kernel.call().size(cos.strides().get(0));
    Expr sinStep = kernel.call().size(context.view(node.input(2)).strides().get(0));
    KernelCall rotation =
        kernel.build(
            "RotaryEmbedding",
            List.of(node),
            lanes,
            6,
            (b, row) -> {
              Optional<Expr> at =
                  lookedUp && kernel.read(4).isConstant(kernel.inner())
                      ? Optional.of(position(b, kernel, row, extent))
                      : Optional.empty();
              return point -> {
                Expr index =
                    at.orElseGet(
                        () -> lookedUp ? position(b, kernel, point, extent) : Exprs.index(0));
                Expr c = b.let("c", cached(b, kernel.read(2), point, index.times(cosStep)));
                Expr s = b.let("s", cached(b, kernel.read(3), point, index.times(sinStep)));
                Expr first = b.let("x", FusedNodes.load(b, kernel.read(0), point));
                Expr other = b.let("x", FusedNodes.load(b, kernel.read(1), point));
                Expr low = first.times(c).minus(other.times(s));
                Expr high = first.times(s).plus(other.times(c));
                FusedNodes.store(b, kernel.write(0), point, low);
                FusedNodes.store(b, kernel.write(1), point, high);
              };
            });
    List<KernelCall> calls = new ArrayList<>(List.of(rotation));
    Dim rest = depth.minus(rotated);
    if (!rest.is(0)) {
      View from = part(x, rotated, rest, 1);
      View to = part(y, rotated, rest, 1);
      calls.add(MapKernel.copy("RotaryEmbedding", List.of(node), context, from, to));
    }
    return new Result.Calls(calls);
  }

  private static Expr position(BodyBuilder b, MapKernel kernel, Point at, Expr extent) {
    BufferView positions = kernel.read(4);
    Expr index = b.load(positions.buffer(), positions.index(at.indices()));
    return IndexingLowering.checked(b, index, extent);
  }

  private static Expr cached(BodyBuilder b, BufferView cache, Point at, Expr offset) {
    BufferView moved =
        new BufferView(cache.buffer(), cache.base().plus(offset), cache.strides(), cache.view());
    return FusedNodes.load(b, moved, at);
  }

  /**
   * A cache over the space: {@code [batch or 1, rows, half]}, {@code [rows, half]}, or a table of
   * positions.
   */
  private static View cache(View view, Shape space, boolean lookedUp) {
    int rank = view.shape().rank();
    Dim last = view.strides().get(rank - 1);
    Dim rows = lookedUp ? Dim.ZERO : view.strides().get(rank - 2);
    Dim batch = rank == 3 && !view.shape().dim(0).is(1) ? view.strides().get(0) : Dim.ZERO;
    return new View(
        view.root(), view.dtype(), space, view.offset(), List.of(batch, Dim.ZERO, rows, last));
  }
}
