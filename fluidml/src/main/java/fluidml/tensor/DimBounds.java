package fluidml.tensor;

/**
 * The interval in which an integer provably lies; {@link Long#MIN_VALUE} and {@link Long#MAX_VALUE}
 * stand for no bound.
 */
record DimBounds(long low, long high) {
  private static final long NO_LOW = Long.MIN_VALUE;
  private static final long NO_HIGH = Long.MAX_VALUE;

  /** What an extent can be. */
  static final DimBounds EXTENT = new DimBounds(0, NO_HIGH);

  /** Nothing is known. */
  static final DimBounds ANY = new DimBounds(NO_LOW, NO_HIGH);

  static DimBounds of(long value) {
    return new DimBounds(value, value);
  }

  private static boolean finite(long bound) {
    return bound != NO_LOW && bound != NO_HIGH;
  }

  DimBounds plus(DimBounds other) {
    return new DimBounds(sum(low, other.low, NO_LOW), sum(high, other.high, NO_HIGH));
  }

  private static long sum(long a, long b, long none) {
    if (a == none || b == none) {
      return none;
    }
    long sum = a + b;
    boolean overflow = ((a ^ sum) & (b ^ sum)) < 0;
    return overflow ? none : sum;
  }

  DimBounds times(DimBounds other) {
    long[] corners = {
      product(low, other.low),
      product(low, other.high),
      product(high, other.low),
      product(high, other.high)
    };
    long least = corners[0];
    long most = corners[0];
    for (long corner : corners) {
      least = Math.min(least, corner);
      most = Math.max(most, corner);
    }
    return new DimBounds(least, most);
  }

  /** The product of two bounds, where 0 times no bound is 0 and overflow is no bound. */
  private static long product(long a, long b) {
    if (a == 0 || b == 0) {
      return 0;
    }
    long high = Math.multiplyHigh(a, b);
    long product = a * b;
    boolean fits = (high == 0 && product >= 0) || (high == -1 && product < 0);
    if (finite(a) && finite(b) && fits) {
      return product;
    }
    return (a < 0) == (b < 0) ? NO_HIGH : NO_LOW;
  }

  /** Bounds of the quotient, whose divisor is not 0. */
  DimBounds floorDiv(DimBounds divisor) {
    if (divisor.low < 0) {
      return ANY;
    }
    long least = Math.max(1, divisor.low);
    return new DimBounds(
        quotient(low, low >= 0 ? divisor.high : least),
        quotient(high, high >= 0 ? least : divisor.high));
  }

  private static long quotient(long a, long positive) {
    if (!finite(a)) {
      return a;
    }
    return positive == NO_HIGH ? (a >= 0 ? 0 : -1) : Math.floorDiv(a, positive);
  }

  DimBounds mod(DimBounds divisor) {
    if (divisor.low < 0) {
      return ANY;
    }
    return new DimBounds(0, divisor.high == NO_HIGH ? NO_HIGH : divisor.high - 1);
  }

  DimBounds min(DimBounds other) {
    return new DimBounds(Math.min(low, other.low), Math.min(high, other.high));
  }

  DimBounds max(DimBounds other) {
    return new DimBounds(Math.max(low, other.low), Math.max(high, other.high));
  }
}
