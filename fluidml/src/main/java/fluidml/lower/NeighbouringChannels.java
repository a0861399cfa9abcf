package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Contraction.ConvTranspose;
import fluidml.graph.op.Reduction.AveragePool;
import fluidml.graph.op.Reduction.MaxPool;
import fluidml.graph.op.Vision.Resize;
import fluidml.loop.Target;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Windows over images whose channels lie apart, as those that a graph is given and those that it
 * returns do. Kernels of windows read and write vectors of channels: operands are copied so that
 * channels are neighbours, and results back, in calls of their own that transpose tiles in
 * registers.
 */
final class NeighbouringChannels implements Lowering {
  /** Fewer channels fill too little of a vector. */
  private static final long FEWEST = 8;

  private final Lowering windows;

  private NeighbouringChannels(Lowering windows) {
    this.windows = windows;
  }

  /** A lowering that sees channels as neighbours where it computes windows. */
  static Lowering of(Lowering lowering) {
    return switch (lowering) {
      case WinogradLowering _, WindowLowering _, ConvolutionLowering _, ResizeLowering _ ->
          new NeighbouringChannels(lowering);
      default -> lowering;
    };
  }

  @Override
  public Result lower(Cluster cluster, Context context) {
    Optional<Node> anchor = cluster.anchor().filter(NeighbouringChannels::isWindow);
    if (anchor.isEmpty() || context.target().vectorBits() == 0) {
      return windows.lower(cluster, context);
    }
    Node node = anchor.get();
    Shape shape = node.output().shape();
    Map<Value, View> copied = new LinkedHashMap<>();
    for (Value value : cluster.inputs()) {
      boolean isRead =
          value.equals(node.input(0)) ? !isPointwise(node) : value.shape().equals(shape);
      if (isRead && areApart(context.view(value))) {
        copied.put(value, turned(value, context));
      }
    }
    for (Value value : cluster.outputs()) {
      if (value.shape().equals(shape) && areApart(context.view(value))) {
        copied.put(value, turned(value, context));
      }
    }
    if (copied.isEmpty()) {
      return windows.lower(cluster, context);
    }
    return switch (windows.lower(cluster, new Turned(context, copied))) {
      case Result.Calls calls -> new Result.Calls(turned(cluster, context, copied, calls));
      case Result.Refused refused -> refused;
    };
  }

  private static List<KernelCall> turned(
      Cluster cluster, Context context, Map<Value, View> copied, Result.Calls calls) {
    Node node = cluster.anchor().orElseThrow();
    List<KernelCall> all = new ArrayList<>();
    for (Value value : cluster.inputs()) {
      if (copied.containsKey(value)) {
        all.add(copy(node, context, context.view(value), copied.get(value)));
      }
    }
    all.addAll(calls.calls());
    for (Value value : cluster.outputs()) {
      if (copied.containsKey(value)) {
        all.add(copy(node, context, copied.get(value), context.view(value)));
      }
    }
    return all;
  }

  private static KernelCall copy(Node node, Context context, View from, View to) {
    return MapKernel.copy("Transpose", List.of(node), context, from, to);
  }

  /** Whether a node is computed by vectors of channels, of its operand and of its result. */
  private static boolean isWindow(Node node) {
    return switch (node.op()) {
      case MaxPool _, AveragePool _, Conv _, ConvTranspose _ -> true;
      case Resize _ -> node.output().shape().dim(1).equals(node.input(0).shape().dim(1));
      default -> false;
    };
  }

  /**
   * Whether a node reads every element of its operand once for each vector of results: one after
   * another along the image, where they are neighbours.
   */
  private static boolean isPointwise(Node node) {
    return node.op() instanceof Conv conv && Windows.isPointwise(conv.window());
  }

  private static boolean areApart(View view) {
    List<Dim> strides = view.strides();
    int rank = strides.size();
    return rank >= 3
        && view.shape().dim(1).constant().orElse(FEWEST) >= FEWEST
        && !strides.get(1).is(1)
        && strides.get(rank - 1).is(1)
        && !view.shape().dim(rank - 1).is(1);
  }

  /** A buffer for the value in which channels are neighbours. */
  private static View turned(Value value, Context context) {
    Value buffer = context.temporary("channels", value.dtype(), value.shape().elements());
    return View.rowMajor(value).movedTo(buffer, Storage.channelsLast(value.shape().rank()));
  }

  /** The program around a cluster, with some values elsewhere. */
  private record Turned(Context context, Map<Value, View> elsewhere) implements Context {
    @Override
    public Target target() {
      return context.target();
    }

    @Override
    public Decisions decisions() {
      return context.decisions();
    }

    @Override
    public View view(Value value) {
      View usual = context.view(value);
      return elsewhere.getOrDefault(value, usual);
    }

    @Override
    public boolean isInPlace(Value operand, Value concatenated) {
      return context.isInPlace(operand, concatenated);
    }

    @Override
    public Optional<Tensor> constant(Value value) {
      return context.constant(value);
    }

    @Override
    public Value temporary(String name, DType dtype, Dim elements) {
      return context.temporary(name, dtype, elements);
    }
  }
}
