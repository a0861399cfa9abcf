package fluidml.saved;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * Writes constants one behind the other, in pieces. Linux caches a file in units as large as the
 * pieces that it was written in, up to 2 MiB, and maps whole units. Packed constants are read whole
 * in every run, a tenth faster from large units; of others, such as tables of embeddings, a run may
 * read a few rows, and would make all of a large unit resident.
 */
final class WeightsWriter {
  private static final int LARGE = 2 << 20;
  private static final int SMALL = 128 << 10;

  private final FileChannel channel;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(LARGE);
  private final MemorySegment piece = MemorySegment.ofBuffer(buffer);
  private long at;
  private int filled;

  /**
   * A writer.
   *
   * @param at where the first byte goes
   */
  WeightsWriter(FileChannel channel, long at) {
    this.channel = channel;
    this.at = at;
  }

  /**
   * Writes a constant.
   *
   * @param offset its place in the file, not before the end of the one before; between them are
   *     zeros
   * @param packed whether every run reads all of it
   */
  void write(MemorySegment data, long offset, boolean packed) throws IOException {
    while (at + filled < offset) {
      int length = (int) Math.min(room(packed), offset - at - filled);
      piece.asSlice(filled, length).fill((byte) 0);
      advance(length, packed);
    }
    for (long done = 0; done < data.byteSize(); ) {
      int length = (int) Math.min(room(packed), data.byteSize() - done);
      piece.asSlice(filled, length).copyFrom(data.asSlice(done, length));
      advance(length, packed);
      done += length;
    }
  }

  /** Bytes to the end of the present unit. */
  private int room(boolean packed) {
    int unit = packed ? LARGE : SMALL;
    return (int) (unit - (at + filled) % unit);
  }

  private void advance(int length, boolean packed) throws IOException {
    filled += length;
    if ((at + filled) % (packed ? LARGE : SMALL) == 0) {
      flush();
    }
  }

  /** Writes what is left. */
  void flush() throws IOException {
    buffer.clear().limit(filled);
    while (buffer.hasRemaining()) {
      at += channel.write(buffer, at);
    }
    filled = 0;
  }
}
