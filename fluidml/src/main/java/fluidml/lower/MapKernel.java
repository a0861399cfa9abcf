package fluidml.lower;

import fluidml.graph.Node;
import fluidml.tensor.DType;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** A map kernel being built: merged loops over a space, and the views that lie in it. */
final class MapKernel {
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
      MapKernel words = new MapKernel("copy", to.shape(), List.of(words(from)), List.of(words(to)));
      Optional<KernelCall> transposed = TransposedCopy.of(label, nodes, words, context.target());
      if (transposed.isPresent()) {
        return transposed.get();
      }
    }
    BufferView x = kernel.read(0);
    BufferView y = kernel.write(0);
    int lanes = kernel.isVectorisable() ? context.target().lanes(List.of(x.view().dtype())) : 1;
    return kernel.build(
        label,
        nodes,
        lanes,
        1,
        (body, _) -> point -> FusedNodes.store(body, y, point, FusedNodes.load(body, x, point)));
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

  /** The same elements as I32 if they are as large. */
  private static View words(View view) {
    View bits = bits(view);
    return bits.dtype() == DType.FLOAT32
        ? new View(bits.root(), DType.INT32, bits.shape(), bits.offset(), bits.strides())
        : bits;
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

  /** An axis that some operand is dense along although it is strided along the innermost one. */
  static OptionalInt across(Collection<BufferView> reads, int inner) {
    for (BufferView view : reads) {
      if (!view.isDense(inner) && !view.isConstant(inner)) {
        for (int axis = inner - 1; axis >= 0; axis--) {
          if (view.isDense(axis)) {
            return OptionalInt.of(axis);
          }
        }
      }
    }
    return OptionalInt.empty();
  }
}
