package fluidml.lower;

import fluidml.graph.Node;
import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.Target;
import fluidml.tensor.Dim;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;

/**
 * A copy of elements that lie in turns, as those of two or four columns do, to rows that are dense
 * each: vectors of the source are loaded whole and unzipped, once for each factor of two.
 *
 * <p>The innermost axis is dense in the target, and its stride in the source is the extent of an
 * axis along which the source is dense. The last vectors of a row end where the row ends and may
 * overlap those before; masks are needed only where a row is shorter than a vector.
 */
final class UnzippedCopy {
  /** Points of the innermost axis that are a unit where there is no other axis. */
  private static final int CHUNK = 1024;

  /** Up to so many columns are taken apart where a row is walked, more in a procedure. */
  private static final int INLINE = 2;

  private final CallBuilder call;
  private final BufferView from;
  private final BufferView to;
  private final int inner;
  private final int turn;
  private final int count;
  private final int lanes;
  private final List<Expr> extents;
  private final List<Dim> dims;

  private UnzippedCopy(MapKernel kernel, int turn, int count, int lanes) {
    this.call = kernel.call();
    this.from = kernel.read(0);
    this.to = kernel.write(0);
    this.inner = kernel.inner();
    this.turn = turn;
    this.count = count;
    this.lanes = lanes;
    this.dims = kernel.loops().shape().dims();
    this.extents = call.sizes(dims);
  }

  /** The copy as a call, if its elements are integers and can be unzipped. */
  static Optional<KernelCall> of(String label, List<Node> nodes, MapKernel kernel, Target target) {
    int inner = kernel.inner();
    BufferView from = kernel.read(0);
    int lanes = TransposedCopy.lanes(from.view().dtype(), target);
    if (!kernel.write(0).isDense(inner) || lanes < 4) {
      return Optional.empty();
    }
    List<Dim> dims = kernel.loops().shape().dims();
    for (int axis = 0; axis < inner; axis++) {
      long count = dims.get(axis).constant().orElse(0);
      if (from.isDense(axis)
          && from.view().strides().get(inner).is(count)
          && count > 1
          && count < lanes
          && Long.bitCount(count) == 1
          && dims.get(inner).constant().orElse(lanes) >= lanes / 2) {
        return Optional.of(
            new UnzippedCopy(kernel, axis, Math.toIntExact(count), lanes).build(label, nodes));
      }
    }
    return Optional.empty();
  }

  /** A unit is a row, or a chunk of it, of every one of the targets that elements go to in turn. */
  private KernelCall build(String label, List<Node> nodes) {
    List<Integer> others = new ArrayList<>();
    List<Expr> units = new ArrayList<>();
    Dim work = Dim.ONE;
    for (int axis = 0; axis <= inner; axis++) {
      work = work.times(dims.get(axis));
      if (axis != inner && axis != turn) {
        others.add(axis);
        units.add(extents.get(axis));
      }
    }
    Expr length = extents.get(inner);
    boolean chunked = others.isEmpty();
    if (chunked) {
      units.add(Exprs.ceilDiv(length, CHUNK));
    }
    String row = row();
    return call.build(
        label,
        nodes,
        work,
        OuterLoops.count(units),
        (b, begin, end) ->
            OuterLoops.write(
                b,
                units,
                begin,
                end,
                indices -> {
                  if (chunked) {
                    Expr first = indices.getFirst().times(Exprs.index(CHUNK));
                    Expr last = first.plus(Exprs.index(CHUNK)).min(length);
                    b.call(row, from.base(), to.base(), first, last);
                    return;
                  }
                  Expr x = from.base();
                  Expr y = to.base();
                  for (int i = 0; i < others.size(); i++) {
                    x = x.plus(indices.get(i).times(from.strides().get(others.get(i))));
                    y = y.plus(indices.get(i).times(to.strides().get(others.get(i))));
                  }
                  b.call(row, x, y, Exprs.index(0), length);
                }));
  }

