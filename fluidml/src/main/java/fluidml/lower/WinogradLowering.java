package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Window;
import fluidml.loop.Buffer;
import fluidml.loop.Exprs;
import fluidml.loop.schedule.CookToom;
import fluidml.loop.schedule.Nest;
import fluidml.loop.schedule.TileShape;
import fluidml.loop.schedule.WindowAxis;
import fluidml.loop.schedule.WinogradSchedule;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Convolutions of float32 with constant 3 × 3 filters, stride and dilation 1, by {@link
 * WinogradSchedule}, where that is faster. Results differ from those of the definition by a few
 * times as much as rounding does anyway; the filters take up to four times the memory.
 */
public final class WinogradLowering implements Lowering {
  private static final CookToom TWO = CookToom.of(2, 3, 0, 1, -1);

  /** These points have less than a third of the error of 0, ±1, ±2, and are as cheap. */
  private static final CookToom FOUR = CookToom.of(4, 3, 0, 0.75, -0.75, 1.5, -1.5);

  /** Bytes of transformed inputs and products that stay in a core's second-level cache. */
  private static final long BLOCK_BYTES = 1280L << 10;

  /** Squares of a block, at least: so often transformed filters are used once they are in cache. */
  private static final long SMALLEST_BLOCK = 64;

  private final Choice choice;

  /** Chooses the transform of a convolution, or none. */
  @FunctionalInterface
  public interface Choice {
    /**
     * Results along an axis of the minimal filtering, 2 or 4; empty for the plain convolution.
     *
     * @param channels input channels
     * @param filters output channels
     * @param y the shape of the result
     * @param lanes of a vector
     */
    OptionalInt outputs(long channels, long filters, Shape y, int lanes);
  }

  /** Takes the convolutions that are faster so by an estimate of their time. */
  public WinogradLowering() {
    this(WinogradCost::fastest);
  }

  /** Takes the convolutions that {@code choice} says. */
  public WinogradLowering(Choice choice) {
    this.choice = choice;
  }

  /** The transforms of F(m × m, 3 × 3). */
  static CookToom transform(int outputs) {
    return outputs == 2 ? TWO : FOUR;
  }

  @Override
  public Result lower(Cluster cluster, Context context) {
    Optional<Node> anchor = cluster.anchor();
    if (anchor.isEmpty()
        || !(anchor.get().op() instanceof Conv(Window window, long groups, boolean exact))
        || exact
        || groups != 1
        || !isSquare(window)) {
      return new Result.Refused("");
    }
    Node node = anchor.get();
    View x = context.view(node.input(0));
    Optional<ConvolutionShape> shape = ConvolutionShape.of(node);
    if (shape.isEmpty()
        || x.dtype() != DType.FLOAT32
        || node.input(1).dtype() != DType.FLOAT32
        || context.constant(node.input(1)).isEmpty()
        || WindowResult.refusal(cluster).isPresent()) {
      return new Result.Refused("");
    }
    TileShape tile = ConvolutionLowering.wholeTile(context, node, x.dtype(), shape.get().filters());
    Decisions.Algorithm chosen = context.decisions().algorithms().get(node.name());
    OptionalInt outputs =
        chosen == null
            ? choice.outputs(
                shape.get().channels(), shape.get().filters(), node.output().shape(), tile.lanes())
            : outputs(chosen);
    return outputs.isEmpty()
        ? new Result.Refused("")
        : Result.of(call(cluster, shape.get(), context, tile, outputs.getAsInt()));
  }

  private static OptionalInt outputs(Decisions.Algorithm algorithm) {
    return switch (algorithm) {
      case DIRECT -> OptionalInt.empty();
      case WINOGRAD_2 -> OptionalInt.of(2);
      case WINOGRAD_4 -> OptionalInt.of(4);
    };
  }

  private static boolean isSquare(Window window) {
    return window.kernel().equals(List.of(3L, 3L))
        && window.strides().equals(List.of(1L, 1L))
        && window.dilations().equals(List.of(1L, 1L));
  }

  private static KernelCall call(
      Cluster cluster, ConvolutionShape shape, Context context, TileShape tile, int outputs) {
    Node node = cluster.anchor().orElseThrow();
    CookToom transform = transform(outputs);
    CallBuilder call = new CallBuilder(cluster.label() + " (Winograd)");
    BufferView input = call.read(context.view(node.input(0)));
    View x = input.view();
    Shape y = node.output().shape();
    WinogradPanels packing =
        new WinogradPanels(shape.channels(), shape.filters(), outputs, tile.columns());
    Buffer panels = call.packed(DType.FLOAT32, packing, node.input(1));
    boolean contiguous = input.isDense(1) || input.isConstant(1);
    WindowResult result = new WindowResult(call, cluster, context, node.input(2), tile.lanes());
    List<WindowAxis> axes = shape.axes(call, node, x, y);
    WinogradSchedule.Problem problem =
        new WinogradSchedule.Problem(
            input.buffer(),
            input.base(),
            panels,
            call.parameter(x.shape().dim(0)),
            call.parameter(x.strides().get(0)),
            call.parameter(Dim.of(shape.channels())),
            shape.channels() % 2 == 0,
            contiguous ? Exprs.index(1) : call.parameter(x.strides().get(1)),
            contiguous,
            call.parameter(Dim.of(shape.filters())),
            axes.get(0),
            axes.get(1),
            call.parameter(Dim.of(block(shape, transform, tile))),
            result.lanes());
    Nest nest = WinogradSchedule.write(call.kernel(), problem, transform, tile, result);
    double saved = (double) (outputs * outputs * 9) / (transform.products() * transform.products());
    Dim work = y.elements().times((long) (2 * shape.depth() / saved)).plus(result.work(cluster));
    return call.build(
        cluster.label() + " (Winograd)", cluster.nodes(), work, nest.extent(), nest.entry());
  }

  private static long block(ConvolutionShape shape, CookToom transform, TileShape tile) {
    long products = (long) transform.products() * transform.products();
    long bytes = products * Float.BYTES * (shape.channels() + shape.paddedFilters(tile.columns()));
    long fit = BLOCK_BYTES / bytes / tile.rows() * tile.rows();
    return Math.max(SMALLEST_BLOCK, fit);
  }
}
