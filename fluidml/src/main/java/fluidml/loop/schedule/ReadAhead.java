package fluidml.loop.schedule;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.ScalarType;
import fluidml.loop.Type;

/**
 * Reads memory into the second-level cache before it is needed, with plain loads: the JVM has no
 * instruction that prefetches.
 *
 * <p>A load that misses all caches holds up everything behind it for as long as memory takes to
 * answer. The hardware fetches lines ahead of a sequence of loads, but not beyond a page of 4 KiB,
 * so a sequence waits at the beginning of every page. That is why all pages of a stretch are read
 * at once, one line of each after another: they are waited for together.
 */
record ReadAhead(Buffer buffer, int stretch) {
  /** Cache lines of a page. */
  static final int LINES = 64;

  private static final int LINE_BYTES = 64;

  private int pages() {
    return Math.max(1, stretch / (LINES * lineElements()));
  }

  /** Elements of a cache line. */
  int lineElements() {
    return LINE_BYTES / buffer.dtype().bytes();
  }

  /** Elements that are read ahead. */
  int elements() {
    return pages() * LINES * lineElements();
  }

  /**
   * Lines of every page that each of several tiles reads: all of them together read the pages, and
   * a single one nothing.
   *
   * @param inside whether all of it lies in the buffer
   */
  Expr share(Expr inside, Expr tiles) {
    Expr useful = Exprs.and(inside, tiles.gt(Exprs.index(1)));
    Expr lines = Exprs.floorDiv(Exprs.index(LINES - 1), tiles).plus(1);
    return Exprs.select(useful, lines, Exprs.index(0));
  }

  /**
   * Reads lines of every page.
   *
   * @param from in the first page
   * @param lines of each page; none if negative
   * @param sink takes what was read, in element {@code at}, so that it is not read in vain
   */
  void write(BodyBuilder b, Expr from, Expr lines, Buffer sink, Expr at) {
    ScalarType type = Exprs.registerType(buffer.dtype());
    ScalarType word = type.bits() == 64 ? ScalarType.I64 : ScalarType.I32;
    Expr.Read seen = b.variable("seen", Exprs.integer(new Type(word, 1), 0));
    b.loop(
        "line",
        Exprs.index(0),
        lines.min(Exprs.index(LINES)),
        line -> {
          for (int p = 0; p < pages(); p++) {
            int page = p * LINES * lineElements();
            Expr loaded = b.load(buffer, from.plus(line.times(lineElements())).plus(page));
            b.assign(seen, Exprs.or(seen, type.isFloat() ? Exprs.bitcast(word, loaded) : loaded));
          }
        });
    ScalarType kept = Exprs.registerType(sink.dtype());
    boolean same = kept.isFloat() && kept.bits() == word.bits();
    b.store(sink, at, same ? Exprs.bitcast(kept, seen) : Exprs.convert(kept, seen));
  }
}
