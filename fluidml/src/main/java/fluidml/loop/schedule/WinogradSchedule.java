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

/**
 * Two-dimensional convolution with stride 1 by Winograd's minimal filtering ({@link CookToom}).
 *
 * <p>The result is cut into squares of {@code m × m} pixels, each of which needs {@code n × n}
 * inputs. A block of squares is transformed into scratch, {@code [product][square][channel]}; for
 * each of the {@code n²} products the block is multiplied with panels of transformed filters; the
 * products of each panel are transformed back and go to the {@link TileStore}. Squares whose inputs
 * leave the image are copied first, with zeros for the padding.
 *
 * <p>Filters come transformed and packed as panels {@code [product][panel][channel][column]}, zero
 * where there is no filter. A unit of the parallel range is a few squares, the rows of a tile, with
 * one panel. Where there are more squares than filters panels run fastest, so that threads share
 * the squares and each transforms its own once, else squares, so that they share the filters. A
 * range of units is done as rectangles of squares and panels, squares in blocks; the result does
 * not depend on the partition.
 */
public final class WinogradSchedule {
  private final KernelBuilder kernel;
  private final Problem problem;
  private final CookToom transform;
  private final TileShape tile;
  private final TileStore result;
  private final int products;
  private final int outputs;
  private final Type vector;
  private final Buffer inputs;
  private final Buffer multiplied;
  private final Buffer window;
  private final Buffer half;
  private final Buffer square;
  private final Expr zero = Exprs.index(0);
  private final Expr columns;
  private final Expr squaresDown;
  private final Expr squaresAcross;
  private final Expr squares;

  /**
   * What is convolved. Expressions are I64, of sizes.
   *
   * @param input the input's elements
   * @param inputBase index of the first one
   * @param panels the transformed filters
   * @param batch number of images
   * @param batchStride elements between images
   * @param channels input channels
   * @param evenChannels whether {@code channels} is known to be even
   * @param channelStride elements between channels
   * @param contiguous whether {@code channelStride} is 1
   * @param filters output channels
   * @param down the first spatial axis; window, stride and dilation are those of the transform
   * @param across the second one
   * @param block the most squares that are transformed together, positive
   * @param resultLanes channels that {@link TileStore} takes at once, at most those of a vector
   */
  public record Problem(
      Buffer input,
      Expr inputBase,
      Buffer panels,
      Expr batch,
      Expr batchStride,
      Expr channels,
      boolean evenChannels,
      Expr channelStride,
      boolean contiguous,
      Expr filters,
      WindowAxis down,
      WindowAxis across,
      Expr block,
      int resultLanes) {}

  private WinogradSchedule(
      KernelBuilder kernel, Problem problem, CookToom transform, TileShape tile, TileStore result) {
    this.kernel = kernel;
    this.problem = problem;
    this.transform = transform;
    this.tile = tile;
    this.result = result;
    this.products = transform.products();
    this.outputs = transform.outputs();
    ScalarType scalar = Exprs.registerType(problem.input.dtype());
    this.vector = new Type(scalar, tile.lanes());
    this.columns = Exprs.index(tile.columns());
    this.squaresDown = Exprs.ceilDiv(problem.down.output(), outputs);
    this.squaresAcross = Exprs.ceilDiv(problem.across.output(), outputs);
    this.squares = problem.batch.times(squaresDown).times(squaresAcross);
    DType storage = scalar == ScalarType.F64 ? DType.FLOAT64 : DType.FLOAT32;
    Expr size = Exprs.index((long) products * products * storage.bytes());
    this.inputs =
        kernel.scratch("inputs", storage, size.times(problem.block).times(problem.channels));
    this.multiplied =
        kernel.scratch(
            "multiplied", storage, size.times(problem.block).times(panelCount()).times(columns));
    this.window =
        kernel.scratch(
            "window",
            problem.input.dtype(),
            Exprs.index((long) products * products * problem.input.dtype().bytes())
                .times(problem.channels));
    this.half = kernel.scratch("half", storage, size.times(tile.lanes()));
    this.square =
        kernel.scratch(
            "square",
            storage,
            Exprs.index((long) outputs * outputs * tile.columns() * storage.bytes()));
  }

