package fluidml.cli;

import fluidml.reference.Datum;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What a value looks like: type, extents, range, first elements. */
final class Summary {
  private static final int FIRST = 8;
  private static final int MAX_CLASSES = 100_000;

  private Summary() {}

  /** Stable fields for JSON; numbers that JSON does not have are strings. */
  static Map<String, Object> fields(String name, Datum datum) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("name", name);
    if (!(datum instanceof Datum.TensorDatum(Tensor tensor))) {
      fields.put("value", datum.describe());
      return fields;
    }
    fields.put("dtype", tensor.dtype().toString());
    fields.put("shape", tensor.dims());
    fields.put("first", first(tensor));
    if (isReal(tensor) && tensor.elements() > 0) {
      Range range = Range.of(tensor);
      fields.put("min", number(range.min));
      fields.put("max", number(range.max));
      fields.put("mean", number(range.mean));
      if (range.notFinite > 0) {
        fields.put("notFinite", range.notFinite);
      }
      if (isVector(tensor)) {
        fields.put("largestAt", range.largestAt);
      }
    }
    return fields;
  }

  /** Two or three lines for people. */
  static String text(String name, Datum datum) {
    if (!(datum instanceof Datum.TensorDatum(Tensor tensor))) {
      return "  %s: %s%n".formatted(name, datum.describe());
    }
    StringBuilder text = new StringBuilder("  %s: %s\n".formatted(name, tensor));
    List<Object> first = first(tensor);
    if (!first.isEmpty()) {
      List<String> cells = first.stream().map(Summary::cell).toList();
      text.append(
          "    %s: %s%s\n"
              .formatted(
                  first.size() < tensor.elements() ? "first elements" : "elements",
                  String.join(", ", cells),
                  first.size() < tensor.elements() ? ", …" : ""));
    }
    if (isReal(tensor) && tensor.elements() > 0) {
      Range range = Range.of(tensor);
      text.append(
          "    min %s, max %s, mean %s"
              .formatted(cell(range.min), cell(range.max), cell(range.mean)));
      if (isVector(tensor)) {
        text.append(", largest at index ").append(range.largestAt);
      }
      text.append(range.notFinite > 0 ? ", " + range.notFinite + " not finite" : "").append('\n');
    }
    return text.toString();
  }

  /** Whether this is one vector, as of class scores. */
  private static boolean isVector(Tensor tensor) {
    return tensor.rank() > 0
        && tensor.dim(-1) == tensor.elements()
        && tensor.elements() > 1
        && tensor.elements() <= MAX_CLASSES
        && tensor.dtype().isFloat();
  }

  private static boolean isReal(Tensor tensor) {
    return tensor.dtype() != DType.STRING && tensor.dtype().kind() != DType.Kind.COMPLEX;
  }

  private static List<Object> first(Tensor tensor) {
    List<Object> first = new ArrayList<>();
    for (long i = 0; i < Math.min(FIRST, tensor.elements()); i++) {
      first.add(
          switch (tensor.dtype().kind()) {
            case FLOAT -> number(tensor.getDouble(i));
            case SIGNED -> tensor.getLong(i);
            case UNSIGNED -> new java.math.BigInteger(Long.toUnsignedString(tensor.getLong(i)));
            case BOOL -> tensor.getBoolean(i);
            case COMPLEX -> List.of(number(tensor.getReal(i)), number(tensor.getImaginary(i)));
            case STRING -> tensor.getString(i);
          });
    }
    return first;
  }

  /** A double, or its name where JSON has no number. */
  static Object number(double value) {
    return Double.isFinite(value) ? (Object) value : Double.toString(value);
  }

  private static String cell(Object value) {
    return value instanceof Double number
        ? String.format(Locale.ROOT, "%.6g", number)
        : value.toString();
  }

  /** Input and its source on one line. */
  static String input(InputOptions.Input input) {
    return "  %s: %s (%s)%n"
        .formatted(input.declared().name(), input.datum().describe(), input.source());
  }

  /** Stable fields of an input for JSON. */
  static Map<String, Object> inputFields(InputOptions.Input input) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("name", input.declared().name());
    if (input.datum() instanceof Datum.TensorDatum(Tensor tensor)) {
      fields.put("dtype", tensor.dtype().toString());
      fields.put("shape", Arrays.stream(tensor.dims()).boxed().toList());
    }
    fields.put("source", input.source());
    return fields;
  }

  private record Range(double min, double max, double mean, long largestAt, long notFinite) {
    static Range of(Tensor tensor) {
      double min = Double.POSITIVE_INFINITY;
      double max = Double.NEGATIVE_INFINITY;
      double sum = 0;
      long at = 0;
      long notFinite = 0;
      for (long i = 0; i < tensor.elements(); i++) {
        double value = tensor.getDouble(i);
        notFinite += Double.isFinite(value) ? 0 : 1;
        sum += value;
        min = Math.min(min, value);
        if (value > max) {
          max = value;
          at = i;
        }
      }
      return new Range(min, max, sum / tensor.elements(), at, notFinite);
    }
  }
}
