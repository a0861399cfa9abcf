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
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;

/**
 * Convolution along strips: neighbouring pixels of a row share most of their windows.
 *
 * <p>The part of the input that the windows of a piece of one row of the result touch is copied
 * into scratch, with zeros for the padding. A tile of neighbouring pixels times the vectors of one
 * panel stays in registers; for each channel and row of the window, so do the filters of its taps,
 * and every element of the strip is loaded once for all the pixels whose windows have it. Where a
 * plain tile loads an element for each multiplication by a vector of filters, this one loads about
 * one for three with three taps: with one or two vectors of filters, loads are what limits.
 *
 * <p>Filters come packed as panels {@code [group][panel][tap][channel][column]}. A unit of the
 * parallel range is a piece of a row with all filters of a group; groups run fastest, then pieces,
 * rows and images. The result does not depend on the partition.
 */
public final class StripSchedule {
  /** Tiles of a piece of a row, at most: a strip stays in cache while all filters use it. */
  private static final int MOST_TILES = 8;

  /** Registers besides sums and filters. */
  private static final int OTHER_REGISTERS = 4;

  private final KernelBuilder kernel;
  private final Problem problem;
  private final ConvolutionSchedule.Problem plain;
  private final TileShape tile;
  private final TileStore result;
  private final List<WindowAxis> outer;
  private final WindowAxis row;
  private final Buffer strip;
  private final Buffer sums;
  private final Expr zero = Exprs.index(0);
  private final Expr taps;
  private final Expr rows;
  private final Expr pieces;
  private final Expr pixels;
  private final Expr width;
  private final Expr panels;

  /**
   * What is convolved.
   *
   * @param plain the convolution; neither transposed nor pointwise
   * @param groups number of groups
   * @param channels input channels of a group
   * @param neighbours whether a row's elements of one channel are neighbours in the input
   * @param dense whether a row's elements are neighbours in the input, channels innermost
   * @param taps of the window along the last axis
   * @param stride of the window along the last axis
   * @param dilation of the window along the last axis
   * @param lanes of the vectors in which inputs are copied
   */
  public record Problem(
      ConvolutionSchedule.Problem plain,
      long groups,
      long channels,
      boolean neighbours,
      boolean dense,
      int taps,
      int stride,
      int dilation,
      int lanes) {}

  private StripSchedule(KernelBuilder kernel, Problem problem, TileShape tile, TileStore result) {
    this.kernel = kernel;
    this.problem = problem;
    this.plain = problem.plain;
    this.tile = tile;
    this.result = result;
    this.outer = plain.axes().subList(0, plain.axes().size() - 1);
    this.row = plain.axes().getLast();
    Expr one = Exprs.index(1);
    Expr all = one;
    Expr above = one;
    for (WindowAxis axis : outer) {
      all = all.times(axis.output());
      above = above.times(axis.kernel());
    }
    this.rows = all;
    this.taps = above;
    this.pieces = Exprs.ceilDiv(row.output(), (long) MOST_TILES * tile.rows());
    this.pixels = ConvolutionSchedule.ceilDiv(row.output(), pieces.max(one));
    this.width =
        pixels
            .minus(1)
            .times((double) problem.stride)
            .plus((problem.taps - 1.0) * problem.dilation + 1);
    this.panels = Exprs.ceilDiv(plain.filters(), tile.columns());
    ScalarType scalar = Exprs.registerType(plain.input().dtype());
    DType storage = scalar == ScalarType.F64 ? DType.FLOAT64 : DType.FLOAT32;
    this.strip =
        kernel.scratch(
            "strip", storage, taps.times(width.max(one)).times((double) all() * storage.bytes()));
    this.sums =
        kernel.scratch(
            "tile", storage, Exprs.index((long) tile.rows() * tile.columns() * storage.bytes()));
  }

  /**
   * The most pixels of a tile.
   *
   * @param taps of the window along the last axis
   * @param stride of the window along the last axis
   * @param dilation of the window along the last axis
   * @param vectors of a panel
   * @param registers of the machine
   * @return less than 1 if not even the filters fit
   */
  public static int mostPixels(int taps, int stride, int dilation, int vectors, int registers) {
    int fit = (registers - OTHER_REGISTERS - taps * vectors) / vectors;
    int best = 0;
    for (int rows = 1; rows <= fit; rows++) {
      if (ElementLoads.fit(elements(rows, taps, stride, dilation), taps * vectors)) {
        best = rows;
      }
    }
    return best;
  }

  /** Elements of the strip that a tile of so many pixels loads for each channel. */
  public static int elements(int pixels, int taps, int stride, int dilation) {
    return columns(pixels, taps, stride, dilation).size();
  }

