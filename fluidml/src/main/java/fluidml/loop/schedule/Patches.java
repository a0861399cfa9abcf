package fluidml.loop.schedule;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.Type;
import fluidml.loop.schedule.ConvolutionSchedule.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * Copies the windows of a tile's pixels, zero where they leave the image, in the order of the
 * packed filters.
 *
 * @param table where the windows are
 * @param copy takes the windows, one after another, with room for as many as a tile has rows
 */
record Patches(Problem problem, TileShape tile, WindowTable table, Buffer copy) {
  /**
   * Visits the taps of a window in the order of the packed filters.
   *
   * @param body takes the tap's position on each axis, and its number
   */
  static void taps(BodyBuilder b, List<WindowAxis> axes, BiConsumer<List<Expr>, Expr> body) {
    taps(b, axes, List.of(), Exprs.index(0), body);
  }

  private static void taps(
      BodyBuilder b,
      List<WindowAxis> axes,
      List<Expr> position,
      Expr tap,
      BiConsumer<List<Expr>, Expr> body) {
    if (position.size() == axes.size()) {
      body.accept(position, b.let("tap", tap));
      return;
    }
    Expr extent = axes.get(position.size()).kernel();
    b.loop(
        "k" + position.size(),
        Exprs.index(0),
        extent,
        k -> {
          List<Expr> more = new ArrayList<>(position);
          more.add(k);
          taps(b, axes, more, tap.times(extent).plus(k), body);
        });
  }

  /** The place of a tap, relative to the first one of its window. */
  static Expr offset(List<WindowAxis> axes, List<Expr> position) {
    Expr offset = Exprs.index(0);
    for (int a = 0; a < axes.size(); a++) {
      WindowAxis axis = axes.get(a);
      offset = offset.plus(position.get(a).times(axis.dilation()).times(axis.inputStride()));
    }
    return offset;
  }

  /**
   * Copies windows that lie in the image, all pixels' elements of a channel after one another:
   * where channels lie far apart, pixels are neighbours.
   *
   * @param base index of the image's first element
   * @param slot number of the tile
   * @param rows its pixels, one at least
   */
  void collect(BodyBuilder b, Expr base, Expr slot, Expr rows) {
    Expr depth = problem.depth();
    List<Expr> starts = new ArrayList<>();
    List<Expr> targets = new ArrayList<>();
    for (int r = 0; r < tile.rows(); r++) {
      Expr row = Exprs.index(r).min(rows.minus(1));
      Expr start = base.plus(table.start(b, slot, row));
      starts.add(b.let("start", Exprs.place(start)));
      targets.add(b.let("to", slot.times(tile.rows()).plus(r).times(depth)));
    }
    taps(
        b,
        problem.axes(),
        (k, tap) -> {
          Expr from = b.let("from", offset(problem.axes(), k));
          Expr first = b.let("first", tap.times(problem.channels()));
          b.loop(
              "c",
              Exprs.index(0),
              problem.channels(),
              c -> {
                Expr at = b.let("at", from.plus(c.times(problem.channelStride())));
                for (int r = 0; r < tile.rows(); r++) {
                  Expr element = b.load(problem.input(), starts.get(r).plus(at));
                  b.store(copy, targets.get(r).plus(first).plus(c), element);
                }
              });
        });
  }

  /**
   * Writes the copying statements.
   *
   * @param base index of the image's first element
   * @param slot number of the tile
   * @param rows its pixels
   */
  void write(BodyBuilder b, Expr base, Expr slot, Expr rows) {
    int rank = problem.axes().size();
    Expr elements = problem.depth();
    b.loop(
        "r",
        Exprs.index(0),
        rows,
        r -> {
          Expr row = b.let("row", slot.times(tile.rows()).plus(r).times(elements));
          List<Expr> starts = new ArrayList<>();
          for (int a = 0; a < rank; a++) {
            Expr position = table.coordinate(b, slot, r, a);
            WindowAxis axis = problem.axes().get(a);
            Expr start = problem.transposed() ? position.plus(axis.pad()) : axis.start(position);
            starts.add(b.let("start" + a, start));
          }
          taps(
              b,
              problem.axes(),
              (k, tap) -> {
                Expr inside = Exprs.bool(true);
                Expr source = base;
                for (int a = 0; a < rank; a++) {
                  WindowAxis axis = problem.axes().get(a);
                  Expr shift = k.get(a).times(axis.dilation());
                  Expr at = starts.get(a);
                  at = b.let("at", problem.transposed() ? at.minus(shift) : at.plus(shift));
                  inside = Exprs.and(inside, at.ge(Exprs.index(0)));
                  if (problem.transposed()) {
                    Expr scaled = at;
                    at = b.let("at", at.div(axis.stride()));
                    inside = Exprs.and(inside, at.times(axis.stride()).eq(scaled));
                  }
                  inside = Exprs.and(inside, at.lt(axis.input()));
                  source = source.plus(at.times(axis.inputStride()));
                }
                Expr from = b.let("from", source);
                Expr to = b.let("to", row.plus(tap.times(problem.channels())));
                Expr hit = b.let("hit", inside);
                b.when(hit, () -> copyChannels(b, from, to), () -> clear(b, to));
              });
        });
  }

  private void copyChannels(BodyBuilder b, Expr from, Expr to) {
    Buffer input = problem.input();
    if (problem.contiguous()) {
      int lanes = tile.lanes();
      b.vectorLoop(
          "c",
          Exprs.index(0),
          problem.channels(),
          lanes,
          (c, mask) -> b.store(copy, to.plus(c), b.load(input, from.plus(c), lanes, mask), mask));
    } else {
      b.loop(
          "c",
          Exprs.index(0),
          problem.channels(),
          c ->
              b.store(
                  copy, to.plus(c), b.load(input, from.plus(c.times(problem.channelStride())))));
    }
  }

  private void clear(BodyBuilder b, Expr to) {
    Type vector = new Type(Exprs.registerType(copy.dtype()), tile.lanes());
    b.vectorLoop(
        "z",
        Exprs.index(0),
        problem.channels(),
        tile.lanes(),
        (c, mask) -> b.store(copy, to.plus(c), Exprs.constant(vector, 0), mask));
  }
}
