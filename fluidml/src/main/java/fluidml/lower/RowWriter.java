package fluidml.lower;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.HorizontalOp;
import fluidml.loop.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;

/** Writes the walks over one row, or over one vector of neighbouring rows. */
final class RowWriter {
  /** Vectors that a walk folds side by side, each into an accumulator of its own. */
  private static final int ACCUMULATORS = 4;

  /** Vectors of each row that a walk over neighbouring rows folds side by side. */
  private static final int ACCUMULATORS_EACH = 2;

  /**
   * A place in a row.
   *
   * @param point its place in the space
   * @param slot its place in scratch buffers
   * @param mask which lanes exist along the row
   */
  record Cell(Point point, Expr slot, Optional<Expr> mask) {}

  /**
   * How values are folded to one.
   *
   * @param initial scalar constant
   * @param op how lanes are folded, and by default values, too
   */
  record Fold(Expr initial, HorizontalOp op) {
    Expr combine(Expr a, Expr b) {
      return switch (op) {
        case ADD -> a.plus(b);
        case MUL -> a.times(b);
        case MIN -> a.min(b);
        case MAX -> a.max(b);
        case AND -> Exprs.and(a, b);
        case OR -> Exprs.or(a, b);
      };
    }

    /** Sums of values of a type. */
    static Fold sum(Type type) {
      return new Fold(Exprs.constant(type.times(1), 0), HorizontalOp.ADD);
    }
  }

  private final RowSchedule schedule;
  private final BodyBuilder body;
  private final List<Expr> row;
  private final Optional<Expr> rowMask;

  RowWriter(RowSchedule schedule, BodyBuilder body, List<Expr> row, Optional<Expr> rowMask) {
    this.schedule = schedule;
    this.body = body;
    this.row = row;
    this.rowMask = rowMask;
  }

  BodyBuilder body() {
    return body;
  }

  /** The lanes of values that belong to the row as a whole. */
  int rowLanes() {
    return schedule.mode() == RowSchedule.Lanes.ACROSS ? schedule.lanes() : 1;
  }

  /** The row as a point: index 0 on the loops within the row. */
  Point rowPoint() {
    List<Expr> indices = new ArrayList<>(row);
    while (indices.size() < schedule.loops().rank()) {
      indices.add(Exprs.index(0));
    }
    return rowLanes() == 1
        ? Point.scalar(indices)
        : new Point(indices, schedule.vectorLoop(), schedule.lanes(), rowMask);
  }

  /** Walks the row. */
  void each(Consumer<Cell> cell) {
    nest(schedule.loops().rowLoops(), row, Exprs.index(0), cell, 1, List.of());
  }

  /**
   * Walks the row and folds one value for each fold at every place.
   *
   * @return the results in registers: scalars, or vectors of {@link #rowLanes}
   */
  List<Expr> fold(boolean cheap, List<Fold> folds, Function<Cell, List<Expr>> values) {
    int wide = cheap && schedule.lanes() > 1 ? ACCUMULATORS : 1;
    List<List<Expr.Read>> accumulators = new ArrayList<>();
    for (int i = 0; i < wide; i++) {
      accumulators.add(
          folds.stream()
              .map(f -> body.variable("acc", Exprs.spread(f.initial(), schedule.lanes())))
              .toList());
    }
    List<Consumer<Cell>> steps = new ArrayList<>();
    for (List<Expr.Read> into : accumulators) {
      steps.add(
          cell -> {
            List<Expr> each = values.apply(cell);
            for (int f = 0; f < folds.size(); f++) {
              Expr.Read accumulator = into.get(f);
              Expr combined = folds.get(f).combine(accumulator, each.get(f));
              body.assign(
                  accumulator,
                  cell.mask().map(m -> Exprs.select(m, combined, accumulator)).orElse(combined));
            }
          });
    }
    nest(schedule.loops().rowLoops(), row, Exprs.index(0), steps.getFirst(), wide, steps);
    List<Expr> results = new ArrayList<>();
    for (int f = 0; f < folds.size(); f++) {
      Expr total = accumulators.getFirst().get(f);
      for (int i = 1; i < wide; i++) {
        total = folds.get(f).combine(total, accumulators.get(i).get(f));
      }
      results.add(
          body.let("folded", rowLanes() == 1 ? Exprs.horizontal(folds.get(f).op(), total) : total));
    }
    return results;
  }

