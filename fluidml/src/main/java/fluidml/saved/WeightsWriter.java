package fluidml.saved;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.zip.CRC32C;

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
  private final CRC32C checksum = new CRC32C();
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
    int unit = packed ? LARGE : SMALL;
    for (long gap = offset - at - filled; gap > 0; ) {
      MemorySegment room = room(unit, gap);
      room.fill((byte) 0);
      gap -= advance(room, unit);
    }
    for (long done = 0; done < data.byteSize(); ) {
      MemorySegment room = room(unit, data.byteSize() - done);
      room.copyFrom(data.asSlice(done, room.byteSize()));
      done += advance(room, unit);
    }
  }

  /** What comes next in the present unit, at most so many bytes. */
  private MemorySegment room(int unit, long most) {
    return piece.asSlice(filled, Math.min(unit - (at + filled) % unit, most));
  }

  /** Takes what was put there, and returns its size. */
  private long advance(MemorySegment room, int unit) throws IOException {
    filled += (int) room.byteSize();
    if ((at + filled) % unit == 0) {
      flush();
    }
    return room.byteSize();
  }

  /** Writes what is left, and returns the CRC-32C of all bytes. */
  int finish() throws IOException {
    flush();
    return (int) checksum.getValue();
  }

  private void flush() throws IOException {
    buffer.clear().limit(filled);
    checksum.update(buffer);
    buffer.rewind();
    while (buffer.hasRemaining()) {
      at += channel.write(buffer, at);
    }
    filled = 0;
  }
}
