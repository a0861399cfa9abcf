package fluidml.vm;

/**
 * A kernel that can be split along one dimension. What it computes for an index must not depend on
 * the range it was called with; then any split gives the same bits.
 */
@FunctionalInterface
public interface RangeTask {
  /**
   * Computes the indices {@code [begin, end)}.
   *
   * @param frame the arguments, the same for all parts; not to be changed
   * @param scratch address of this part's private scratch memory
   * @param begin first index
   * @param end first index after the last
   */
  void run(long[] frame, long scratch, long begin, long end);
}
