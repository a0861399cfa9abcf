package fluidml.loop;

import fluidml.tensor.DType;

/**
 * The machine that kernels are written for.
 *
 * @param vectorBits width of vector registers: 128, 256 or 512, or 0 for scalar code only
 * @param checked whether emitted code checks every access against its buffer's size
 * @param byteProducts whether products of bytes are best computed by {@link Stmt.ByteTile}s
 */
public record Target(int vectorBits, boolean checked, boolean byteProducts) {
  /**
   * A machine without products of bytes.
   *
   * @throws IllegalArgumentException if the width is not 0, 128, 256 or 512
   */
  public Target(int vectorBits, boolean checked) {
    this(vectorBits, checked, false);
  }

  /**
   * Checks the width.
   *
   * @throws IllegalArgumentException if it is not 0, 128, 256 or 512
   */
  public Target {
    if (vectorBits != 0 && vectorBits != 128 && vectorBits != 256 && vectorBits != 512) {
      throw new IllegalArgumentException(
          "vector width must be 0, 128, 256 or 512 bits, got " + vectorBits);
    }
  }

  /** Vector registers: machines with vectors of 512 bits have 32, others are taken to have 16. */
  public int vectorRegisters() {
    return vectorBits == 512 ? 32 : 16;
  }

  /** Lanes of a full vector of {@code scalar}; 1 without vectors. For BOOL those of F32. */
  public int lanes(ScalarType scalar) {
    return Math.max(1, vectorBits / Math.max(32, scalar.bits()));
  }

  /** Lanes such that vectors of the register types of all given storage types fit. */
  public int lanes(Iterable<DType> dtypes) {
    int lanes = lanes(ScalarType.F32);
    for (DType dtype : dtypes) {
      lanes = Math.min(lanes, lanes(Exprs.registerType(dtype)));
    }
    return lanes;
  }

  /** The same machine with or without {@link #byteProducts}. */
  public Target withByteProducts(boolean wanted) {
    return new Target(vectorBits, checked, wanted);
  }

  /** The same machine with or without checks. */
  public Target withChecked(boolean wanted) {
    return new Target(vectorBits, wanted, byteProducts);
  }
}
