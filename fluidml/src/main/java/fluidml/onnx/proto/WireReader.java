package fluidml.onnx.proto;

import fluidml.error.InvalidModelException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;

/**
 * A cursor over protobuf's wire format that trusts nothing.
 *
 * <p>Every length is checked against the enclosing message, nesting and the number of messages are
 * bounded, and every failure is an {@link InvalidModelException} that names the file, the byte
 * offset and the path of fields that lead there.
 */
final class WireReader {
  static final int VARINT = 0;
  static final int FIXED64 = 1;
  static final int BYTES = 2;
  static final int FIXED32 = 5;

  /** The deepest nesting of messages that is read. */
  static final int MAX_DEPTH = 200;

  /** The most messages and strings that one file may contain. */
  static final int MAX_ITEMS = 8_000_000;

  private static final ValueLayout.OfInt I32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong I64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final MemorySegment data;
  private final String file;
  private final CharsetDecoder utf8 = StandardCharsets.UTF_8.newDecoder();
  private final String[] names = new String[MAX_DEPTH];
  private final int[] indexes = new int[MAX_DEPTH];
  private int depth;
  private int items;
  private long position;
  private long end;
  private int field;
  private int wireType;

  WireReader(MemorySegment data, String file) {
    this.data = data;
    this.file = file;
    this.end = data.byteSize();
  }

  /** Moves to the next field of the current message; false at its end. */
  boolean next() {
    if (position >= end) {
      return false;
    }
    long tag = rawVarint();
    field = (int) (tag >>> 3);
    wireType = (int) tag & 7;
    if (tag >>> 32 != 0 || field == 0) {
      throw error("field number " + (tag >>> 3) + " is not valid");
    }
    return true;
  }

  /** The number of the field {@link #next} moved to. */
  int field() {
    return field;
  }

  /** Whether the current field is a length-delimited one, e.g. a packed list. */
  boolean isBytes() {
    return wireType == BYTES;
  }

  /** The offset of the next byte. */
  long position() {
    return position;
  }

  /** Moves back to a place in the current message. */
  void seek(long newPosition) {
    position = newPosition;
  }

  /** The current field's value as a varint. */
  long varint() {
    expect(VARINT);
    return rawVarint();
  }

  /** The current field's value as an enum or {@code int32}. */
  int int32() {
    long value = varint();
    if ((int) value != value) {
      throw error("the value " + value + " does not fit 32 bits");
    }
    return (int) value;
  }

  /** The current field's value as a float. */
  float float32() {
    expect(FIXED32);
    return Float.intBitsToFloat(rawFixed32());
  }

  /** The current field's bytes, not copied. */
  MemorySegment bytes() {
    expect(BYTES);
    long length = length();
    MemorySegment slice = data.asSlice(position, length);
    position += length;
    return slice;
  }

  /** The current field's value as text. */
  String string(String name) {
    count();
    long start = position;
    MemorySegment bytes = bytes();
    if (bytes.byteSize() == 0) {
      return "";
    }
    if (bytes.byteSize() > Integer.MAX_VALUE - 16) {
      throw errorAt(start, name + " has " + bytes.byteSize() + " bytes, too many for text");
    }
    try {
      return utf8.decode(ByteBuffer.wrap(bytes.toArray(ValueLayout.JAVA_BYTE))).toString();
    } catch (CharacterCodingException e) {
      throw errorAt(start, name + " is not valid UTF-8");
    }
  }

  /** Reads the current field as a message; {@code index} is -1 unless the field is repeated. */
  <T> T message(String name, int index, Function<WireReader, T> decoder) {
    count();
    expect(BYTES);
    if (depth == MAX_DEPTH) {
      throw error("messages are nested more than " + MAX_DEPTH + " deep");
    }
    names[depth] = name;
    indexes[depth] = index;
    depth++;
    long outerEnd = end;
    long length = length();
    end = position + length;
    T result = decoder.apply(this);
    position = end;
    end = outerEnd;
    depth--;
    return result;
  }

  /** The current field's numbers, packed or single, given to {@code sink} as raw varints. */
  void varints(LongSink sink) {
    if (wireType != BYTES) {
      sink.accept(varint());
      return;
    }
    long length = length();
    long stop = position + length;
    long outerEnd = end;
    end = stop;
    while (position < stop) {
      sink.accept(rawVarint());
    }
    end = outerEnd;
  }

  /** The current field's 32-bit words, packed or single. */
  void fixed32s(LongSink sink) {
    long count = fixedCount(4, FIXED32);
    for (long i = 0; i < count; i++) {
      sink.accept(rawFixed32());
    }
  }

  /** The current field's 64-bit words, packed or single. */
  void fixed64s(LongSink sink) {
    long count = fixedCount(8, FIXED64);
    for (long i = 0; i < count; i++) {
      need(8);
      sink.accept(data.get(I64, position));
      position += 8;
    }
  }

  private long fixedCount(int width, int singleType) {
    if (wireType != BYTES) {
      expect(singleType);
      return 1;
    }
    long length = length();
    if (length % width != 0) {
      throw error("a packed list of " + length + " bytes has no whole number of elements");
    }
    return length / width;
  }

  /** Passes over the current field's value. */
  void skip() {
    switch (wireType) {
      case VARINT -> rawVarint();
      case FIXED64 -> advance(8);
      case FIXED32 -> advance(4);
      case BYTES -> {
        long length = length();
        position += length;
      }
      default -> throw error("wire type " + wireType + " of field " + field + " is not valid");
    }
  }

  private void advance(int bytes) {
    need(bytes);
    position += bytes;
  }

  private void count() {
    if (++items > MAX_ITEMS) {
      throw error("more than " + MAX_ITEMS + " messages and strings");
    }
  }

  private void expect(int type) {
    if (wireType != type) {
      throw error("field " + field + " has wire type " + wireType + ", expected " + type);
    }
  }

  private long length() {
    long start = position;
    long length = rawVarint();
    if (length < 0 || length > end - position) {
      throw errorAt(
          start,
          "a length of %s bytes, but only %d are left"
              .formatted(Long.toUnsignedString(length), end - position));
    }
    return length;
  }

  private void need(int bytes) {
    if (end - position < bytes) {
      throw error("ends in the middle of a value");
    }
  }

  private int rawFixed32() {
    need(4);
    int value = data.get(I32, position);
    position += 4;
    return value;
  }

  private long rawVarint() {
    long value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (position >= end) {
        throw error("ends in the middle of a number");
      }
      byte b = data.get(ValueLayout.JAVA_BYTE, position++);
      value |= (long) (b & 0x7f) << shift;
      if (b >= 0) {
        return value;
      }
    }
    throw error("a number of more than 10 bytes");
  }

  /** A failure at the current place. */
  InvalidModelException error(String problem) {
    return errorAt(position, problem);
  }

  /** A failure at another offset. */
  InvalidModelException errorAt(long offset, String problem) {
    return new InvalidModelException(
        file + ", byte " + offset + (depth == 0 ? "" : ", " + path()), problem);
  }

  /** The fields that lead to the current message, e.g. {@code graph.node[3].attribute[0]}. */
  String path() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < depth; i++) {
      text.append(i == 0 ? "" : ".").append(names[i]);
      if (indexes[i] >= 0) {
        text.append('[').append(indexes[i]).append(']');
      }
    }
    return text.toString();
  }

  /** Takes the elements of a list of numbers. */
  @FunctionalInterface
  interface LongSink {
    void accept(long value);
  }
}