  /**
   * Walks neighbouring rows together and folds one value for each at every place.
   *
   * @return the result for each writer, a vector of {@link #rowLanes}
   */
  static List<Expr> foldTogether(
      List<RowWriter> rows, Fold fold, BiFunction<RowWriter, Cell, Expr> value) {
    RowWriter first = rows.getFirst();
    BodyBuilder body = first.body;
    List<List<Expr.Read>> accumulators = new ArrayList<>();
    List<Consumer<Cell>> steps = new ArrayList<>();
    for (int i = 0; i < ACCUMULATORS_EACH; i++) {
      List<Expr.Read> into = new ArrayList<>();
      for (int r = 0; r < rows.size(); r++) {
        into.add(body.variable("acc", Exprs.spread(fold.initial(), first.rowLanes())));
      }
      accumulators.add(into);
      steps.add(
          cell -> {
            for (int r = 0; r < into.size(); r++) {
              RowWriter row = rows.get(r);
              body.assign(into.get(r), fold.combine(into.get(r), value.apply(row, row.move(cell))));
            }
          });
    }
    int loop = first.schedule.loops().rowLoops();
    first.nest(loop, first.row, Exprs.index(0), steps.getFirst(), ACCUMULATORS_EACH, steps);
    List<Expr> results = new ArrayList<>();
    for (int r = 0; r < rows.size(); r++) {
      Expr total = accumulators.getFirst().get(r);
      for (int i = 1; i < ACCUMULATORS_EACH; i++) {
        total = fold.combine(total, accumulators.get(i).get(r));
      }
      results.add(body.let("folded", total));
    }
    return results;
  }

  /** The same place in this row as a place in another one. */
  private Cell move(Cell cell) {
    List<Expr> indices = new ArrayList<>(row);
    List<Expr> all = cell.point().indices();
    indices.addAll(all.subList(row.size(), all.size()));
    return new Cell(
        new Point(indices, vectorAxis(), schedule.lanes(), rowMask), cell.slot(), cell.mask());
  }

  private void nest(
      int loop,
      List<Expr> indices,
      Expr slot,
      Consumer<Cell> cell,
      int wide,
      List<Consumer<Cell>> steps) {
    Expr extent = schedule.extents().get(loop);
    if (loop < schedule.loops().rank() - 1) {
      body.loop(
          "r",
          Exprs.index(0),
          extent,
          i ->
              nest(loop + 1, with(indices, i), slot.plus(i).times(inner(loop)), cell, wide, steps));
      return;
    }
    int lanes = schedule.mode() == RowSchedule.Lanes.ALONG ? schedule.lanes() : 1;
    Expr begin = Exprs.index(0);
    if (wide > 1) {
      int step = wide * lanes;
      Expr whole = body.let("whole", Exprs.and(extent, Exprs.index(-(long) step)));
      body.loop(
          "r",
          begin,
          whole,
          step,
          i -> {
            for (int u = 0; u < wide; u++) {
              Expr at = i.plus(Exprs.index((long) u * lanes));
              steps.get(u).accept(cell(indices, at, slot, Optional.empty()));
            }
          });
      begin = whole;
    }
    body.vectorLoop(
        "r", begin, extent, lanes, (i, mask) -> cell.accept(cell(indices, i, slot, mask)));
  }

  private Cell cell(List<Expr> indices, Expr i, Expr slot, Optional<Expr> mask) {
    List<Expr> all = with(indices, i);
    Expr at = slot.plus(i);
    if (schedule.mode() == RowSchedule.Lanes.ALONG) {
      return new Cell(Point.vector(all, vectorAxis(), schedule.lanes(), mask), at, mask);
    }
    Point point = new Point(all, vectorAxis(), schedule.lanes(), rowMask);
    Expr place = rowLanes() == 1 ? at : at.times(Exprs.index(schedule.lanes()));
    return new Cell(point, place, mask);
  }

  private int vectorAxis() {
    return schedule.lanes() == 1 ? -1 : schedule.vectorLoop();
  }

  /** Steps of the next loop within one of this. */
  private Expr inner(int loop) {
    return schedule.extents().get(loop + 1);
  }

  private static List<Expr> with(List<Expr> indices, Expr last) {
    List<Expr> all = new ArrayList<>(indices);
    all.add(last);
    return all;
  }

  /** Keeps a value for later walks. */
  void save(Buffer scratch, Cell cell, Expr value) {
    body.store(scratch, cell.slot(), Exprs.spread(value, schedule.lanes()), cell.mask());
  }

  /** A value kept by an earlier walk. */
  Expr saved(Buffer scratch, Cell cell) {
    return body.let("x", body.load(scratch, cell.slot(), schedule.lanes(), cell.mask()));
  }
}
