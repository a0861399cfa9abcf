package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.op.Vision.AspectPolicy;
import fluidml.graph.op.Vision.CoordinateMode;
import fluidml.graph.op.Vision.Resize;
import fluidml.graph.op.Vision.ResizeMode;
import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.ScalarType;
import fluidml.loop.Type;
import fluidml.loop.UnaryOp;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Resize as a map over the result: positions and weights are computed once for each row where the
 * innermost axis is not resized, and vectors run along it. Positions are computed in double
 * precision, sums in the element type.
 */
public final class ResizeLowering implements Lowering {
  @Override
  public Result lower(Cluster cluster, Context context) {
    if (cluster.anchor().isEmpty()
        || !(cluster.anchor().get().op() instanceof Resize op)
        || cluster.nodes().size() > 1) {
      return new Result.Refused("");
    }
    Node node = cluster.anchor().get();
    Optional<String> refusal = refusal(node, op, context);
    return refusal
        .<Result>map(Result.Refused::new)
        .orElseGet(() -> Result.of(new Kernel(node, op, context).build()));
  }

  private static Optional<String> refusal(Node node, Resize op, Context context) {
    DType dtype = node.input(0).dtype();
    if (op.coordinates() == CoordinateMode.TF_CROP_AND_RESIZE) {
      return Optional.of("a region of interest");
    }
    if (op.antialias() || op.excludeOutside()) {
      return Optional.of("weights that depend on the scale or the border");
    }
    if (op.mode() != ResizeMode.NEAREST && !dtype.isFloat()) {
      return Optional.of("interpolation of " + dtype);
    }
    if (node.input(3).isPresent()) {
      return op.aspect() == AspectPolicy.STRETCH
          ? Optional.empty()
          : Optional.of("sizes that keep the ratio of the extents");
    }
    return context.constant(node.input(2)).isPresent()
        ? Optional.empty()
        : Optional.of("scales that are known at run time only");
  }

  /** A source position that contributes, as an offset in elements, and its weight. */
  private record Tap(Expr offset, Optional<Expr> weight) {}

  /** One kernel being built. Axes are in the order of the result's memory, outermost first. */
  private static final class Kernel {
    private final Node node;
    private final Resize op;
    private final Context context;
    private final CallBuilder call = new CallBuilder("resize");
    private final List<Integer> order;
    private final BufferView x;
    private final BufferView y;
    private final LoopSpace loops;

    /** The scale of each resized axis, by its place in the order. */
    private final Map<Integer, Expr> scales = new HashMap<>();

    Kernel(Node node, Resize op, Context context) {
      this.node = node;
      this.op = op;
      this.context = context;
      View to = context.view(node.output());
      View from = context.view(node.input(0));
      if (op.mode() == ResizeMode.NEAREST) {
        to = MapKernel.bits(to);
        from = MapKernel.bits(from);
      }
      int rank = to.shape().rank();
      this.order = LoopSpace.byStride(IntStream.range(0, rank).boxed().toList(), to);
      this.loops = LoopSpace.of(to.transposed(order).shape());
      this.x = call.read(from.transposed(order));
      this.y = call.write(to.transposed(order));
      findScales();
    }

    private void findScales() {
      Shape before = node.input(0).shape();
      Shape after = node.output().shape();
      int rank = before.rank();
      List<Integer> axes =
          op.axes().isEmpty() ? IntStream.range(0, rank).boxed().toList() : op.axes();
      Optional<Tensor> factors =
          node.input(3).isPresent() ? Optional.empty() : context.constant(node.input(2));
      for (int i = 0; i < axes.size(); i++) {
        int axis = Math.floorMod(axes.get(i), rank);
        Dim extent = before.dim(axis);
        if (factors.isPresent()) {
          double factor = factors.get().getDouble(i);
          if (factor != 1) {
            scales.put(order.indexOf(axis), Exprs.constant(Type.F64, factor));
          }
        } else if (!after.dim(axis).equals(extent)) {
          scales.put(order.indexOf(axis), real(after.dim(axis)).div(real(extent)));
        }
      }
    }

    private Expr real(Dim dim) {
      return real(call.size(dim));
    }

    private static Expr real(Expr index) {
      return Exprs.convert(ScalarType.F64, index);
    }

    private static Expr number(double value) {
      return Exprs.constant(Type.F64, value);
    }

    KernelCall build() {
      int inner = loops.rank() - 1;
      boolean vectors =
          !scales.containsKey(inner)
              && y.isDense(inner)
              && (x.isDense(inner) || x.isConstant(inner));
      int lanes = vectors ? context.target().lanes(List.of(x.view().dtype())) : 1;
      int taps = op.mode() == ResizeMode.NEAREST ? 1 : op.mode() == ResizeMode.LINEAR ? 2 : 4;
      int work = 2 * (int) Math.pow(taps, scales.size());
      return new MapSchedule(call, loops, lanes, (b, row) -> point(b, row, inner))
          .build("Resize", List.of(node), OptionalInt.empty(), work);
    }

    private Consumer<Point> point(BodyBuilder b, Point row, int inner) {
      List<List<Tap>> outer = new ArrayList<>();
      for (int axis = 0; axis < inner; axis++) {
        outer.add(taps(b, axis, row.indices().get(axis)));
      }
      return point -> {
        List<List<Tap>> all = new ArrayList<>(outer);
        all.add(taps(b, inner, point.indices().get(inner)));
        Expr value = sum(b, all, 0, x.base(), point);
        FusedNodes.store(b, y, point, Conversions.fit(b, y.view().dtype(), value));
      };
    }

