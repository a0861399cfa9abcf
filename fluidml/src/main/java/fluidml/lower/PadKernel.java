package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.op.Movement;
import fluidml.graph.op.Movement.PadMode;
import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.Type;
import fluidml.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Pad row by row, in vectors: those that lie inside are copied, others filled where they do not;
 * the ends of reflections follow backwards, those of repetitions element by element. Rows outside
 * are filled, or copies of the row they mirror.
 */
final class PadKernel {
  private final Movement.Pad pad;
  private final int rank;
  private final CallBuilder call = new CallBuilder("pad");
  private final BufferView from;
  private final BufferView to;
  private final Optional<BufferView> fill;
  private final List<Expr> before;
  private final List<Expr> sourceExtents;
  private final List<Expr> extents;
  private final int lanes;

  private PadKernel(Node node, Movement.Pad pad, Lowering.Context context) {
    this.pad = pad;
    List<Integer> order = order(context.view(node.input(0)), context.view(node.output()));
    View x = context.view(node.input(0)).transposed(order);
    View y = context.view(node.output()).transposed(order);
    this.rank = y.shape().rank();
    boolean filled = pad.mode() == PadMode.CONSTANT && node.input(1).isPresent();
    this.from = call.read(MapKernel.bits(x));
    this.to = call.write(MapKernel.bits(y));
    this.fill =
        filled
            ? Optional.of(call.read(MapKernel.bits(context.view(node.input(1)))))
            : Optional.empty();
    this.before = call.sizes(order.stream().map(pad.before()::get).toList());
    this.sourceExtents = call.sizes(x.shape().dims());
    this.extents = call.sizes(y.shape().dims());
    DType dtype = from.view().dtype();
    boolean vectors = from.isDense(rank - 1) && to.isDense(rank - 1);
    this.lanes = vectors ? context.target().lanes(List.of(dtype)) : 1;
  }

  /** The axes in the order of the result's memory; those with one element are never innermost. */
  private static List<Integer> order(View x, View y) {
    List<Integer> single = new ArrayList<>();
    List<Integer> others = new ArrayList<>();
    for (int axis = 0; axis < y.shape().rank(); axis++) {
      boolean one = x.shape().dim(axis).is(1) && y.shape().dim(axis).is(1);
      (one ? single : others).add(axis);
    }
    single.addAll(LoopSpace.byStride(others, y));
    return single;
  }

  static Lowering.Result lower(Node node, Movement.Pad pad, Lowering.Context context) {
    if (context.view(node.output()).shape().rank() == 0) {
      return Lowering.Result.of(
          MapKernel.copy(
              "Pad",
              List.of(node),
              context,
              context.view(node.input(0)),
              context.view(node.output())));
    }
    return Lowering.Result.of(new PadKernel(node, pad, context).build(node));
  }

