package fluidml.lower;

import fluidml.graph.Node;
import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.tensor.DType;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** A map kernel being built: merged loops over a space, and the views that lie in it. */
final class MapKernel {
  /** Tiles along axes shorter than this are not worth their loops. */
  private static final int SHORT = 8;

  private final CallBuilder call;
  private final LoopSpace loops;
  private final List<BufferView> reads;
  private final List<BufferView> writes;

  /**
   * Finds the loops and declares the buffers.
   *
   * @param reads views of the shape {@code space}
   * @param writes views of the shape {@code space}; the first decides the order of the loops
   */
  MapKernel(String name, Shape space, List<View> reads, List<View> writes) {
    List<View> all = new ArrayList<>(reads);
    all.addAll(writes);
    this.call = new CallBuilder(name);
    this.loops = LoopSpace.merged(space, all, writes.getFirst());
    this.reads = reads.stream().map(v -> call.read(loops.apply(v))).toList();
    this.writes = writes.stream().map(v -> call.write(loops.apply(v))).toList();
  }

  /** A copy of all elements of one view to another of the same shape. */
  static KernelCall copy(
      String label, List<Node> nodes, Lowering.Context context, View from, View to) {
    MapKernel kernel = new MapKernel("copy", to.shape(), List.of(bits(from)), List.of(bits(to)));
    if (!kernel.isVectorisable()) {
      Optional<KernelCall> vectors =
          UnzippedCopy.of(label, nodes, words(from, to), context.target())
              .or(() -> TransposedCopy.of(label, nodes, words(from, to), context.target()));
      if (vectors.isPresent()) {
        return vectors.get();
      }
    }
    BufferView x = kernel.read(0);
    BufferView y = kernel.write(0);
    int most = context.target().lanes(List.of(x.view().dtype()));
    if (most > 1 && x.view().strides().get(kernel.inner()).is(-1) && y.isDense(kernel.inner())) {
      return kernel.reversed(label, nodes, most);
    }
    int lanes = kernel.isVectorisable() ? most : 1;
    return kernel.build(
        label,
        nodes,
        lanes,
        1,
        (body, _) -> point -> FusedNodes.store(body, y, point, FusedNodes.load(body, x, point)));
  }

  /** A copy of rows that lie backwards. */
  private KernelCall reversed(String label, List<Node> nodes, int lanes) {
    BufferView x = read(0);
    BufferView y = write(0);
    Expr length = call.size(loops.shape().dim(inner()));
    return build(
        label,
        nodes,
        lanes,
        1,
        (body, _) ->
            point -> {
              Expr left = length.minus(point.indices().get(inner()));
              Expr from = x.index(point.indices());
              Expr value = backwards(body, x.buffer(), from, lanes, point.mask().map(_ -> left));
              FusedNodes.store(body, y, point, value);
            });
  }

  /**
   * Elements in the reverse order of memory, the one at {@code index} first.
   *
   * @param count how many of the lanes are read, if not all
   */
  static Expr backwards(
      BodyBuilder body, Buffer buffer, Expr index, int lanes, Optional<Expr> count) {
    Optional<Expr> mask =
        count.map(n -> Exprs.not(Exprs.laneMask(Exprs.index(lanes).minus(n), lanes)));
    Expr last = index.minus(Exprs.index(lanes - 1));
    return new Expr.Reverse(body.load(buffer, last, lanes, mask));
  }

  /** The same elements as a type whose loads and stores keep every bit and cost least. */
  static View bits(View view) {
    DType dtype =
        switch (view.dtype()) {
          case FLOAT16, BFLOAT16, UINT16 -> DType.INT16;
          case BOOL, UINT8 -> DType.INT8;
          case UINT64 -> DType.INT64;
          case UINT32 -> DType.INT32;
          default -> view.dtype();
        };
    return new View(view.root(), dtype, view.shape(), view.offset(), view.strides());
  }

  private static MapKernel words(View from, View to) {
    return new MapKernel("copy", to.shape(), List.of(words(from)), List.of(words(to)));
  }

  /** The same elements as integers. */
  private static View words(View view) {
    View bits = bits(view);
    DType dtype =
        switch (bits.dtype()) {
          case FLOAT32 -> DType.INT32;
          case FLOAT64 -> DType.INT64;
          default -> bits.dtype();
        };
    return new View(bits.root(), dtype, bits.shape(), bits.offset(), bits.strides());
  }

  CallBuilder call() {
    return call;
  }

  LoopSpace loops() {
    return loops;
  }

  BufferView read(int index) {
    return reads.get(index);
  }

  BufferView write(int index) {
    return writes.get(index);
  }

  /** The innermost loop. */
  int inner() {
    return loops.rank() - 1;
  }

  /** Whether vectors along the innermost loop can be loaded and stored. */
  boolean isVectorisable() {
    return reads.stream().allMatch(v -> v.isDense(inner()) || v.isConstant(inner()))
        && writes.stream().allMatch(v -> v.isDense(inner()));
  }

  /** Writes the loops and finishes the call. */
  KernelCall build(
      String label, List<Node> nodes, int lanes, int workPerPoint, MapSchedule.Body body) {
    return new MapSchedule(call, loops, lanes, body)
        .build(label, nodes, across(reads, inner()), workPerPoint);
  }

  /**
   * An axis that some operand is dense along although it is strided along the innermost one, and
   * long enough for tiles.
   */
  static OptionalInt across(Collection<BufferView> reads, int inner) {
    return across(reads, inner, SHORT);
  }

  /**
   * An axis that some operand is dense along although it is strided along the innermost one.
   *
   * @param shortest the smallest extent that will do, where it is known
   */
  static OptionalInt across(Collection<BufferView> reads, int inner, int shortest) {
    for (BufferView view : reads) {
      if (!view.isDense(inner) && !view.isConstant(inner)) {
        for (int axis = inner - 1; axis >= 0; axis--) {
          long extent = view.view().shape().dim(axis).constant().orElse(shortest);
          if (view.isDense(axis) && extent >= shortest) {
            return OptionalInt.of(axis);
          }
        }
      }
    }
    return OptionalInt.empty();
  }
}
