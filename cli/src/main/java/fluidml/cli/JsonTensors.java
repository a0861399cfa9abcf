package fluidml.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import fluidml.error.InvalidInputException;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Tensors as JSON: nested arrays, e.g. {@code [[1, 2], [3, 4]]}, or an object {@code {"dtype":
 * "f32", "shape": [2, 2], "data": [1, 2, 3, 4]}} with the elements row-major. Numbers that JSON
 * does not have are the strings {@code "NaN"}, {@code "Infinity"} and {@code "-Infinity"}; complex
 * numbers are pairs in objects.
 */
final class JsonTensors {
  /** Larger files are refused: the binary formats are for them. */
  static final long MAX_BYTES = 64L << 20;

  private static final int MAX_RANK = 64;
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private JsonTensors() {}

  /**
   * Reads a file.
   *
   * @param wanted element type of nested arrays, and of objects that do not name theirs
   * @throws InvalidInputException if it is not such a tensor, or too large
   * @throws IOException if it cannot be read
   */
  static Tensor read(Path path, DType wanted) throws IOException {
    String where = path.toString();
    check(
        Files.size(path) <= MAX_BYTES,
        where,
        "larger than " + (MAX_BYTES >> 20) + " MiB; use .npy or .pb");
    JsonNode root;
    try {
      root = JSON.readTree(path.toFile());
    } catch (JsonProcessingException e) {
      String place = e.getLocation() == null ? "" : " at line " + e.getLocation().getLineNr();
      throw new InvalidInputException(where, "no JSON" + place + ": " + e.getOriginalMessage());
    }
    return root.isObject() ? object(root, wanted, where) : nested(root, wanted, where);
  }

  private static Tensor object(JsonNode root, DType wanted, String where) {
    JsonNode named = root.path("dtype");
    DType dtype =
        named.isMissingNode()
            ? wanted
            : DType.ofText(named.asText())
                .orElseThrow(
                    () ->
                        new InvalidInputException(
                            where,
                            "no element type '"
                                + named.asText()
                                + "'; they are "
                                + Arrays.toString(DType.values())));
    JsonNode data = root.path("data");
    JsonNode shape = root.path("shape");
    check(data.isArray() && shape.isArray(), where, "an object needs the arrays shape and data");
    check(shape.size() <= MAX_RANK, where, shape.size() + " axes are too many");
    long[] dims = new long[shape.size()];
    long elements = 1;
    for (int i = 0; i < dims.length; i++) {
      JsonNode dim = shape.get(i);
      check(dim.canConvertToLong() && dim.isIntegralNumber(), where, "extent " + dim);
      dims[i] = dim.asLong();
      check(dims[i] >= 0, where, "negative extent " + dims[i]);
      long high = Math.multiplyHigh(elements, dims[i]);
      elements *= dims[i];
      check(high == 0 && elements >= 0, where, "too many elements");
    }
    int perElement = dtype.kind() == DType.Kind.COMPLEX ? 2 : 1;
    check(
        elements <= Integer.MAX_VALUE && data.size() == elements * perElement,
        where,
        "shape %s needs %d numbers, data has %d"
            .formatted(Arrays.toString(dims), elements * perElement, data.size()));
    List<JsonNode> leaves = new ArrayList<>();
    data.forEach(leaves::add);
    return fill(dtype, dims, leaves, where);
  }

  private static Tensor nested(JsonNode root, DType dtype, String where) {
    check(
        dtype.kind() != DType.Kind.COMPLEX,
        where,
        "complex numbers need the form with dtype, shape and data");
    List<Long> dims = new ArrayList<>();
    for (JsonNode at = root; at.isArray(); at = at.path(0)) {
      dims.add((long) at.size());
      check(dims.size() <= MAX_RANK, where, "too many nested arrays");
    }
    long[] extents = dims.stream().mapToLong(Long::longValue).toArray();
    List<JsonNode> leaves = new ArrayList<>();
    collect(root, extents, 0, leaves, where);
    return fill(dtype, extents, leaves, where);
  }