  /**
   * Writes the procedures of a convolution.
   *
   * @param kernel has the buffers of the problem and of {@code result}
   * @param transform the minimal filtering, along both axes
   * @return the entry
   */
  public static Nest write(
      KernelBuilder kernel, Problem problem, CookToom transform, TileShape tile, TileStore result) {
    return new WinogradSchedule(kernel, problem, transform, tile, result).write();
  }

  private Nest write() {
    kernel.procedure(
        "copy", List.of("image", "y", "x"), (b, p) -> copy(b, p.get(0), p.get(1), p.get(2)));
    if (problem.contiguous) {
      kernel.procedure(
          "transform",
          List.of("from", "to", "plane"),
          (b, p) ->
              transform(
                  b, problem.input, p, problem.down.inputStride(), problem.across.inputStride()));
    }
    kernel.procedure(
        "transformCopy",
        List.of("from", "to", "plane"),
        (b, p) ->
            transform(b, window, p, problem.channels.times((double) products), problem.channels));
    kernel.procedure(
        "transformBlock",
        List.of("first", "count"),
        (b, p) -> transformBlock(b, p.get(0), p.get(1)));
    for (int rows = 1; rows <= tile.rows(); rows++) {
      int height = rows;
      kernel.procedure(
          "multiply" + rows, List.of("left", "panel", "to"), (b, p) -> multiply(b, height, p));
    }
    kernel.procedure(
        "multiplyBlock",
        List.of("from", "to", "count"),
        (b, p) -> multiplyBlock(b, p.get(0), p.get(1), p.get(2)));
    kernel.procedure(
        "transformBack", List.of("from", "plane"), (b, p) -> transformBack(b, p.get(0), p.get(1)));
    kernel.procedure(
        "finish",
        List.of("image", "channel", "y", "x", "width"),
        (b, p) -> finish(b, p.get(0), p.get(1), p.get(2), p.get(3), p.get(4)));
    kernel.procedure(
        "finishBlock",
        List.of("first", "count", "panel", "slot"),
        (b, p) -> finishBlock(b, p.get(0), p.get(1), p.get(2), p.get(3)));
    kernel.procedure("rectangle", List.of("from", "to", "panel", "end"), this::rectangle);
    return new Nest(groupCount().times(panelCount()), this::main);
  }

  private Expr groupCount() {
    return Exprs.ceilDiv(squares, tile.rows());
  }

  private Expr panelCount() {
    return Exprs.ceilDiv(problem.filters, tile.columns());
  }

  /** Cuts a range of units, which run row by row, into at most three rectangles. */
  private void main(BodyBuilder b, Expr begin, Expr end) {
    Expr byPanel = b.let("byPanel", squares.lt(problem.filters));
    Expr inner = b.let("inner", Exprs.select(byPanel, groupCount(), panelCount()));
    Expr first = b.let("first", begin.plus(inner).minus(1).div(inner));
    Expr last = b.let("last", end.div(inner));
    Expr left = b.let("left", begin.minus(first.minus(1).times(inner)));
    Expr right = b.let("right", end.minus(last.times(inner)));
    b.when(
        first.gt(last),
        () -> rectangle(b, byPanel, last, first, left, right),
        () -> {
          b.when(left.lt(inner), () -> rectangle(b, byPanel, first.minus(1), first, left, inner));
          b.when(first.lt(last), () -> rectangle(b, byPanel, first, last, zero, inner));
          b.when(right.gt(zero), () -> rectangle(b, byPanel, last, last.plus(1), zero, right));
        });
  }

  private static void rectangle(
      BodyBuilder b, Expr byPanel, Expr top, Expr bottom, Expr left, Expr right) {
    b.call(
        "rectangle",
        Exprs.select(byPanel, left, top),
        Exprs.select(byPanel, right, bottom),
        Exprs.select(byPanel, top, left),
        Exprs.select(byPanel, bottom, right));
  }