    /** The weighted sum over the taps of the axes from {@code axis} on. */
    private Expr sum(BodyBuilder b, List<List<Tap>> taps, int axis, Expr offset, Point point) {
      if (axis == taps.size()) {
        boolean scalar = point.lanes() == 1 || x.isConstant(point.vectorAxis());
        return scalar
            ? b.load(x.buffer(), offset)
            : b.load(x.buffer(), offset, point.lanes(), point.mask());
      }
      Optional<Expr> sum = Optional.empty();
      for (Tap tap : taps.get(axis)) {
        Expr part = sum(b, taps, axis + 1, offset.plus(tap.offset), point);
        if (tap.weight.isPresent()) {
          Expr weight = tap.weight.get();
          Expr before = part;
          part = sum.map(s -> before.fma(weight, s)).orElseGet(() -> before.times(weight));
        }
        sum = Optional.of(b.let("sum", part));
      }
      return sum.orElseThrow();
    }

    private List<Tap> taps(BodyBuilder b, int axis, Expr index) {
      Expr stride = x.strides().get(axis);
      if (!scales.containsKey(axis)) {
        return List.of(new Tap(index.times(stride), Optional.empty()));
      }
      Expr extent = call.size(x.view().shape().dim(axis));
      Expr source = b.let("source", source(b, axis, index));
      if (op.mode() == ResizeMode.NEAREST) {
        return List.of(new Tap(at(b, nearest(b, source), extent, stride), Optional.empty()));
      }
      Expr floor = b.let("floor", Exprs.unary(UnaryOp.FLOOR, source));
      Expr ratio = b.let("ratio", source.minus(floor));
      Expr base = b.let("base", Exprs.convert(ScalarType.I64, floor));
      int reach = op.mode() == ResizeMode.CUBIC ? 2 : 1;
      List<Tap> taps = new ArrayList<>();
      for (int tap = 1 - reach; tap <= reach; tap++) {
        Expr distance = ratio.minus(tap).abs();
        Expr weight = reach == 1 ? number(1).minus(distance) : cubic(b, distance, tap);
        Expr fitted = Exprs.convert(Exprs.registerType(x.view().dtype()), weight);
        Expr offset = at(b, base.plus(Exprs.index(tap)), extent, stride);
        taps.add(new Tap(offset, Optional.of(b.let("weight", fitted))));
      }
      return taps;
    }

    private static Expr at(BodyBuilder b, Expr position, Expr extent, Expr stride) {
      Expr last = extent.minus(Exprs.index(1));
      return b.let("at", position.max(Exprs.index(0)).min(last).times(stride));
    }

    private Expr nearest(BodyBuilder b, Expr source) {
      Expr floor = b.let("floor", Exprs.unary(UnaryOp.FLOOR, source));
      Expr fraction = source.minus(floor);
      Expr above = floor.plus(number(1));
      Expr rounded =
          switch (op.nearest()) {
            case FLOOR -> floor;
            case CEIL -> Exprs.select(fraction.gt(number(0)), above, floor);
            case ROUND_PREFER_FLOOR -> Exprs.select(fraction.gt(number(0.5)), above, floor);
            case ROUND_PREFER_CEIL -> Exprs.select(fraction.ge(number(0.5)), above, floor);
          };
      return Exprs.convert(ScalarType.I64, rounded);
    }

    /** The cubic convolution kernel of Keys (1981); taps 0 and 1 are at a distance of at most 1. */
    private Expr cubic(BodyBuilder b, Expr distance, int tap) {
      double a = op.cubicCoefficient();
      Expr t = b.let("t", distance);
      if (tap == 0 || tap == 1) {
        return t.times(number(a + 2)).minus(number(a + 3)).times(t).times(t).plus(number(1));
      }
      Expr inner = t.times(number(a)).minus(number(5 * a)).times(t).plus(number(8 * a));
      return inner.times(t).minus(number(4 * a));
    }

    /** Where a result index lies on a source axis. */
    private Expr source(BodyBuilder b, int axis, Expr index) {
      Expr scale = scales.get(axis);
      Expr extent = real(x.view().shape().dim(axis));
      Expr i = real(index);
      Expr half = number(0.5);
      Expr centred = i.plus(half).div(scale).minus(half);
      return switch (op.coordinates()) {
        case HALF_PIXEL -> centred;
        case PYTORCH_HALF_PIXEL ->
            Exprs.select(scale.times(extent).eq(number(1)), half.neg(), centred);
        case HALF_PIXEL_SYMMETRIC -> {
          Expr size = real(y.view().shape().dim(axis));
          Expr shift = number(1).minus(size.div(scale.times(extent)));
          yield extent.times(half).times(shift).plus(centred);
        }
        case ALIGN_CORNERS -> {
          Expr length = b.let("length", scale.times(extent));
          Expr spread = i.times(extent.minus(number(1))).div(length.minus(number(1)));
          yield Exprs.select(length.eq(number(1)), number(0), spread);
        }
        case ASYMMETRIC -> i.div(scale);
        case TF_CROP_AND_RESIZE -> throw new IllegalStateException("refused before");
      };
    }
  }
}