  private static void collect(
      JsonNode node, long[] dims, int depth, List<JsonNode> leaves, String where) {
    if (depth == dims.length) {
      check(!node.isContainerNode(), where, "nested arrays of different depth");
      leaves.add(node);
      return;
    }
    check(
        node.isArray() && node.size() == dims[depth],
        where,
        "nested arrays of different length at depth " + depth);
    for (JsonNode child : node) {
      collect(child, dims, depth + 1, leaves, where);
    }
  }

  private static Tensor fill(DType dtype, long[] dims, List<JsonNode> leaves, String where) {
    if (dtype == DType.STRING) {
      leaves.forEach(leaf -> check(leaf.isTextual(), where, leaf + " is no string"));
      return Tensor.ofStrings(leaves.stream().map(JsonNode::asText).toList(), dims);
    }
    Tensor tensor = Tensor.allocate(dtype, dims);
    if (dtype.kind() == DType.Kind.COMPLEX) {
      for (int i = 0; i < tensor.elements(); i++) {
        tensor.setComplex(i, real(leaves.get(2 * i), where), real(leaves.get(2 * i + 1), where));
      }
      return tensor;
    }
    for (int i = 0; i < leaves.size(); i++) {
      set(tensor, i, leaves.get(i), where);
    }
    return tensor;
  }

  private static void set(Tensor tensor, int index, JsonNode leaf, String where) {
    DType dtype = tensor.dtype();
    if (dtype.isFloat()) {
      tensor.setDouble(index, real(leaf, where));
    } else if (leaf.isBoolean()) {
      tensor.setLong(index, leaf.asBoolean() ? 1 : 0);
    } else {
      check(leaf.isIntegralNumber(), where, "%s is no %s".formatted(leaf, dtype));
      tensor.setLong(index, leaf.bigIntegerValue().longValue());
      boolean unsigned = dtype == DType.UINT64;
      String stored =
          unsigned
              ? Long.toUnsignedString(tensor.getLong(index))
              : Long.toString(tensor.getLong(index));
      check(
          stored.equals(leaf.bigIntegerValue().toString()),
          where,
          "%s does not fit %s".formatted(leaf, dtype));
    }
  }

  private static double real(JsonNode leaf, String where) {
    if (leaf.isTextual()) {
      return switch (leaf.asText()) {
        case "NaN" -> Double.NaN;
        case "Infinity" -> Double.POSITIVE_INFINITY;
        case "-Infinity" -> Double.NEGATIVE_INFINITY;
        default -> throw new InvalidInputException(where, leaf + " is no number");
      };
    }
    check(leaf.isNumber(), where, leaf + " is no number");
    return leaf.doubleValue();
  }

  /**
   * Writes a file, replacing it: an object with name, dtype, shape and data.
   *
   * @throws IOException if it cannot be written
   */
  static void write(Path path, String name, Tensor tensor) throws IOException {
    try (OutputStream stream = Files.newOutputStream(path);
        JsonGenerator json = JSON.createGenerator(stream)) {
      json.writeStartObject();
      json.writeStringField("name", name);
      json.writeStringField("dtype", tensor.dtype().toString());
      json.writeFieldName("shape");
      long[] dims = tensor.dims();
      json.writeArray(dims, 0, dims.length);
      json.writeArrayFieldStart("data");
      for (long i = 0; i < tensor.elements(); i++) {
        write(json, tensor, i);
      }
      json.writeEndArray();
      json.writeEndObject();
    }
  }

  private static void write(JsonGenerator json, Tensor tensor, long index) throws IOException {
    switch (tensor.dtype().kind()) {
      case FLOAT -> {
        double value = tensor.getDouble(index);
        if (tensor.dtype() == DType.FLOAT64) {
          json.writeNumber(value);
        } else {
          json.writeNumber((float) value);
        }
      }
      case SIGNED -> json.writeNumber(tensor.getLong(index));
      case UNSIGNED ->
          json.writeNumber(new java.math.BigInteger(Long.toUnsignedString(tensor.getLong(index))));
      case BOOL -> json.writeBoolean(tensor.getBoolean(index));
      case COMPLEX -> {
        json.writeNumber(tensor.getReal(index));
        json.writeNumber(tensor.getImaginary(index));
      }
      case STRING -> json.writeString(tensor.getString(index));
    }
  }

  private static void check(boolean holds, String where, String problem) {
    if (!holds) {
      throw new InvalidInputException(where, problem);
    }
  }
}
