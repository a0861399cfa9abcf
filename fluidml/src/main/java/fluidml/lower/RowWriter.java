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
   * @param op how lanes and values are folded
   * @param isQuick whether a largest element may be any other one where some are NaN
   */
  record Fold(Expr initial, HorizontalOp op, boolean isQuick) {
    Fold(Expr initial, HorizontalOp op) {
      this(initial, op, false);
    }

    Expr combine(Expr a, Expr b) {
      if (isQuick) {
        return Exprs.quickMax(b, a);
      }
      return switch (op) {
        case ADD -> a.plus(b);
        case MUL -> a.times(b);
        case MIN -> a.min(b);
        case MAX -> a.max(b);
        case AND -> Exprs.and(a, b);
        case OR -> Exprs.or(a, b);
      };
    }

    Expr reduce(Expr lanes) {
      return isQuick ? Exprs.quickLargest(lanes) : Exprs.horizontal(op, lanes);
    }

    /** The largest of values of a type; any of them where some are NaN. */
    static Fold quickMax(Type type) {
      Expr least = Exprs.constant(type.times(1), Double.NEGATIVE_INFINITY);
      return new Fold(least, HorizontalOp.MAX, true);
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
    return fold(List.of(this), wide, folds, (_, cell) -> values.apply(cell)).getFirst();
  }

  /**
   * Walks neighbouring rows together and folds one value for each at every place.
   *
   * @return the result for each writer, a vector of {@link #rowLanes}
   */
  static List<Expr> foldTogether(
      List<RowWriter> rows, Fold fold, BiFunction<RowWriter, Cell, Expr> value) {
    BiFunction<RowWriter, Cell, List<Expr>> values =
        (row, cell) -> List.of(value.apply(row, row.move(cell)));
    return fold(rows, ACCUMULATORS_EACH, List.of(fold), values).stream()
        .map(List::getFirst)
        .toList();
  }

  /**
   * Walks rows together.
   *
   * @param wide vectors of each row that are folded side by side
   * @param values of a row at a place of the first row
   * @return for each row its results
   */
  private static List<List<Expr>> fold(
      List<RowWriter> rows,
      int wide,
      List<Fold> folds,
      BiFunction<RowWriter, Cell, List<Expr>> values) {
    RowWriter first = rows.getFirst();
    List<List<List<Expr.Read>>> accumulators = new ArrayList<>();
    List<Consumer<Cell>> steps = new ArrayList<>();
    for (int i = 0; i < wide; i++) {
      List<List<Expr.Read>> into = rows.stream().map(row -> row.accumulators(folds)).toList();
      accumulators.add(into);
      steps.add(
          cell -> {
            for (int r = 0; r < rows.size(); r++) {
              rows.get(r).add(cell, folds, values.apply(rows.get(r), cell), into.get(r));
            }
          });
    }
    int loop = first.schedule.loops().rowLoops();
    first.nest(loop, first.row, Exprs.index(0), steps.getFirst(), wide, steps);
    List<List<Expr>> results = new ArrayList<>();
    for (int r = 0; r < rows.size(); r++) {
      List<Expr> ofRow = new ArrayList<>();
      for (int f = 0; f < folds.size(); f++) {
        Expr total = accumulators.getFirst().get(r).get(f);
        for (int i = 1; i < wide; i++) {
          total = folds.get(f).combine(total, accumulators.get(i).get(r).get(f));
        }
        Expr folded = first.rowLanes() == 1 ? folds.get(f).reduce(total) : total;
        ofRow.add(first.body.let("folded", folded));
      }
      results.add(ofRow);
    }
    return results;
  }

  private List<Expr.Read> accumulators(List<Fold> folds) {
    return folds.stream()
        .map(f -> body.variable("acc", Exprs.spread(f.initial(), schedule.lanes())))
        .toList();
  }

  private void add(Cell cell, List<Fold> folds, List<Expr> values, List<Expr.Read> into) {
    for (int f = 0; f < folds.size(); f++) {
      Expr.Read accumulator = into.get(f);
      Expr combined = folds.get(f).combine(accumulator, values.get(f));
      body.assign(
          accumulator,
          cell.mask().map(m -> Exprs.select(m, combined, accumulator)).orElse(combined));
    }
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
