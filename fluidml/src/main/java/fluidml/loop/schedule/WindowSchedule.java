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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;

/**
 * Sliding windows in which every channel stands alone: depthwise convolution and pooling. Vectors
 * run along channels; windows are clipped to the input, so padding is never read.
 *
 * <p>Where several neighbours along the last axis lie fully inside, they share the loads of the
 * filters; elsewhere a single pixel takes several vectors of channels at once. Finished channels go
 * through scratch to the {@link TileStore}. A unit of the parallel range is a segment of the last
 * axis; its result does not depend on the partition.
 */
public final class WindowSchedule {
  /** Pixels along the last axis in a unit. */
  private static final int SEGMENT = 64;

  /** Pixels that share loads of filters; a power of two. */
  private static final int PIXELS = 4;

  /** Taps along the last axis that are written out. */
  private static final int LONGEST_ROW = 7;

  /** Vectors of channels that a single pixel takes at once. */
  private static final int VECTORS = 4;

  private final KernelBuilder kernel;
  private final Problem problem;
  private final Function function;
  private final TileStore result;
  private final int rank;
  private final Type scalar;
  private final Buffer tile;
  private final Expr zero = Exprs.index(0);

  /** How the elements of a window are combined. */
  public sealed interface Function {
    /**
     * The sum of elements times filters.
     *
     * @param panels filters {@code [panel of lanes channels][tap][lane]}
     */
    record Depthwise(Buffer panels) implements Function {}

    /** The largest element; the smallest number of the type where a window is empty. */
    record Max() implements Function {}

    /**
     * The mean.
     *
     * @param padEnd padding after each spatial axis that counts as elements (as does the padding
     *     before); empty to count elements of the input only
     */
    record Average(Optional<List<Expr>> padEnd) implements Function {}
  }

  /**
   * The window and its operands. Expressions are I64, of sizes.
   *
   * @param input the input's elements
   * @param inputBase index of the first one
   * @param batch number of images
   * @param batchStride elements between images
   * @param channels number of channels
   * @param channelStride elements between channels; 1 if {@code lanes} is not
   * @param axes spatial axes; kernel, stride and dilation of the last one may be constants, which
   *     are then part of the code
   * @param lanes channels of a vector
   * @param resultLanes channels that {@link TileStore} takes at once, at most {@code lanes}
   */
  public record Problem(
      Buffer input,
      Expr inputBase,
      Expr batch,
      Expr batchStride,
      Expr channels,
      Expr channelStride,
      List<WindowAxis> axes,
      int lanes,
      int resultLanes) {
    /** Copies the axes. */
    public Problem {
      axes = List.copyOf(axes);
    }
  }

  private WindowSchedule(
      KernelBuilder kernel, Problem problem, Function function, TileStore result) {
    this.kernel = kernel;
    this.problem = problem;
    this.function = function;
    this.result = result;
    this.rank = problem.axes.size();
    this.scalar = new Type(Exprs.registerType(problem.input.dtype()), 1);
    DType storage =
        switch (scalar.scalar()) {
          case F32 -> DType.FLOAT32;
          case F64 -> DType.FLOAT64;
          case I32 -> DType.INT32;
          case I64 -> DType.INT64;
          case BOOL -> throw new IllegalArgumentException("windows over truth values");
        };
    this.tile =
        kernel.scratch("tile", storage, problem.channels.times((double) PIXELS * storage.bytes()));
  }

  /**
   * Writes the procedures of a window.
   *
   * @param kernel has the buffers of the problem and of {@code result}
   * @return the entry
   */
  public static Nest write(
      KernelBuilder kernel, Problem problem, Function function, TileStore result) {
    return new WindowSchedule(kernel, problem, function, result).write();
  }

