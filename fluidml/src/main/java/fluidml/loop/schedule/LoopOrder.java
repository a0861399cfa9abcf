package fluidml.loop.schedule;

import java.util.Locale;

/**
 * The order of the loops over the blocks of a matrix product, from the outermost to the innermost:
 * {@code M} over tiles of rows, {@code N} over panels of columns, {@code K} over blocks of terms.
 */
public enum LoopOrder {
  /** Every tile of a panel is finished before the next: a panel stays in the cache. */
  NMK,
  /** Every panel for a tile of rows is finished before the next: the rows stay in the cache. */
  MNK,
  /** A block of a panel stays in the cache for all tiles, whose sums wait in memory. */
  NKM,
  /** A block of rows stays in the cache for all panels, whose sums wait in memory. */
  MKN,
  /** All sums wait in memory; within a block of terms like {@link #NMK}. */
  KNM,
  /** All sums wait in memory; within a block of terms like {@link #MNK}. */
  KMN;

  /** Three small letters. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