  /** Declares what a unit does with a row of every target. */
  private String row() {
    BiConsumer<BodyBuilder, List<Expr>> vectors =
        (b, p) -> vectors(b, p.get(0), p.get(1), Optional.empty());
    if (count > INLINE) {
      String procedure = call.kernel().procedure("vectors", List.of("x", "y"), vectors);
      vectors = (b, p) -> b.call(procedure, p.get(0), p.get(1));
    }
    Optional<String> edge =
        dims.get(inner).constant().orElse(0) >= lanes
            ? Optional.empty()
            : Optional.of(
                call.kernel()
                    .procedure(
                        "edge",
                        List.of("x", "y", "left"),
                        (b, p) -> vectors(b, p.get(0), p.get(1), Optional.of(p.get(2)))));
    BiConsumer<BodyBuilder, List<Expr>> body = vectors;
    return call.kernel()
        .procedure("row", List.of("x", "y", "begin", "end"), (b, p) -> row(b, p, body, edge));
  }

  private void row(
      BodyBuilder b,
      List<Expr> parameters,
      BiConsumer<BodyBuilder, List<Expr>> vectors,
      Optional<String> edge) {
    Expr x = parameters.get(0);
    Expr y = parameters.get(1);
    Expr begin = parameters.get(2);
    Expr end = parameters.get(3);
    Expr step = Exprs.index(count);
    Expr most = Exprs.index(lanes - 1);
    Runnable whole =
        () -> {
          b.loop(
              "i",
              begin,
              end.minus(most),
              lanes,
              i -> vectors.accept(b, List.of(x.plus(i.times(step)), y.plus(i))));
          Expr last = b.let("last", end.minus(Exprs.index(lanes)).max(Exprs.index(0)));
          b.when(
              Exprs.and(end.minus(begin), most).ne(Exprs.index(0)),
              () -> vectors.accept(b, List.of(x.plus(last.times(step)), y.plus(last))));
        };
    if (edge.isEmpty()) {
      whole.run();
      return;
    }
    b.when(extents.get(inner).ge(Exprs.index(lanes)), whole, () -> b.call(edge.get(), x, y, end));
  }

  /** A vector for each of the targets; with a count, only its first lanes. */
  private void vectors(BodyBuilder b, Expr x, Expr y, Optional<Expr> left) {
    List<Expr> current = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int before = i * lanes;
      Optional<Expr> mask =
          left.map(
              n -> Exprs.laneMask(n.times(Exprs.index(count)).minus(Exprs.index(before)), lanes));
      current.add(b.let("x", b.load(from.buffer(), x.plus(Exprs.index(before)), lanes, mask)));
    }
    Optional<Expr> mask = left.map(n -> b.let("mask", Exprs.laneMask(n, lanes)));
    List<Expr> apart = unzipped(b, current);
    for (int i = 0; i < count; i++) {
      Expr at = y.plus(to.strides().get(turn).times(Exprs.index(i)));
      b.store(to.buffer(), at, apart.get(i), mask);
    }
  }

  /** The elements of every residue of their place: even places first, those taken apart in turn. */
  private static List<Expr> unzipped(BodyBuilder b, List<Expr> vectors) {
    if (vectors.size() == 1) {
      return vectors;
    }
    List<Expr> result = new ArrayList<>(vectors);
    for (boolean odd : new boolean[] {false, true}) {
      List<Expr> half = new ArrayList<>();
      for (int i = 0; i < vectors.size(); i += 2) {
        half.add(b.let("unzip", new Expr.Unzip(vectors.get(i), vectors.get(i + 1), odd)));
      }
      List<Expr> parts = unzipped(b, half);
      for (int i = 0; i < parts.size(); i++) {
        result.set(2 * i + (odd ? 1 : 0), parts.get(i));
      }
    }
    return result;
  }
}
