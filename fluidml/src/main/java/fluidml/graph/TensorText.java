package fluidml.graph;

import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;

/** Elements of tensors as text, bit for bit, and names for tensors that are too large for it. */
final class TensorText {
  private static final int SAMPLES = 1 << 13;

  private TensorText() {}

  /** The elements, row-major: {@code 1.5, -2.0}. */
  static String elements(Tensor tensor) {
    StringJoiner text = new StringJoiner(", ");
    for (long i = 0; i < tensor.elements(); i++) {
      text.add(element(tensor, i));
    }
    return text.toString();
  }

  private static String element(Tensor tensor, long i) {
    return switch (tensor.dtype().kind()) {
      case STRING -> GraphPrinter.quote(tensor.getString(i));
      case BOOL ->
          tensor.rawBits(i) <= 1 ? Boolean.toString(tensor.rawBits(i) == 1) : hex(tensor, i);
      case UNSIGNED -> Long.toUnsignedString(tensor.getLong(i));
      case SIGNED -> Long.toString(tensor.getLong(i));
      case COMPLEX -> tensor.getReal(i) + ":" + tensor.getImaginary(i);
      case FLOAT -> {
        String text =
            tensor.dtype() == DType.FLOAT32
                ? Float.toString(tensor.getFloat(i))
                : Double.toString(tensor.getDouble(i));
        Tensor copy = Tensor.allocate(tensor.dtype(), 1);
        parse(copy, 0, text);
        yield copy.rawBits(0) == tensor.rawBits(i) ? text : hex(tensor, i);
      }
    };
  }

  private static String hex(Tensor tensor, long i) {
    return "0x" + Long.toHexString(tensor.rawBits(i));
  }

  /**
   * Stores an element of a tensor that holds no strings.
   *
   * @throws NumberFormatException if the text is not a number
   */
  static void parse(Tensor tensor, long i, String text) {
    if (text.startsWith("0x")) {
      tensor.setRawBits(i, Long.parseUnsignedLong(text.substring(2), 16));
      return;
    }
    switch (tensor.dtype().kind()) {
      case BOOL -> tensor.setLong(i, Boolean.parseBoolean(text) ? 1 : 0);
      case UNSIGNED -> tensor.setLong(i, Long.parseUnsignedLong(text));
      case SIGNED -> tensor.setLong(i, Long.parseLong(text));
      case COMPLEX -> {
        int colon = text.indexOf(':');
        tensor.setComplex(
            i,
            Double.parseDouble(text.substring(0, colon < 0 ? text.length() : colon)),
            colon < 0 ? 0 : Double.parseDouble(text.substring(colon + 1)));
      }
      case FLOAT -> {
        double value =
            tensor.dtype() == DType.FLOAT32 ? Float.parseFloat(text) : Double.parseDouble(text);
        tensor.setDouble(i, value);
      }
      case STRING -> throw new NumberFormatException("strings are quoted");
    }
  }

  /**
   * Sixteen hexadecimal digits from the type, the extents and up to {@value #SAMPLES} words of the
   * elements.
   */
  static String hash(Tensor tensor) {
    long hash = tensor.toString().hashCode();
    if (tensor.dtype() == DType.STRING) {
      hash = mix(hash, tensor.strings().hashCode());
    } else {
      MemorySegment data = tensor.data();
      long words = data.byteSize() / 8;
      long step = Math.max(1, words / SAMPLES);
      for (long i = 0; i < words; i += step) {
        hash = mix(hash, data.get(ValueLayout.JAVA_LONG_UNALIGNED, i * 8));
      }
      for (long i = words * 8; i < data.byteSize(); i++) {
        hash = mix(hash, data.get(ValueLayout.JAVA_BYTE, i));
      }
    }
    return String.format(Locale.ROOT, "%016x", hash);
  }

  private static long mix(long hash, long word) {
    long mixed = (hash ^ word) * 0x9e3779b97f4a7c15L;
    return mixed ^ (mixed >>> 29);
  }

  /** Whether two tensors have the same type, extents and bits. */
  static boolean same(Tensor a, Tensor b) {
    return a.dtype() == b.dtype()
        && List.of(a.shape()).equals(List.of(b.shape()))
        && a.strings().equals(b.strings())
        && (a.dtype() == DType.STRING || a.data().mismatch(b.data()) < 0);
  }
}
