package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.loop.Expr;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Clusters without an anchor: elementwise over one index space, with any views. */
public final class MapLowering implements Lowering {
  @Override
  public Result lower(Cluster cluster, Context context) {
    if (cluster.anchor().isPresent()) {
      return new Result.Refused("");
    }
    List<Node> nodes = cluster.epilogue();
    Optional<String> refusal = FusedNodes.refusal(nodes);
    if (refusal.isPresent()) {
      return new Result.Refused(refusal.get());
    }
    Shape space = cluster.outputs().getFirst().shape();
    Map<Value, View> operands = new LinkedHashMap<>();
    for (Value input : cluster.inputs()) {
      operands.put(input, context.view(input).broadcast(space));
    }
    List<View> views = new ArrayList<>(operands.values());
    cluster.outputs().forEach(v -> views.add(context.view(v)));
    LoopSpace loops = LoopSpace.merged(space, views, context.view(cluster.outputs().getFirst()));
    CallBuilder call = new CallBuilder(cluster.label());
    FusedNodes fused =
        new FusedNodes(call, context, space, loops::apply, nodes, List.of(), cluster.outputs());
    int inner = loops.rank() - 1;
    int lanes =
        fused.isVectorisable(inner) ? FusedNodes.lanes(nodes, context, Integer.MAX_VALUE) : 1;
    MapSchedule schedule =
        new MapSchedule(
            call,
            loops,
            lanes,
            (body, row) -> {
              Map<Value, Expr> common = fused.preload(body, row, List.of(inner));
              return point -> fused.write(body, point, common);
            });
    return Result.of(
        schedule.build(
            cluster.label(),
            nodes,
            MapKernel.across(fused.loads().values(), inner),
            FusedNodes.work(nodes)));
  }
}
