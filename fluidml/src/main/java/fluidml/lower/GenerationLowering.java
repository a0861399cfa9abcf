package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.op.Generation;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.ScalarType;
import fluidml.tensor.Dim;
import java.util.List;
import java.util.OptionalInt;

/** Tensors made of nothing: ranges, fills and identity matrices. */
public final class GenerationLowering implements Lowering {
  @Override
  public Result lower(Cluster cluster, Context context) {
    if (cluster.anchor().isEmpty()
        || !(cluster.anchor().get().op() instanceof Generation op)
        || cluster.nodes().size() > 1) {
      return new Result.Refused("");
    }
    Node node = cluster.anchor().get();
    View y = context.view(node.output());
    return switch (op) {
      case Generation.Range range -> range(node, range, y);
      case Generation.ConstantOfShape fill ->
          fill(node, ElementwiseExpressions.constant(fill.value()), y, context);
      case Generation.EyeLike eye -> eye(node, eye.diagonal(), y);
      case Generation.Constant _,
          Generation.DimTensor _,
          Generation.RangeBy _,
          Generation.ShapeOf _,
          Generation.SizeOf _,
          Generation.Random _,
          Generation.RandomLike _,
          Generation.Bernoulli _,
          Generation.Multinomial _ ->
          new Result.Refused("no schedule for " + Labels.of(op));
    };
  }

  private static Result fill(Node node, Expr value, View y, Context context) {
    MapKernel kernel = new MapKernel("fill", y.shape(), List.of(), List.of(y));
    int lanes = kernel.isVectorisable() ? context.target().lanes(List.of(y.dtype())) : 1;
    return Result.of(
        kernel.build(
            "ConstantOfShape",
            List.of(node),
            lanes,
            1,
            (b, _) -> point -> FusedNodes.store(b, kernel.write(0), point, value)));
  }

  private static Result range(Node node, Generation.Range range, View y) {
    MapKernel kernel = new MapKernel("range", y.shape(), List.of(), List.of(y));
    Expr start = kernel.call().size(range.start());
    Expr step = kernel.call().size(Dim.of(range.step()));
    ScalarType type = Exprs.registerType(y.dtype());
    return Result.of(
        kernel.build(
            "Range",
            List.of(node),
            1,
            1,
            (b, _) ->
                point -> {
                  Expr value = point.indices().getFirst().times(step).plus(start);
                  FusedNodes.store(b, kernel.write(0), point, Exprs.convert(type, value));
                }));
  }

  private static Result eye(Node node, long diagonal, View y) {
    CallBuilder call = new CallBuilder("eye");
    LoopSpace loops = LoopSpace.of(y.shape());
    BufferView out = call.write(loops.apply(y));
    Expr shift = call.size(Dim.of(diagonal));
    ScalarType type = Exprs.registerType(y.dtype());
    MapSchedule schedule =
        new MapSchedule(
            call,
            loops,
            1,
            (b, _) ->
                point -> {
                  Expr one = point.indices().get(0).plus(shift).eq(point.indices().get(1));
                  FusedNodes.store(b, out, point, Exprs.convert(type, one));
                });
    return Result.of(schedule.build("EyeLike", List.of(node), OptionalInt.empty(), 1));
  }
}
