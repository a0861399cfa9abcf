package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Attention;
import fluidml.loop.Kernel;
import fluidml.loop.ScalarType;
import fluidml.loop.schedule.AttentionSchedule;
import fluidml.loop.schedule.AttentionSchedule.MaskKind;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/** Attention over four-axis operands as one kernel of {@link AttentionSchedule}. */
public final class AttentionLowering implements Lowering {
  /** Lanes of the shortest vectors. */
  private static final int FEWEST_LANES = 4;

  @Override
  public Result lower(Cluster cluster, Context context) {
    if (cluster.anchor().isEmpty() || !(cluster.anchor().get().op() instanceof Attention op)) {
      return new Result.Refused("");
    }
    Node node = cluster.anchor().get();
    if (cluster.nodes().size() > 1 || node.outputs().size() > 1) {
      return new Result.Refused("attention with further results");
    }
    if (op.softcap() != 0 || op.queryHeads() != 0 || op.keyValueHeads() != 0) {
      return new Result.Refused("attention with a soft cap or heads inside the last axis");
    }
    if (node.input(4).isPresent() || node.input(5).isPresent() || node.input(6).isPresent()) {
      return new Result.Refused("attention with past keys or valid lengths as operands");
    }
    View q = context.view(node.input(0));
    View k = context.view(node.input(1));
    View v = context.view(node.input(2));
    View y = context.view(node.output());
    for (View view : List.of(q, k, v, y)) {
      if (view.dtype() != DType.FLOAT32 || view.shape().rank() != 4) {
        return new Result.Refused("attention on " + view.dtype() + view.shape());
      }
    }
    if (!isUnit(v, 3) || !isUnit(y, 3)) {
      return new Result.Refused("attention whose values or result do not lie depth innermost");
    }
    if (op.scale().isEmpty() && !q.shape().dim(3).isConstant()) {
      return new Result.Refused("attention whose scale depends on a symbolic depth");
    }
    return lower(cluster, op, context, List.of(q, k, v, y));
  }

  private static Result lower(Cluster cluster, Attention op, Context context, List<View> views) {
    Node node = cluster.anchor().orElseThrow();
    View q = views.get(0);
    View k = views.get(1);
    View v = views.get(2);
    View y = views.get(3);
    Shape scores = Shape.of(q.shape().dim(0), q.shape().dim(1), q.shape().dim(2), k.shape().dim(2));
    MaskKind kind = MaskKind.NONE;
    View mask = q;
    if (node.input(3).isPresent()) {
      mask = context.view(node.input(3)).broadcast(scores);
      kind =
          switch (mask.dtype()) {
            case FLOAT32 -> MaskKind.ADDITIVE;
            case BOOL -> MaskKind.SELECTIVE;
            default -> MaskKind.NONE;
          };
      boolean fits = isUnit(mask, 3) || mask.strides().get(3).is(0);
      if (kind == MaskKind.NONE || !fits) {
        return new Result.Refused(
            "attention mask " + mask.dtype() + " with stride " + mask.strides().get(3));
      }
    }
    int lanes = context.target().lanes(ScalarType.F32);
    long width = v.shape().dim(3).constant().orElse(Long.MAX_VALUE);
    int valueLanes = width <= lanes / 2 && lanes >= 2 * FEWEST_LANES ? lanes / 2 : lanes;
    AttentionSchedule.Variant variant =
        new AttentionSchedule.Variant(
            lanes,
            kind,
            kind != MaskKind.NONE && isUnit(mask, 3),
            op.causal(),
            isUnit(q, 3) && isUnit(k, 3),
            isUnit(k, 2) && !isUnit(k, 3),
            valueLanes,
            valueVectors(width / valueLanes, AttentionSchedule.Variant.mostVectors(lanes)));
    List<Argument> arguments =
        new ArrayList<>(List.of(Argument.of(q), Argument.of(k), Argument.of(v)));
    if (kind != MaskKind.NONE) {
      arguments.add(Argument.of(mask));
    }
    arguments.add(Argument.of(y));
    Kernel kernel = AttentionSchedule.of(variant);
    Dim columns = k.shape().dim(2);
    Dim pairs = scores.elements();
    Dim work = pairs.times(q.shape().dim(3).plus(v.shape().dim(3)).times(2).plus(16));
    Value result = node.output();
    double scale =
        op.scale()
            .orElseGet(() -> 1 / Math.sqrt((double) q.shape().dim(3).constant().orElseThrow()));
    List<Dim> sizes =
        List.of(
            q.shape().dim(0),
            q.shape().dim(1),
            q.shape().dim(1).floorDiv(k.shape().dim(1)),
            q.shape().dim(2),
            columns,
            q.shape().dim(3),
            result.shape().dim(3),
            Dim.ZERO,
            Dim.of(Double.doubleToRawLongBits(scale)),
            q.strides().get(0),
            q.strides().get(1),
            q.strides().get(2),
            q.strides().get(3),
            k.strides().get(0),
            k.strides().get(1),
            k.strides().get(2),
            k.strides().get(3),
            v.strides().get(0),
            v.strides().get(1),
            v.strides().get(2),
            y.strides().get(0),
            y.strides().get(1),
            y.strides().get(2),
            mask.strides().get(0),
            mask.strides().get(1),
            mask.strides().get(2));
    return Result.of(
        new KernelCall(cluster.label(), kernel, arguments, sizes, cluster.nodes(), work));
  }

  /**
   * Vectors of a tile of results: those that leave fewest over, which are computed one by one.
   *
   * @param whole vectors of a row of results
   */
  private static int valueVectors(long whole, int most) {
    int best = Math.clamp(whole, 1, most);
    for (int vectors = best - 1; vectors > 1; vectors--) {
      if (whole % vectors < whole % best) {
        best = vectors;
      }
    }
    return best;
  }

  private static boolean isUnit(View view, int axis) {
    return view.strides().get(axis).is(1) || view.shape().dim(axis).is(1);
  }
}
