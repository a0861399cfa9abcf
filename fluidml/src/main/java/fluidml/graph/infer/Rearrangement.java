package fluidml.graph.infer;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Indexing.Gather;
import fluidml.graph.op.Movement;
import fluidml.graph.op.Movement.Concat;
import fluidml.graph.op.Movement.Expand;
import fluidml.graph.op.Movement.Reshape;
import fluidml.graph.op.Movement.Slice;
import fluidml.graph.op.Movement.SliceAxis;
import fluidml.graph.op.Movement.Split;
import fluidml.graph.op.Movement.Squeeze;
import fluidml.graph.op.Movement.Tile;
import fluidml.graph.op.Movement.Transpose;
import fluidml.graph.op.Movement.Unsqueeze;
import fluidml.graph.op.Op;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Where each element of a small tensor comes from, for ops that only move elements.
 *
 * @param operands number of operands, from the first, that hold elements
 * @param results for each result the position of each of its elements in the operands put one after
 *     another
 */
record Rearrangement(int operands, List<int[]> results) {
  private Rearrangement(int... positions) {
    this(1, List.of(positions));
  }

  /** The movement of a node, if it is one, its geometry is known and all tensors are small. */
  static Optional<Rearrangement> of(Node node, Contents contents) {
    Value x = node.input(0);
    boolean moves =
        node.op() instanceof Movement
            || node.op() instanceof Gather
            || node.op().equals(new Unary(UnaryFunction.IDENTITY));
    if (!moves
        || !node.outputs().stream().allMatch(Value::isTensor)
        || node.outputs().stream().anyMatch(Evaluation::tooLarge)) {
      return Optional.empty();
    }
    Optional<List<Long>> from = Evaluation.extents(x);
    if (from.isEmpty() || Evaluation.count(from.get()) > Contents.MAX_ELEMENTS) {
      return Optional.empty();
    }
    Op op = StaticForm.of(node, contents).map(StaticForm::op).orElse(node.op());
    List<Long> dims = Evaluation.extents(node.output()).orElseThrow();
    return switch (op) {
      case Unary _, Reshape _, Squeeze _, Unsqueeze _ ->
          Optional.of(new Rearrangement(1, List.of(whole(from.get()))));
      case Expand _ -> Optional.of(new Rearrangement(Evaluation.broadcast(from.get(), dims)));
      case Transpose transpose -> Optional.of(transpose(from.get(), dims, transpose.permutation()));
      case Tile _ -> Optional.of(tile(from.get(), dims));
      case Slice slice -> slice(from.get(), slice);
      case Split split -> split(from.get(), node, split);
      case Concat concat -> concat(node, concat);
      case Gather gather -> gather(node, from.get(), gather, contents);
      default -> Optional.empty();
    };
  }

  /** The elements of result {@code index}. */
  <T> List<T> apply(int index, List<T> elements) {
    List<T> moved = new ArrayList<>();
    for (int position : results.get(index)) {
      moved.add(elements.get(position));
    }
    return moved;
  }

  private static int[] whole(List<Long> dims) {
    int[] positions = new int[(int) Evaluation.count(dims)];
    for (int i = 0; i < positions.length; i++) {
      positions[i] = i;
    }
    return positions;
  }

  /** Keeps the parts {@code [start, start+step, …)} of one axis. */
  private static int[] along(int[] positions, List<Long> dims, int axis, long[] kept) {
    int inner = 1;
    for (int i = axis + 1; i < dims.size(); i++) {
      inner *= dims.get(i).intValue();
    }
    int extent = dims.get(axis).intValue();
    int outer = extent * inner == 0 ? 0 : positions.length / (extent * inner);
    int[] result = new int[outer * kept.length * inner];
    int next = 0;
    for (int o = 0; o < outer; o++) {
      for (long k : kept) {
        for (int i = 0; i < inner; i++) {
          result[next++] = positions[(o * extent + (int) k) * inner + i];
        }
      }
    }
    return result;
  }

