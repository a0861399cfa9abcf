package fluidml.saved;

import fluidml.error.InvalidModelException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Reads what {@link SectionWriter} wrote; whatever is wrong becomes an exception. */
final class SectionReader {
  private final ByteBuffer in;
  private final String where;

  /**
   * A reader.
   *
   * @param where the file and section, for messages
   */
  SectionReader(ByteBuffer bytes, String where) {
    this.in = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
    this.where = where;
  }

  InvalidModelException damaged(String problem) {
    return new InvalidModelException(where + ", byte " + in.position(), problem);
  }

  int number() {
    try {
      return in.getInt();
    } catch (BufferUnderflowException e) {
      throw damaged("the section ends too early");
    }
  }

  long longNumber() {
    try {
      return in.getLong();
    } catch (BufferUnderflowException e) {
      throw damaged("the section ends too early");
    }
  }

  /** A number from 0 to {@code limit} − 1. */
  int index(int limit) {
    int index = number();
    if (index < 0 || index >= limit) {
      throw damaged("%d is not the number of one of %d".formatted(index, limit));
    }
    return index;
  }

  byte[] blob() {
    byte[] bytes = new byte[index(in.remaining() - Integer.BYTES + 1)];
    in.get(bytes);
    return bytes;
  }

  String text() {
    return new String(blob(), StandardCharsets.UTF_8);
  }

  /** A list whose elements take at least a byte each. */
  <T> List<T> list(Supplier<T> element) {
    int count = index(Math.max(1, in.remaining() - Integer.BYTES + 1));
    List<T> list = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      list.add(element.get());
    }
    return list;
  }

  /** An element of a list, by its number. */
  <T> T of(List<T> elements) {
    return elements.get(index(elements.size()));
  }

  void end() {
    if (in.hasRemaining()) {
      throw damaged(in.remaining() + " bytes are left over");
    }
  }
}
