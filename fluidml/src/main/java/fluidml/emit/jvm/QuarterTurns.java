package fluidml.emit.jvm;

/**
 * Quarter turns of large angles, after Payne and Hanek. An angle that F32 holds is a whole number
 * of 24 bits times a power of two, so only those bits of 2/π matter that the power moves to places
 * below four. The product with 96 of them, modulo four, is the quadrant and its fraction to 2⁻⁶¹.
 * No F32 from 2¹⁷ on is nearer than 2⁻³⁰ to a multiple of π/2, so at least 30 bits of the rest are
 * good.
 */
final class QuarterTurns {
  /** 2/π: the first bit stands for 2¹³, the last for 2⁻²⁴². */
  private static final long[] TWO_OVER_PI = {
    0x00028be60db93910L, 0x54a7f09d5f47d4d3L, 0x77036d8a5664f10eL, 0x4107f9458eaf7aefL
  };

  /** The stored exponent of angles that are multiplied with 2/π from its first bit on. */
  private static final int FIRST_EXPONENT = 138;

  private static final int FRACTION_BITS = 23;

  /** Bits of the product that stand for less than a quarter turn. */
  private static final int POINT = 62;

  private static final double UNIT = Math.scalb(Math.PI / 2, -POINT);

  private QuarterTurns() {}

  /** {@link fluidml.loop.MathFunction#QUARTER_TURNS}. */
  static double quarterTurns(double angle) {
    return turns(product((float) angle)) & 3;
  }

  /** {@link fluidml.loop.MathFunction#QUARTER_REST}. */
  static double quarterRest(double angle) {
    float x = (float) angle;
    long product = product(x);
    return Float.isFinite(x) ? (product - (turns(product) << POINT)) * UNIT : Double.NaN;
  }

  /** The nearest whole number of turns, for a product in units of 2⁻⁶². */
  private static long turns(long product) {
    return (product + (1L << (POINT - 1))) >> POINT;
  }

  /** An angle times 2/π modulo 4, in units of 2⁻⁶². */
  private static long product(float angle) {
    int bits = Float.floatToRawIntBits(angle);
    int leading = 1 << FRACTION_BITS;
    long magnitude = (bits & (leading - 1)) | leading;
    long whole = bits < 0 ? -magnitude : magnitude;
    int start = Math.max(0, ((bits >>> FRACTION_BITS) & 0xff) - FIRST_EXPONENT);
    int word = start / Long.SIZE;
    long high = bits(start, word);
    long low = bits(start, word + 1) >>> Integer.SIZE;
    return whole * high + ((whole * low) >> Integer.SIZE);
  }

  /** 64 bits of 2/π, as far behind the beginning of a word as {@code start}. */
  private static long bits(int start, int word) {
    int distance = start % Long.SIZE;
    long next = TWO_OVER_PI[word + 1] >>> 1 >>> (Long.SIZE - 1 - distance);
    return (TWO_OVER_PI[word] << distance) | next;
  }
}
