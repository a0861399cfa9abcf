package fluidml.saved;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.zip.CRC32C;

/** CRC-32C of parts of files and memory. */
final class Checksums {
  private static final int CHUNK = 1 << 20;

  private Checksums() {}

  /** Of memory. */
  static int of(MemorySegment segment) {
    CRC32C crc = new CRC32C();
    for (long at = 0; at < segment.byteSize(); at += CHUNK) {
      long bytes = Math.min(CHUNK, segment.byteSize() - at);
      crc.update(segment.asSlice(at, bytes).asByteBuffer());
    }
    return (int) crc.getValue();
  }

  /**
   * Of a part of a file, which is read, not mapped, so that it takes no memory.
   *
   * @throws IOException if it cannot be read to the end
   */
  static int of(FileChannel channel, long offset, long bytes) throws IOException {
    CRC32C crc = new CRC32C();
    ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK);
    for (long at = 0; at < bytes; ) {
      buffer.clear().limit((int) Math.min(CHUNK, bytes - at));
      int read = channel.read(buffer, offset + at);
      if (read <= 0) {
        throw new IOException("the file ends at byte " + (offset + at));
      }
      crc.update(buffer.flip());
      at += read;
    }
    return (int) crc.getValue();
  }
}
