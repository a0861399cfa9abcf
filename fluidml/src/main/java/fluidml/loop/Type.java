package fluidml.loop;

/**
 * The type of an expression or register: what a lane holds, and how many lanes.
 *
 * @param scalar what one lane holds
 * @param lanes 1 for a scalar, else a power of two from 2 to 64
 */
public record Type(ScalarType scalar, int lanes) {
  public static final Type F32 = new Type(ScalarType.F32, 1);
  public static final Type F64 = new Type(ScalarType.F64, 1);
  public static final Type I32 = new Type(ScalarType.I32, 1);
  public static final Type I64 = new Type(ScalarType.I64, 1);
  public static final Type BOOL = new Type(ScalarType.BOOL, 1);

  /**
   * Checks the lane count.
   *
   * @throws IllegalArgumentException if {@code lanes} is not a power of two from 1 to 64
   */
  public Type {
    if (lanes < 1 || lanes > 64 || Integer.bitCount(lanes) != 1) {
      throw new IllegalArgumentException(
          "lanes must be a power of two from 1 to 64, got " + lanes + " of " + scalar);
    }
  }

  /** Whether this has more than one lane. */
  public boolean isVector() {
    return lanes > 1;
  }

  /** The same lanes holding another scalar type. */
  public Type as(ScalarType other) {
    return new Type(other, lanes);
  }

  /** The same scalar type in {@code count} lanes. */
  public Type times(int count) {
    return new Type(scalar, count);
  }

  /** Bits of the vector register; 0 for masks. */
  public int bits() {
    return scalar.bits() * lanes;
  }

  /** {@code f32}, or {@code f32x16} for a vector. */
  @Override
  public String toString() {
    return lanes == 1 ? scalar.toString() : scalar + "x" + lanes;
  }
}
