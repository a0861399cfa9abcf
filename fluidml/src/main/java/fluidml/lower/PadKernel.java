package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.op.Movement;
import fluidml.graph.op.Movement.PadMode;
import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.Type;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Pad row by row: the part of a row that lies inside is copied in vectors, its ends element by
 * element; rows outside are filled, or copies of the row they mirror.
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
    Expr rows = Exprs.index(1);
    for (int i = 0; i < rank - 1; i++) {
      rows = rows.times(extents.get(i));
    }
    Dim work = to.view().shape().elements();
    return call.build(
        "Pad",
        List.of(node),
        work,
        rows,
        (b, begin, end) ->
            b.loop(
                "r",
                begin,
                end,
                r -> {
                  Expr[] indices = new Expr[rank - 1];
                  Expr rest = r;
                  for (int i = rank - 2; i >= 0; i--) {
                    indices[i] = i == 0 ? rest : b.let("i", Exprs.floorMod(rest, extents.get(i)));
                    rest = i == 0 ? rest : b.let("rest", Exprs.floorDiv(rest, extents.get(i)));
                  }
                  b.call(row, indices);
                }));
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
    Expr start = before.get(last);
    Expr length = sourceExtents.get(last);
    Expr n = extents.get(last);
    Expr first = b.let("first", start.max(Exprs.index(0)).min(n));
    Expr rest = b.let("rest", start.plus(length).min(n).max(first));
    ends(b, source, target, Exprs.index(0), first, outside);
    b.vectorLoop(
        "i",
        first,
        rest,
        lanes,
        (i, mask) -> {
          Expr value = b.load(from.buffer(), from.index(with(source, i.minus(start))), lanes, mask);
          b.store(to.buffer(), to.index(with(target, i)), value, mask);
        });
    ends(b, source, target, rest, n, outside);
  }

  private void ends(
      BodyBuilder b, List<Expr> source, List<Expr> target, Expr begin, Expr end, Expr outside) {
    if (pad.mode() == PadMode.CONSTANT) {
      fill(b, target, begin, end, outside);
      return;
    }
    int last = rank - 1;
    b.loop(
        "i",
        begin,
        end,
        i -> {
          Expr at = mirrored(b, i.minus(before.get(last)), sourceExtents.get(last));
          Expr value = b.load(from.buffer(), from.index(with(source, at)));
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

  /** The source index that an index stands for; reflections repeat as often as needed. */
  private Expr mirrored(BodyBuilder b, Expr index, Expr extent) {
    Expr last = b.let("last", extent.minus(Exprs.index(1)));
    return switch (pad.mode()) {
      case EDGE -> b.let("m", index.max(Exprs.index(0)).min(last));
      case WRAP -> b.let("m", Exprs.floorMod(index, extent));
      case REFLECT -> {
        Expr period = b.let("period", last.plus(last).max(Exprs.index(1)));
        Expr at = b.let("at", Exprs.floorMod(index, period));
        yield b.let("m", at.min(period.minus(at)).min(last));
      }
      case CONSTANT -> index;
    };
  }

  private static List<Expr> with(List<Expr> indices, Expr last) {
    List<Expr> all = new ArrayList<>(indices);
    all.add(last);
    return all;
  }
}
