package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Reduction.AveragePool;
import fluidml.graph.op.Reduction.MaxPool;
import fluidml.graph.op.Window;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.ScalarType;
import fluidml.loop.schedule.Nest;
import fluidml.loop.schedule.TileShape;
import fluidml.loop.schedule.WindowSchedule;
import fluidml.loop.schedule.WindowSchedule.Function;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Windows in which every channel stands alone, by {@link WindowSchedule}: convolutions with as many
 * groups as channels and filters, largest elements, and means.
 */
public final class WindowLowering implements Lowering {
  @Override
  public Result lower(Cluster cluster, Context context) {
    Optional<Window> window = cluster.anchor().flatMap(WindowLowering::window);
    if (window.isEmpty()) {
      return new Result.Refused("");
    }
    Node node = cluster.anchor().orElseThrow();
    View x = context.view(node.input(0));
    if (node.outputs().size() > 1) {
      return new Result.Refused("indices of the largest elements");
    }
    if (Exprs.registerType(x.dtype()) == ScalarType.BOOL
        || (!(node.op() instanceof MaxPool) && !x.dtype().isFloat())) {
      return new Result.Refused(Labels.of(node.op()) + " of " + x.dtype());
    }
    Optional<String> refusal = WindowResult.refusal(cluster);
    if (refusal.isPresent()) {
      return new Result.Refused(refusal.get());
    }
    return lower(cluster, window.get(), context);
  }

  private static Optional<Window> window(Node node) {
    return switch (node.op()) {
      case MaxPool pool -> Optional.of(pool.window());
      case AveragePool pool -> Optional.of(pool.window());
      case Conv conv -> {
        Shape w = node.input(1).shape();
        boolean alone = w.dim(0).is(conv.groups()) && w.dim(1).is(1) && conv.groups() > 1;
        boolean known = w.dims().stream().allMatch(Dim::isConstant);
        yield alone && known ? Optional.of(conv.window()) : Optional.empty();
      }
      default -> Optional.empty();
    };
  }

  private static Result lower(Cluster cluster, Window window, Context context) {
    Node node = cluster.anchor().orElseThrow();
    CallBuilder call = new CallBuilder(cluster.label());
    BufferView input = call.read(context.view(node.input(0)));
    View x = input.view();
    boolean contiguous = input.isDense(1) || input.isConstant(1);
    int lanes = contiguous ? context.target().lanes(Exprs.registerType(x.dtype())) : 1;
    List<KernelCall> calls = new ArrayList<>();
    boolean isConv = node.op() instanceof Conv;
    Optional<Buffer> filters =
        isConv
            ? Optional.of(
                Filters.panels(
                    node, single(node), new TileShape(1, 1, lanes), context, call, calls))
            : Optional.empty();
    WindowResult result =
        new WindowResult(call, cluster, context, isConv ? node.input(2) : Value.ABSENT, lanes);
    WindowSchedule.Problem problem =
        new WindowSchedule.Problem(
            input.buffer(),
            input.base(),
            call.parameter(x.shape().dim(0)),
            call.parameter(x.strides().get(0)),
            call.parameter(x.shape().dim(1)),
            contiguous ? Exprs.index(1) : call.parameter(x.strides().get(1)),
            Windows.axesWithFixedLast(call, window, x, node.output().shape()),
            Windows.known(window, window.rank() - 1, x.shape(), node.output().shape()),
            lanes,
            x.shape().dim(1).mod(Dim.of(lanes)).is(0),
            result.lanes());
    Function function =
        switch (node.op()) {
          case MaxPool _ -> new Function.Max();
          case AveragePool pool ->
              new Function.Average(
                  pool.countIncludePad()
                      ? Optional.of(padEnds(call, window, x, node.output().shape()))
                      : Optional.empty());
          default -> new Function.Depthwise(filters.orElseThrow());
        };
    Nest nest = WindowSchedule.write(call.kernel(), problem, function, result);
    Dim work =
        node.output().shape().elements().times(2 * Windows.taps(window)).plus(result.work(cluster));
    calls.add(call.build(cluster.label(), cluster.nodes(), work, nest.extent(), nest.entry()));
    return new Result.Calls(calls);
  }

  /** The filters of all channels as if they were those of one group with one channel. */
  private static ConvolutionShape single(Node node) {
    ConvolutionShape shape = ConvolutionShape.of(node).orElseThrow();
    return new ConvolutionShape(shape.window(), 1, 1, shape.groups(), false, 1);
  }

  private static List<Expr> padEnds(CallBuilder call, Window window, View x, Shape y) {
    List<Expr> ends = new ArrayList<>();
    for (int a = 0; a < window.rank(); a++) {
      Dim end = window.padEnd(a, x.shape().dim(a + 2), y.dim(a + 2));
      ends.add(call.parameter(end));
    }
    return ends;
  }
}