  /** Parameters: the first group of squares and the end of them, the first panel and their end. */
  private void rectangle(BodyBuilder b, List<Expr> parameters) {
    Expr groups = b.let("groups", groupCount());
    Expr least = b.let("least", squares.div(groups));
    Expr larger = b.let("larger", squares.minus(least.times(groups)));
    Expr from = parameters.get(0);
    Expr to = parameters.get(1);
    Expr start = b.let("start", from.times(least).plus(from.min(larger)));
    Expr stop = b.let("stop", to.times(least).plus(to.min(larger)));
    Expr size = b.let("size", stop.minus(start));
    Expr blocks = b.let("blocks", Exprs.floorDiv(size.plus(problem.block).minus(1), problem.block));
    Expr height = b.let("height", size.div(blocks));
    Expr higher = b.let("higher", size.minus(height.times(blocks)));
    Expr panel = parameters.get(2);
    Expr end = parameters.get(3);
    b.loop(
        "block",
        zero,
        blocks,
        block -> {
          Expr first = b.let("first", start.plus(block.times(height)).plus(block.min(higher)));
          Expr more = Exprs.select(block.lt(higher), Exprs.index(1), zero);
          Expr count = b.let("count", height.plus(more));
          b.call("transformBlock", first, count);
          b.call("multiplyBlock", panel, end, count);
          b.loop("p", panel, end, p -> b.call("finishBlock", first, count, p, p.minus(panel)));
        });
  }

  /** Where a square lies: its image and its first pixel. */
  private record Place(Expr image, Expr y, Expr x) {}

  private Place place(BodyBuilder b, Expr index) {
    Expr line = b.let("line", index.div(squaresAcross));
    Expr image = b.let("image", line.div(squaresDown));
    Expr y = b.let("y", line.minus(image.times(squaresDown)).times((double) outputs));
    Expr x = b.let("x", index.minus(line.times(squaresAcross)).times((double) outputs));
    return new Place(image, y, x);
  }

  private void transformBlock(BodyBuilder b, Expr first, Expr count) {
    Expr plane = b.let("plane", count.times(problem.channels));
    b.loop(
        "t",
        zero,
        count,
        t -> {
          Place place = place(b, first.plus(t));
          Expr y = b.let("top", place.y.minus(problem.down.pad()));
          Expr x = b.let("left", place.x.minus(problem.across.pad()));
          Expr to = b.let("to", t.times(problem.channels));
          Runnable copied =
              () -> {
                b.call("copy", place.image, y, x);
                b.call("transformCopy", zero, to, plane);
              };
          if (!problem.contiguous) {
            copied.run();
            return;
          }
          Expr low = y.min(x).ge(zero);
          Expr bottom = y.plus(products).le(problem.down.input());
          Expr right = x.plus(products).le(problem.across.input());
          Expr from =
              problem
                  .inputBase
                  .plus(place.image.times(problem.batchStride))
                  .plus(y.times(problem.down.inputStride()))
                  .plus(x.times(problem.across.inputStride()));
          b.when(
              Exprs.and(low, Exprs.and(bottom, right)),
              () -> b.call("transform", from, to, plane),
              copied);
        });
  }

  /** Copies the inputs of a square, zero where they leave the image. */
  private void copy(BodyBuilder b, Expr image, Expr y, Expr x) {
    Expr base = b.let("base", problem.inputBase.plus(image.times(problem.batchStride)));
    int lanes = problem.contiguous ? tile.lanes() : 1;
    Type type = vector.times(lanes);
    b.loop(
        "i",
        zero,
        Exprs.index(products),
        i -> {
          Expr row = b.let("row", y.plus(i));
          Expr line = b.let("line", base.plus(row.times(problem.down.inputStride())));
          Expr inside = b.let("inside", Exprs.and(row.ge(zero), row.lt(problem.down.input())));
          b.loop(
              "j",
              zero,
              Exprs.index(products),
              j -> {
                Expr column = b.let("column", x.plus(j));
                Expr hit = Exprs.and(column.ge(zero), column.lt(problem.across.input()));
                Expr from = b.let("from", line.plus(column.times(problem.across.inputStride())));
                Expr to = b.let("to", i.times(products).plus(j).times(problem.channels));
                b.when(
                    Exprs.and(inside, hit),
                    () ->
                        b.vectorLoop(
                            "c",
                            zero,
                            problem.channels,
                            lanes,
                            (c, mask) -> {
                              Expr at = from.plus(c.times(problem.channelStride));
                              Expr value = b.load(problem.input, at, lanes, mask);
                              b.store(window, to.plus(c), value, mask);
                            }),
                    () ->
                        b.vectorLoop(
                            "z",
                            zero,
                            problem.channels,
                            lanes,
                            (c, mask) ->
                                b.store(window, to.plus(c), Exprs.constant(type, 0), mask)));
              });
        });
  }

