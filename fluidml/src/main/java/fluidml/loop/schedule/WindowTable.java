package fluidml.loop.schedule;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.KernelBuilder;
import fluidml.loop.ScalarType;
import fluidml.tensor.DType;
import java.util.List;

/**
 * Scratch that says for each tile of pixels where their windows begin, relative to the image, the
 * pixels' coordinates, and whether the windows were copied.
 *
 * <p>All are int32: an element of 64 bits is loaded in halves ({@code AccessCode}), and of a
 * micro-kernel with many loads before its loop C2 does not inline all.
 *
 * @param buffer int32 numbers
 * @param rank spatial axes
 * @param rows most pixels of a tile
 */
record WindowTable(Buffer buffer, int rank, int rows) {
  /** Declares a table. */
  static WindowTable declare(KernelBuilder kernel, int rank, int rows, Expr tiles) {
    Expr bytes = tiles.times((double) DType.INT32.bytes() * entry(rank, rows));
    return new WindowTable(kernel.scratch("rows", DType.INT32, bytes), rank, rows);
  }

  private static int entry(int rank, int rows) {
    return rows * (rank + 1) + 1;
  }

  /** Stops the run if a window of an image begins where an int32 cannot say. */
  static void require(BodyBuilder b, List<WindowAxis> axes) {
    Expr furthest = Exprs.index(0);
    for (WindowAxis axis : axes) {
      Expr stride = axis.inputStride().max(Exprs.index(0).minus(axis.inputStride()));
      furthest = furthest.plus(axis.output().times(axis.stride()).plus(axis.pad()).times(stride));
    }
    Expr distance = b.let("furthest", furthest);
    b.require(
        distance.lt(Exprs.index(Integer.MAX_VALUE)),
        distance,
        "elements, from the first to the last window of an image, are more than 2^31");
  }

  /** Where the window of a pixel begins, in elements from the image's first. */
  Expr start(BodyBuilder b, Expr slot, Expr row) {
    return load(b, pixel(slot, row));
  }

  /** The coordinate of a pixel on a spatial axis. */
  Expr coordinate(BodyBuilder b, Expr slot, Expr row, int axis) {
    return load(b, pixel(slot, row).plus(axis + 1));
  }

  /** Not zero if the windows of a tile were copied. */
  Expr copied(BodyBuilder b, Expr slot) {
    return load(b, last(slot));
  }

  /** Says where a window begins. */
  void putStart(BodyBuilder b, Expr slot, Expr row, Expr start) {
    store(b, pixel(slot, row), start);
  }

  /** Says where a pixel lies on a spatial axis. */
  void putCoordinate(BodyBuilder b, Expr slot, Expr row, int axis, Expr coordinate) {
    store(b, pixel(slot, row).plus(axis + 1), coordinate);
  }

  /** Says whether the windows of a tile were copied. */
  void putCopied(BodyBuilder b, Expr slot, Expr copied) {
    store(b, last(slot), copied);
  }

  private Expr pixel(Expr slot, Expr row) {
    return slot.times(entry(rank, rows)).plus(row.times(rank + 1));
  }

  private Expr last(Expr slot) {
    return slot.times(entry(rank, rows)).plus(entry(rank, rows) - 1);
  }

  private Expr load(BodyBuilder b, Expr at) {
    return Exprs.convert(ScalarType.I64, b.load(buffer, at));
  }

  private void store(BodyBuilder b, Expr at, Expr value) {
    b.store(buffer, at, Exprs.convert(ScalarType.I32, value));
  }
}
