package fluidml.loop.schedule;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.KernelBuilder;
import fluidml.tensor.DType;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;

/**
 * Sliding windows in which every channel stands alone: depthwise convolution and pooling. Vectors
 * run along channels; windows are clipped to the input, so padding is never read.
 *
 * <p>Neighbours along the last axis share the loads of elements and filters and stay in registers
 * to the end ({@link WindowBlock}): all of them where the axis' extents are known, else those that
 * lie fully inside. Elsewhere a single pixel takes several vectors of channels at once, and goes
 * through scratch to the {@link TileStore}. A unit of the parallel range is a block, or a segment
 * of the last axis, with some of the channels; results do not depend on the partition.
 */
public final class WindowSchedule {
  /** Pixels along the last axis in a unit. */
  private static final int SEGMENT = 64;

  /** Windows of a block, at most, where there are 32 registers. */
  private static final int PIXELS = 8;

  /** Windows of a block where there are fewer registers, or extents are not known. */
  private static final int FEW_PIXELS = 4;

  /** Different blocks that are worth code of their own. */
  private static final int MOST_BLOCKS = 4;

  /** Channels of a unit, at most: the rows of a window are read again from the nearest cache. */
  private static final int CHANNELS = 128;

  /**
   * Pixels of an image that threads share by channels. As many as a convolution beside it takes in
   * one block of tiles, which threads share by filters.
   */
  private static final int SMALL_IMAGE = 112;

  /** Taps along the last axis that are written out. */
  private static final int LONGEST_ROW = 9;

  /**
   * Statements and expressions of a block with all that is fused behind it, at most. They take 3 to
   * 5 bytes of code each, and the JIT compiles no method of more than 8000.
   */
  private static final int MOST_WEIGHT = 1600;

  /** Vectors of channels that a single pixel takes at once. */
  private static final int VECTORS = 4;

  private final KernelBuilder kernel;
  private final Problem problem;
  private final Function function;
  private final TileStore result;
  private final WindowTaps window;
  private final int rank;
  private final Buffer tile;
  private final WindowBlock.Row row;
  private final List<WindowBlock> blocks;

