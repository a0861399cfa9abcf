package fluidml.lower;

import java.lang.foreign.MemorySegment;
import java.util.function.LongConsumer;

/**
 * Lets what has been read of a mapped constant leave memory, while the rest is still being read: a
 * large one and its packed form would both be in memory otherwise. Whoever reads it again finds it
 * in the file.
 */
final class Unloading implements LongConsumer {
  /** Memory leaves in steps of so many bytes. */
  private static final long STEP_BYTES = 8 << 20;

  private final MemorySegment source;
  private long unloaded;

  Unloading(MemorySegment source) {
    this.source = source;
  }

  @Override
  public void accept(long read) {
    if (source.isMapped() && read - unloaded >= STEP_BYTES) {
      source.asSlice(unloaded, read - unloaded).unload();
      unloaded = read;
    }
  }
}
