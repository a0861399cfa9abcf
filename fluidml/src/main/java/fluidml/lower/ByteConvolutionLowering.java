package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.ConvInteger;
import fluidml.graph.op.Window;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.Stmt;
import fluidml.loop.schedule.ByteTileSchedule;
import fluidml.loop.schedule.Nest;
import fluidml.loop.schedule.TileStore;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Convolutions of bytes as products, by {@link ByteTileSchedule}: the pixels of a line of the
 * result are rows. What a window covers of a line of the image is one run of neighbours where
 * channels are innermost; or one for each channel, where the lines of channels take turns.
 */
final class ByteConvolutionLowering implements Lowering {
  private static final int CHANNEL_AXIS = 1;

  @Override
  public Result lower(Cluster cluster, Context context) {
    if (cluster.anchor().isEmpty()
        || !ByteOperands.isConvolution(cluster.anchor().get(), context)) {
      return new Result.Refused("");
    }
    Optional<String> refusal = WindowResult.refusal(cluster);
    if (refusal.isPresent()) {
      return new Result.Refused(refusal.get());
    }
    Node node = cluster.anchor().get();
    Window window = ((ConvInteger) node.op()).window();
    List<KernelCall> calls = new ArrayList<>();
    View x = image(node, window, context, calls);
    calls.add(new Builder(cluster, context, window, x).build());
    return new Result.Calls(calls);
  }

  /** The image in an order of axes that gives runs: as it is, or copied by a call. */
  private static View image(Node node, Window window, Context context, List<KernelCall> calls) {
    View x = context.view(node.input(0));
    return areLines(x, window) || arePixels(x, window)
        ? x
        : ByteOperands.copied(node, x, ByteOperands.imageOrder(window, x.shape()), context, calls);
  }

  /** Whether channels are neighbours, and pixels if a window covers several of a line. */
  private static boolean arePixels(View x, Window window) {
    return x.strides().get(CHANNEL_AXIS).is(1)
        && (window.kernel().getLast() == 1
            || x.strides().getLast().equals(x.shape().dim(CHANNEL_AXIS)));
  }

  /** Whether pixels are neighbours, and the lines of all channels before the next pixels' lines. */
  private static boolean areLines(View x, Window window) {
    Dim ofChannels = x.strides().get(CHANNEL_AXIS).times(x.shape().dim(CHANNEL_AXIS));
    return ByteOperands.takesLines(window)
        && x.strides().getLast().is(1)
        && (window.rank() == 1 || x.strides().get(2).equals(ofChannels));
  }

  /** Builds the call of one convolution. */
  private static final class Builder {
    private final Cluster cluster;
    private final Context context;
    private final Node node;
    private final Window window;
    private final View x;
    private final Shape y;
    private final CallBuilder call;
    private final boolean lines;
    private final long channels;
    private final long width;

    Builder(Cluster cluster, Context context, Window window, View x) {
      this.cluster = cluster;
      this.context = context;
      this.node = cluster.anchor().orElseThrow();
      this.window = window;
      this.x = x;
      this.y = node.output().shape();
      this.call = new CallBuilder(cluster.label());
      this.lines = !arePixels(x, window);
      this.channels = node.input(1).shape().dim(CHANNEL_AXIS).constant().orElseThrow();
      this.width = window.kernel().getLast();
    }

    KernelCall build() {
      long filters = node.input(1).shape().dim(0).constant().orElseThrow();
      long run = lines ? width : channels * width;
      long turns = lines ? channels * height() : height();
      int vectors = ByteOperands.vectors(filters);
      BufferView image = call.read(x);
      Buffer panels = call.packed(node.input(1).dtype(), panels(filters, vectors), node.input(1));
      WindowResult result =
          new WindowResult(call, cluster, context, Value.ABSENT, Stmt.ByteTile.LANES);
      boolean flat = Windows.isPointwise(window) && Windows.isFlat(x) && result.isFlat();
      Places at = flat ? flatPlaces() : places();
      ByteTileSchedule.Problem problem =
          new ByteTileSchedule.Problem(
              at.images.times(at.lines),
              at.pixels,
              call.parameter(Dim.of(filters)),
              image.buffer(),
              (body, batch) -> {
                Expr n = body.let("n", batch.div(at.lines));
                Expr line = batch.minus(n.times(at.lines));
                Expr place = image.base().plus(n.times(at.imageStride));
                return place.plus(line.times(at.lineStride));
              },
              at.pixelStride,
              call.parameter(Dim.of(turns)),
              at.turnStride,
              call.parameter(Dim.of(run / Stmt.ByteTile.STEP)),
              panels,
              vectors,
              result.lanes());
      TileStore store = flat ? result.flat() : result;
      Nest nest =
          ByteTileSchedule.write(
              call.kernel(),
              problem,
              (body, value, batch, pixel, channel, mask) -> {
                Expr n = body.let("n", batch.div(at.lines));
                List<Expr> indices = new ArrayList<>(List.of(n, channel));
                if (!flat && window.rank() == 2) {
                  indices.add(body.let("line", batch.minus(n.times(at.lines))));
                }
                indices.add(pixel);
                store.store(body, value, indices, mask);
              });
      Dim work = y.elements().times(2 * run * turns).plus(result.work(cluster));
      return call.build(cluster.label(), cluster.nodes(), work, nest.extent(), nest.entry());
    }

    private long height() {
      return window.rank() == 2 ? window.kernel().getFirst() : 1;
    }

    private BytePanels panels(long filters, int vectors) {
      BytePanels.Axis down = new BytePanels.Axis(height(), width);
      BytePanels.Axis along = new BytePanels.Axis(width, 1);
      BytePanels.Axis through = new BytePanels.Axis(channels, height() * width);
      return new BytePanels(
          lines ? List.of(down, through, along) : List.of(down, along, through),
          filters,
          channels * height() * width,
          0,
          vectors * Stmt.ByteTile.LANES);
    }

    /**
     * Where the windows of the result begin in the image.
     *
     * @param lines of an image of the result
     * @param pixels of a line
     * @param turnStride elements between the runs of a window
     */
    private record Places(
        Expr images,
        Expr lines,
        Expr pixels,
        Expr imageStride,
        Expr lineStride,
        Expr pixelStride,
        Expr turnStride) {}

    private Places places() {
      List<Dim> strides = x.strides();
      boolean single = window.rank() == 1;
      Dim down = single ? Dim.ZERO : strides.get(2);
      Dim turn = lines ? strides.get(CHANNEL_AXIS) : down.times(window.dilations().getFirst());
      return new Places(
          call.parameter(y.dim(0)),
          single ? Exprs.index(1) : call.parameter(y.dim(2)),
          call.parameter(y.dim(-1)),
          call.parameter(strides.get(0)),
          call.parameter(down.times(window.strides().getFirst())),
          call.parameter(strides.getLast().times(window.strides().getLast())),
          call.parameter(turn));
    }

    /** All pixels of an image as one line. */
    private Places flatPlaces() {
      Expr zero = Exprs.index(0);
      return new Places(
          call.parameter(y.dim(0)),
          Exprs.index(1),
          call.parameter(Windows.pixels(y)),
          call.parameter(x.strides().get(0)),
          zero,
          call.parameter(x.strides().getLast()),
          zero);
    }
  }
}
