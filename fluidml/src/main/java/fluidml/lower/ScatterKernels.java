package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.op.Indexing;
import fluidml.graph.op.Indexing.ScatterReduction;
import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;

/**
 * Scattering: a copy of the data, then the updates in order. Indices may repeat, so the updates are
 * one unit of work.
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
        (b, indices) -> {
          Expr index = b.load(at.buffer(), at.index(indices));
          List<Expr> target = new ArrayList<>(indices);
          target.set(axis, IndexingLowering.checked(b, index, extent));
          update(b, op.reduction(), out, out.index(target), updates, indices);
        });
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
    return calls(
        node,
        context,
        call,
        updates.view().shape().dims(),
        (b, indices) -> {
          List<Expr> outer = new ArrayList<>(indices.subList(0, last));
          outer.add(Exprs.index(0));
          Expr base =
              IndexingLowering.tupleBase(
                  b, at, Point.scalar(outer), at.strides().get(last), extents, out.strides());
          Expr target = out.base().plus(base);
          for (int i = last; i < indices.size(); i++) {
            target = target.plus(indices.get(i).times(out.strides().get(tuple + i - last)));
          }
          update(b, op.reduction(), out, target, updates, indices);
        });
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

  /** A copy of the data, then loops over the updates. */
  private static Lowering.Result calls(
      Node node,
      Lowering.Context context,
      CallBuilder call,
      List<Dim> dims,
      BiConsumer<BodyBuilder, List<Expr>> body) {
    Dim work = Dim.ONE;
    for (Dim dim : dims) {
      work = work.times(dim);
    }
    List<Expr> extents = call.sizes(dims);
    KernelCall scatter =
        call.build(
            Labels.of(node.op()),
            List.of(node),
            work,
            Exprs.index(1),
            (b, _, _) -> nest(b, extents, new ArrayList<>(), body));
    View data = context.view(node.input(0));
    View y = context.view(node.output());
    return Lowering.Result.of(
        MapKernel.copy(Labels.of(node.op()), List.of(node), context, data, y), scatter);
  }

  private static void nest(
      BodyBuilder b,
      List<Expr> extents,
      List<Expr> indices,
      BiConsumer<BodyBuilder, List<Expr>> body) {
    if (indices.size() == extents.size()) {
      body.accept(b, indices);
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

  private static void update(
      BodyBuilder b,
      ScatterReduction reduction,
      BufferView out,
      Expr target,
      BufferView updates,
      List<Expr> indices) {
    DType dtype = out.view().dtype();
    Expr at = b.let("target", target);
    Expr value = b.let("u", b.load(updates.buffer(), updates.index(indices)));
    Expr old = b.load(out.buffer(), at);
    Expr result =
        switch (reduction) {
          case NONE -> value;
          case ADD -> Conversions.fit(b, dtype, old.plus(value));
          case MUL -> Conversions.fit(b, dtype, old.times(value));
          case MIN -> old.min(value);
          case MAX -> old.max(value);
        };
    b.store(out.buffer(), at, result);
  }
}
