package fluidml.loop.schedule;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.KernelBuilder;
import fluidml.loop.ScalarType;
import fluidml.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Convolution as an implicit matrix product: rows are output pixels, columns are filters, and the
 * sum runs over the window's taps and the input channels.
 *
 * <p>A tile of a few pixels, anywhere in the image, times the vectors of one panel of filters stays
 * in registers over the whole sum ({@link RowTile}); inputs are broadcast from where they lie,
 * through a table of offsets that all pixels share. A tile whose windows leave the image is first
 * copied, with zeros for the padding, into scratch. Tiles are of equal heights; a block of them
 * takes its turn with every panel of filters, so that a panel is used many times once it is in
 * cache. {@link ConvolutionTiles} hands finished ones to the {@link TileStore}.
 *
 * <p>Filters come packed as panels {@code [group][panel][tap][channel][column]}, zero where there
 * is no filter. A unit of the parallel range is one tile with one panel; tiles of a block run
 * fastest, then panels, blocks, groups and images. The result does not depend on the partition.
 */
public final class ConvolutionSchedule {
  /** Bytes of copied windows that should stay in a core's second-level cache. */
  private static final long CACHED_BYTES = 512 << 10;

  /** Tiles of a block, at most. */
  private static final int MOST_TILES = 16;

  /** Tiles of a block, unless there are fewer: what is shared pays for itself. */
  private static final int FEWEST_TILES = 4;

  /** Time that a tile takes besides its rows, in tenths of a row. */
  private static final int START_COST = 6;

  private final KernelBuilder kernel;
  private final Problem problem;
  private final TileShape tile;
  private final int rank;
  private final WindowTable table;
  private final Optional<Buffer> offsets;
  private final Optional<Buffer> gathered;
  private final Expr zero = Exprs.index(0);
  private final Expr one = Exprs.index(1);
  private final Expr depth;
  private final Expr pixels;
  private final Expr panelsPerGroup;
  private final Expr fittingTiles;
  private final ConvolutionTiles procedures;

  /**
   * What is convolved. Expressions are I64, of sizes.
   *
   * @param input the input's elements
   * @param inputBase index of the first one
   * @param panels the packed filters
   * @param batch number of images
   * @param batchStride elements between images
   * @param groups number of groups
   * @param channels input channels of a group
   * @param channelStride elements between channels
   * @param contiguous whether {@code channelStride} is 1
   * @param evenDepth whether the number of a sum's terms is known to be even
   * @param filters output channels of a group
   * @param axes spatial axes
   * @param pointwise whether the kernel's extents are all 1
   * @param padded whether windows may leave the image
   * @param transposed whether this is the transposed convolution: input position {@code i} and
   *     kernel position {@code k} meet at output position {@code i·stride − pad + k·dilation}
   * @param collected whether all windows are copied, because channels lie apart and many panels use
   *     them
   * @param narrowVectors vectors of the narrower panels of a group: those of a tile, or one less
   * @param resultLanes channels that {@link TileStore} takes at once, at most those of a vector
   * @param brief whether what is fused behind a sum is little, and takes whole vectors
   */
  public record Problem(
      Buffer input,
      Expr inputBase,
      Buffer panels,
      Expr batch,
      Expr batchStride,
      Expr groups,
      Expr channels,
      Expr channelStride,
      boolean contiguous,
      boolean evenDepth,
      Expr filters,
      List<WindowAxis> axes,
      boolean pointwise,
      boolean padded,
      boolean transposed,
      boolean collected,
      int narrowVectors,
      int resultLanes,
      boolean brief) {
    /** Copies the axes. */
    public Problem {
      axes = List.copyOf(axes);
    }

    /** Terms of a sum. */
    Expr depth() {
      Expr depth = channels;
      for (WindowAxis axis : axes) {
        depth = depth.times(axis.kernel());
      }
      return depth;
    }

    /** Whether the micro-kernel reads copies of windows only. */
    boolean isCopied() {
      return transposed || collected;
    }

    /** Whether some panels are a vector narrower than the tile. */
    boolean isNarrow(TileShape tile) {
      return narrowVectors < tile.vectors();
    }

    /** Panels of a group that are as wide as the tile, if some are narrower; else none. */
    Expr wider(TileShape tile) {
      Expr panels = Exprs.ceilDiv(filters, tile.columns());
      return isNarrow(tile)
          ? Exprs.ceilDiv(filters, tile.lanes()).minus(panels.times((double) narrowVectors))
          : Exprs.index(0);
    }

    /**
     * Calls {@code finish1}, {@code finish2}, …, which know how many vectors of filters a tile has,
     * or {@code finishEdge}.
     *
     * @param width filters of the tile
     * @param arguments of the procedure
     */
    void finish(BodyBuilder b, TileShape tile, Expr width, List<Expr> arguments) {
      Expr[] all = arguments.toArray(Expr[]::new);
      Runnable wide =
          () ->
              b.when(
                  width.eq(Exprs.index(tile.columns())),
                  () -> b.call("finish" + tile.vectors(), all),
                  () -> b.call("finishEdge", all));
      if (isNarrow(tile)) {
        Expr narrow = Exprs.index((long) narrowVectors * tile.lanes());
        b.when(width.eq(narrow), () -> b.call("finish" + narrowVectors, all), wide);
      } else {
        wide.run();
      }
    }

    /**
     * Filters of a panel.
     *
     * @param whole whether it is as wide as the tile
     * @param first its first filter, within its group
     */
    Expr width(Expr whole, Expr first, TileShape tile) {
      Expr narrow = Exprs.index((long) narrowVectors * tile.lanes());
      return filters.minus(first).min(Exprs.select(whole, Exprs.index(tile.columns()), narrow));
    }

    /** The first filter of a panel, within its group. */
    Expr firstFilter(Expr panel, Expr wider, TileShape tile) {
      return panel.times((double) narrowVectors).plus(panel.min(wider)).times(tile.lanes());
    }
  }

