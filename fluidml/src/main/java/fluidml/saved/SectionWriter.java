package fluidml.saved;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.function.Consumer;

/** Little-endian numbers, strings and lists, one after another. */
final class SectionWriter {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  SectionWriter number(int value) {
    return bytes(
        ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
  }

  SectionWriter number(long value) {
    return bytes(
        ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
  }

  SectionWriter text(String value) {
    return blob(value.getBytes(StandardCharsets.UTF_8));
  }

  SectionWriter blob(byte[] value) {
    return number(value.length).bytes(value);
  }

  /** A number of elements, then each. */
  <T> SectionWriter list(Collection<T> elements, Consumer<T> each) {
    number(elements.size());
    elements.forEach(each);
    return this;
  }

  /** All that another wrote. */
  SectionWriter append(SectionWriter other) {
    return bytes(other.toBytes());
  }

  private SectionWriter bytes(byte[] value) {
    out.writeBytes(value);
    return this;
  }

  byte[] toBytes() {
    return out.toByteArray();
  }
}
