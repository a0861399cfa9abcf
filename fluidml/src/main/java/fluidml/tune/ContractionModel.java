package fluidml.tune;

import fluidml.lower.Decisions.Tiling;

/**
 * An analytic estimate of the time of a matrix product or convolution on one core, in cycles: the
 * larger of arithmetic, loads from the first-level cache, and panels that come from beyond the
 * second-level cache (a roofline over tiles). Good for leaving out what cannot win, not for more.
 *
 * @param rows of the left operand, of all batches together
 * @param columns of the right operand
 * @param depth terms of a sum
 * @param lanes of a vector
 */
record ContractionModel(long rows, long columns, long depth, int lanes) {
  /** Vector multiply-adds, and vector loads, per cycle. */
  private static final double PER_CYCLE = 2;

  /** Instructions per cycle. */
  private static final double ISSUE = 4;

  /** Instructions of a step through the terms besides loads and multiply-adds. */
  private static final double LOOP = 14;

  /** Cycles until a chain of dependent multiply-adds goes on. */
  private static final double LATENCY = 4;

  /** Bytes per cycle from memory that all cores share. */
  private static final double STREAM = 6;

  /** Bytes that the second-level cache holds of an operand beside others. */
  private static final long CACHED = 768 << 10;

  /** Cycles to start and to store a tile. */
  private static final double TILE = 60;

  /** Estimated cycles. */
  double cycles(Tiling tiling) {
    long tiles = Math.ceilDiv(rows, (long) tiling.rows());
    double height = (double) rows / tiles;
    long panels = Math.ceilDiv(columns, (long) tiling.vectors() * lanes);
    double sums = Math.ceil(height) * tiling.vectors();
    double operands = Math.ceil(height) + tiling.vectors();
    double arithmetic = Math.max(sums / PER_CYCLE, LATENCY);
    double loads = Math.max(operands / PER_CYCLE, (sums + operands + LOOP) / ISSUE);
    int block = tiling.block() == 0 ? Integer.MAX_VALUE : tiling.block();
    long blocks = Math.ceilDiv(depth, (long) block);
    double inner = (double) tiles * panels * depth * Math.max(arithmetic, loads);
    double spills = (double) tiles * panels * blocks * (TILE + 2 * sums);
    return Math.max(inner + spills, traffic(tiling, tiles, panels, blocks) / STREAM);
  }

  /** Bytes of both operands and of waiting sums that do not stay in the second-level cache. */
  private double traffic(Tiling tiling, long tiles, long panels, long blocks) {
    double left = (double) rows * depth * Float.BYTES;
    double right = (double) columns * depth * Float.BYTES;
    double sums = (double) rows * columns * Float.BYTES;
    double again = left / blocks > CACHED ? panels : 1;
    double rightAgain = right / blocks > CACHED ? tiles : 1;
    return switch (tiling.order()) {
      case NMK, NKM -> right + left * again;
      case MNK, MKN -> left + right * rightAgain;
      case KNM -> right + left * again + 2 * sums * blocks;
      case KMN -> left + right * rightAgain + 2 * sums * blocks;
    };
  }
}
