package fluidml.tensor;

/**
 * Conversion between doubles and the floating-point formats narrower than 32 bits.
 *
 * <p>Encoding rounds to nearest, ties to even, and saturates where the format has no infinity
 * (ONNX's Cast with {@code saturate = 1}); {@link #encode(DType, double, boolean)} chooses.
 * Formats: IEEE binary16, bfloat16, and the OCP / ONNX 8-bit and 4-bit formats.
 */
public final class NarrowFloats {
  private NarrowFloats() {}

  private record Format(
      int exponentBits, int mantissaBits, int bias, boolean infinity, boolean negativeZeroIsNan) {}

  private static Format format(DType dtype) {
    return switch (dtype) {
      case FLOAT16 -> new Format(5, 10, 15, true, false);
      case BFLOAT16 -> new Format(8, 7, 127, true, false);
      case FLOAT8E4M3FN -> new Format(4, 3, 7, false, false);
      case FLOAT8E4M3FNUZ -> new Format(4, 3, 8, false, true);
      case FLOAT8E5M2 -> new Format(5, 2, 15, true, false);
      case FLOAT8E5M2FNUZ -> new Format(5, 2, 16, false, true);
      case FLOAT4E2M1 -> new Format(2, 1, 1, false, false);
      default -> throw new IllegalArgumentException(dtype + " is not a narrow float");
    };
  }

  /** The value of the low bits of {@code bits} in a narrow format. */
  public static double decode(DType dtype, long bits) {
    if (dtype == DType.FLOAT16) {
      return Float.float16ToFloat((short) bits);
    }
    if (dtype == DType.BFLOAT16) {
      return Float.intBitsToFloat((int) bits << 16);
    }
    if (dtype == DType.FLOAT8E8M0) {
      return (bits & 0xff) == 0xff ? Double.NaN : Math.scalb(1.0, (int) (bits & 0xff) - 127);
    }
    Format f = format(dtype);
    int mantissa = (int) bits & ((1 << f.mantissaBits) - 1);
    int exponent = (int) (bits >> f.mantissaBits) & ((1 << f.exponentBits) - 1);
    boolean negative = ((bits >> (f.mantissaBits + f.exponentBits)) & 1) != 0;
    if (f.negativeZeroIsNan && negative && mantissa == 0 && exponent == 0) {
      return Double.NaN;
    }
    int top = (1 << f.exponentBits) - 1;
    if (f.infinity && exponent == top) {
      return mantissa != 0
          ? Double.NaN
          : negative ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
    }
    if (dtype == DType.FLOAT8E4M3FN && exponent == top && mantissa == 7) {
      return Double.NaN;
    }
    double magnitude =
        exponent == 0
            ? Math.scalb((double) mantissa, 1 - f.bias - f.mantissaBits)
            : Math.scalb(
                (double) (mantissa + (1 << f.mantissaBits)), exponent - f.bias - f.mantissaBits);
    return negative ? -magnitude : magnitude;
  }

  /** The bits of {@code value} in a narrow format, saturating. */
  public static long encode(DType dtype, double value) {
    return encode(dtype, value, dtype != DType.FLOAT16 && dtype != DType.BFLOAT16);
  }

  /**
   * The bits of {@code value} in a narrow format.
   *
   * @param saturate whether values out of range become the largest finite value; otherwise infinity
   *     or, where the format has none, NaN
   */
  public static long encode(DType dtype, double value, boolean saturate) {
    if (dtype == DType.FLOAT8E8M0) {
      return encodeScale(value, saturate);
    }
    Format f = format(dtype);
    int signShift = f.mantissaBits + f.exponentBits;
    long sign = Double.doubleToRawLongBits(value) >>> 63 << signShift;
    long nan = nan(dtype, f);
    if (Double.isNaN(value)) {
      return dtype == DType.FLOAT4E2M1 ? nan : nan | (f.negativeZeroIsNan ? 0 : sign);
    }
    double magnitude = Math.abs(value);
    long largest = largest(dtype, f);
    double limit = decode(dtype, largest);
    int exponent = magnitude == 0 ? 1 - f.bias : Math.max(Math.getExponent(magnitude), 1 - f.bias);
    double quantum = Math.scalb(1.0, exponent - f.mantissaBits);
    double rounded =
        Double.isInfinite(magnitude) ? magnitude : Math.rint(magnitude / quantum) * quantum;
    if (rounded > limit) {
      boolean infinite =
          f.infinity && (!saturate || dtype == DType.FLOAT16 || dtype == DType.BFLOAT16);
      if (infinite) {
        return sign | ((1L << f.exponentBits) - 1) << f.mantissaBits;
      }
      return saturate || dtype == DType.FLOAT4E2M1
          ? sign | largest
          : nan | (f.negativeZeroIsNan ? 0 : sign);
    }
    if (rounded == 0) {
      return f.negativeZeroIsNan ? 0 : sign;
    }
    int e = Math.getExponent(rounded);
    if (e < 1 - f.bias) {
      return sign | (long) Math.scalb(rounded, f.bias - 1 + f.mantissaBits);
    }
    long mantissa = (long) Math.scalb(rounded, f.mantissaBits - e) - (1L << f.mantissaBits);
    return sign | (long) (e + f.bias) << f.mantissaBits | mantissa;
  }

  private static long nan(DType dtype, Format f) {
    if (f.negativeZeroIsNan) {
      return 1L << (f.mantissaBits + f.exponentBits);
    }
    return switch (dtype) {
      case FLOAT4E2M1 -> 8;
      case FLOAT16 -> 0x7e00;
      case BFLOAT16 -> 0x7fc0;
      default -> 0x7f;
    };
  }

  private static long largest(DType dtype, Format f) {
    long all = (1L << (f.exponentBits + f.mantissaBits)) - 1;
    if (f.infinity) {
      return all - (1L << f.mantissaBits);
    }
    return dtype == DType.FLOAT8E4M3FN ? all - 1 : all;
  }

  private static long encodeScale(double value, boolean saturate) {
    if (Double.isNaN(value)) {
      return 0xff;
    }
    double magnitude = Math.abs(value);
    if (magnitude > 0x1p127) {
      return saturate ? 0xfe : 0xff;
    }
    int exponent = Math.getExponent(magnitude);
    if (magnitude > 0 && exponent >= -127 && magnitude / Math.scalb(1.0, exponent) >= 1.5) {
      exponent++;
    }
    return Math.clamp(exponent + 127L, 0, 0xfe);
  }
}