  private static Set<Integer> columns(int pixels, int taps, int stride, int dilation) {
    Set<Integer> columns = new TreeSet<>();
    for (int pixel = 0; pixel < pixels; pixel++) {
      for (int tap = 0; tap < taps; tap++) {
        columns.add(pixel * stride + tap * dilation);
      }
    }
    return columns;
  }

  /** Channels of all groups. */
  private long all() {
    return problem.channels * problem.groups;
  }

  /**
   * Writes the procedures of a convolution.
   *
   * @param kernel has the buffers of the problem and of {@code result}
   * @return the entry
   */
  public static Nest write(
      KernelBuilder kernel, Problem problem, TileShape tile, TileStore result) {
    return new StripSchedule(kernel, problem, tile, result).write();
  }

  private Nest write() {
    List<String> place = new ArrayList<>(List.of("image", "group", "first"));
    List<String> coordinates = new ArrayList<>();
    for (int a = 0; a < outer.size(); a++) {
      coordinates.add("o" + a);
    }
    place.addAll(coordinates);
    kernel.procedure("fill", place, this::fill);
    List<String> finished = new ArrayList<>(List.of("image", "channel", "first", "rows", "width"));
    finished.addAll(coordinates);
    for (int vectors : new TreeSet<>(List.of(tile.vectors(), plain.narrowVectors()))) {
      for (int height = 1; height <= tile.rows(); height++) {
        TileShape part = new TileShape(height, vectors, tile.lanes());
        kernel.procedure(
            name(part), List.of("from", "panel"), (b, p) -> multiply(b, part, p.get(0), p.get(1)));
      }
      Optional<Expr> whole = Optional.of(Exprs.index((long) vectors * tile.lanes()));
      kernel.procedure("finish" + vectors, finished, (b, p) -> store(b, p, whole));
    }
    kernel.procedure("finishEdge", finished, (b, p) -> store(b, p, Optional.empty()));
    kernel.procedure("piece", place, this::piece);
    Expr units = plain.batch().times(rows).times(pieces).times(plain.groups());
    return new Nest(units, this::main);
  }

  private static String name(TileShape part) {
    return "multiply" + part.rows() + "x" + part.vectors();
  }

  private void main(BodyBuilder b, Expr begin, Expr end) {
    b.loop(
        "unit",
        begin,
        end,
        unit -> {
          Expr rest = b.let("rest", unit.div(plain.groups()));
          Expr group = b.let("group", unit.minus(rest.times(plain.groups())));
          Expr line = b.let("line", rest.div(pieces));
          Expr first = b.let("first", rest.minus(line.times(pieces)).times(pixels));
          List<Expr> position = new ArrayList<>();
          for (int a = outer.size() - 1; a >= 0; a--) {
            Expr extent = outer.get(a).output();
            Expr next = b.let("next", line.div(extent));
            position.addFirst(b.let("o" + a, line.minus(next.times(extent))));
            line = next;
          }
          List<Expr> arguments = new ArrayList<>(List.of(line, group, first));
          arguments.addAll(position);
          Expr[] place = arguments.toArray(Expr[]::new);
          Expr another = Exprs.or(group.eq(zero), unit.eq(begin));
          b.when(
              first.lt(row.output()),
              () -> {
                b.when(another, () -> b.call("fill", place));
                b.call("piece", place);
              });
        });
  }

  /**
   * Copies what the windows of a piece touch: {@code [tap][column][channel]}, or channels first.
   */
  private void fill(BodyBuilder b, List<Expr> place) {
    Expr base = b.let("base", plain.inputBase().plus(place.get(0).times(plain.batchStride())));
    Expr start = b.let("start", row.start(place.get(2)));
    Expr low = b.let("low", zero.minus(start).max(zero).min(width));
    Expr high = b.let("high", row.input().minus(start).max(low).min(width));
    Expr size = width.times((double) all());
    Patches.taps(
        b,
        outer,
        (k, tap) -> {
          Expr inside = Exprs.bool(true);
          Expr source = base.plus(start.times(row.inputStride()));
          for (int a = 0; a < outer.size(); a++) {
            WindowAxis axis = outer.get(a);
            Expr shift = k.get(a).times(axis.dilation());
            Expr at = b.let("at", axis.start(place.get(3 + a)).plus(shift));
            inside = Exprs.and(inside, Exprs.and(at.ge(zero), at.lt(axis.input())));
            source = source.plus(at.times(axis.inputStride()));
          }
          Expr from = b.let("from", source);
          Expr to = b.let("to", tap.times(size));
          b.when(
              inside,
              () -> copyRow(b, from, to, low, high),
              () -> clear(b, to, zero, b.let("size", size)));
        });
  }

