package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Contraction.ConvTranspose;
import fluidml.graph.op.Window;
import fluidml.loop.Buffer;
import fluidml.loop.Exprs;
import fluidml.loop.Target;
import fluidml.loop.schedule.ConvolutionSchedule;
import fluidml.loop.schedule.Nest;
import fluidml.loop.schedule.StripSchedule;
import fluidml.loop.schedule.TileShape;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Convolutions and transposed convolutions of any rank, stride, dilation, padding and number of
 * groups by {@link ConvolutionSchedule}. Constant filters are packed at compile time, others by a
 * call of their own.
 *
 * <p>Groups with fewer filters than a vector has lanes can be merged: a vector of several groups'
 * filters, with zeros for the channels of the others, takes the arithmetic that one group's would
 * take alone. Zeros times infinities are NaN, which the definition does not have.
 */
public final class ConvolutionLowering implements Lowering {
  /** From so many panels on, windows whose channels lie apart are copied first. */
  private static final int COLLECTED_PANELS = 4;

  /** Pixels of a tile with 1, 2, 3 and 4 vectors of columns, with 32 registers. */
  private static final int[] ROWS_OF_32 = {8, 8, 6, 5};

  /** Pixels of a tile with 1 and 2 vectors of columns, with 16 registers. */
  private static final int[] ROWS_OF_16 = {8, 6};

  /** Relative speed of a tile with 1, 2, 3 and 4 vectors of columns, with 32 registers. */
  private static final double[] SPEED_OF_32 = {0.6, 0.85, 0.97, 1};

  /** Relative speed of a tile with 1 and 2 vectors of columns, with 16 registers. */
  private static final double[] SPEED_OF_16 = {0.7, 1};

  /** Strips are worth it if they load less than this part of what other tiles load. */
  private static final double FEWER_LOADS = 0.9;

  /** Lanes of the shortest vectors of filters. */
  private static final int FEWEST_LANES = 4;

  private final boolean merges;

  /** Takes every convolution, group by group. */
  public ConvolutionLowering() {
    this(false);
  }

  private ConvolutionLowering(boolean merges) {
    this.merges = merges;
  }

  /** Takes convolutions whose groups can be merged. */
  public static ConvolutionLowering ofMergedGroups() {
    return new ConvolutionLowering(true);
  }

  @Override
  public Result lower(Cluster cluster, Context context) {
    Optional<Node> anchor = cluster.anchor();
    if (anchor.isEmpty()
        || !(anchor.get().op() instanceof Conv || anchor.get().op() instanceof ConvTranspose)) {
      return new Result.Refused("");
    }
    Node node = anchor.get();
    View x = context.view(node.input(0));
    Optional<ConvolutionShape> shape = ConvolutionShape.of(node);
    if (merges) {
      shape =
          shape
              .filter(s -> !s.transposed() && context.constant(node.input(1)).isPresent())
              .map(s -> s.merge(lanes(context, x.dtype(), s)))
              .filter(s -> s.merged() > 1);
      if (shape.isEmpty()) {
        return new Result.Refused("");
      }
    }
    if (shape.isEmpty()) {
      return new Result.Refused("filters of symbolic shape " + node.input(1).shape());
    }
    if (!x.dtype().isFloat()) {
      return new Result.Refused("convolution of " + x.dtype());
    }
    Optional<String> refusal = WindowResult.refusal(cluster);
    if (refusal.isPresent()) {
      return new Result.Refused(refusal.get());
    }
    TileShape plain = tile(context, node, x.dtype(), shape.get());
    Optional<TileShape> strips = strips(context, node, plain, shape.get());
    TileShape tile = strips.orElse(plain);
    List<KernelCall> calls = new ArrayList<>();
    CallBuilder call = new CallBuilder(cluster.label());
    BufferView input = call.read(x);
    Buffer panels = Filters.panels(node, shape.get(), tile, context, call, calls);
    calls.add(
        convolution(cluster, shape.get(), context, tile, strips.isPresent(), call, input, panels));
    return new Result.Calls(calls);
  }

  /**
   * Lanes of the vectors of filters. Groups of few filters are computed in half vectors: what
   * merged groups multiply in vain is halved, and machines that do two half vectors at a time where
   * they do one whole are twice as fast; none is slower.
   */
  private static int lanes(Context context, DType dtype, ConvolutionShape shape) {
    int lanes = context.target().lanes(Exprs.registerType(dtype));
    boolean groups = shape.groups() * shape.merged() > 1;
    boolean few = groups && shape.filters() / shape.merged() <= lanes / 2;
    return few && lanes / 2 >= FEWEST_LANES ? lanes / 2 : lanes;
  }

  /**
   * The tile for convolution along strips, if that loads much less than other tiles do for each
   * multiplication, and no other tile was chosen.
   *
   * @param plain the tile of the usual schedule
   */
  private static Optional<TileShape> strips(
      Context context, Node node, TileShape plain, ConvolutionShape shape) {
    if (shape.transposed()
        || context.target().vectorBits() == 0
        || context.decisions().tiles().containsKey(node.name())) {
      return Optional.empty();
    }
    Window window = shape.window();
    int taps = Math.toIntExact(window.kernel().getLast());
    int stride = Math.toIntExact(window.strides().getLast());
    int dilation = Math.toIntExact(window.dilations().getLast());
    int registers = context.target().vectorRegisters();
    int rows = StripSchedule.mostPixels(taps, stride, dilation, plain.vectors(), registers);
    if (taps == 1 || rows < 1) {
      return Optional.empty();
    }
    double loads = StripSchedule.elements(rows, taps, stride, dilation);
    double mine = (loads + taps * plain.vectors()) / (rows * taps * plain.vectors());
    double others = (plain.rows() + plain.vectors()) / (double) (plain.rows() * plain.vectors());
    return mine < FEWER_LOADS * others
        ? Optional.of(new TileShape(rows, plain.vectors(), plain.lanes()))
        : Optional.empty();
  }