  private ConvolutionSchedule(
      KernelBuilder kernel, Problem problem, TileShape tile, TileStore result) {
    this.kernel = kernel;
    this.problem = problem;
    this.tile = tile;
    this.rank = problem.axes.size();
    Expr all = one;
    for (WindowAxis axis : problem.axes) {
      all = all.times(axis.output());
    }
    this.depth = problem.depth();
    this.pixels = all;
    this.panelsPerGroup = Exprs.ceilDiv(problem.filters, tile.columns());
    ScalarType scalar = Exprs.registerType(problem.input.dtype());
    DType storage = scalar == ScalarType.F64 ? DType.FLOAT64 : DType.FLOAT32;
    Expr windowBytes = depth.times((double) tile.rows() * problem.input.dtype().bytes());
    boolean copies = problem.padded || problem.isCopied();
    Expr fit =
        copies
            ? Exprs.index(CACHED_BYTES)
                .div(windowBytes.max(one))
                .max(Exprs.index(FEWEST_TILES))
                .min(Exprs.index(MOST_TILES))
            : Exprs.index(MOST_TILES);
    this.fittingTiles = fit;
    Expr mostTiles = mostTiles(tiles(height()));
    Buffer sums =
        kernel.scratch(
            "tile", storage, Exprs.index((long) tile.rows() * tile.columns() * storage.bytes()));
    this.table = WindowTable.declare(kernel, rank, tile.rows(), mostTiles);
    this.offsets =
        isDense()
            ? Optional.empty()
            : Optional.of(kernel.scratch("offsets", DType.INT32, depth.times(4)));
    this.gathered =
        copies
            ? Optional.of(
                kernel.scratch("gathered", problem.input.dtype(), mostTiles.times(windowBytes)))
            : Optional.empty();
    this.procedures = new ConvolutionTiles(problem, tile, result, table, offsets, gathered, sums);
  }

  /**
   * Writes the procedures of a convolution.
   *
   * @param kernel has the buffers of the problem and of {@code result}
   * @return the entry
   */
  public static Nest write(
      KernelBuilder kernel, Problem problem, TileShape tile, TileStore result) {
    return new ConvolutionSchedule(kernel, problem, tile, result).write();
  }

  /** Whether the inputs of a pixel that is not copied lie one after another. */
  private boolean isDense() {
    return (problem.pointwise && problem.contiguous) || problem.isCopied();
  }

