package fluidml.loop.schedule;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.KernelBuilder;
import fluidml.loop.ScalarType;
import fluidml.loop.Type;
import fluidml.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.IntFunction;

/**
 * Convolution as an implicit matrix product: rows are output pixels, columns are filters, and the
 * sum runs over the window's taps and the input channels.
 *
 * <p>A tile of a few pixels, anywhere in the image, times the vectors of one panel of filters stays
 * in registers over the whole sum; inputs are broadcast from where they lie, through a table of
 * offsets that all pixels share. A tile whose windows leave the image is first copied, with zeros
 * for the padding, into scratch. Finished tiles go through scratch to the {@link TileStore}.
 *
 * <p>Filters come packed as panels {@code [group][panel][tap][channel][column]}, zero where there
 * is no filter. A unit of the parallel range is one tile with one panel; its result does not depend
 * on the partition.
 */
public final class ConvolutionSchedule {
  private final KernelBuilder kernel;
  private final Problem problem;
  private final Tile tile;
  private final TileStore result;
  private final Type accumulator;
  private final DType accumulatorStorage;
  private final int rank;
  private final Buffer tileBuffer;
  private final Buffer rowTable;
  private final Optional<Buffer> offsets;
  private final Optional<Buffer> gathered;
  private final Expr depth;
  private final Expr pixels;
  private final Expr panelsPerGroup;
  private final Expr tiles;

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
   * @param filters output channels of a group
   * @param axes spatial axes
   * @param pointwise whether the kernel's extents are all 1
   * @param padded whether windows may leave the image
   * @param transposed whether this is the transposed convolution: input position {@code i} and
   *     kernel position {@code k} meet at output position {@code i·stride − pad + k·dilation}
   * @param panelsInside not 0 to run over panels inside, tiles outside; 0 for the reverse
   * @param resultLanes channels that {@link TileStore} takes at once, at most those of a vector
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
      Expr filters,
      List<WindowAxis> axes,
      boolean pointwise,
      boolean padded,
      boolean transposed,
      Expr panelsInside,
      int resultLanes) {
    /** Copies the axes. */
    public Problem {
      axes = List.copyOf(axes);
    }
  }

  /**
   * The part of the result that registers hold.
   *
   * @param rows pixels
   * @param vectors vectors of columns
   * @param lanes columns of a vector
   */
  public record Tile(int rows, int vectors, int lanes) {
    /** Columns of a panel. */
    public int columns() {
      return vectors * lanes;
    }
  }

  private ConvolutionSchedule(KernelBuilder kernel, Problem problem, Tile tile, TileStore result) {
    this.kernel = kernel;
    this.problem = problem;
    this.tile = tile;
    this.result = result;
    this.accumulator = new Type(Exprs.registerType(problem.input.dtype()), 1);
    this.accumulatorStorage =
        accumulator.scalar() == ScalarType.F64 ? DType.FLOAT64 : DType.FLOAT32;
    this.rank = problem.axes.size();
    Expr taps = Exprs.index(1);
    Expr all = Exprs.index(1);
    for (WindowAxis axis : problem.axes) {
      taps = taps.times(axis.kernel());
      all = all.times(axis.output());
    }
    this.depth = taps.times(problem.channels);
    this.pixels = all;
    this.panelsPerGroup = Exprs.ceilDiv(problem.filters, tile.columns());
    this.tiles = Exprs.ceilDiv(pixels, tile.rows);
    int bytes = accumulator.bits() / 8;
    this.tileBuffer =
        kernel.scratch(
            "tile", accumulatorStorage, Exprs.index((long) tile.rows * tile.columns() * bytes));
    this.rowTable =
        kernel.scratch("rows", DType.INT64, Exprs.index(8L * (tile.rows * (rank + 1) + 1)));
    this.offsets =
        isDense()
            ? Optional.empty()
            : Optional.of(kernel.scratch("offsets", DType.INT64, depth.times(8)));
    this.gathered =
        problem.padded || problem.transposed
            ? Optional.of(
                kernel.scratch(
                    "gathered", problem.input.dtype(), depth.times(tile.rows * inputBytes())))
            : Optional.empty();
  }

  /**
   * Writes the procedures of a convolution.
   *
   * @param kernel has the buffers of the problem and of {@code result}
   * @return the entry
   */
  public static Nest write(KernelBuilder kernel, Problem problem, Tile tile, TileStore result) {
    return new ConvolutionSchedule(kernel, problem, tile, result).write();
  }

  private int inputBytes() {
    return problem.input.dtype().bytes();
  }

  /** Whether the inputs of a pixel that is not gathered lie one after another. */
  private boolean isDense() {
    return (problem.pointwise && problem.contiguous) || problem.transposed;
  }

  private Nest write() {
    offsets.ifPresent(
        table -> kernel.procedure("fillOffsets", List.of(), (b, _) -> fillOffsets(b, table)));
    gathered.ifPresent(
        copy ->
            kernel.procedure(
                "gather",
                List.of("base"),
                (b, p) -> new Patches(problem, tile, rowTable, copy).write(b, p.getFirst())));
    kernel.procedure(
        "prepare",
        List.of("image", "group", "tileIndex"),
        (b, p) -> prepare(b, p.get(0), p.get(1), p.get(2)));
    List<String> parameters = new ArrayList<>(List.of("panel", "depth"));
    for (int r = 0; r < tile.rows; r++) {
      parameters.add("row" + r);
    }
    if (!problem.transposed) {
      kernel.procedure("multiply", parameters, (b, p) -> multiply(b, problem.input, p, offsets));
    }
    gathered.ifPresent(
        copy ->
            kernel.procedure(
                "multiplyGathered", parameters, (b, p) -> multiply(b, copy, p, Optional.empty())));
    List<String> place = List.of("image", "channel", "rowCount");
    kernel.procedure(
        "finish", place, (b, p) -> finish(b, p.get(0), p.get(1), p.get(2), Optional.empty()));
    kernel.procedure(
        "finishEdge",
        List.of("image", "channel", "rowCount", "columns"),
        (b, p) -> finish(b, p.get(0), p.get(1), p.get(2), Optional.of(p.get(3))));
    Expr units = problem.batch.times(problem.groups).times(panelsPerGroup).times(tiles);
    return new Nest(units, this::main);
  }

  private long row(int r) {
    return (long) r * (rank + 1);
  }

  private void main(BodyBuilder b, Expr begin, Expr end) {
    offsets.ifPresent(_ -> b.when(begin.lt(end), () -> b.call("fillOffsets")));
    Expr panelCount = b.let("panelCount", panelsPerGroup);
    Expr tileCount = b.let("tileCount", tiles);
    Expr panelsInside = b.let("panelsInside", problem.panelsInside.ne(Exprs.index(0)));
    Expr inner = b.let("inner", Exprs.select(panelsInside, panelCount, tileCount));
    Expr outer = b.let("outer", Exprs.select(panelsInside, tileCount, panelCount));
    Expr rest = b.let("rest", begin.div(inner.max(Exprs.index(1))));
    Expr images = b.let("images", rest.div(outer.max(Exprs.index(1))));
    Expr.Read inside = b.variable("inside", begin.minus(rest.times(inner)));
    Expr.Read outside = b.variable("outside", rest.minus(images.times(outer)));
    Expr.Read image = b.variable("image", images.div(problem.groups.max(Exprs.index(1))));
    Expr.Read group = b.variable("group", images.minus(image.times(problem.groups)));
    Expr.Read prepared = b.variable("prepared", Exprs.index(-1));
    Expr panelSize = b.let("panelSize", depth.times(tile.columns()));
    b.loop(
        "unit",
        begin,
        end,
        _ -> {
          Expr tileIndex = b.let("tileIndex", Exprs.select(panelsInside, outside, inside));
          Expr panelIndex = b.let("panelIndex", Exprs.select(panelsInside, inside, outside));
          b.when(
              prepared.ne(tileIndex),
              () -> {
                b.call("prepare", image, group, tileIndex);
                b.assign(prepared, tileIndex);
              });
          Expr panel = b.let("panel", group.times(panelCount).plus(panelIndex).times(panelSize));
          if (problem.transposed) {
            callMultiply(b, "multiplyGathered", panel, r -> depth.times(r));
          } else if (gathered.isPresent()) {
            b.when(
                b.load(rowTable, Exprs.index(row(tile.rows))).ne(Exprs.index(0)),
                () -> callMultiply(b, "multiplyGathered", panel, r -> depth.times(r)),
                () -> callMultiply(b, "multiply", panel, this::rowStart));
          } else {
            callMultiply(b, "multiply", panel, this::rowStart);
          }
          finish(b, image, group, tileIndex, panelIndex);
          b.assign(inside, inside.plus(1));
          b.when(
              inside.eq(inner),
              () -> {
                b.assign(inside, Exprs.index(0));
                b.assign(outside, outside.plus(1));
                b.when(
                    outside.eq(outer),
                    () -> {
                      b.assign(outside, Exprs.index(0));
                      b.assign(prepared, Exprs.index(-1));
                      b.assign(group, group.plus(1));
                      b.when(
                          group.eq(problem.groups),
                          () -> {
                            b.assign(group, Exprs.index(0));
                            b.assign(image, image.plus(1));
                          });
                    });
              });
        });
  }

  /** Where the elements of a window lie, relative to its first one. */
  private void fillOffsets(BodyBuilder b, Buffer table) {
    Patches.taps(
        b,
        problem.axes,
        (k, tap) -> {
          Expr start = Exprs.index(0);
          for (int a = 0; a < rank; a++) {
            WindowAxis axis = problem.axes.get(a);
            start = start.plus(k.get(a).times(axis.dilation()).times(axis.inputStride()));
          }
          Expr from = b.let("from", start);
          Expr to = b.let("to", tap.times(problem.channels));
          b.loop(
              "channel",
              Exprs.index(0),
              problem.channels,
              c -> b.store(table, to.plus(c), from.plus(c.times(problem.channelStride))));
        });
  }

  /**
   * Where the windows of a tile's pixels begin, their coordinates, and whether one leaves the
   * image.
   */
  private void prepare(BodyBuilder b, Expr image, Expr group, Expr tileIndex) {
    Expr base =
        b.let(
            "base",
            problem
                .inputBase
                .plus(image.times(problem.batchStride))
                .plus(group.times(problem.channels).times(problem.channelStride)));
    Expr first = b.let("first", tileIndex.times(tile.rows));
    Expr last = b.let("last", pixels.minus(1).minus(first));
    List<Expr.Read> position = new ArrayList<>();
    Expr rest = first;
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
        Exprs.index(0),
        Exprs.index(tile.rows),
        r -> {
          Expr entry = b.let("entry", r.times(rank + 1));
          Expr offset = base;
          for (int a = 0; a < rank; a++) {
            WindowAxis axis = problem.axes.get(a);
            Expr start = b.let("start", axis.start(position.get(a)));
            offset = offset.plus(start.times(axis.inputStride()));
            b.store(rowTable, entry.plus(a + 1), position.get(a));
            if (problem.padded && !problem.transposed) {
              Expr end = start.plus(axis.kernel().minus(1).times(axis.dilation()));
              Expr leaves = Exprs.or(start.lt(Exprs.index(0)), end.ge(axis.input()));
              b.when(leaves, () -> b.assign(outside, Exprs.index(1)));
            }
          }
          b.store(rowTable, entry, offset);
          b.when(r.lt(last), () -> advance(b, position, rank - 1));
        });
    gathered.ifPresent(
        _ -> {
          b.store(rowTable, Exprs.index(row(tile.rows)), outside);
          b.when(outside.ne(Exprs.index(0)), () -> b.call("gather", base));
        });
  }

  private void advance(BodyBuilder b, List<Expr.Read> position, int axis) {
    b.assign(position.get(axis), position.get(axis).plus(1));
    if (axis > 0) {
      b.when(
          position.get(axis).ge(problem.axes.get(axis).output()),
          () -> {
            b.assign(position.get(axis), Exprs.index(0));
            advance(b, position, axis - 1);
          });
    }
  }

  private Expr rowStart(int r) {
    return new Expr.Load(
        rowTable.name(), rowTable.dtype(), Exprs.index(row(r)), 1, Optional.empty());
  }

  private void callMultiply(
      BodyBuilder b, String procedure, Expr panel, IntFunction<Expr> rowStart) {
    List<Expr> arguments = new ArrayList<>(List.of(panel, depth));
    for (int r = 0; r < tile.rows; r++) {
      arguments.add(rowStart.apply(r));
    }
    b.call(procedure, arguments.toArray(Expr[]::new));
  }

  /** Parameters: where the panel begins, its depth, and where every row begins. */
  private void multiply(BodyBuilder b, Buffer a, List<Expr> parameters, Optional<Buffer> table) {
    Expr panel = parameters.getFirst();
    List<Expr> rows = parameters.subList(2, parameters.size());
    RowTile sums = new RowTile(b, tile, accumulator, a, problem.panels);
    sums.addAll(panel, rows, parameters.get(1), table);
    sums.store(tileBuffer, Exprs.index(0));
  }

  /** Calls {@code finish}, for a panel of which all columns exist, or {@code finishEdge}. */
  private void finish(BodyBuilder b, Expr image, Expr group, Expr tileIndex, Expr panelIndex) {
    Expr column = b.let("column", panelIndex.times(tile.columns()));
    Expr count = b.let("count", problem.filters.minus(column).min(Exprs.index(tile.columns())));
    Expr channel = b.let("channel", group.times(problem.filters).plus(column));
    Expr rows =
        b.let("rowCount", pixels.minus(tileIndex.times(tile.rows)).min(Exprs.index(tile.rows)));
    b.when(
        count.eq(Exprs.index(tile.columns())),
        () -> b.call("finish", image, channel, rows),
        () -> b.call("finishEdge", image, channel, rows, count));
  }

  private void finish(BodyBuilder b, Expr image, Expr channel, Expr rows, Optional<Expr> edge) {
    int lanes = problem.resultLanes;
    b.loop(
        "r",
        Exprs.index(0),
        rows,
        r -> {
          List<Expr> position = new ArrayList<>();
          for (int a = 0; a < rank; a++) {
            position.add(b.let("o" + a, b.load(rowTable, r.times(rank + 1).plus(a + 1))));
          }
          BiConsumer<Expr, Optional<Expr>> vector =
              (c, mask) -> {
                List<Expr> coordinates = new ArrayList<>();
                coordinates.add(image);
                coordinates.add(b.let("c", channel.plus(c)));
                coordinates.addAll(position);
                Expr value = b.load(tileBuffer, r.times(tile.columns()).plus(c), lanes);
                result.store(b, value, coordinates, mask);
              };
          Expr zero = Exprs.index(0);
          if (edge.isPresent()) {
            b.vectorLoop("c", zero, edge.get(), lanes, vector);
          } else {
            Expr columns = Exprs.index(tile.columns());
            b.loop("c", zero, columns, lanes, c -> vector.accept(c, Optional.empty()));
          }
        });
  }
}
