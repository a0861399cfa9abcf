package fluidml.lower;

import fluidml.graph.Node;
import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.ScalarType;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.IntUnaryOperator;

/**
 * The row schedule: a space of rows, each of which is walked several times; the rows are the
 * parallel range. Vectors lie along the row where its elements are neighbours, else across
 * neighbouring rows, which are then walked together.
 */
final class RowSchedule {
  /** Where the lanes lie. */
  enum Lanes {
    /** Neighbours within a row. */
    ALONG,
    /** Neighbouring rows. */
    ACROSS,
    /** One element at a time. */
    NONE
  }

  /** Vectors of neighbouring rows that may be walked together. */
  private static final int NEIGHBOURS = 4;

  private static final String ROW = "row";
  private static final String EDGE = "edge";
  private static final String NEIGHBOUR_ROWS = "rows";

  private final CallBuilder call;
  private final LoopSpace loops;
  private final Lanes mode;
  private final int lanes;
  private final List<Expr> extents;
  private int scratchCount;

  /**
   * A schedule.
   *
   * @param lanesAlong the lanes in which everything at every element can be loaded, computed and
   *     stored if they lie along a loop
   */
  RowSchedule(CallBuilder call, LoopSpace loops, IntUnaryOperator lanesAlong) {
    this.call = call;
    this.loops = loops;
    this.extents = call.sizes(loops.shape().dims());
    int rowLoops = loops.rowLoops();
    int along = lanesAlong.applyAsInt(loops.rank() - 1);
    int across = along > 1 || rowLoops == 0 ? 1 : lanesAlong.applyAsInt(rowLoops - 1);
    this.mode = along > 1 ? Lanes.ALONG : across > 1 ? Lanes.ACROSS : Lanes.NONE;
    this.lanes = Math.max(along, across);
  }

  /** Where the lanes lie. */
  Lanes mode() {
    return mode;
  }

  /** Lanes of a vector, 1 for scalar code. */
  int lanes() {
    return lanes;
  }

  /** The loop along which the lanes lie. */
  int vectorLoop() {
    return mode == Lanes.ACROSS ? loops.rowLoops() - 1 : loops.rank() - 1;
  }

  LoopSpace loops() {
    return loops;
  }

  List<Expr> extents() {
    return extents;
  }

  /** The elements of a row, an expression of sizes. */
  Expr rowElements() {
    Expr count = Exprs.index(1);
    for (int i = loops.rowLoops(); i < loops.rank(); i++) {
      count = count.times(extents.get(i));
    }
    return count;
  }

  /** The elements of a row. */
  Dim rowLength() {
    Dim count = Dim.ONE;
    for (int i = loops.rowLoops(); i < loops.rank(); i++) {
      count = count.times(loops.shape().dim(i));
    }
    return count;
  }

  /** Memory for one value of every element of the rows that are walked together. */
  Buffer scratch(ScalarType type) {
    DType dtype =
        switch (type) {
          case F32 -> DType.FLOAT32;
          case F64 -> DType.FLOAT64;
          case I32 -> DType.INT32;
          case I64 -> DType.INT64;
          case BOOL -> DType.BOOL;
        };
    long bytes = (long) dtype.bytes() * (mode == Lanes.ACROSS ? lanes : 1);
    return call.kernel()
        .scratch("s" + scratchCount++, dtype, rowElements().times(Exprs.index(bytes)));
  }

  /**
   * Writes the loops over rows and finishes the call.
   *
   * @param row writes one row, or one vector of rows
   */
  KernelCall build(String label, List<Node> nodes, Dim work, Consumer<RowWriter> row) {
    return build(label, nodes, work, false, rows -> row.accept(rows.getFirst()));
  }

