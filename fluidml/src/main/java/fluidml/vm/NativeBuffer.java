package fluidml.vm;

import fluidml.error.MemoryLimitException;
import fluidml.error.SessionClosedException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A zeroed region of native memory with an owner count: it is freed when everybody who retained it
 * has closed. What is allocated is counted per {@link Category} for the whole process.
 *
 * <p>The address stays valid until the last close; whoever uses it holds a count for as long.
 */
public final class NativeBuffer implements AutoCloseable {
  /** What native memory is used for. */
  public enum Category {
    /** Intermediates of a session, copies of inputs and outputs, private memory of kernels. */
    ARENA,
    /** Constants repacked at compile time. */
    PACKED,
    /** Results of runs. */
    TENSOR
  }

  /** Every address is a multiple of this: a cache line, and the widest vector. */
  public static final long ALIGNMENT = 64;

  /** From this size on addresses are multiples of a page. */
  private static final long PAGE = 4096;

  /** From this size on large pages are worth what is lost at the end of the last one. */
  private static final long LARGE = 32L << 20;

  private static final Map<Category, AtomicLong> LIVE = new EnumMap<>(Category.class);

  static {
    for (Category category : Category.values()) {
      LIVE.put(category, new AtomicLong());
    }
  }

  private final Category category;
  private final long bytes;
  private final Arena arena;
  private final MemorySegment segment;
  private final AtomicInteger owners = new AtomicInteger(1);

  private NativeBuffer(Category category, long bytes, Arena arena, MemorySegment segment) {
    this.category = category;
    this.bytes = bytes;
    this.arena = arena;
    this.segment = segment;
  }

  /**
   * Allocates a zeroed region with one owner.
   *
   * @param category what it is used for
   * @param bytes size in bytes, zero or more
   * @throws MemoryLimitException if the machine does not give that much
   */
  public static NativeBuffer allocate(Category category, long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("negative size " + bytes);
    }
    Arena arena = Arena.ofShared();
    try {
      MemorySegment segment =
          bytes >= LARGE
              ? LargePages.allocate(bytes, arena).orElseGet(() -> arena.allocate(bytes, PAGE))
              : arena
                  .allocate(Math.max(bytes, 1), bytes >= PAGE ? PAGE : ALIGNMENT)
                  .asSlice(0, bytes);
      LIVE.get(category).addAndGet(bytes);
      return new NativeBuffer(category, bytes, arena, segment);
    } catch (OutOfMemoryError | IllegalArgumentException e) {
      arena.close();
      throw new MemoryLimitException(
          bytes, -1, "native memory for " + category + ", " + liveBytes() + " bytes in use", e);
    }
  }

  /** Returns the bytes of one category that are allocated in this process. */
  public static long liveBytes(Category category) {
    return LIVE.get(category).get();
  }

  /** Returns the bytes of all categories that are allocated in this process. */
  public static long liveBytes() {
    long sum = 0;
    for (AtomicLong live : LIVE.values()) {
      sum += live.get();
    }
    return sum;
  }

  /**
   * Returns the region; any thread may access it.
   *
   * @throws SessionClosedException if nobody owns it any more
   */
  public MemorySegment segment() {
    if (owners.get() <= 0) {
      throw new SessionClosedException("native buffer");
    }
    return segment;
  }

  /**
   * Returns the address of the first byte.
   *
   * @throws SessionClosedException if nobody owns it any more
   */
  public long address() {
    return segment().address();
  }

  /** Returns the size in bytes. */
  public long bytes() {
    return bytes;
  }

  /**
   * Adds an owner, who has to close as well.
   *
   * @return this buffer
   * @throws SessionClosedException if nobody owns it any more
   */
  public NativeBuffer retain() {
    if (owners.getAndUpdate(n -> n > 0 ? n + 1 : n) <= 0) {
      throw new SessionClosedException("native buffer");
    }
    return this;
  }

  /**
   * Removes an owner; the last one frees the memory. Closing more often than there were owners does
   * nothing.
   */
  @Override
  public void close() {
    if (owners.getAndUpdate(n -> n > 0 ? n - 1 : n) == 1) {
      LIVE.get(category).addAndGet(-bytes);
      arena.close();
    }
  }

  @Override
  public String toString() {
    return category + " buffer of " + bytes + " bytes";
  }
}