  private KernelCall build(Node node) {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < rank - 1; i++) {
      names.add("i" + i);
    }
    String row = call.kernel().procedure("row", names, this::row);
    List<Expr> outer = extents.subList(0, rank - 1);
    return call.build(
        "Pad",
        List.of(node),
        to.view().shape().elements(),
        OuterLoops.count(outer),
        (b, begin, end) ->
            OuterLoops.write(
                b, outer, begin, end, indices -> b.call(row, indices.toArray(Expr[]::new))));
  }

  private void row(BodyBuilder b, List<Expr> outer) {
    int last = rank - 1;
    Expr n = extents.get(last);
    Expr outside =
        b.let(
            "fill",
            fill.map(f -> b.load(f.buffer(), f.base()))
                .orElse(Exprs.constant(new Type(Exprs.registerType(from.view().dtype()), 1), 0)));
    List<Expr> source = new ArrayList<>();
    Expr inside = Exprs.bool(true);
    for (int axis = 0; axis < last; axis++) {
      Expr at = b.let("s", outer.get(axis).minus(before.get(axis)));
      if (pad.mode() == PadMode.CONSTANT) {
        inside =
            Exprs.and(inside, Exprs.and(at.ge(Exprs.index(0)), at.lt(sourceExtents.get(axis))));
        source.add(at);
      } else {
        source.add(mirrored(b, at, sourceExtents.get(axis)));
      }
    }
    List<Expr> target = new ArrayList<>(outer);
    if (pad.mode() == PadMode.CONSTANT) {
      b.when(
          inside,
          () -> inner(b, source, target, outside),
          () -> fill(b, target, Exprs.index(0), n, outside));
    } else {
      inner(b, source, target, outside);
    }
  }

  /** One row whose source row exists. */
  private void inner(BodyBuilder b, List<Expr> source, List<Expr> target, Expr outside) {
    int last = rank - 1;
    Expr zero = Exprs.index(0);
    Expr start = before.get(last);
    Expr length = sourceExtents.get(last);
    Expr n = extents.get(last);
    Expr first = b.let("first", start.max(zero).min(n));
    Expr rest = b.let("rest", start.plus(length).min(n).max(first));
    boolean fills = pad.mode() == PadMode.CONSTANT || pad.mode() == PadMode.EDGE;
    if (lanes > 1) {
      List<Expr> outsides = outsides(b, source, outside);
      b.loop("i", zero, n, lanes, i -> vector(b, source, target, outsides, first, rest, i));
    } else {
      b.loop(
          "i",
          first,
          rest,
          i -> {
            Expr value = b.load(from.buffer(), from.index(with(source, i.minus(start))));
            b.store(to.buffer(), to.index(with(target, i)), value);
          });
    }
    if (lanes > 1 && pad.mode() == PadMode.REFLECT) {
      Expr end = length.minus(Exprs.index(1));
      Expr beyond = b.let("beyond", start.plus(end).plus(end));
      b.when(
          Exprs.and(start.le(end), n.minus(Exprs.index(1)).le(beyond)),
          () -> {
            reflection(b, source, target, zero, first, start);
            reflection(b, source, target, rest, n, beyond);
          },
          () -> {
            ends(b, source, target, zero, first, outside);
            ends(b, source, target, rest, n, outside);
          });
    } else if (lanes == 1 || !fills) {
      ends(b, source, target, zero, first, outside);
      ends(b, source, target, rest, n, outside);
    }
  }

  /** Elements that the source has in the reverse order: at {@code sum} − i for i. */
  private void reflection(
      BodyBuilder b, List<Expr> source, List<Expr> target, Expr begin, Expr end, Expr sum) {
    b.loop(
        "i",
        begin,
        end,
        lanes,
        i -> {
          Expr left = b.let("left", end.minus(i));
          Expr at = from.index(with(source, sum.minus(i)));
          Expr value = MapKernel.backwards(b, from.buffer(), at, lanes, Optional.of(left));
          b.store(to.buffer(), to.index(with(target, i)), value, Exprs.laneMask(left, lanes));
        });
  }

  /** What vectors hold before and behind the part that lies inside. */
  private List<Expr> outsides(BodyBuilder b, List<Expr> source, Expr outside) {
    if (pad.mode() != PadMode.EDGE) {
      return List.of(outside, outside);
    }
    Expr end = sourceExtents.getLast().minus(Exprs.index(1));
    return List.of(
        b.let("edge", b.load(from.buffer(), from.index(with(source, Exprs.index(0))))),
        b.let("edge", b.load(from.buffer(), from.index(with(source, end)))));
  }

  /** A vector of a row: inside, outside, or partly so. */
  private void vector(
      BodyBuilder b,
      List<Expr> source,
      List<Expr> target,
      List<Expr> outsides,
      Expr first,
      Expr rest,
      Expr i) {
    Expr x = b.let("x", from.index(with(source, i.minus(before.getLast()))));
    Expr y = b.let("y", to.index(with(target, i)));
    b.when(
        Exprs.and(i.ge(first), i.plus(Exprs.index(lanes)).le(rest)),
        () -> b.store(to.buffer(), y, b.load(from.buffer(), x, lanes)),
        () -> {
          Expr left = b.let("left", Exprs.laneMask(first.minus(i), lanes));
          Expr upTo = Exprs.laneMask(rest.minus(i), lanes);
          Expr inside = b.let("inside", Exprs.and(upTo, Exprs.not(left)));
          Expr value = b.let("value", b.load(from.buffer(), x, lanes, inside));
          Expr outside = outsides.get(0);
          if (!outside.equals(outsides.get(1))) {
            outside = Exprs.select(left, outside, outsides.get(1));
          }
          Expr mask = Exprs.laneMask(extents.getLast().minus(i), lanes);
          b.store(to.buffer(), y, Exprs.select(inside, value, outside), mask);
        });
  }

  /** Elements before or behind the part that lies inside, one by one. */
  private void ends(
      BodyBuilder b, List<Expr> source, List<Expr> target, Expr begin, Expr end, Expr outside) {
    int last = rank - 1;
    b.loop(
        "i",
        begin,
        end,
        i -> {
          Expr value = outside;
          if (pad.mode() != PadMode.CONSTANT) {
            Expr at = mirrored(b, i.minus(before.get(last)), sourceExtents.get(last));
            value = b.load(from.buffer(), from.index(with(source, at)));
          }
          b.store(to.buffer(), to.index(with(target, i)), value);
        });
  }

  private void fill(BodyBuilder b, List<Expr> target, Expr begin, Expr end, Expr value) {
    b.vectorLoop(
        "i",
        begin,
        end,
        lanes,
        (i, mask) ->
            b.store(to.buffer(), to.index(with(target, i)), Exprs.spread(value, lanes), mask));
  }

  /**
   * The source index that an index stands for; reflections repeat as often as needed, but only
   * those beyond the first take a division.
   */
  private Expr mirrored(BodyBuilder b, Expr index, Expr extent) {
    Expr zero = Exprs.index(0);
    Expr at = b.let("at", index);
    Expr last = b.let("last", extent.minus(Exprs.index(1)));
    return switch (pad.mode()) {
      case EDGE -> b.let("m", at.max(zero).min(last));
      case WRAP -> {
        Expr below = Exprs.select(at.gt(last), at.minus(extent), at);
        Expr.Read m = b.variable("m", Exprs.select(at.lt(zero), at.plus(extent), below));
        b.when(m.max(zero).min(last).ne(m), () -> b.assign(m, Exprs.floorMod(at, extent)));
        yield m;
      }
      case REFLECT -> {
        Expr.Read m = b.variable("m", last.minus(last.minus(at.abs()).abs()));
        b.when(
            m.lt(zero),
            () -> {
              Expr period = b.let("period", last.plus(last).max(Exprs.index(1)));
              Expr phase = b.let("phase", Exprs.floorMod(at, period));
              b.assign(m, phase.min(period.minus(phase)).min(last));
            });
        yield m;
      }
      case CONSTANT -> at;
    };
  }

  private static List<Expr> with(List<Expr> indices, Expr last) {
    List<Expr> all = new ArrayList<>(indices);
    all.add(last);
    return all;
  }
}