  /** Parameters: the first input, the first place in scratch, and elements between products. */
  private void transform(
      BodyBuilder b, Buffer from, List<Expr> parameters, Expr rowStride, Expr columnStride) {
    Expr to = parameters.get(1);
    Expr plane = parameters.get(2);
    int lanes = tile.lanes();
    b.vectorLoop(
        "c",
        zero,
        problem.channels,
        lanes,
        (c, mask) -> {
          Expr first = b.let("first", parameters.getFirst().plus(c));
          b.loop(
              "j",
              zero,
              Exprs.index(products),
              j -> {
                Expr column = b.let("column", first.plus(j.times(columnStride)));
                List<Expr> d = new ArrayList<>();
                for (int i = 0; i < products; i++) {
                  Expr at = column.plus(rowStride.times((double) i));
                  d.add(b.let("d", b.load(from, at, lanes, mask)));
                }
                List<Expr> t = SmallMatrix.times(b, transform.input(), d);
                for (int i = 0; i < products; i++) {
                  b.store(half, j.plus((double) i * products).times(lanes), t.get(i));
                }
              });
          Expr target = b.let("target", to.plus(c));
          b.loop(
              "i",
              zero,
              Exprs.index(products),
              i -> {
                List<Expr> d = new ArrayList<>();
                for (int j = 0; j < products; j++) {
                  Expr at = i.times((double) products * lanes).plus((double) j * lanes);
                  d.add(b.let("d", b.load(half, at, lanes)));
                }
                List<Expr> t = SmallMatrix.times(b, transform.input(), d);
                Expr line = b.let("line", target.plus(i.times(products).times(plane)));
                for (int j = 0; j < products; j++) {
                  b.store(inputs, line.plus(plane.times((double) j)), t.get(j), mask);
                }
              });
        });
  }

  /**
   * The products of a block with some panels: every one takes its turn with all panels, so that the
   * filters are read once, in order.
   */
  private void multiplyBlock(BodyBuilder b, Expr from, Expr to, Expr count) {
    Expr groups = b.let("groups", Exprs.ceilDiv(count, tile.rows()));
    Expr height = b.let("height", count.div(groups));
    Expr higher = b.let("higher", count.minus(height.times(groups)));
    Expr size = b.let("size", problem.channels.times(columns));
    Expr panels = b.let("panels", panelCount());
    b.loop(
        "product",
        zero,
        Exprs.index((long) products * products),
        product -> {
          Expr line = b.let("line", product.times(count));
          b.loop(
              "panel",
              from,
              to,
              panel -> {
                Expr index = b.let("index", product.times(panels).plus(panel));
                Expr right = b.let("right", index.times(size));
                Expr plane = panel.minus(from).times((double) products * products).plus(product);
                Expr target = b.let("target", plane.times(count));
                b.loop(
                    "g",
                    zero,
                    groups,
                    g -> {
                      Expr row = b.let("row", g.times(height).plus(g.min(higher)));
                      Expr more = Exprs.select(g.lt(higher), Exprs.index(1), zero);
                      Expr rows = b.let("rows", height.plus(more));
                      Expr left = line.plus(row).times(problem.channels);
                      Expr result = target.plus(row).times(columns);
                      Heights.multiply(b, tile.rows(), rows, List.of(left, right, result));
                    });
              });
        });
  }