  private Nest write() {
    offsets.ifPresent(
        buffer -> kernel.procedure("fillOffsets", List.of(), (b, _) -> fillOffsets(b, buffer)));
    gathered.ifPresent(
        copy ->
            kernel.procedure(
                "gather",
                List.of("base", "slot", "rows"),
                (b, p) ->
                    new Patches(problem, tile, table, copy)
                        .write(b, p.get(0), p.get(1), p.get(2))));
    if (problem.collected) {
      kernel.procedure(
          "collect",
          List.of("base", "slot", "rows"),
          (b, p) ->
              new Patches(problem, tile, table, gathered.orElseThrow())
                  .collect(b, p.get(0), p.get(1), p.get(2)));
    }
    kernel.procedure("prepare", List.of("image", "group", "slot", "row", "rows"), this::prepare);
    procedures.declare(kernel);
    kernel.procedure(
        "panel", List.of("image", "group", "panel", "begin", "end", "tile", "height"), this::panel);
    Expr tiles = tiles(height());
    Expr blocks = blocks(tiles);
    Expr turns = problem.batch.times(problem.groups).times(blocks);
    return new Nest(turns.times(panelsPerGroup).times(tilesPerBlock(tiles, blocks)), this::main);
  }

  /**
   * Pixels of every tile, the last one's beyond the image included: all of them where there are
   * few, else as many as a tile may have or one less, whichever wastes less time. One number for
   * all tiles, so that one micro-kernel runs often and gets hot.
   */
  private Expr height() {
    Expr most = Exprs.index(tile.rows());
    if (tile.rows() == 1) {
      return most;
    }
    Expr high = Exprs.ceilDiv(pixels, tile.rows()).times(10.0 * tile.rows() + START_COST);
    Expr low = Exprs.ceilDiv(pixels, tile.rows() - 1L).times(10.0 * tile.rows() - 10 + START_COST);
    Expr better = Exprs.select(low.lt(high), Exprs.index(tile.rows() - 1L), most);
    return Exprs.select(pixels.lt(most), pixels.max(one), better);
  }

  private Expr tiles(Expr height) {
    return ceilDiv(pixels, height);
  }

  private Expr mostTiles(Expr tiles) {
    return fittingTiles.min(tiles).max(one);
  }

  /** Blocks of tiles; none if there are no pixels. */
  private Expr blocks(Expr tiles) {
    return ceilDiv(tiles, mostTiles(tiles));
  }

  /** Tiles of every block, one at least. */
  private Expr tilesPerBlock(Expr tiles, Expr blocks) {
    return ceilDiv(tiles, blocks.max(one)).max(one);
  }

  static Expr ceilDiv(Expr a, Expr b) {
    return a.plus(b).minus(1).div(b);
  }

  private void main(BodyBuilder b, Expr begin, Expr end) {
    offsets.ifPresent(_ -> b.call("fillOffsets"));
    if (!problem.transposed) {
      WindowTable.require(b, problem.axes);
    }
    Expr height = b.let("height", height());
    Expr tiles = b.let("tiles", tiles(height));
    Expr blocks = b.let("blocks", blocks(tiles));
    Expr count = b.let("count", tilesPerBlock(tiles, blocks));
    Expr units = b.let("units", panelsPerGroup.times(count));
    b.loop(
        "turn",
        begin.div(units),
        b.let("turns", end.minus(1).div(units).plus(1)),
        turn -> {
          Expr whole = b.let("whole", turn.div(blocks));
          Expr image = b.let("image", whole.div(problem.groups));
          Expr group = b.let("group", whole.minus(image.times(problem.groups)));
          Expr first = b.let("first", turn.minus(whole.times(blocks)).times(count));
          b.loop(
              "slot",
              zero,
              count,
              slot -> {
                Expr row = b.let("row", first.plus(slot).times(height));
                b.when(row.lt(pixels), () -> b.call("prepare", image, group, slot, row, height));
              });
          Expr skipped = b.let("skipped", turn.times(units));
          Expr from = b.let("from", begin.minus(skipped).max(zero));
          Expr to = b.let("to", end.minus(skipped).min(units));
          b.loop(
              "panel",
              from.div(count),
              b.let("panels", to.minus(1).div(count).plus(1)),
              panel -> {
                Expr before = b.let("before", panel.times(count));
                Expr begun = from.minus(before).max(zero);
                Expr ended = to.minus(before).min(count);
                b.call("panel", image, group, panel, begun, ended, first, height);
              });
        });
  }

  /**
   * Where the elements of a window lie, relative to its first one. As int32: the JIT does not
   * always inline loads of int64, which few others share, and a call in a micro-kernel spills all
   * sums.
   */
  private void fillOffsets(BodyBuilder b, Buffer to) {
    Patches.taps(
        b,
        problem.axes,
        (k, tap) -> {
          Expr from = b.let("from", Patches.offset(problem.axes, k));
          Expr first = b.let("first", tap.times(problem.channels));
          Expr last = b.let("last", from.plus(problem.channels.times(problem.channelStride)));
          b.require(
              last.max(zero.minus(last)).lt(Exprs.index(Integer.MAX_VALUE)),
              last,
              "elements, from the first to the last of a window, are more than 2^31");
          b.loop(
              "channel",
              zero,
              problem.channels,
              c -> {
                Expr offset = from.plus(c.times(problem.channelStride));
                b.store(to, first.plus(c), Exprs.convert(ScalarType.I32, offset));
              });
        });
  }