  private Nest write() {
    List<String> place = new ArrayList<>(List.of("image"));
    for (int a = 0; a < rank; a++) {
      place.add("o" + a);
    }
    List<String> more = new ArrayList<>(place);
    more.add("pixels");
    kernel.procedure(
        "finish", more, (b, p) -> finish(b, p.getFirst(), p.subList(1, rank + 1), p.getLast()));
    kernel.procedure("pixel", place, (b, p) -> pixel(b, p.getFirst(), p.subList(1, rank + 1)));
    if (hasBlocks()) {
      kernel.procedure("block", place, (b, p) -> block(b, p.getFirst(), p.subList(1, rank + 1)));
    }
    Expr units = problem.batch.times(segments());
    for (int a = 0; a < rank - 1; a++) {
      units = units.times(problem.axes.get(a).output());
    }
    return new Nest(units, this::main);
  }

  /** Whether the last axis is known well enough to be written out. */
  private boolean hasBlocks() {
    WindowAxis last = problem.axes.getLast();
    return function instanceof Function.Depthwise
        && fixed(last.kernel()) > 0
        && fixed(last.kernel()) <= LONGEST_ROW
        && fixed(last.stride()) > 0
        && fixed(last.dilation()) > 0;
  }

  private Expr segments() {
    return Exprs.ceilDiv(problem.axes.getLast().output(), SEGMENT);
  }

  private void main(BodyBuilder b, Expr begin, Expr end) {
    WindowAxis last = problem.axes.getLast();
    Expr segments = b.let("segments", segments());
    Expr reach = last.kernel().minus(1).times(last.dilation());
    Expr firstInside =
        b.let("firstInside", last.pad().plus(last.stride()).minus(1).div(last.stride()).max(zero));
    Expr room = b.let("room", last.input().minus(1).minus(reach).plus(last.pad()));
    Expr endInside =
        b.let(
            "endInside",
            Exprs.select(room.lt(zero), zero, room.div(last.stride()).plus(1)).min(last.output()));
    b.loop(
        "unit",
        begin,
        end,
        unit -> {
          Expr rest = b.let("row", unit.div(segments));
          Expr from = b.let("from", unit.minus(rest.times(segments)).times(SEGMENT));
          Expr to = b.let("to", from.plus(SEGMENT).min(last.output()));
          List<Expr> place = new ArrayList<>();
          for (int a = rank - 2; a >= 0; a--) {
            Expr extent = problem.axes.get(a).output();
            Expr next = b.let("rest", rest.div(extent));
            place.addFirst(b.let("o" + a, rest.minus(next.times(extent))));
            rest = next;
          }
          place.addFirst(rest);
          if (hasBlocks()) {
            Expr left = b.let("left", firstInside.max(from).min(to));
            Expr inside = endInside.min(to).minus(left).max(zero);
            Expr right = b.let("right", left.plus(Exprs.and(inside, Exprs.index(-(long) PIXELS))));
            each(b, "pixel", place, from, left, 1);
            each(b, "block", place, left, right, PIXELS);
            each(b, "pixel", place, right, to, 1);
          } else {
            each(b, "pixel", place, from, to, 1);
          }
        });
  }

  private void each(
      BodyBuilder b, String procedure, List<Expr> place, Expr from, Expr to, int pixels) {
    b.loop(
        "o",
        from,
        to,
        pixels,
        o -> {
          List<Expr> arguments = new ArrayList<>(place);
          arguments.add(o);
          b.call(procedure, arguments.toArray(Expr[]::new));
          arguments.add(Exprs.index(pixels));
          b.call("finish", arguments.toArray(Expr[]::new));
        });
  }

  /** The part of a window on one axis that lies inside the input. */
  private record Range(Expr start, Expr low, Expr high) {}

  private List<Range> ranges(BodyBuilder b, List<Expr> position, boolean lastInside) {
    List<Range> ranges = new ArrayList<>();
    for (int a = 0; a < rank; a++) {
      WindowAxis axis = problem.axes.get(a);
      Expr start = b.let("start" + a, axis.start(position.get(a)));
      if (lastInside && a == rank - 1) {
        ranges.add(new Range(start, zero, axis.kernel()));
        continue;
      }
      Expr round = axis.dilation().minus(1);
      Expr low = Exprs.select(start.ge(zero), zero, round.minus(start).div(axis.dilation()));
      Expr high = axis.input().minus(start).plus(round).div(axis.dilation()).min(axis.kernel());
      ranges.add(new Range(start, b.let("low" + a, low), b.let("high" + a, high)));
    }
    return ranges;
  }

