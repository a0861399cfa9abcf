package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.ScalarType;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * The operand of a row operation: loaded by its view, or computed by the fused prologue. The first
 * walk over a row keeps what a prologue computes for the walks after it.
 */
final class RowInput {
  private final Value value;
  private final FusedNodes prologue;
  private final Optional<BufferView> direct;
  private final boolean cheap;
  private Optional<Buffer> kept = Optional.empty();

  private RowInput(Value value, FusedNodes prologue, Optional<BufferView> direct, boolean cheap) {
    this.value = value;
    this.prologue = prologue;
    this.direct = direct;
    this.cheap = cheap;
  }

  /** The first operand of a cluster's anchor. */
  static RowInput of(
      CallBuilder call, Lowering.Context context, Cluster cluster, UnaryOperator<View> placement) {
    Value x = cluster.anchor().orElseThrow().input(0);
    List<Node> nodes = cluster.prologue();
    FusedNodes prologue =
        new FusedNodes(call, context, x.shape(), placement, nodes, List.of(), List.of());
    Optional<BufferView> direct =
        nodes.isEmpty()
            ? Optional.of(call.read(placement.apply(context.view(x))))
            : Optional.empty();
    return new RowInput(x, prologue, direct, FusedNodes.work(nodes) < 8);
  }

  /** The views that are read, in a cluster's prologue or directly, before the loops are known. */
  static List<View> views(Lowering.Context context, Cluster cluster) {
    Value x = cluster.anchor().orElseThrow().input(0);
    List<View> views = new ArrayList<>();
    if (cluster.prologue().isEmpty()) {
      views.add(context.view(x));
    }
    for (Node node : cluster.prologue()) {
      for (Value operand : node.inputs()) {
        boolean inside = cluster.prologue().stream().anyMatch(n -> n.outputs().contains(operand));
        if (operand.isPresent() && !inside) {
          views.add(context.view(operand).broadcast(x.shape()));
        }
      }
    }
    return views;
  }

  /** Promises that a row is read before its elements are written, one by one, to these results. */
  void readPointwise(CallBuilder call, Collection<BufferView> results) {
    prologue.readPointwise(call, results);
    direct.ifPresent(operand -> call.readPointwise(operand, results));
  }

  /** Keeps what the prologue computes, if there is one and the row is walked again. */
  void keep(RowSchedule schedule) {
    if (direct.isEmpty()) {
      kept = Optional.of(schedule.scratch(type()));
    }
  }

  ScalarType type() {
    return Exprs.registerType(value.dtype());
  }

  /** Whether computing it is so little work that several accumulators pay. */
  boolean isCheap() {
    return cheap;
  }

  boolean isVectorisable(int loop) {
    return prologue.isVectorisable(loop)
        && direct.map(v -> v.isDense(loop) || v.isConstant(loop)).orElse(true);
  }

  /** The operand in the first walk. */
  Expr first(RowWriter row, RowWriter.Cell cell) {
    if (direct.isPresent()) {
      return row.body().let("x", FusedNodes.load(row.body(), direct.get(), cell.point()));
    }
    Map<Value, Expr> values = prologue.write(row.body(), cell.point(), Map.of());
    Expr x = values.get(value);
    kept.ifPresent(buffer -> row.save(buffer, cell, x));
    return x;
  }

  /** The operand in a later walk. */
  Expr again(RowWriter row, RowWriter.Cell cell) {
    return kept.isPresent() ? row.saved(kept.get(), cell) : first(row, cell);
  }
}