  /**
   * Writes the loops over rows and finishes the call.
   *
   * @param together whether several vectors of neighbouring rows are walked together where there
   *     are as many: whole cache lines are used at once then. Nothing may be kept in scratch.
   * @param rows writes one row, one vector of rows, or several neighbouring vectors
   */
  KernelCall build(
      String label, List<Node> nodes, Dim work, boolean together, Consumer<List<RowWriter>> rows) {
    int rowLoops = loops.rowLoops();
    List<String> names = new ArrayList<>();
    for (int i = 0; i < rowLoops; i++) {
      names.add("i" + i);
    }
    call.kernel()
        .procedure(
            ROW,
            names,
            (b, at) -> rows.accept(List.of(new RowWriter(this, b, at, Optional.empty()))));
    if (hasEdge()) {
      call.kernel()
          .procedure(
              EDGE,
              names,
              (b, at) -> {
                Expr left = extents.get(vectorLoop()).minus(at.get(vectorLoop()));
                Optional<Expr> mask = Optional.of(b.let("mask", Exprs.laneMask(left, lanes)));
                rows.accept(List.of(new RowWriter(this, b, at, mask)));
              });
    }
    int vectors = together && mode == Lanes.ACROSS ? NEIGHBOURS : 1;
    int width = mode == Lanes.ACROSS ? vectors * lanes : 1;
    if (vectors > 1) {
      call.kernel()
          .procedure(
              NEIGHBOUR_ROWS, names, (b, indices) -> rows.accept(neighbours(b, indices, vectors)));
    }
    List<Expr> counts = new ArrayList<>(extents.subList(0, rowLoops));
    if (mode == Lanes.ACROSS) {
      counts.set(rowLoops - 1, Exprs.ceilDiv(extents.get(rowLoops - 1), width));
    }
    Expr units = Exprs.index(1);
    for (Expr count : counts) {
      units = units.times(count);
    }
    return call.build(
        label,
        nodes,
        work,
        units,
        (b, begin, end) ->
            b.loop(
                "row",
                begin,
                end,
                unit -> {
                  Expr[] indices = new Expr[rowLoops];
                  Expr rest = unit;
                  for (int i = rowLoops - 1; i >= 0; i--) {
                    Expr count = i == 0 ? rest : b.let("count", counts.get(i));
                    indices[i] = i == 0 ? rest : b.let("i", Exprs.floorMod(rest, count));
                    rest = i == 0 ? rest : b.let("rest", Exprs.floorDiv(rest, count));
                  }
                  if (mode == Lanes.ACROSS) {
                    indices[rowLoops - 1] = indices[rowLoops - 1].times(Exprs.index(width));
                  }
                  if (vectors > 1) {
                    callNeighbours(b, indices, width);
                  } else {
                    callOne(b, indices);
                  }
                }));
  }

  private List<RowWriter> neighbours(BodyBuilder b, List<Expr> indices, int vectors) {
    List<RowWriter> writers = new ArrayList<>();
    for (int v = 0; v < vectors; v++) {
      List<Expr> shifted = new ArrayList<>(indices);
      shifted.set(vectorLoop(), shifted.get(vectorLoop()).plus((double) v * lanes));
      writers.add(new RowWriter(this, b, shifted, Optional.empty()));
    }
    return writers;
  }

  /** Some neighbouring vectors of rows together if they are whole, else one after the other. */
  private void callNeighbours(BodyBuilder b, Expr[] indices, int width) {
    Expr first = b.let("first", indices[vectorLoop()]);
    Expr end = b.let("end", extents.get(vectorLoop()).min(first.plus(width)));
    indices[vectorLoop()] = first;
    b.when(
        end.minus(first).eq(Exprs.index(width)),
        () -> b.call(NEIGHBOUR_ROWS, indices),
        () ->
            b.loop(
                "at",
                first,
                end,
                lanes,
                at -> {
                  Expr[] one = indices.clone();
                  one[vectorLoop()] = at;
                  callOne(b, one);
                }));
  }

  /** Whether some vectors of neighbouring rows may not be whole. */
  private boolean hasEdge() {
    return mode == Lanes.ACROSS && !loops.shape().dim(vectorLoop()).mod(Dim.of(lanes)).is(0);
  }

  private void callOne(BodyBuilder b, Expr[] indices) {
    if (hasEdge()) {
      Expr end = indices[vectorLoop()].plus(lanes);
      b.when(
          end.le(extents.get(vectorLoop())),
          () -> b.call(ROW, indices),
          () -> b.call(EDGE, indices));
    } else {
      b.call(ROW, indices);
    }
  }
}