  private static Rearrangement transpose(
      List<Long> from, List<Long> dims, List<Integer> permutation) {
    int rank = from.size();
    int[] strides = new int[rank];
    for (int i = rank - 1, stride = 1; i >= 0; i--) {
      strides[i] = stride;
      stride *= from.get(i).intValue();
    }
    int[] positions = new int[(int) Evaluation.count(dims)];
    for (int i = 0; i < positions.length; i++) {
      int rest = i;
      for (int axis = rank - 1; axis >= 0; axis--) {
        int extent = dims.get(axis).intValue();
        int source = permutation.get(axis);
        positions[i] += rest % extent * strides[source < 0 ? source + rank : source];
        rest /= extent;
      }
    }
    return new Rearrangement(positions);
  }

  private static Rearrangement tile(List<Long> from, List<Long> dims) {
    int[] positions = whole(from);
    List<Long> now = new ArrayList<>(from);
    for (int axis = 0; axis < from.size(); axis++) {
      long[] kept = new long[dims.get(axis).intValue()];
      for (int i = 0; i < kept.length; i++) {
        kept[i] = i % from.get(axis);
      }
      positions = along(positions, now, axis, kept);
      now.set(axis, dims.get(axis));
    }
    return new Rearrangement(positions);
  }

  private static Optional<Rearrangement> slice(List<Long> from, Slice op) {
    int[] positions = whole(from);
    List<Long> now = new ArrayList<>(from);
    for (SliceAxis slice : op.axes()) {
      OptionalLong start = slice.start().constant();
      OptionalLong size = slice.size().constant();
      if (start.isEmpty() || size.isEmpty()) {
        return Optional.empty();
      }
      long[] kept = new long[(int) size.getAsLong()];
      for (int i = 0; i < kept.length; i++) {
        kept[i] = start.getAsLong() + i * slice.step();
      }
      int axis = slice.axis() < 0 ? slice.axis() + from.size() : slice.axis();
      positions = along(positions, now, axis, kept);
      now.set(axis, size.getAsLong());
    }
    return Optional.of(new Rearrangement(positions));
  }

  private static Optional<Rearrangement> split(List<Long> from, Node node, Split op) {
    List<int[]> results = new ArrayList<>();
    int axis = op.axis() < 0 ? op.axis() + from.size() : op.axis();
    long start = 0;
    for (Value output : node.outputs()) {
      long[] kept = new long[(int) output.shape().dim(axis).constant().orElseThrow()];
      for (int i = 0; i < kept.length; i++) {
        kept[i] = start + i;
      }
      start += kept.length;
      results.add(along(whole(from), from, axis, kept));
    }
    return Optional.of(new Rearrangement(1, results));
  }

  private static Optional<Rearrangement> concat(Node node, Concat op) {
    List<List<Long>> dims = new ArrayList<>();
    for (Value input : node.inputs()) {
      Optional<List<Long>> extents = Evaluation.extents(input);
      if (extents.isEmpty()) {
        return Optional.empty();
      }
      dims.add(extents.get());
    }
    int rank = dims.getFirst().size();
    int axis = op.axis() < 0 ? op.axis() + rank : op.axis();
    int outer = 1;
    for (int i = 0; i < axis; i++) {
      outer *= dims.getFirst().get(i).intValue();
    }
    int[] positions = new int[dims.stream().mapToInt(d -> (int) Evaluation.count(d)).sum()];
    int next = 0;
    for (int o = 0; o < outer; o++) {
      int base = 0;
      for (List<Long> own : dims) {
        int count = (int) Evaluation.count(own);
        for (int i = 0; i < count / outer; i++) {
          positions[next++] = base + o * (count / outer) + i;
        }
        base += count;
      }
    }
    return Optional.of(new Rearrangement(node.inputs().size(), List.of(positions)));
  }

  private static Optional<Rearrangement> gather(
      Node node, List<Long> from, Gather op, Contents contents) {
    Optional<long[]> indices = contents.of(node.input(1)).flatMap(SymbolicTensor::constant);
    if (indices.isEmpty()) {
      return Optional.empty();
    }
    int axis = op.axis() < 0 ? op.axis() + from.size() : op.axis();
    long[] kept = indices.get();
    for (int i = 0; i < kept.length; i++) {
      kept[i] = kept[i] < 0 ? kept[i] + from.get(axis) : kept[i];
      if (kept[i] < 0 || kept[i] >= from.get(axis)) {
        return Optional.empty();
      }
    }
    return Optional.of(new Rearrangement(along(whole(from), from, axis, kept)));
  }
}
