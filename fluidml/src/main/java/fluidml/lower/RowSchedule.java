package fluidml.lower;

import fluidml.graph.Node;
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
    int rowLoops = loops.rowLoops();
    List<String> names = new ArrayList<>();
    for (int i = 0; i < rowLoops; i++) {
      names.add("i" + i);
    }
    String procedure =
        call.kernel()
            .procedure(
                "row",
                names,
                (b, indices) -> {
                  Optional<Expr> mask = Optional.empty();
                  if (mode == Lanes.ACROSS) {
                    Expr left = extents.get(rowLoops - 1).minus(indices.get(rowLoops - 1));
                    mask = Optional.of(b.let("mask", Exprs.laneMask(left, lanes)));
                  }
                  row.accept(new RowWriter(this, b, indices, mask));
                });
    List<Expr> counts = new ArrayList<>(extents.subList(0, rowLoops));
    if (mode == Lanes.ACROSS) {
      counts.set(rowLoops - 1, Exprs.ceilDiv(extents.get(rowLoops - 1), lanes));
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
                    indices[rowLoops - 1] = indices[rowLoops - 1].times(Exprs.index(lanes));
                  }
                  b.call(procedure, indices);
                }));
  }
}
