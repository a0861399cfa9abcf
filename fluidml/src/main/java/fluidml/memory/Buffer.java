package fluidml.memory;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * One row of a {@link MemoryProblem}: a block of bytes that must stay in place while it lives.
 *
 * @param id unique name, for people
 * @param lower first execution step at which the buffer is live
 * @param upper first execution step at which it is no longer live (exclusive)
 * @param bytes size in bytes, zero allowed
 * @param alignment power of two that divides the offset
 * @param fixedOffset the offset in bytes when it is given rather than chosen
 * @param alias buffers with the same alias are names of one block, which is live from the first
 *     step of any of them to the end of the last, and as large as the largest
 */
public record Buffer(
    String id,
    int lower,
    int upper,
    long bytes,
    long alignment,
    OptionalLong fixedOffset,
    Optional<String> alias) {

  /**
   * Returns a buffer whose offset is free to choose and needs no alignment.
   *
   * @param id unique name
   * @param lower first step
   * @param upper first step after the last
   * @param bytes size in bytes
   */
  public static Buffer of(String id, int lower, int upper, long bytes) {
    return new Buffer(id, lower, upper, bytes, 1, OptionalLong.empty(), Optional.empty());
  }

  /**
   * Returns this buffer with another alignment.
   *
   * @param newAlignment a power of two
   */
  public Buffer aligned(long newAlignment) {
    return new Buffer(id, lower, upper, bytes, newAlignment, fixedOffset, alias);
  }

  /**
   * Returns this buffer fixed at an offset.
   *
   * @param offset offset in bytes from the start of the arena
   */
  public Buffer at(long offset) {
    return new Buffer(id, lower, upper, bytes, alignment, OptionalLong.of(offset), alias);
  }

  /**
   * Returns this buffer as a name of a block.
   *
   * @param group what all names of the block have in common
   */
  public Buffer aliased(String group) {
    return new Buffer(id, lower, upper, bytes, alignment, fixedOffset, Optional.of(group));
  }

  /**
   * Returns whether both buffers are live at some common step.
   *
   * @param other another buffer
   */
  public boolean overlapsInTime(Buffer other) {
    return lower < other.upper && other.lower < upper;
  }
}
