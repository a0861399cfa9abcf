package fluidml.onnx.proto;

import fluidml.onnx.proto.TensorProto.Data;
import fluidml.onnx.proto.TensorProto.External;
import fluidml.onnx.proto.TensorProto.Inline;
import fluidml.onnx.proto.TensorProto.Strings;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Reads {@code TensorProto}.
 *
 * <p>The message is scanned twice: first extents, type and element counts, so that nothing is
 * allocated before the counts agree; then the elements. {@code raw_data}, and packed {@code
 * float_data} and {@code double_data}, are slices of the input.
 */
final class TensorDecoder {
  private static final int DIMS = 1;
  private static final int DATA_TYPE = 2;
  private static final int SEGMENT = 3;
  private static final int FLOAT_DATA = 4;
  private static final int INT32_DATA = 5;
  private static final int STRING_DATA = 6;
  private static final int INT64_DATA = 7;
  private static final int NAME = 8;
  private static final int RAW_DATA = 9;
  private static final int DOUBLE_DATA = 10;
  private static final int UINT64_DATA = 11;
  private static final int EXTERNAL_DATA = 13;
  private static final int DATA_LOCATION = 14;

  private static final ValueLayout.OfInt I32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong I64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort I16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final WireReader in;
  private final long start;
  private final NumberLists.Builder dims = new NumberLists.Builder();
  private final long[] counts = new long[UINT64_DATA + 1];
  private final Map<String, String> external = new LinkedHashMap<>();
  private String name = "";
  private int typeCode;
  private boolean isExternal;
  private boolean hasRaw;
  private MemorySegment raw = MemorySegment.NULL;
  private int chunks;

  private TensorDecoder(WireReader in) {
    this.in = in;
    this.start = in.position();
  }

  static TensorProto read(WireReader in) {
    return new TensorDecoder(in).tensor();
  }

  private TensorProto tensor() {
    scan();
    DType dtype =
        DType.ofOnnxCode(typeCode)
            .orElseThrow(
                () -> in.errorAt(start, label() + "data type " + typeCode + " is unknown"));
    List<Long> extents = dims.longs();
    long elements = elements(extents);
    return new TensorProto(name, dtype, extents, data(dtype, elements));
  }

  private void scan() {
    while (in.next()) {
      int field = in.field();
      switch (field) {
        case DIMS -> in.varints(dims::add);
        case DATA_TYPE -> typeCode = in.int32();
        case SEGMENT ->
            throw in.error("tensors stored in several segments are not part of a model");
        case FLOAT_DATA -> in.fixed32s(this::countChunked);
        case DOUBLE_DATA -> in.fixed64s(this::countChunked);
        case INT32_DATA, INT64_DATA, UINT64_DATA -> in.varints(v -> counts[in.field()]++);
        case STRING_DATA -> {
          in.skip();
          counts[STRING_DATA]++;
        }
        case NAME -> name = in.string("name");
        case RAW_DATA -> {
          raw = in.bytes();
          hasRaw = true;
        }
        case EXTERNAL_DATA -> in.message("external_data", external.size(), this::entry);
        case DATA_LOCATION -> isExternal = in.int32() == 1;
        default -> in.skip();
      }
      if (field == FLOAT_DATA || field == DOUBLE_DATA) {
        chunks++;
      }
    }
  }

  private void countChunked(long bits) {
    counts[in.field()]++;
  }

  private boolean entry(WireReader r) {
    ProtoDecoder.entry(r, external);
    return true;
  }

  private long elements(List<Long> extents) {
    long product = 1;
    try {
      for (long dim : extents) {
        if (dim < 0) {
          throw in.errorAt(start, label() + "extents " + extents + " are negative");
        }
        product = Math.multiplyExact(product, dim);
      }
      return product;
    } catch (ArithmeticException e) {
      throw in.errorAt(start, label() + "extents " + extents + " are beyond 64 bits");
    }
  }

  private Data data(DType dtype, long elements) {
    if (isExternal) {
      return external();
    }
    int source = source(dtype);
    for (int field = 0; field < counts.length; field++) {
      if (counts[field] > 0 && (hasRaw || field != source)) {
        throw in.errorAt(
            start, label() + "has elements in field " + field + ", which a " + dtype + " must not");
      }
    }
    if (dtype == DType.STRING) {
      if (hasRaw) {
        throw in.errorAt(start, label() + "strings cannot be in raw_data");
      }
      requireCount(counts[STRING_DATA], elements, elements + " strings");
      return new Strings(strings());
    }
    long bytes = byteSize(dtype, elements);
    if (hasRaw) {
      requireCount(raw.byteSize(), bytes, bytes + " bytes of " + dtype);
      return new Inline(raw);
    }
    int width = Math.max(1, source == FLOAT_DATA ? 4 : source == DOUBLE_DATA ? 8 : dtype.bytes());
    requireCount(counts[source], bytes / width, elements + " elements of " + dtype);
    return new Inline(
        source == FLOAT_DATA || source == DOUBLE_DATA ? words(bytes) : ints(bytes, width));
  }

