package fluidml.loop.schedule;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.CompareOp;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.ScalarType;
import fluidml.loop.Type;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * The right operand of a contraction as a micro-kernel reads it: panels of as many columns as a
 * tile has, {@code [panel][k][column]}, zero beyond the last column.
 */
public final class Panels {
  private Panels() {}

  /** Number of panels that cover {@code n} columns. */
  public static long count(long n, int columns) {
    return Math.ceilDiv(n, (long) columns);
  }

  /** Elements of the packed form of a {@code k} × {@code n} matrix. */
  public static long elements(long k, long n, int columns) {
    return Math.multiplyExact(Math.multiplyExact(count(n, columns), k), (long) columns);
  }

  /**
   * Packs a matrix once, for an operand that is constant. Goes through the source from its
   * beginning to its end, where its strides allow.
   *
   * @param source elements of {@code bytes} bytes each
   * @param kStride elements between rows
   * @param nStride elements between columns
   * @param bytes 1, 2, 4 or 8
   * @param packed {@code elements(k, n, columns) * bytes} bytes, all zero
   * @param read is told, as packing goes on, up to which byte the source will not be read again
   */
  public static void pack(
      MemorySegment source,
      long offset,
      long k,
      long n,
      long kStride,
      long nStride,
      int columns,
      int bytes,
      MemorySegment packed,
      LongConsumer read) {
    PanelCopies copies = new PanelCopies(source, packed, k, n, columns, bytes);
    if (nStride == 1) {
      int rows = copies.rowsAtOnce();
      for (long row = 0; row < k; row += rows) {
        long end = Math.min(k, row + rows);
        copies.denseRows(offset, kStride, row, (int) (end - row));
        if (kStride >= n || k == 1) {
          read.accept((offset + (end - 1) * kStride + n) * bytes);
        }
      }
      return;
    }
    for (long panel = 0; panel < count(n, columns); panel++) {
      long first = panel * columns;
      int width = (int) Math.min(columns, n - first);
      copies.columns(offset + first * nStride, kStride, nStride, panel, width);
      if (nStride > (k - 1) * kStride) {
        read.accept((offset + (first + width - 1) * nStride + (k - 1) * kStride + 1) * bytes);
      }
    }
  }

  /**
   * Writes code that packs one panel into a buffer, from a matrix whose rows are dense.
   *
   * @param base index of the panel's first element
   * @param width columns of the matrix that lie in the panel; the others become zero
   */
  static void packRows(
      BodyBuilder b,
      Buffer source,
      Expr base,
      Expr kStride,
      Expr depth,
      Expr width,
      Buffer packed,
      TileShape tile) {
    int lanes = tile.lanes();
    List<Expr> masks = new ArrayList<>();
    for (int v = 0; v < tile.vectors(); v++) {
      masks.add(b.let("mask", Exprs.laneMask(width.minus(v * lanes), lanes)));
    }
    Expr whole = b.let("whole", width.ge(Exprs.index(tile.columns())));
    for (boolean full : new boolean[] {true, false}) {
      b.when(
          full ? whole : Exprs.not(whole),
          () ->
              b.loop(
                  "k",
                  Exprs.index(0),
                  depth,
                  k -> {
                    for (int v = 0; v < tile.vectors(); v++) {
                      Optional<Expr> mask = full ? Optional.empty() : Optional.of(masks.get(v));
                      Expr from = base.plus(k.times(kStride)).plus(v * lanes);
                      Expr to = k.times(tile.columns()).plus(v * lanes);
                      b.store(packed, to, b.load(source, from, lanes, mask));
                    }
                  }));
    }
  }