  /** Whether blocks hand their results to the store from registers. */
  private final boolean direct;

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
   * @param known extents of the last axis, if they are known
   * @param lanes channels of a vector
   * @param whole whether channels are known to fill whole vectors
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
      Optional<Extents> known,
      int lanes,
      boolean whole,
      int resultLanes) {
    /** Copies the axes. */
    public Problem {
      axes = List.copyOf(axes);
    }

    /** Visits vectors of channels, a last one with a mask unless it is known to be whole. */
    private void eachVector(
        BodyBuilder b, Expr begin, Expr end, int lanes, BiConsumer<Expr, Optional<Expr>> body) {
      if (whole) {
        b.loop("c", begin, end, lanes, c -> body.accept(c, Optional.empty()));
      } else {
        b.vectorLoop("c", begin, end, lanes, body);
      }
    }
  }

  /**
   * Extents of an axis.
   *
   * @param input elements of the input
   * @param pad padding before the input
   * @param output number of windows
   */
  public record Extents(long input, long pad, long output) {}

  private WindowSchedule(
      KernelBuilder kernel, Problem problem, Function function, TileStore result) {
    this.kernel = kernel;
    this.problem = problem;
    this.function = function;
    this.result = result;
    this.window = new WindowTaps(problem, function);
    this.rank = problem.axes.size();
    DType storage =
        switch (window.scalar().scalar()) {
          case F32 -> DType.FLOAT32;
          case F64 -> DType.FLOAT64;
          case I32 -> DType.INT32;
          case I64 -> DType.INT64;
          case BOOL -> throw new IllegalArgumentException("windows over truth values");
        };
    WindowAxis last = problem.axes.getLast();
    this.row =
        new WindowBlock.Row(fixed(last.kernel()), fixed(last.stride()), fixed(last.dilation()));
    this.direct =
        problem.resultLanes == problem.lanes
            && (!isWrittenOut() || isLight(List.of(new WindowBlock(FEW_PIXELS, 0, 0))));
    this.blocks = isWrittenOut() ? blocks() : List.of();
    this.tile =
        kernel.scratch(
            "tile",
            storage,
            blocks.isEmpty() || !direct
                ? problem.channels.times((double) PIXELS * storage.bytes())
                : Exprs.index(0));
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

  /** Whether the last axis is known well enough to be written out. */
  private boolean isWrittenOut() {
    return row.kernel() > 0
        && row.kernel() <= LONGEST_ROW
        && row.stride() > 0
        && row.dilation() > 0
        && !(function instanceof Function.Average average && average.padEnd().isPresent());
  }

  /**
   * The blocks of the last axis if it is known, and takes few different ones: smaller ones where
   * much is fused behind them.
   */
  private List<WindowBlock> blocks() {
    boolean many = problem.lanes * window.scalar().scalar().bits() == 512;
    List<WindowBlock> all = many ? blocks(PIXELS) : List.of();
    if (all.isEmpty() || (direct && !isLight(all))) {
      all = blocks(FEW_PIXELS);
    }
    return direct && !isLight(all) ? List.of() : all;
  }

  private List<WindowBlock> blocks(int most) {
    List<WindowBlock> all =
        problem
            .known
            .filter(k -> k.output > 0)
            .map(k -> WindowBlock.split(row, k.output, k.input, k.pad, most))
            .orElse(List.of());
    return new LinkedHashSet<>(all).size() > MOST_BLOCKS ? List.of() : all;
  }

  /** Whether blocks are small enough to be compiled with all that is fused behind them. */
  private boolean isLight(List<WindowBlock> all) {
    return new LinkedHashSet<>(all)
        .stream()
            .allMatch(
                block -> kernel.weigh(part(), (b, p) -> block(b, block, p, true)) <= MOST_WEIGHT);
  }

  private List<String> place() {
    List<String> place = new ArrayList<>(List.of("image"));
    for (int a = 0; a < rank; a++) {
      place.add("o" + a);
    }
    return place;
  }

  private List<String> part() {
    List<String> part = place();
    part.addAll(List.of("firstChannel", "endChannel"));
    return part;
  }

  private Nest write() {
    List<String> place = place();
    List<String> more = place();
    more.add("pixels");
    kernel.procedure(
        "finish", more, (b, p) -> finish(b, p.getFirst(), p.subList(1, rank + 1), p.getLast()));
    Set<WindowBlock> declared = new LinkedHashSet<>(blocks);
    if (blocks.isEmpty()) {
      kernel.procedure("pixel", place, (b, p) -> pixel(b, p.getFirst(), p.subList(1, rank + 1)));
      if (isWrittenOut()) {
        declared.add(new WindowBlock(FEW_PIXELS, 0, 0));
      }
    }
    for (WindowBlock block : declared) {
      kernel.procedure(block.procedure(), part(), (b, p) -> block(b, block, p, direct));
    }
    return blocks.isEmpty()
        ? new Nest(problem.batch.times(segments()).times(rows()), this::segments)
        : new Nest(problem.batch.times(chunks()).times(blocksOfImage()), this::blocks);
  }

  private Expr segments() {
    return Exprs.ceilDiv(problem.axes.getLast().output(), SEGMENT);
  }

  private Expr chunks() {
    return direct ? Exprs.ceilDiv(problem.channels, CHANNELS) : Exprs.index(1);
  }

  /** Rows of an image: windows along all axes but the last one. */
  private Expr rows() {
    Expr all = Exprs.index(1);
    for (int a = 0; a < rank - 1; a++) {
      all = all.times(problem.axes.get(a).output());
    }
    return all;
  }

  /** Blocks of all rows of an image, for some of the channels. */
  private Expr blocksOfImage() {
    return rows().times(blocks.size());
  }

  /**
   * Units of blocks. Of an image with many blocks a range takes neighbouring blocks with all of
   * their channels, since that is how the kernels around split it, so that a thread reads what it
   * wrote itself; of a small one it takes some of the channels. Either way it goes through blocks
   * with the same channels one after another.
   */
  private void blocks(BodyBuilder b, Expr begin, Expr end) {
    Expr chunks = b.let("chunks", chunks());
    Expr share = problem.channels.plus(chunks).minus(1).div(chunks);
    Expr size = b.let("size", Exprs.ceilDiv(share, problem.lanes).times(problem.lanes));
    Expr parts = b.let("parts", blocksOfImage());
    Expr units = b.let("units", parts.times(chunks));
    Expr isSmall =
        b.let("isSmall", parts.times(blocks.getFirst().pixels()).lt(Exprs.index(SMALL_IMAGE)));
    b.loop(
        "image",
        begin.div(units),
        b.let("images", end.minus(1).div(units).plus(1)),
        image -> {
          Expr skipped = b.let("skipped", image.times(units));
          Expr from = b.let("from", begin.minus(skipped).max(zero));
          Expr to = b.let("to", end.minus(skipped).min(units));
          b.loop(
              "chunk",
              zero,
              chunks,
              chunk -> {
                Expr before = b.let("before", Exprs.select(isSmall, chunk.times(parts), chunk));
                Expr step = b.let("step", Exprs.select(isSmall, Exprs.index(1), chunks));
                Expr first = b.let("first", chunk.times(size));
                Expr last = b.let("last", first.plus(size).min(problem.channels));
                b.loop(
                    "part",
                    b.let("begun", reached(from, before, step)),
                    b.let("ended", reached(to, before, step).min(parts)),
                    part -> blockOf(b, image, part, first, last));
              });
        });
  }

  /** Parts with numbers {@code before, before + step, …} that are below {@code unit}. */
  private Expr reached(Expr unit, Expr before, Expr step) {
    return unit.minus(before).max(zero).plus(step).minus(1).div(step);
  }

  /**
   * Where a row lies on all axes but the last one.
   *
   * @param place takes the coordinates
   * @return number of the image
   */
  private Expr rowsPlace(BodyBuilder b, Expr row, List<Expr> place) {
    Expr rest = row;
    for (int a = rank - 2; a >= 0; a--) {
      Expr extent = problem.axes.get(a).output();
      Expr next = b.let("rest", rest.div(extent));
      place.addFirst(b.let("o" + a, rest.minus(next.times(extent))));
      rest = next;
    }
    return rest;
  }

  private void blockOf(BodyBuilder b, Expr image, Expr part, Expr firstChannel, Expr endChannel) {
    Expr rest = b.let("row", part.div(Exprs.index(blocks.size())));
    Expr number = b.let("number", part.minus(rest.times(blocks.size())));
    List<Expr> place = new ArrayList<>();
    rowsPlace(b, rest, place);
    place.addFirst(image);
    place.add(b.let("o", number.times(blocks.getFirst().pixels())));
    place.add(firstChannel);
    place.add(endChannel);
    choose(b, number, 0, place);
  }

  /** Calls the procedure of block {@code number}, one of those from {@code from} on. */
  private void choose(BodyBuilder b, Expr number, int from, List<Expr> place) {
    WindowBlock block = blocks.get(from);
    int to = from;
    while (to < blocks.size() && blocks.get(to).equals(block)) {
      to++;
    }
    Runnable call =
        () -> {
          b.call(block.procedure(), place.toArray(Expr[]::new));
          if (!direct) {
            List<Expr> finished = new ArrayList<>(place.subList(0, rank + 1));
            finished.add(Exprs.index(block.pixels()));
            b.call("finish", finished.toArray(Expr[]::new));
          }
        };
    if (to == blocks.size()) {
      call.run();
    } else {
      int next = to;
      b.when(number.lt(Exprs.index(to)), call, () -> choose(b, number, next, place));
    }
  }

  private void segments(BodyBuilder b, Expr begin, Expr end) {
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
          place.addFirst(rowsPlace(b, rest, place));
          if (isWrittenOut()) {
            Expr left = b.let("left", firstInside.max(from).min(to));
            Expr inside = endInside.min(to).minus(left).max(zero);
            Expr right =
                b.let("right", left.plus(Exprs.and(inside, Exprs.index(-(long) FEW_PIXELS))));
            pixels(b, place, from, left);
            b.loop(
                "o",
                left,
                right,
                FEW_PIXELS,
                o -> {
                  List<Expr> arguments = new ArrayList<>(place);
                  arguments.add(o);
                  List<Expr> whole = new ArrayList<>(arguments);
                  whole.addAll(List.of(zero, problem.channels));
                  WindowBlock block = new WindowBlock(FEW_PIXELS, 0, 0);
                  b.call(block.procedure(), whole.toArray(Expr[]::new));
                  if (!direct) {
                    arguments.add(Exprs.index(FEW_PIXELS));
                    b.call("finish", arguments.toArray(Expr[]::new));
                  }
                });
            pixels(b, place, right, to);
          } else {
            pixels(b, place, from, to);
          }
        });
  }

  private void pixels(BodyBuilder b, List<Expr> place, Expr from, Expr to) {
    b.loop(
        "o",
        from,
        to,
        o -> {
          List<Expr> arguments = new ArrayList<>(place);
          arguments.add(o);
          b.call("pixel", arguments.toArray(Expr[]::new));
          arguments.add(Exprs.index(1));
          b.call("finish", arguments.toArray(Expr[]::new));
        });
  }

  private void pixel(BodyBuilder b, Expr image, List<Expr> position) {
    List<WindowTaps.Range> ranges = window.ranges(b, position);
    Expr base = window.base(b, image);
    Expr taps = b.let("taps", window.tapCount());
    Optional<Expr> count = window.count(b, ranges);
    int step = VECTORS * problem.lanes;
    Expr whole = b.let("whole", Exprs.and(problem.channels, Exprs.index(-(long) step)));
    b.loop(
        "c",
        zero,
        whole,
        step,
        c -> pixel(b, ranges, base, taps, count, c, VECTORS, Optional.empty()));
    problem.eachVector(
        b,
        whole,
        problem.channels,
        problem.lanes,
        (c, mask) -> pixel(b, ranges, base, taps, count, c, 1, mask));
  }

  private void pixel(
      BodyBuilder b,
      List<WindowTaps.Range> ranges,
      Expr base,
      Expr taps,
      Optional<Expr> count,
      Expr channel,
      int vectors,
      Optional<Expr> mask) {
    int lanes = problem.lanes;
    List<Expr.Read> sums = new ArrayList<>();
    for (int v = 0; v < vectors; v++) {
      sums.add(b.variable("sum" + v, window.initial()));
    }
    Expr first = b.let("first", base.plus(channel.times(problem.channelStride)));
    Expr panel = b.let("panel", channel.times(taps));
    window.taps(
        b,
        ranges,
        rank,
        first,
        (index, tap) -> {
          for (int v = 0; v < vectors; v++) {
            Expr shift = problem.channelStride.times((double) v * lanes);
            Expr x = b.load(problem.input, index.plus(shift), lanes, mask);
            Expr line = panel.plus(taps.times((double) v * lanes));
            b.assign(
                sums.get(v), window.next(sums.get(v), b.let("x", x), window.filter(b, line, tap)));
          }
        });
    for (int v = 0; v < vectors; v++) {
      b.store(
          tile, channel.plus((double) v * lanes), WindowTaps.finished(sums.get(v), count), mask);
    }
  }

  /**
   * A block for some channels; parameters are image, position, first and end channel.
   *
   * @param stores whether results go to the store, else to scratch
   */
  private void block(BodyBuilder b, WindowBlock block, List<Expr> parameters, boolean stores) {
    Expr image = parameters.getFirst();
    List<Expr> position = parameters.subList(1, rank + 1);
    List<WindowTaps.Range> ranges = window.ranges(b, position.subList(0, rank - 1));
    Expr base = window.base(b, image);
    Expr taps = b.let("taps", window.tapCount());
    WindowAxis last = problem.axes.getLast();
    Expr inner = b.let("inner", last.inputStride());
    Expr start = b.let("start", base.plus(last.start(position.getLast()).times(inner)));
    Optional<Expr> count = window.count(b, ranges);
    problem.eachVector(
        b,
        parameters.get(rank + 1),
        parameters.get(rank + 2),
        problem.lanes,
        (c, mask) -> {
          List<Expr.Read> sums = new ArrayList<>();
          for (int p = 0; p < block.pixels(); p++) {
            sums.add(b.variable("sum" + p, window.initial()));
          }
          Expr panel = b.let("panel", c.times(taps));
          window.taps(
              b,
              ranges,
              rank - 1,
              b.let("first", start.plus(c.times(problem.channelStride))),
              (index, tap) ->
                  block.row(
                      b,
                      row,
                      sums,
                      at -> b.load(problem.input, index.plus(inner.times(at)), problem.lanes, mask),
                      k -> window.filter(b, panel, tap.times(row.kernel()).plus(k)),
                      window::next));
          for (int p = 0; p < block.pixels(); p++) {
            int columns = block.taps(row, p);
            Expr value = WindowTaps.finished(sums.get(p), count.map(n -> n.times(columns)));
            if (stores) {
              List<Expr> coordinates = new ArrayList<>(List.of(image, c));
              coordinates.addAll(position.subList(0, rank - 1));
              coordinates.add(position.getLast().plus(p));
              result.store(b, b.let("value", value), coordinates, mask);
            } else {
              b.store(tile, c.plus(problem.channels.times(p)), value, mask);
            }
          }
        });
  }

  private static int fixed(Expr extent) {
    return extent instanceof Expr.Const c ? (int) c.bits() : 0;
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
          problem.eachVector(
              b,
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
