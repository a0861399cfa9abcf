package fluidml.vm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.MemorySegment.Scope;
import java.util.Arrays;

/**
 * Memory of the caller that kernels of one run read and write where it lies, by external number
 * (see {@link ArenaRoots}). Kernels use raw addresses, so memory is taken only if nobody can free
 * it during the run: global memory, memory that the garbage collector frees, and confined memory of
 * the running thread. Everything else is copied through the arena.
 */
final class CallerMemory {
  /** What addresses must be multiples of: that of native allocators. */
  private static final long ALIGNMENT = 16;

  private static final Class<? extends Scope> AUTOMATIC = Arena.ofAuto().scope().getClass();
  private static final Class<? extends Scope> GLOBAL = Arena.global().scope().getClass();
  private static final Class<? extends Scope> CONFINED;
  private static final Class<? extends Scope> SHARED;

  static {
    try (Arena confined = Arena.ofConfined();
        Arena shared = Arena.ofShared()) {
      CONFINED = confined.scope().getClass();
      SHARED = shared.scope().getClass();
    }
  }

  private final MemorySegment[] segments;
  private final boolean[] written;
  private final long[] addresses;
  private final long[] direct;

  /** Takes nothing yet. */
  CallerMemory(int externals) {
    segments = new MemorySegment[externals];
    written = new boolean[externals];
    addresses = new long[externals];
    direct = new long[(externals + 63) / 64];
  }

  /**
   * Takes a segment if kernels may use it where it lies.
   *
   * @param write whether kernels write it
   */
  void offer(int external, MemorySegment segment, boolean write) {
    if (isSuitable(segment) && !(write && segment.isReadOnly())) {
      segments[external] = segment;
      addresses[external] = segment.address();
      written[external] = write;
      direct[external >> 6] |= 1L << external;
    }
  }

  /** Counts on a segment that will come. */
  void promise(int external) {
    segments[external] = MemorySegment.NULL;
    addresses[external] = 0;
    written[external] = true;
    direct[external >> 6] |= 1L << external;
  }

  private static boolean isSuitable(MemorySegment segment) {
    if (!segment.isNative() || segment.address() % ALIGNMENT != 0 || segment.byteSize() == 0) {
      return false;
    }
    Class<? extends Scope> scope = segment.scope().getClass();
    return scope != SHARED
        && (scope == AUTOMATIC || scope == GLOBAL || scope == CONFINED)
        && segment.scope().isAlive()
        && segment.isAccessibleBy(Thread.currentThread());
  }

  /**
   * Gives back what is written and shares a byte with anything else: it is then written at the end
   * of the run, when nobody reads any more.
   */
  void separate() {
    for (int i = 0; i < segments.length; i++) {
      if (segments[i] != null && written[i]) {
        for (int k = 0; k < segments.length; k++) {
          if (k != i && segments[k] != null && overlap(i, k)) {
            segments[i] = null;
            direct[i >> 6] &= ~(1L << i);
            break;
          }
        }
      }
    }
  }

  private boolean overlap(int a, int b) {
    return addresses[a] < addresses[b] + segments[b].byteSize()
        && addresses[b] < addresses[a] + segments[a].byteSize();
  }

  /** How many external numbers there are. */
  int count() {
    return segments.length;
  }

  /** Whether the segment was taken. */
  boolean has(int external) {
    return segments[external] != null;
  }

  /** The segment, if it was taken. */
  MemorySegment segment(int external) {
    return segments[external];
  }

  /** The address of a segment that was taken. */
  long address(int external) {
    return addresses[external];
  }

  /** Sum of the sizes of what was taken, in bytes. */
  long bytes() {
    long sum = 0;
    for (MemorySegment segment : segments) {
      sum += segment == null ? 0 : segment.byteSize();
    }
    return sum;
  }

  /** Which segments were taken, one bit for each. */
  long[] direct() {
    return direct;
  }

  /** Takes nothing any more. */
  void clear() {
    Arrays.fill(segments, null);
    Arrays.fill(direct, 0);
  }
}