  /**
   * Writes code that packs one panel into a buffer, from a matrix whose columns are dense: square
   * blocks are transposed in registers.
   *
   * @param base index of the panel's first element
   * @param width columns of the matrix that lie in the panel; the others become zero
   */
  static void packColumns(
      BodyBuilder b,
      Buffer source,
      Expr base,
      Expr nStride,
      Expr depth,
      Expr width,
      Buffer packed,
      TileShape tile) {
    int lanes = tile.lanes();
    Type type = new Type(Exprs.registerType(source.dtype()), lanes);
    int columns = tile.columns();
    Expr wholeDepth =
        lanes == 1 ? Exprs.index(0) : b.let("wholeDepth", Exprs.and(depth, Exprs.index(-lanes)));
    Expr wholeWidth =
        lanes == 1 ? Exprs.index(0) : b.let("wholeWidth", Exprs.and(width, Exprs.index(-lanes)));
    if (lanes > 1) {
      List<Expr> masks = transpositionMasks(b, type);
      b.loop(
          "c",
          Exprs.index(0),
          wholeWidth,
          lanes,
          c ->
              b.loop(
                  "k",
                  Exprs.index(0),
                  wholeDepth,
                  lanes,
                  k -> {
                    List<Expr> block = new ArrayList<>();
                    for (int i = 0; i < lanes; i++) {
                      Expr from = base.plus(c.plus(i).times(nStride)).plus(k);
                      block.add(b.let("v", b.load(source, from, lanes)));
                    }
                    transpose(b, block, masks);
                    for (int i = 0; i < lanes; i++) {
                      b.store(packed, k.plus(i).times(columns).plus(c), block.get(i));
                    }
                  }));
      b.loop(
          "c",
          Exprs.index(0),
          wholeWidth,
          c ->
              b.loop(
                  "k",
                  wholeDepth,
                  depth,
                  k ->
                      b.store(
                          packed,
                          k.times(columns).plus(c),
                          b.load(source, base.plus(c.times(nStride)).plus(k)))));
    }
    packElements(b, source, base, Exprs.index(1), nStride, depth, wholeWidth, width, packed, tile);
  }

  /**
   * Writes code that packs the columns from {@code from} on of one panel element by element, and
   * zero beyond {@code width}.
   */
  static void packElements(
      BodyBuilder b,
      Buffer source,
      Expr base,
      Expr kStride,
      Expr nStride,
      Expr depth,
      Expr from,
      Expr width,
      Buffer packed,
      TileShape tile) {
    int columns = tile.columns();
    Expr first = b.let("first", from);
    Expr zero = Exprs.constant(new Type(Exprs.registerType(source.dtype()), 1), 0);
    b.loop(
        "k",
        Exprs.index(0),
        depth,
        k -> {
          Expr row = b.let("row", base.plus(k.times(kStride)));
          b.loop(
              "c",
              first,
              width,
              c ->
                  b.store(
                      packed,
                      k.times(columns).plus(c),
                      b.load(source, row.plus(c.times(nStride)))));
          b.loop(
              "z",
              width,
              Exprs.index(columns),
              c -> b.store(packed, k.times(columns).plus(c), zero));
        });
  }

  /** For every power of two below the lanes: the lanes whose index lacks it. */
  private static List<Expr> transpositionMasks(BodyBuilder b, Type type) {
    Type ints = type.as(ScalarType.I32);
    List<Expr> masks = new ArrayList<>();
    for (int d = 1; d < type.lanes(); d *= 2) {
      Expr bit = Exprs.and(Exprs.laneIndex(ints), Exprs.integer(ints, d));
      masks.add(b.let("even", Exprs.compare(CompareOp.EQ, bit, Exprs.integer(ints, 0))));
    }
    return masks;
  }

  /** Transposes a square block: halves of pairs of vectors change places, at growing distances. */
  private static void transpose(BodyBuilder b, List<Expr> block, List<Expr> masks) {
    int lanes = block.size();
    for (int stage = 0; 1 << stage < lanes; stage++) {
      int d = 1 << stage;
      for (int i = 0; i < lanes; i++) {
        if ((i & d) == 0) {
          Expr low = block.get(i);
          Expr high = block.get(i + d);
          Expr even = masks.get(stage);
          block.set(i, b.let("v", Exprs.select(even, low, Exprs.rotate(high, -d))));
          block.set(i + d, b.let("v", Exprs.select(even, Exprs.rotate(low, d), high)));
        }
      }
    }
  }
}
