package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.op.Indexing;
import fluidml.graph.op.Indexing.ScatterReduction;
import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Scattering: a copy of the data, then the updates in order, slices that lie densely in vectors.
 * Indices may repeat, so the updates are one unit of work.
 */
final class ScatterKernels {
  private ScatterKernels() {}

  /** Single elements along an axis. */
  static Lowering.Result elements(
      Node node, Indexing.ScatterElements op, Lowering.Context context) {
    Optional<Lowering.Result> refusal = refusal(node, op.reduction());
    if (refusal.isPresent()) {
      return refusal.get();
    }
    View y = context.view(node.output());
    int axis = op.axis() < 0 ? op.axis() + y.shape().rank() : op.axis();
    CallBuilder call = new CallBuilder("scatterElements");
    BufferView out = call.readWrite(raw(y, op.reduction()));
    BufferView updates = call.read(raw(context.view(node.input(2)), op.reduction()));
    BufferView at = call.read(context.view(node.input(1)));
    Expr extent = call.size(y.shape().dim(axis));
    return calls(
        node,
        context,
        call,
        updates.view().shape().dims(),
        b ->
            nest(
                b,
                call.sizes(updates.view().shape().dims()),
                new ArrayList<>(),
                indices -> {
                  Expr index = b.load(at.buffer(), at.index(indices));
                  List<Expr> target = new ArrayList<>(indices);
                  target.set(axis, IndexingLowering.checked(b, index, extent));
                  Expr value = b.load(updates.buffer(), updates.index(indices));
                  update(b, op.reduction(), out, out.index(target), value, Optional.empty());
                }));
  }

  /** Slices named by tuples, which lie on the last axis of the indices. */
  static Lowering.Result slices(Node node, Indexing.ScatterND op, Lowering.Context context) {
    Optional<Lowering.Result> refusal = refusal(node, op.reduction());
    if (refusal.isPresent()) {
      return refusal.get();
    }
    View y = context.view(node.output());
    View tuples = context.view(node.input(1));
    int last = tuples.shape().rank() - 1;
    Dim length = tuples.shape().dim(last);
    if (!length.isConstant()) {
      return new Lowering.Result.Refused("index tuples of variable length");
    }
    int tuple = (int) length.constant().getAsLong();
    CallBuilder call = new CallBuilder("scatter");
    BufferView out = call.readWrite(raw(y, op.reduction()));
    BufferView updates = call.read(raw(context.view(node.input(2)), op.reduction()));
    BufferView at = call.read(tuples);
    List<Expr> extents = new ArrayList<>();
    for (int i = 0; i < tuple; i++) {
      extents.add(call.size(y.shape().dim(i)));
    }
    List<Dim> dims = updates.view().shape().dims();
    View target = inner(out.view(), tuple);
    View source = inner(updates.view(), last);
    LoopSpace loops = LoopSpace.merged(target.shape(), List.of(target, source), target);
    BufferView to = within(call, out, loops.apply(target));
    BufferView from = within(call, updates, loops.apply(source));
    List<Expr> slice = call.sizes(loops.shape().dims());
    int inner = loops.rank() - 1;
    boolean vectors = to.isDense(inner) && from.isDense(inner) && !loops.shape().dim(inner).is(1);
    int lanes = vectors ? context.target().lanes(List.of(to.view().dtype())) : 1;
    return calls(
        node,
        context,
        call,
        dims,
        b ->
            nest(
                b,
                call.sizes(dims.subList(0, last)),
                new ArrayList<>(),
                tupleAt -> {
                  List<Expr> first = new ArrayList<>(tupleAt);
                  first.add(Exprs.index(0));
                  Expr y0 =
                      IndexingLowering.tupleBase(
                          b,
                          at,
                          Point.scalar(first),
                          at.strides().get(last),
                          extents,
                          out.strides());
                  Expr x = Exprs.index(0);
                  for (int i = 0; i < last; i++) {
                    x = x.plus(tupleAt.get(i).times(updates.strides().get(i)));
                  }
                  Expr x0 = b.let("updates", x);
                  nest(
                      b,
                      slice.subList(0, inner),
                      new ArrayList<>(),
                      outer ->
                          b.vectorLoop(
                              "j",
                              Exprs.index(0),
                              slice.get(inner),
                              lanes,
                              (j, mask) -> {
                                List<Expr> all = new ArrayList<>(outer);
                                all.add(j);
                                Expr value =
                                    b.load(from.buffer(), x0.plus(from.index(all)), lanes, mask);
                                Expr index = y0.plus(to.index(all));
                                update(b, op.reduction(), to, index, value, mask);
                              }));
                }));
  }

  /** The axes of a view from one on, at index 0 of those before. */
  private static View inner(View view, int axis) {
    int rank = view.shape().rank();
    return new View(
        view.root(),
        view.dtype(),
        new Shape(view.shape().dims().subList(axis, rank)),
        view.offset(),
        view.strides().subList(axis, rank));
  }

  /** Some loops over a buffer that was declared whole. */
  private static BufferView within(CallBuilder call, BufferView whole, View part) {
    return new BufferView(whole.buffer(), whole.base(), call.sizes(part.strides()), part);
  }

  private static View raw(View view, ScatterReduction reduction) {
    return reduction == ScatterReduction.NONE ? MapKernel.bits(view) : view;
  }

  private static Optional<Lowering.Result> refusal(Node node, ScatterReduction reduction) {
    DType dtype = node.output().dtype();
    return reduction != ScatterReduction.NONE && (dtype == DType.BOOL || dtype == DType.UINT64)
        ? Optional.of(new Lowering.Result.Refused("scattering with " + reduction + " of " + dtype))
        : Optional.empty();
  }

  /** A copy of the data, then the updates. */
  private static Lowering.Result calls(
      Node node,
      Lowering.Context context,
      CallBuilder call,
      List<Dim> dims,
      Consumer<BodyBuilder> body) {
    Dim work = Dim.ONE;
    for (Dim dim : dims) {
      work = work.times(dim);
    }
    KernelCall scatter =
        call.build(
            Labels.of(node.op()), List.of(node), work, Exprs.index(1), (b, _, _) -> body.accept(b));
    View data = context.view(node.input(0));
    View y = context.view(node.output());
    return Lowering.Result.of(
        MapKernel.copy(Labels.of(node.op()), List.of(node), context, data, y), scatter);
  }

  private static void nest(
      BodyBuilder b, List<Expr> extents, List<Expr> indices, Consumer<List<Expr>> body) {
    if (indices.size() == extents.size()) {
      body.accept(indices);
      return;
    }
    b.loop(
        "i",
        Exprs.index(0),
        extents.get(indices.size()),
        i -> {
          List<Expr> more = new ArrayList<>(indices);
          more.add(i);
          nest(b, extents, more, body);
        });
  }

  /** Writes one element, or those of a vector. */
  private static void update(
      BodyBuilder b,
      ScatterReduction reduction,
      BufferView out,
      Expr target,
      Expr value,
      Optional<Expr> mask) {
    DType dtype = out.view().dtype();
    Expr at = b.let("target", target);
    Expr u = b.let("u", value);
    Expr old = b.load(out.buffer(), at, u.type().lanes(), mask);
    Expr result =
        switch (reduction) {
          case NONE -> u;
          case ADD -> Conversions.fit(b, dtype, old.plus(u));
          case MUL -> Conversions.fit(b, dtype, old.times(u));
          case MIN -> old.min(u);
          case MAX -> old.max(u);
        };
    b.store(out.buffer(), at, result, mask);
  }
}
