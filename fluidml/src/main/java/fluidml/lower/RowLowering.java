package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Normalization;
import fluidml.graph.op.Op;
import fluidml.graph.op.Reduction;
import fluidml.loop.ScalarType;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Row composites: what every element becomes depends on sums over its row. Softmax and LogSoftmax
 * along any axis, LayerNorm, RmsNorm, InstanceNorm, GroupNorm and LpNorm, with a fused prologue and
 * epilogue.
 */
public final class RowLowering implements Lowering {
  @Override
  public Result lower(Cluster cluster, Context context) {
    if (cluster.anchor().isEmpty()) {
      return new Result.Refused("");
    }
    Node node = cluster.anchor().get();
    int rank =
        node.inputs().isEmpty() || !node.input(0).isTensor() ? 0 : node.input(0).shape().rank();
    Optional<List<Integer>> axes = axes(node.op(), rank);
    if (axes.isEmpty()) {
      return new Result.Refused("");
    }
    DType dtype = node.input(0).dtype();
    Optional<String> refusal =
        (dtype.isFloat()
                ? Optional.<String>empty()
                : Optional.of(Labels.of(node.op()) + " of " + dtype))
            .or(() -> FusedNodes.refusal(cluster.prologue()))
            .or(() -> FusedNodes.refusal(cluster.epilogue()));
    if (refusal.isPresent()) {
      return new Result.Refused(refusal.get());
    }
    boolean mixed =
        Stream.concat(parameters(node).stream(), Stream.of(node.output()))
            .anyMatch(v -> !ScalarType.ofStorage(v.dtype()).equals(ScalarType.ofStorage(dtype)));
    if (mixed) {
      return new Result.Refused(Labels.of(node.op()) + " of mixed precision");
    }
    if (node.op() instanceof Normalization.LpNorm norm && norm.p() != 1 && norm.p() != 2) {
      return new Result.Refused("the norm of order " + norm.p());
    }
    if (node.op() instanceof Normalization.GroupNorm group) {
      Dim channels = node.input(0).shape().dim(1);
      if (!channels.mod(Dim.of(group.groups())).is(0)) {
        return new Result.Refused("groups that may not divide the channels");
      }
    }
    return Result.of(new RowComposite(cluster, axes.get(), context).build());
  }

  /** The axes along which a row lies, for ops that are row composites. */
  private static Optional<List<Integer>> axes(Op op, int rank) {
    return switch (op) {
      case Reduction.Softmax softmax -> Optional.of(one(softmax.axis(), rank));
      case Reduction.LogSoftmax softmax -> Optional.of(one(softmax.axis(), rank));
      case Normalization.LpNorm norm -> Optional.of(one(norm.axis(), rank));
      case Normalization.LayerNorm norm -> Optional.of(from(norm.axis(), rank));
      case Normalization.RmsNorm norm -> Optional.of(from(norm.axis(), rank));
      case Normalization.InstanceNorm _ -> Optional.of(from(2, rank));
      // The channel axis becomes two: groups, and channels of a group.
      case Normalization.GroupNorm _ -> Optional.of(from(2, rank + 1));
      default -> Optional.empty();
    };
  }

  private static List<Integer> one(int axis, int rank) {
    return List.of(axis < 0 ? axis + rank : axis);
  }

  private static List<Integer> from(int axis, int rank) {
    return IntStream.range(axis < 0 ? axis + rank : axis, rank).boxed().toList();
  }

  /** A view with an axis split in two. */
  static View split(View view, int axis, Dim outer) {
    Dim inner = view.shape().dim(axis).floorDiv(outer);
    List<Dim> dims = new ArrayList<>(view.shape().dims());
    List<Dim> strides = new ArrayList<>(view.strides());
    dims.set(axis, inner);
    dims.add(axis, outer);
    strides.add(axis, strides.get(axis).times(inner));
    return new View(view.root(), view.dtype(), new Shape(dims), view.offset(), strides);
  }

  /** A view of one element per channel over the space of {@code (batch, channels, …)}. */
  static View perChannel(View view, Shape space) {
    List<Dim> strides = new ArrayList<>();
    for (int i = 0; i < space.rank(); i++) {
      strides.add(i == 1 ? view.strides().getFirst() : Dim.ZERO);
    }
    return new View(view.root(), view.dtype(), space, view.offset(), strides);
  }

  /** Which operands besides the first are read at every element. */
  static List<Value> parameters(Node node) {
    return node.inputs().stream().skip(1).filter(Value::isPresent).toList();
  }
}
