package fluidml.reference;

import fluidml.graph.op.Elementwise.Cast;
import fluidml.graph.op.Elementwise.RoundMode;
import fluidml.tensor.DType;
import fluidml.tensor.NarrowFloats;
import fluidml.tensor.Tensor;
import java.util.Locale;

/** Conversion between element types as ONNX's Cast defines it. */
final class Casts {
  private Casts() {}

  static Tensor cast(Cast cast, Tensor x) {
    DType to = cast.to();
    if (to == x.dtype()) {
      return x;
    }
    if (to == DType.STRING) {
      Elements y = new Elements(to, x.dims());
      for (long i = 0; i < x.elements(); i++) {
        y.setString(i, text(x, i));
      }
      return y.build();
    }
    boolean whole = !x.dtype().isFloat() && x.dtype() != DType.STRING;
    if (whole && !to.isFloat()) {
      return Loops.mapLong(x, to, v -> v);
    }
    Tensor y = Tensor.allocate(to, x.dims());
    if (to == DType.FLOAT32 && (x.dtype() == DType.FLOAT16 || x.dtype() == DType.BFLOAT16)) {
      float[] part = new float[Parts.SIZE];
      Parts.each(
          x.elements(),
          (from, count) -> {
            Parts.floats(x, from, 1, count, part);
            Parts.store(part, count, y, from);
          });
      return y;
    }
    if (whole && to == DType.FLOAT32 && x.dtype() != DType.UINT64) {
      long[] part = new long[Parts.SIZE];
      float[] rounded = new float[Parts.SIZE];
      Parts.each(
          x.elements(),
          (from, count) -> {
            Parts.longs(x, from, count, part);
            for (int i = 0; i < count; i++) {
              rounded[i] = part[i];
            }
            Parts.store(rounded, count, y, from);
          });
      return y;
    }
    for (long i = 0; i < x.elements(); i++) {
      if (x.dtype() == DType.STRING) {
        parse(cast, x.getString(i), y, i);
      } else {
        store(cast, y, i, x.getDouble(i));
      }
    }
    return y;
  }

  /** Stores a real number; integers truncate, 8-bit floats saturate or not as the op says. */
  private static void store(Cast cast, Tensor y, long index, double value) {
    switch (cast.to()) {
      case FLOAT8E8M0 -> y.setRawBits(index, exponent(value, cast.roundMode(), cast.saturate()));
      case FLOAT8E4M3FN, FLOAT8E4M3FNUZ, FLOAT8E5M2, FLOAT8E5M2FNUZ ->
          y.setRawBits(index, NarrowFloats.encode(cast.to(), value, cast.saturate()));
      case BOOL -> y.setLong(index, value != 0 ? 1 : 0);
      default -> y.setDouble(index, value);
    }
  }

  /** The bits of the power of two that stands for a positive number in float8e8m0. */
  private static long exponent(double value, RoundMode mode, boolean saturate) {
    if (Double.isNaN(value) || mode == RoundMode.NEAREST) {
      return NarrowFloats.encode(DType.FLOAT8E8M0, value, saturate);
    }
    double magnitude = Math.abs(value);
    int exponent = Math.getExponent(magnitude);
    if (Double.isInfinite(magnitude)) {
      return saturate ? 0xfe : 0xff;
    }
    if (mode == RoundMode.UP && magnitude > Math.scalb(1.0, exponent)) {
      exponent++;
    }
    if (exponent > 127) {
      return saturate ? 0xfe : 0xff;
    }
    return Math.max(exponent + 127, 0);
  }

  private static void parse(Cast cast, String text, Tensor y, long index) {
    String trimmed = text.strip();
    switch (cast.to().kind()) {
      case SIGNED -> y.setLong(index, Long.parseLong(trimmed));
      case UNSIGNED -> y.setLong(index, Long.parseUnsignedLong(trimmed));
      case BOOL -> y.setLong(index, parseReal(trimmed) != 0 ? 1 : 0);
      case FLOAT -> store(cast, y, index, parseReal(trimmed));
      case COMPLEX, STRING ->
          throw new IllegalArgumentException("no cast from string to " + cast.to());
    }
  }

  private static double parseReal(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "inf", "+inf", "infinity", "+infinity" -> Double.POSITIVE_INFINITY;
      case "-inf", "-infinity" -> Double.NEGATIVE_INFINITY;
      case "nan" -> Double.NaN;
      case "true" -> 1;
      case "false" -> 0;
      default -> Double.parseDouble(text);
    };
  }

  private static String text(Tensor x, long index) {
    return switch (x.dtype().kind()) {
      case BOOL -> x.getLong(index) != 0 ? "1" : "0";
      case SIGNED -> Long.toString(x.getLong(index));
      case UNSIGNED -> Long.toUnsignedString(x.getLong(index));
      case FLOAT -> text(x.getDouble(index), x.dtype());
      case COMPLEX, STRING ->
          throw new IllegalArgumentException("no cast from " + x.dtype() + " to string");
    };
  }

  /** The shortest decimal that reads back as the same number of its type. */
  private static String text(double value, DType dtype) {
    if (Double.isNaN(value)) {
      return "NaN";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "INF" : "-INF";
    }
    return dtype == DType.FLOAT64 ? Double.toString(value) : Float.toString((float) value);
  }
}