  /** Visits the taps of a window: the index of the input's element, and the tap's number. */
  private void taps(
      BodyBuilder b,
      List<Range> ranges,
      int axis,
      int axes,
      Expr index,
      Expr tap,
      BiConsumer<Expr, Expr> body) {
    if (axis == axes) {
      body.accept(index, tap);
      return;
    }
    WindowAxis a = problem.axes.get(axis);
    Range range = ranges.get(axis);
    b.loop(
        "k" + axis,
        range.low,
        range.high,
        k -> {
          Expr at = range.start.plus(k.times(a.dilation())).times(a.inputStride());
          Expr next = b.let("at" + axis, index.plus(at));
          Expr number = b.let("tap" + axis, tap.times(a.kernel()).plus(k));
          taps(b, ranges, axis + 1, axes, next, number, body);
        });
  }

  private Expr base(BodyBuilder b, Expr image) {
    return b.let("base", problem.inputBase.plus(image.times(problem.batchStride)));
  }

  private Expr tapCount() {
    Expr taps = Exprs.index(1);
    for (WindowAxis axis : problem.axes) {
      taps = taps.times(axis.kernel());
    }
    return taps;
  }

  private void pixel(BodyBuilder b, Expr image, List<Expr> position) {
    List<Range> ranges = ranges(b, position, false);
    Expr base = base(b, image);
    Expr taps = b.let("taps", tapCount());
    Optional<Expr> count = count(b, ranges);
    int step = VECTORS * problem.lanes;
    Expr whole = b.let("whole", Exprs.and(problem.channels, Exprs.index(-(long) step)));
    b.loop(
        "c",
        zero,
        whole,
        step,
        c -> pixel(b, ranges, base, taps, count, c, VECTORS, Optional.empty()));
    b.vectorLoop(
        "c",
        whole,
        problem.channels,
        problem.lanes,
        (c, mask) -> pixel(b, ranges, base, taps, count, c, 1, mask));
  }

  private void pixel(
      BodyBuilder b,
      List<Range> ranges,
      Expr base,
      Expr taps,
      Optional<Expr> count,
      Expr channel,
      int vectors,
      Optional<Expr> mask) {
    int lanes = problem.lanes;
    List<Expr.Read> sums = new ArrayList<>();
    for (int v = 0; v < vectors; v++) {
      sums.add(b.variable("sum" + v, initial()));
    }
    Expr first = b.let("first", base.plus(channel.times(problem.channelStride)));
    Expr panel = b.let("panel", channel.times(taps));
    taps(
        b,
        ranges,
        0,
        rank,
        first,
        zero,
        (index, tap) -> {
          for (int v = 0; v < vectors; v++) {
            Expr shift = problem.channelStride.times((double) v * lanes);
            Expr x = b.load(problem.input, index.plus(shift), lanes, mask);
            Expr line = panel.plus(taps.times((double) v * lanes));
            combine(b, sums.get(v), x, line, tap);
          }
        });
    for (int v = 0; v < vectors; v++) {
      b.store(tile, channel.plus((double) v * lanes), finished(sums.get(v), count), mask);
    }
  }

  private void block(BodyBuilder b, Expr image, List<Expr> position) {
    List<Range> ranges = ranges(b, position, true);
    Expr base = base(b, image);
    Expr taps = b.let("taps", tapCount());
    Expr inner = b.let("inner", problem.axes.getLast().inputStride());
    b.vectorLoop(
        "c",
        zero,
        problem.channels,
        problem.lanes,
        (c, mask) -> {
          List<Expr.Read> sums = new ArrayList<>();
          for (int p = 0; p < PIXELS; p++) {
            sums.add(b.variable("sum" + p, initial()));
          }
          Expr panel = b.let("panel", c.times(taps));
          Expr start = ranges.getLast().start.times(inner);
          Expr first = base.plus(c.times(problem.channelStride)).plus(start);
          taps(
              b,
              ranges,
              0,
              rank - 1,
              b.let("first", first),
              zero,
              (index, tap) -> row(b, sums, index, inner, panel, tap, mask));
          for (int p = 0; p < PIXELS; p++) {
            Expr at = c.plus(problem.channels.times(p));
            b.store(tile, at, sums.get(p), mask);
          }
        });
  }

