package fluidml.onnx.proto;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A protobuf message being written: small fields are collected, large memory is only referred to
 * until the message is written out.
 */
public final class WireWriter {
  private static final int CHUNK = 1 << 26;

  private final List<MemorySegment> parts = new ArrayList<>();
  private final ByteArrayOutputStream current = new ByteArrayOutputStream();
  private long partBytes;

  WireWriter() {}

  /** Bytes of the message. */
  public long size() {
    return partBytes + current.size();
  }

  void varint(int field, long value) {
    tag(field, WireReader.VARINT);
    raw(value);
  }

  /** Writes a field unless it has protobuf's default value. */
  void varintUnlessZero(int field, long value) {
    if (value != 0) {
      varint(field, value);
    }
  }

  void float32(int field, float value) {
    tag(field, WireReader.FIXED32);
    fixed32(Float.floatToRawIntBits(value));
  }

  void packedVarints(int field, List<Long> values) {
    if (values.isEmpty()) {
      return;
    }
    WireWriter packed = new WireWriter();
    values.forEach(packed::raw);
    message(field, packed);
  }

  void packedFloats(int field, List<Float> values) {
    if (values.isEmpty()) {
      return;
    }
    tag(field, WireReader.BYTES);
    raw(values.size() * 4L);
    for (float value : values) {
      fixed32(Float.floatToRawIntBits(value));
    }
  }

  void string(int field, String value) {
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    tag(field, WireReader.BYTES);
    raw(bytes.length);
    current.writeBytes(bytes);
  }

  /** Writes a field unless it has protobuf's default value. */
  void stringUnlessEmpty(int field, String value) {
    if (!value.isEmpty()) {
      string(field, value);
    }
  }

  void bytes(int field, MemorySegment value) {
    tag(field, WireReader.BYTES);
    raw(value.byteSize());
    append(value);
  }

  void message(int field, WireWriter message) {
    tag(field, WireReader.BYTES);
    raw(message.size());
    message.flush();
    message.parts.forEach(this::append);
  }

  private void append(MemorySegment part) {
    if (part.byteSize() <= 256) {
      current.writeBytes(part.toArray(ValueLayout.JAVA_BYTE));
    } else {
      flush();
      parts.add(part);
      partBytes += part.byteSize();
    }
  }

  private void flush() {
    if (current.size() > 0) {
      parts.add(MemorySegment.ofArray(current.toByteArray()));
      partBytes += current.size();
      current.reset();
    }
  }

  private void tag(int field, int wireType) {
    raw((long) field << 3 | wireType);
  }

  private void raw(long value) {
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      current.write((int) (rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    current.write((int) rest);
  }

  private void fixed32(int bits) {
    for (int shift = 0; shift < 32; shift += 8) {
      current.write(bits >>> shift);
    }
  }

  /**
   * Writes the message.
   *
   * @throws IOException if the channel refuses
   */
  public void writeTo(WritableByteChannel channel) throws IOException {
    flush();
    for (MemorySegment part : parts) {
      write(part, channel);
    }
  }

  /** The message as an array, for small ones. */
  public byte[] toByteArray() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      writeTo((OutputStream) out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  private void writeTo(OutputStream out) throws IOException {
    writeTo(Channels.newChannel(out));
  }

  /**
   * Writes memory of any size.
   *
   * @throws IOException if the channel refuses
   */
  public static void write(MemorySegment memory, WritableByteChannel channel) throws IOException {
    for (long at = 0; at < memory.byteSize(); at += CHUNK) {
      MemorySegment chunk = memory.asSlice(at, Math.min(CHUNK, memory.byteSize() - at));
      // Only byte arrays and native memory can be seen as byte buffers.
      boolean viewable = chunk.isNative() || chunk.heapBase().orElse(null) instanceof byte[];
      ByteBuffer buffer =
          viewable ? chunk.asByteBuffer() : ByteBuffer.wrap(chunk.toArray(ValueLayout.JAVA_BYTE));
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
    }
  }
}