  private void requireCount(long actual, long expected, String what) {
    if (actual != expected) {
      throw in.errorAt(
          start,
          label() + "extents " + dims.longs() + " take " + what + ", the file has " + actual);
    }
  }

  private long byteSize(DType dtype, long elements) {
    try {
      return dtype.byteSize(elements);
    } catch (ArithmeticException e) {
      throw in.errorAt(start, label() + elements + " elements are beyond 64 bits");
    }
  }

  private static int source(DType dtype) {
    return switch (dtype) {
      case FLOAT32, COMPLEX64 -> FLOAT_DATA;
      case FLOAT64, COMPLEX128 -> DOUBLE_DATA;
      case INT64 -> INT64_DATA;
      case UINT32, UINT64 -> UINT64_DATA;
      case STRING -> STRING_DATA;
      case UINT8, INT8, UINT16, INT16, INT32, BOOL, FLOAT16, BFLOAT16 -> INT32_DATA;
      case FLOAT8E4M3FN, FLOAT8E4M3FNUZ, FLOAT8E5M2, FLOAT8E5M2FNUZ, FLOAT8E8M0 -> INT32_DATA;
      case UINT4, INT4, FLOAT4E2M1, UINT2, INT2 -> INT32_DATA;
    };
  }

  /** Elements of float_data or double_data, in the file as they must be in memory. */
  private MemorySegment words(long bytes) {
    MemorySegment copy = chunks > 1 ? room(bytes) : MemorySegment.NULL;
    long at = 0;
    MemorySegment last = room(0);
    in.seek(start);
    while (in.next()) {
      if (in.field() != FLOAT_DATA && in.field() != DOUBLE_DATA) {
        in.skip();
      } else if (in.isBytes() && chunks == 1) {
        last = in.bytes();
      } else if (in.isBytes()) {
        MemorySegment chunk = in.bytes();
        MemorySegment.copy(chunk, 0, copy, at, chunk.byteSize());
        at += chunk.byteSize();
      } else {
        if (chunks == 1) {
          copy = room(bytes);
        }
        at = word(copy, at);
      }
    }
    return copy.byteSize() > 0 ? copy : last;
  }

  private long word(MemorySegment copy, long at) {
    if (in.field() == FLOAT_DATA) {
      in.fixed32s(bits -> copy.set(I32, at, (int) bits));
      return at + 4;
    }
    in.fixed64s(bits -> copy.set(I64, at, bits));
    return at + 8;
  }

  private MemorySegment ints(long bytes, int width) {
    MemorySegment copy = room(bytes);
    long[] at = {0};
    in.seek(start);
    while (in.next()) {
      switch (in.field()) {
        case INT32_DATA, INT64_DATA, UINT64_DATA ->
            in.varints(
                value -> {
                  store(copy, at[0], width, value);
                  at[0] += width;
                });
        default -> in.skip();
      }
    }
    return copy;
  }

  private void store(MemorySegment to, long at, int width, long value) {
    long bits = width * 8L;
    if (width < 8 && (value < -(1L << (bits - 1)) || value >= 1L << bits)) {
      throw in.error(label() + "the value " + value + " does not fit " + bits + " bits");
    }
    switch (width) {
      case 1 -> to.set(ValueLayout.JAVA_BYTE, at, (byte) value);
      case 2 -> to.set(I16, at, (short) value);
      case 4 -> to.set(I32, at, (int) value);
      default -> to.set(I64, at, value);
    }
  }

  private List<String> strings() {
    List<String> values = new ArrayList<>();
    in.seek(start);
    while (in.next()) {
      if (in.field() == STRING_DATA) {
        values.add(in.string("string_data"));
      } else {
        in.skip();
      }
    }
    return values;
  }

  private static MemorySegment room(long bytes) {
    return Tensor.allocate(DType.UINT8, bytes).data();
  }

  private External external() {
    String location = external.remove("location");
    if (location == null || location.isEmpty()) {
      throw in.errorAt(start, label() + "is external but names no location");
    }
    long offset = number("offset").orElse(0);
    return new External(location, offset, number("length"), external);
  }

  private OptionalLong number(String key) {
    String text = external.remove(key);
    if (text == null) {
      return OptionalLong.empty();
    }
    try {
      long value = Long.parseLong(text);
      if (value >= 0) {
        return OptionalLong.of(value);
      }
    } catch (NumberFormatException e) {
      // Reported below, like a negative number.
    }
    throw in.errorAt(start, label() + "external " + key + " '" + text + "' is not a byte count");
  }

  private String label() {
    return name.isEmpty() ? "" : "tensor '" + name + "' ";
  }
}
