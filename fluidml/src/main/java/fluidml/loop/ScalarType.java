package fluidml.loop;

import fluidml.tensor.DType;
import java.util.Optional;

/** What one lane of a register holds. */
public enum ScalarType {
  F32("f32", 32),
  F64("f64", 64),
  I32("i32", 32),
  I64("i64", 64),
  /** A truth value; a vector of them is a mask. */
  BOOL("bool", 0);

  private final String text;
  private final int bits;

  ScalarType(String text, int bits) {
    this.text = text;
    this.bits = bits;
  }

  /** Bits of a lane in a vector register; 0 for masks, which fit any vector. */
  public int bits() {
    return bits;
  }

  /** Whether this is F32 or F64. */
  public boolean isFloat() {
    return this == F32 || this == F64;
  }

  /** Whether this is I32 or I64. */
  public boolean isInteger() {
    return this == I32 || this == I64;
  }

  /**
   * The register type that a load of a storage type widens to and a store narrows from: 8 and 16
   * bit integers are I32, UINT32 and UINT64 are I64, the 16 bit floats are F32.
   *
   * @return empty for types a kernel cannot address (strings, complex numbers, packed and 8 bit
   *     floats)
   */
  public static Optional<ScalarType> ofStorage(DType dtype) {
    return switch (dtype) {
      case FLOAT32, FLOAT16, BFLOAT16 -> Optional.of(F32);
      case FLOAT64 -> Optional.of(F64);
      case INT8, UINT8, INT16, UINT16, INT32 -> Optional.of(I32);
      case INT64, UINT32, UINT64 -> Optional.of(I64);
      case BOOL -> Optional.of(BOOL);
      case STRING,
          COMPLEX64,
          COMPLEX128,
          FLOAT8E4M3FN,
          FLOAT8E4M3FNUZ,
          FLOAT8E5M2,
          FLOAT8E5M2FNUZ,
          UINT4,
          INT4,
          FLOAT4E2M1,
          FLOAT8E8M0,
          UINT2,
          INT2 ->
          Optional.empty();
    };
  }

  /** The short name the printer uses: {@code f32}, {@code i64}, {@code bool}. */
  @Override
  public String toString() {
    return text;
  }
}