  /**
   * Where the windows of a tile's pixels begin, their coordinates, and whether one leaves the
   * image. Pixels that do not exist take the place of the last one.
   */
  private void prepare(BodyBuilder b, List<Expr> parameters) {
    Expr image = parameters.get(0);
    Expr group = parameters.get(1);
    Expr slot = parameters.get(2);
    Expr count = parameters.get(4);
    Expr base = b.let("base", base(image, group));
    List<Expr.Read> position = new ArrayList<>();
    Expr rest = parameters.get(3);
    Expr last = b.let("last", pixels.minus(1).minus(rest));
    for (int a = rank - 1; a > 0; a--) {
      Expr extent = problem.axes.get(a).output();
      Expr next = b.let("rest", rest.div(extent));
      position.addFirst(b.variable("o" + a, rest.minus(next.times(extent))));
      rest = next;
    }
    position.addFirst(b.variable("o0", rest));
    Expr.Read outside = b.variable("outside", Exprs.index(problem.transposed ? 1 : 0));
    b.loop(
        "r",
        zero,
        count,
        r -> {
          Expr offset = zero;
          for (int a = 0; a < rank; a++) {
            WindowAxis axis = problem.axes.get(a);
            Expr start = b.let("start", axis.start(position.get(a)));
            offset = offset.plus(start.times(axis.inputStride()));
            table.putCoordinate(b, slot, r, a, position.get(a));
            if (problem.padded && !problem.transposed) {
              Expr end = start.plus(axis.kernel().minus(1).times(axis.dilation()));
              Expr leaves = Exprs.or(start.lt(zero), end.ge(axis.input()));
              b.when(leaves, () -> b.assign(outside, one));
            }
          }
          table.putStart(b, slot, r, offset);
          b.when(r.lt(last), () -> advance(b, position, rank - 1));
        });
    gathered.ifPresent(
        _ -> {
          table.putCopied(b, slot, outside);
          Runnable gather = () -> b.call("gather", base, slot, count);
          if (problem.collected) {
            b.when(outside.ne(zero), gather, () -> b.call("collect", base, slot, count));
          } else {
            b.when(outside.ne(zero), gather);
          }
        });
  }

  /** Index of the first element of an image, of a group's channels. */
  private Expr base(Expr image, Expr group) {
    return problem
        .inputBase
        .plus(image.times(problem.batchStride))
        .plus(group.times(problem.channels).times(problem.channelStride));
  }

  private void advance(BodyBuilder b, List<Expr.Read> position, int axis) {
    b.assign(position.get(axis), position.get(axis).plus(1));
    if (axis > 0) {
      b.when(
          position.get(axis).ge(problem.axes.get(axis).output()),
          () -> {
            b.assign(position.get(axis), zero);
            advance(b, position, axis - 1);
          });
    }
  }

  /** Some tiles of a block with one panel. */
  private void panel(BodyBuilder b, List<Expr> parameters) {
    Expr image = parameters.get(0);
    Expr group = parameters.get(1);
    Expr panel = parameters.get(2);
    Expr firstTile = parameters.get(5);
    Expr height = parameters.get(6);
    Expr rest = b.let("rest", pixels.minus(firstTile.times(height)));
    Expr size = b.let("size", depth.times(tile.columns()));
    Expr index = b.let("index", group.times(panelsPerGroup).plus(panel));
    Expr right = b.let("right", index.times(size));
    Expr wider = b.let("wider", problem.wider(tile));
    Expr column = b.let("column", problem.firstFilter(panel, wider, tile));
    Expr whole = b.let("whole", panel.lt(wider));
    Expr width = b.let("width", problem.width(whole, column, tile));
    Expr base = b.let("base", base(image, group));
    Expr channel = b.let("channel", group.times(problem.filters).plus(column));
    b.loop(
        "t",
        parameters.get(3),
        parameters.get(4).min(ceilDiv(rest, height)),
        t -> {
          Expr count = b.let("count", rest.minus(t.times(height)).min(height));
          procedures.compute(
              b,
              new ConvolutionTiles.Place(
                  image, channel, t, height, count, base, right, whole, width));
        });
  }
}
