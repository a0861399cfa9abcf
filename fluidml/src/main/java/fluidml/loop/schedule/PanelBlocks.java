package fluidml.loop.schedule;

import fluidml.loop.Target;
import fluidml.tensor.DType;

/**
 * How much of a panel all tiles of rows use before the next part takes its turn, and who fetches
 * that part.
 *
 * <p>Machines differ in what holds up a micro-kernel. Where a core multiplies two full vectors a
 * cycle, a panel's part must come from the first-level cache, which was made larger for it, and the
 * next part must be there in time. Where it multiplies one, the second-level cache and the
 * hardware's own prefetching keep up; longer parts then mean fewer visits of every tile, and loads
 * that read ahead only get in the way. Both were measured ({@code
 * docs/adr/0014-products-in-three-levels-of-blocks.md}).
 *
 * @param bytes of a panel's part
 * @param readsAhead whether the next part is fetched by loads
 */
record PanelBlocks(int bytes, boolean readsAhead) {
  private static final int MOST_TERMS = 768;

  /** The size of a first-level cache from which on panels' parts are meant to stay in it. */
  private static final int LARGE_CACHE_BYTES = 48 << 10;

  /** What suits a machine. */
  static PanelBlocks of(Target target) {
    return target.nearestCacheBytes() >= LARGE_CACHE_BYTES
        ? new PanelBlocks(target.nearestCacheBytes() / 4 * 3, true)
        : new PanelBlocks(144 << 10, false);
  }

  /**
   * Terms of a sum that a part holds.
   *
   * @param type of a panel's elements
   */
  int terms(TileShape shape, DType type) {
    int line = shape.columns() * type.bytes();
    return Math.min(MOST_TERMS, Math.max(16, bytes / line / 16 * 16));
  }
}
