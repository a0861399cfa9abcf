package fluidml.loop.schedule;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.KernelBuilder;
import fluidml.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the next part of a panel while tiles work on the present one, so that memory and arithmetic
 * overlap. The JVM has no prefetch instruction: a load stands in for it, and what is behind one
 * that misses all caches soon waits. So few miss. Two sequences, one for each half of the part, go
 * so slowly that the hardware's own prefetching stays ahead of them but at the beginning of a page,
 * and there both wait at once.
 *
 * @param panels has the parts
 * @param columns of a panel
 * @param seen scratch for one number, which is made of what is read: else the JIT would read
 *     nothing
 */
record ReadAhead(Buffer panels, int columns, Buffer seen) {
  /** Terms of a tile in which a sequence moves by one cache line of float32; a power of two. */
  private static final int TERMS = 16;

  private static final int SEQUENCES = 2;

  /** Its loads in a micro-kernel, in loads of an element that is spread over a vector. */
  static final int LOADS = 1;

  /** With fewer tiles there is too little arithmetic to hide memory behind. */
  private static final int FEWEST_TILES = 10;

  /** Reading ahead in panels of float32, with the scratch that it takes. */
  static ReadAhead declare(KernelBuilder kernel, Buffer panels, int columns) {
    DType type = panels.dtype();
    Buffer seen = kernel.scratch("seen", type, Exprs.index(type.bytes()));
    return new ReadAhead(panels, columns, seen);
  }

  /** Whether so many tiles that take turns with a part are worth it. */
  static Expr pays(Expr tiles) {
    return tiles.ge(Exprs.index(FEWEST_TILES));
  }

  /**
   * Where a tile reads.
   *
   * @param next where the next part begins
   * @param tile number of the tile among those that take turns
   * @param terms of the part
   */
  Expr begin(Expr next, Expr tile, Expr terms) {
    Expr last = terms.times(Exprs.index(columns / SEQUENCES - 1L));
    return next.plus(tile.times(terms).min(last));
  }

  /** What a tile reads, in registers. */
  final class Sequences {
    private final List<Expr> starts = new ArrayList<>();
    private final Expr.Read sum;

    /**
     * Begins.
     *
     * @param begin see {@link ReadAhead#begin}
     * @param terms of the part
     */
    Sequences(BodyBuilder b, Expr begin, Expr terms) {
      long share = columns / SEQUENCES;
      for (int s = 0; s < SEQUENCES; s++) {
        starts.add(b.let("ahead", begin.plus(terms.times(Exprs.index(s * share)))));
      }
      sum = b.variable("seen", b.load(panels, begin));
    }

    /** Reads what is due at a term. */
    void read(BodyBuilder b, Expr term) {
      Expr line = b.let("line", Exprs.and(term, Exprs.index(-(long) TERMS)));
      for (Expr start : starts) {
        b.assign(sum, sum.plus(b.load(panels, start.plus(line))));
      }
    }

    /** Ends: keeps what was read. */
    void end(BodyBuilder b) {
      b.store(seen, Exprs.index(0), sum);
    }
  }
}
