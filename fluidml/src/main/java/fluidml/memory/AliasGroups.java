package fluidml.memory;

import fluidml.error.VerificationException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Buffers that are names of one block: it is live from the first step of any of them to the end of
 * the last, as large as the largest, and as aligned as the strictest.
 *
 * @param block the block of each buffer
 * @param spans lifespans of the blocks
 */
record AliasGroups(int[] block, Lifespans spans) {

  /**
   * Returns the blocks of buffers of which some have an alias.
   *
   * @throws VerificationException if two buffers of a block are fixed at different offsets
   */
  static AliasGroups of(List<Buffer> buffers) {
    int[] block = new int[buffers.size()];
    List<Buffer> blocks = new ArrayList<>();
    Map<String, Integer> byAlias = new LinkedHashMap<>();
    for (int i = 0; i < block.length; i++) {
      Buffer buffer = buffers.get(i);
      Integer known = buffer.alias().map(byAlias::get).orElse(null);
      block[i] = known == null ? blocks.size() : known;
      if (known == null) {
        buffer.alias().ifPresent(alias -> byAlias.put(alias, blocks.size()));
        blocks.add(buffer);
      } else {
        blocks.set(known, join(blocks.get(known), buffer));
      }
    }
    return new AliasGroups(block, Lifespans.of(blocks));
  }

  private static Buffer join(Buffer a, Buffer b) {
    boolean differ =
        a.fixedOffset().isPresent()
            && b.fixedOffset().isPresent()
            && !a.fixedOffset().equals(b.fixedOffset());
    OptionalLong fixed = a.fixedOffset().isPresent() ? a.fixedOffset() : b.fixedOffset();
    long alignment = Math.max(a.alignment(), b.alignment());
    if (differ || (fixed.isPresent() && fixed.getAsLong() % alignment != 0)) {
      throw new VerificationException(
          "liveness",
          "buffer '" + b.id() + "'",
          "fixed at an offset that the other buffers of alias '"
              + b.alias().orElseThrow()
              + "' do not allow");
    }
    return new Buffer(
        a.id() + "=" + b.id(),
        Math.min(a.lower(), b.lower()),
        Math.max(a.upper(), b.upper()),
        Math.max(a.bytes(), b.bytes()),
        alignment,
        fixed,
        a.alias());
  }

  /** Returns the sizes of the blocks in bytes for sizes of the buffers. */
  long[] sizes(long[] bytes) {
    long[] sizes = new long[spans.ids.length];
    for (int i = 0; i < bytes.length; i++) {
      sizes[block[i]] = Math.max(sizes[block[i]], bytes[i]);
    }
    return sizes;
  }

  /** Returns a plan of the blocks as one of the buffers. */
  MemoryPlan expand(MemoryPlan blocks) {
    long[] offsets = new long[block.length];
    for (int i = 0; i < offsets.length; i++) {
      offsets[i] = blocks.offset(block[i]);
    }
    return new MemoryPlan(blocks.planner(), offsets, blocks.arenaBytes());
  }

  /** Returns a plan of the buffers as one of the blocks. */
  MemoryPlan collapse(MemoryPlan buffers) {
    long[] offsets = new long[spans.ids.length];
    for (int i = 0; i < block.length; i++) {
      offsets[block[i]] = buffers.offset(i);
    }
    return new MemoryPlan(buffers.planner(), offsets, buffers.arenaBytes());
  }
}