  /** The taps along the last axis, written out; pixels share the elements they have in common. */
  private void row(
      BodyBuilder b,
      List<Expr.Read> sums,
      Expr index,
      Expr inner,
      Expr panel,
      Expr row,
      Optional<Expr> mask) {
    WindowAxis last = problem.axes.getLast();
    int kernelExtent = fixed(last.kernel());
    Map<Integer, Expr> elements = new HashMap<>();
    for (int k = 0; k < kernelExtent; k++) {
      Expr tap = row.times(kernelExtent).plus(k);
      Expr filter = b.let("filter", filter(b, panel, tap));
      for (int p = 0; p < PIXELS; p++) {
        int column = p * fixed(last.stride()) + k * fixed(last.dilation());
        Expr x =
            elements.computeIfAbsent(
                column,
                at ->
                    b.let(
                        "x",
                        b.load(problem.input, index.plus(inner.times(at)), problem.lanes, mask)));
        b.assign(sums.get(p), x.fma(filter, sums.get(p)));
      }
    }
  }

  private static int fixed(Expr extent) {
    return extent instanceof Expr.Const c ? (int) c.bits() : 0;
  }

  private Expr initial() {
    Type vector = scalar.times(problem.lanes);
    if (!(function instanceof Function.Max)) {
      return Exprs.constant(vector, 0);
    }
    return switch (scalar.scalar()) {
      case F32, F64 -> Exprs.constant(vector, Double.NEGATIVE_INFINITY);
      case I32 -> Exprs.integer(vector, Integer.MIN_VALUE);
      case I64, BOOL -> Exprs.integer(vector, Long.MIN_VALUE);
    };
  }

  private Expr filter(BodyBuilder b, Expr panel, Expr tap) {
    Buffer panels = ((Function.Depthwise) function).panels();
    return b.load(panels, panel.plus(tap.times(problem.lanes)), problem.lanes);
  }

  private void combine(BodyBuilder b, Expr.Read sum, Expr x, Expr panel, Expr tap) {
    Expr next =
        switch (function) {
          case Function.Depthwise _ -> x.fma(filter(b, panel, tap), sum);
          case Function.Max _ -> Exprs.quickMax(sum, b.let("x", x));
          case Function.Average _ -> sum.plus(x);
        };
    b.assign(sum, next);
  }

  /** Number of elements that a mean divides by. */
  private Optional<Expr> count(BodyBuilder b, List<Range> ranges) {
    if (!(function instanceof Function.Average average)) {
      return Optional.empty();
    }
    Expr count = Exprs.index(1);
    for (int a = 0; a < rank; a++) {
      WindowAxis axis = problem.axes.get(a);
      Range range = ranges.get(a);
      int at = a;
      Expr onAxis =
          average
              .padEnd()
              .map(
                  ends ->
                      axis.input()
                          .plus(ends.get(at))
                          .minus(range.start)
                          .plus(axis.dilation().minus(1))
                          .div(axis.dilation())
                          .min(axis.kernel()))
              .orElse(range.high.minus(range.low));
      count = count.times(onAxis);
    }
    ScalarType type = scalar.scalar();
    return Optional.of(b.let("count", Exprs.convert(type, count)));
  }

  private static Expr finished(Expr sum, Optional<Expr> count) {
    return count.map(sum::div).orElse(sum);
  }

  private void finish(BodyBuilder b, Expr image, List<Expr> position, Expr pixels) {
    b.loop(
        "p",
        zero,
        pixels,
        p -> {
          Expr row = b.let("row", p.times(problem.channels));
          List<Expr> place = new ArrayList<>(position);
          place.set(rank - 1, b.let("o", position.getLast().plus(p)));
          b.vectorLoop(
              "c",
              zero,
              problem.channels,
              problem.resultLanes,
              (c, mask) -> {
                List<Expr> coordinates = new ArrayList<>(List.of(image, c));
                coordinates.addAll(place);
                result.store(
                    b, b.load(tile, row.plus(c), problem.resultLanes, mask), coordinates, mask);
              });
        });
  }
}