  private void copyRow(BodyBuilder b, Expr from, Expr to, Expr low, Expr high) {
    double channels = all();
    if (plain.contiguous()) {
      Expr left = b.let("left", low.times(channels));
      Expr right = b.let("right", high.times(channels));
      clear(b, to, zero, left);
      if (problem.dense) {
        copy(b, from, to, left, right);
      } else {
        copyColumns(b, from, to, low, high);
      }
      clear(b, to, right, b.let("end", width.times(channels)));
      return;
    }
    b.loop(
        "c",
        zero,
        Exprs.index(all()),
        c -> {
          Expr at = b.let("source", from.plus(c.times(plain.channelStride())));
          Expr into = b.let("target", to.plus(c.times(width)));
          clear(b, into, zero, low);
          if (problem.neighbours) {
            copy(b, at, into, low, high);
          } else {
            b.loop(
                "column",
                low,
                high,
                column ->
                    b.store(
                        strip,
                        into.plus(column),
                        b.load(plain.input(), at.plus(column.times(row.inputStride())))));
          }
          clear(b, into, high, b.let("end", width));
        });
  }

  private void copyColumns(BodyBuilder b, Expr from, Expr to, Expr low, Expr high) {
    double channels = all();
    b.loop(
        "column",
        low,
        high,
        column -> {
          Expr at = b.let("source", from.plus(column.times(row.inputStride())));
          Expr into = b.let("target", to.plus(column.times(channels)));
          copy(b, at, into, zero, Exprs.index(all()));
        });
  }

  /** Copies the elements {@code [begin, end)} that are neighbours on both sides. */
  private void copy(BodyBuilder b, Expr from, Expr to, Expr begin, Expr end) {
    int lanes = problem.lanes;
    b.vectorLoop(
        "i",
        begin,
        end,
        lanes,
        (i, mask) ->
            b.store(strip, to.plus(i), b.load(plain.input(), from.plus(i), lanes, mask), mask));
  }

  private void clear(BodyBuilder b, Expr to, Expr begin, Expr end) {
    Type vector = new Type(Exprs.registerType(strip.dtype()), tile.lanes());
    b.vectorLoop(
        "z",
        begin,
        end,
        tile.lanes(),
        (i, mask) -> b.store(strip, to.plus(i), Exprs.constant(vector, 0), mask));
  }

  /** All tiles of a piece of a row with all panels. */
  private void piece(BodyBuilder b, List<Expr> place) {
    Expr first = place.get(2);
    Expr ofGroup = place.get(1).times((double) problem.channels);
    Expr groupStart = b.let("groupStart", plain.contiguous() ? ofGroup : ofGroup.times(width));
    Expr count = b.let("count", row.output().minus(first).min(pixels));
    Expr tiles = b.let("tiles", Exprs.ceilDiv(count, tile.rows()));
    Expr height = b.let("height", ConvolutionSchedule.ceilDiv(count, tiles));
    Expr step = plain.contiguous() ? Exprs.index(all()) : Exprs.index(1);
    Expr advance = height.times((double) problem.stride).times(step);
    double size = (double) problem.channels * problem.taps * tile.columns();
    Expr elements = b.let("elements", taps.times(size));
    Expr wider = b.let("wider", plain.wider(tile));
    b.loop(
        "panel",
        zero,
        panels,
        panel -> {
          Expr index = place.get(1).times(panels).plus(panel);
          Expr right = b.let("right", index.times(elements));
          Expr column = b.let("column", plain.firstFilter(panel, wider, tile));
          Expr whole = b.let("whole", panel.lt(wider));
          Expr filters = b.let("filters", plain.width(whole, column, tile));
          Expr channel = b.let("channel", place.get(1).times(plain.filters()).plus(column));
          b.loop(
              "t",
              zero,
              tiles,
              t -> {
                Expr done = b.let("done", t.times(height));
                Expr part = b.let("part", count.minus(done).min(height));
                Expr from = b.let("from", groupStart.plus(t.times(advance)));
                List<Expr> arguments = List.of(from, right);
                Runnable wide = () -> call(b, tile.vectors(), part, arguments);
                if (plain.isNarrow(tile)) {
                  b.when(whole, wide, () -> call(b, plain.narrowVectors(), part, arguments));
                } else {
                  wide.run();
                }
                List<Expr> finished =
                    new ArrayList<>(
                        List.of(
                            place.get(0), channel, b.let("o", first.plus(done)), part, filters));
                finished.addAll(place.subList(3, place.size()));
                plain.finish(b, tile, filters, finished);
              });
        });
  }

