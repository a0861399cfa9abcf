package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.schedule.TileStore;
import fluidml.tensor.Dim;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What happens to elements of a convolution's or pooling's result: a bias for each channel is
 * added, the fused elementwise nodes run, and what is read outside is stored.
 */
final class WindowResult implements TileStore {
  private static final int CHANNEL_AXIS = 1;

  /** Arithmetic operations behind an element that a micro-kernel has room for. */
  private static final int BRIEF_WORK = 8;

  private final Value result;
  private final FusedNodes epilogue;
  private final Optional<BufferView> bias;
  private final int lanes;
  private final boolean brief;

  /**
   * Declares what the epilogue of a cluster reads and writes.
   *
   * @param bias one element for each channel; {@link Value#ABSENT} for none
   * @param lanes lanes of the vectors in which results come, at most
   */
  WindowResult(CallBuilder call, Cluster cluster, Lowering.Context context, Value bias, int lanes) {
    Node anchor = cluster.anchor().orElseThrow();
    this.result = anchor.output();
    this.bias = bias.isPresent() ? Optional.of(call.read(context.view(bias))) : Optional.empty();
    this.epilogue =
        new FusedNodes(
            call, context, result.shape(), cluster.epilogue(), List.of(result), cluster.outputs());
    boolean vectors =
        epilogue.isVectorisable(CHANNEL_AXIS)
            && this.bias.map(b -> b.isDense(0) || b.isConstant(0)).orElse(true);
    this.lanes = vectors ? FusedNodes.lanes(cluster.epilogue(), context, lanes) : 1;
    this.brief =
        result.dtype().bits() == Exprs.registerType(result.dtype()).bits()
            && FusedNodes.work(cluster.epilogue()) <= BRIEF_WORK;
  }

  /** Why a cluster's epilogue cannot be computed, if it cannot. */
  static Optional<String> refusal(Cluster cluster) {
    return cluster.prologue().isEmpty()
        ? FusedNodes.refusal(cluster.epilogue())
        : Optional.of("a prologue before a window");
  }

  /** Whether the spatial axes lie in all operands and results as if they were one. */
  boolean isFlat() {
    return Stream.concat(epilogue.loads().values().stream(), epilogue.stores().values().stream())
        .allMatch(v -> Windows.isFlat(v.view()));
  }

  /** This for coordinates in which all spatial axes are one; see {@link #isFlat}. */
  TileStore flat() {
    return (body, value, coordinates, mask) -> {
      List<Expr> all = new ArrayList<>(coordinates.subList(0, 2));
      while (all.size() < result.shape().rank() - 1) {
        all.add(Exprs.index(0));
      }
      all.add(coordinates.getLast());
      store(body, value, all, mask);
    };
  }

  /** Channels that {@link #store} takes at once. */
  int lanes() {
    return lanes;
  }

  /** Whether {@link #store} writes so little that it can be repeated for each sum of a tile. */
  boolean isBrief() {
    return brief;
  }

  /** An estimate of the arithmetic operations for the whole result, without the anchor's own. */
  Dim work(Cluster cluster) {
    return result.shape().elements().times(1L + FusedNodes.work(cluster.epilogue()));
  }

  @Override
  public void store(BodyBuilder body, Expr value, List<Expr> coordinates, Optional<Expr> mask) {
    Point at = Point.vector(coordinates, CHANNEL_AXIS, lanes, mask);
    Expr sum = value;
    if (bias.isPresent()) {
      Point channel = Point.vector(List.of(coordinates.get(CHANNEL_AXIS)), 0, lanes, mask);
      sum = value.plus(FusedNodes.load(body, bias.get(), channel));
    }
    Expr fitted = body.let("y", Conversions.fit(body, result.dtype(), sum));
    epilogue.write(body, at, Map.of(result, fitted));
  }
}