  /** The tile chosen for a node, else the best by the rule; no wider than its widest panel. */
  private static TileShape tile(Context context, Node node, DType dtype, ConvolutionShape shape) {
    int lanes = lanes(context, dtype, shape);
    TileShape usual = tile(context.target(), lanes, shape.filters(), true);
    TileShape most = tile(context, node, dtype, usual);
    long vectors = Math.max(1, Math.ceilDiv(shape.filters(), (long) most.lanes()));
    long panels = Math.ceilDiv(vectors, (long) most.vectors());
    return new TileShape(most.rows(), Math.toIntExact(Math.ceilDiv(vectors, panels)), most.lanes());
  }

  /** The tile chosen for a node, else the best one for panels that are computed whole. */
  static TileShape wholeTile(Context context, Node node, DType dtype, long filters) {
    int lanes = context.target().lanes(Exprs.registerType(dtype));
    return tile(context, node, dtype, tile(context.target(), lanes, filters, false));
  }

  private static TileShape tile(Context context, Node node, DType dtype, TileShape usual) {
    Decisions.Tiling chosen = context.decisions().tiles().get(node.name());
    boolean fits =
        chosen != null
            && TileShape.of(context.target(), Exprs.registerType(dtype))
                .allows(chosen.rows(), chosen.vectors());
    return fits ? new TileShape(chosen.rows(), chosen.vectors(), usual.lanes()) : usual;
  }

  /**
   * The best tile for a number of filters.
   *
   * @param even whether panels differ by one vector at most, else all are computed whole
   */
  private static TileShape tile(Target target, int lanes, long filters, boolean even) {
    double[] speed = target.vectorRegisters() == 32 ? SPEED_OF_32 : SPEED_OF_16;
    int[] rows = target.vectorRegisters() == 32 ? ROWS_OF_32 : ROWS_OF_16;
    int best = 1;
    double bestCost = Double.MAX_VALUE;
    for (int vectors = 1; vectors <= speed.length; vectors++) {
      long all = Math.max(1, Math.ceilDiv(filters, (long) lanes));
      long panels = Math.ceilDiv(all, (long) vectors);
      double cost = panels * vectors / speed[vectors - 1];
      if (even) {
        int narrow = (int) (all / panels);
        long wider = all % panels;
        cost = (panels - wider) * narrow / speed[narrow - 1];
        cost += wider == 0 ? 0 : wider * (narrow + 1) / speed[narrow];
      }
      if (cost < bestCost) {
        bestCost = cost;
        best = vectors;
      }
    }
    return new TileShape(rows[best - 1], best, lanes);
  }

  /** Vectors of the narrower panels. */
  private static int narrowVectors(long filters, TileShape tile) {
    long vectors = Math.max(1, Math.ceilDiv(filters, (long) tile.lanes()));
    return Math.toIntExact(vectors / Math.ceilDiv(vectors, (long) tile.vectors()));
  }

  private static KernelCall convolution(
      Cluster cluster,
      ConvolutionShape shape,
      Context context,
      TileShape tile,
      boolean strips,
      CallBuilder call,
      BufferView input,
      Buffer panels) {
    Node node = cluster.anchor().orElseThrow();
    View x = input.view();
    Shape y = node.output().shape();
    boolean contiguous = input.isDense(1) || input.isConstant(1);
    WindowResult result = new WindowResult(call, cluster, context, node.input(2), tile.lanes());
    boolean leaves = !shape.transposed() && Windows.leaves(shape.window(), x.shape(), y);
    boolean flat =
        !leaves
            && !shape.transposed()
            && Windows.isPointwise(shape.window())
            && Windows.isFlat(x)
            && result.isFlat();
    long panelCount = Math.ceilDiv(shape.filters(), (long) tile.columns());
    ConvolutionSchedule.Problem problem =
        new ConvolutionSchedule.Problem(
            input.buffer(),
            input.base(),
            panels,
            call.parameter(x.shape().dim(0)),
            call.parameter(x.strides().get(0)),
            call.parameter(Dim.of(shape.groups())),
            call.parameter(Dim.of(shape.channels())),
            contiguous ? Exprs.index(1) : call.parameter(x.strides().get(1)),
            contiguous,
            shape.depth() % 2 == 0,
            call.parameter(Dim.of(shape.filters())),
            flat ? Windows.flatAxis(call, x) : shape.axes(call, node, x, y),
            shape.taps() == 1,
            leaves,
            shape.transposed(),
            !contiguous && !shape.transposed() && panelCount >= COLLECTED_PANELS,
            narrowVectors(shape.filters(), tile),
            result.lanes(),
            result.isBrief() && result.lanes() == tile.lanes());
    Window window = shape.window();
    Nest nest =
        strips
            ? StripSchedule.write(
                call.kernel(),
                new StripSchedule.Problem(
                    problem,
                    shape.groups(),
                    shape.channels(),
                    input.isDense(x.shape().rank() - 1),
                    x.strides().getLast().is(shape.groups() * shape.channels()),
                    Math.toIntExact(window.kernel().getLast()),
                    Math.toIntExact(window.strides().getLast()),
                    Math.toIntExact(window.dilations().getLast()),
                    context.target().lanes(Exprs.registerType(x.dtype()))),
                tile,
                result)
            : ConvolutionSchedule.write(
                call.kernel(), problem, tile, flat ? result.flat() : result);
    Dim work = y.elements().times(2 * shape.depth() / shape.merged()).plus(result.work(cluster));
    return call.build(cluster.label(), cluster.nodes(), work, nest.extent(), nest.entry());
  }
}