  private void call(BodyBuilder b, int vectors, Expr height, List<Expr> arguments) {
    Heights.call(
        b, h -> name(new TileShape(h, vectors, tile.lanes())), 1, tile.rows(), height, arguments);
  }

  /** The sums of some neighbouring pixels. */
  private void multiply(BodyBuilder b, TileShape part, Expr from, Expr panel) {
    ScalarType scalar = Exprs.registerType(sums.dtype());
    int vectors = part.vectors();
    Expr none = b.variable("zero", Exprs.constant(new Type(scalar, part.lanes()), 0));
    List<Expr.Read> totals = new ArrayList<>();
    for (int i = 0; i < part.rows() * vectors; i++) {
      totals.add(b.variable("sum", none));
    }
    double line = (double) problem.channels * tile.columns();
    Expr size = b.let("size", width.times((double) all()));
    Expr step = plain.contiguous() ? Exprs.index(1) : b.let("step", width);
    b.loop(
        "tap",
        zero,
        taps,
        tap -> {
          Expr filters = b.let("filters", panel.plus(tap.times(line * problem.taps)));
          Expr elements = b.let("elements", from.plus(tap.times(size)));
          b.loop(
              "c",
              zero,
              Exprs.index(problem.channels),
              c -> {
                Expr right = b.let("right", filters.plus(c.times((double) tile.columns())));
                Expr left = b.let("left", elements.plus(c.times(step)));
                add(b, part, left, right, totals);
              });
        });
    for (int r = 0; r < part.rows(); r++) {
      for (int v = 0; v < vectors; v++) {
        Expr at = Exprs.index((long) r * tile.columns() + (long) v * tile.lanes());
        b.store(sums, at, totals.get(r * vectors + v));
      }
    }
  }

  /** Adds the products of one channel and one row of the window. */
  private void add(BodyBuilder b, TileShape part, Expr left, Expr right, List<Expr.Read> totals) {
    int vectors = part.vectors();
    List<Expr> filters = new ArrayList<>();
    for (int tap = 0; tap < problem.taps; tap++) {
      for (int v = 0; v < vectors; v++) {
        double at = (double) tap * problem.channels * tile.columns() + (double) v * tile.lanes();
        filters.add(b.let("b", b.load(plain.panels(), right.plus(at), tile.lanes())));
      }
    }
    double step = plain.contiguous() ? all() : 1;
    List<Integer> columns =
        List.copyOf(columns(part.rows(), problem.taps, problem.stride, problem.dilation));
    ElementLoads.each(
        tile.lanes() * Exprs.registerType(plain.input().dtype()).bits(),
        columns.size(),
        i -> {
          Expr element = b.load(strip, left.plus(columns.get(i) * step));
          return b.let("a", Exprs.spread(element, tile.lanes()));
        },
        (x, i) -> {
          for (int tap = 0; tap < problem.taps; tap++) {
            int distance = columns.get(i) - tap * problem.dilation;
            int pixel = Math.floorDiv(distance, problem.stride);
            if (distance == pixel * problem.stride && pixel >= 0 && pixel < part.rows()) {
              for (int v = 0; v < vectors; v++) {
                Expr.Read sum = totals.get(pixel * vectors + v);
                b.assign(sum, x.fma(filters.get(tap * vectors + v), sum));
              }
            }
          }
        });
  }

  /** Hands a tile to the store: a known number of whole vectors, else up to the filters' end. */
  private void store(BodyBuilder b, List<Expr> parameters, Optional<Expr> columns) {
    int lanes = plain.resultLanes();
    b.loop(
        "r",
        zero,
        parameters.get(3),
        r -> {
          BiConsumer<Expr, Optional<Expr>> vector =
              (c, mask) -> {
                List<Expr> coordinates = new ArrayList<>(List.of(parameters.getFirst()));
                coordinates.add(b.let("c", parameters.get(1).plus(c)));
                coordinates.addAll(parameters.subList(5, parameters.size()));
                coordinates.add(b.let("o", parameters.get(2).plus(r)));
                Expr value = b.load(sums, r.times((double) tile.columns()).plus(c), lanes);
                result.store(b, value, coordinates, mask);
              };
          if (columns.isPresent()) {
            b.loop("c", zero, columns.get(), lanes, c -> vector.accept(c, Optional.empty()));
          } else {
            b.vectorLoop("c", zero, parameters.get(4), lanes, vector);
          }
        });
  }
}