  /** A few squares times a panel, over all channels. */
  private void multiply(BodyBuilder b, int rows, List<Expr> parameters) {
    TileShape part = new TileShape(rows, tile.vectors(), tile.lanes());
    List<Expr> starts = new ArrayList<>();
    for (int r = 0; r < rows; r++) {
      starts.add(b.let("start", parameters.getFirst().plus(problem.channels.times((double) r))));
    }
    RowTile.Rows left = RowTile.Rows.of(inputs, Optional.empty());
    RowTile.Terms terms = new RowTile.Terms(problem.channels, problem.evenChannels);
    new RowTile(part, left, RowTile.Panel.of(problem.panels, tile.columns()), multiplied, 0)
        .write(b, parameters.get(1), starts, terms, parameters.get(2));
  }

  /** From the products of a square with a panel to its pixels, in scratch. */
  private void transformBack(BodyBuilder b, Expr from, Expr plane) {
    int lanes = tile.lanes();
    b.loop(
        "c",
        zero,
        columns,
        lanes,
        c -> {
          b.loop(
              "j",
              zero,
              Exprs.index(products),
              j -> {
                Expr first = b.let("first", from.plus(c).plus(j.times(plane)));
                List<Expr> m = new ArrayList<>();
                for (int i = 0; i < products; i++) {
                  Expr at = first.plus(plane.times((double) i * products));
                  m.add(b.let("m", b.load(multiplied, at, lanes)));
                }
                List<Expr> t = SmallMatrix.times(b, transform.output(), m);
                for (int i = 0; i < outputs; i++) {
                  b.store(half, j.plus((double) i * products).times(lanes), t.get(i));
                }
              });
          b.loop(
              "i",
              zero,
              Exprs.index(outputs),
              i -> {
                List<Expr> m = new ArrayList<>();
                for (int j = 0; j < products; j++) {
                  Expr at = i.times((double) products * lanes).plus((double) j * lanes);
                  m.add(b.let("m", b.load(half, at, lanes)));
                }
                List<Expr> t = SmallMatrix.times(b, transform.output(), m);
                for (int j = 0; j < outputs; j++) {
                  Expr pixel = i.times(outputs).plus(j);
                  b.store(square, pixel.times(columns).plus(c), t.get(j));
                }
              });
        });
  }

  private void finishBlock(BodyBuilder b, Expr first, Expr count, Expr panel, Expr slot) {
    Expr plane = b.let("plane", count.times(columns));
    Expr channel = b.let("channel", panel.times(columns));
    Expr width = b.let("width", problem.filters.minus(channel).min(columns));
    Expr base = b.let("base", slot.times((double) products * products).times(plane));
    b.loop(
        "t",
        zero,
        count,
        t -> {
          b.call("transformBack", base.plus(t.times(columns)), plane);
          Place place = place(b, first.plus(t));
          b.call("finish", place.image, channel, place.y, place.x, width);
        });
  }

  /** Hands those pixels of a square that exist to the store. */
  private void finish(BodyBuilder b, Expr image, Expr channel, Expr y, Expr x, Expr width) {
    int lanes = problem.resultLanes;
    Expr high = b.let("high", problem.down.output().minus(y).min(Exprs.index(outputs)));
    Expr wide = b.let("wide", problem.across.output().minus(x).min(Exprs.index(outputs)));
    b.loop(
        "i",
        zero,
        high,
        i ->
            b.loop(
                "j",
                zero,
                wide,
                j -> {
                  Expr pixel = b.let("pixel", i.times(outputs).plus(j).times(columns));
                  Expr row = b.let("row", y.plus(i));
                  Expr column = b.let("column", x.plus(j));
                  b.vectorLoop(
                      "c",
                      zero,
                      width,
                      lanes,
                      (c, mask) -> {
                        Expr value = b.load(square, pixel.plus(c), lanes);
                        Expr at = b.let("at", channel.plus(c));
                        result.store(b, value, List.of(image, at, row, column), mask);
                      });
                }));
  }
}
