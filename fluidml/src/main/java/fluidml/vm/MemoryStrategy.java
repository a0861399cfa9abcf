package fluidml.vm;

/**
 * What may be done to lower the memory that a program needs. None of it changes a result's bits.
 *
 * @param reorder whether independent steps may change places
 * @param overwrite whether results may take the place of operands that nobody needs any more
 * @param direct whether kernels read and write the caller's tensors where they lie
 * @param recompute whether cheap tensors are computed again instead of being kept over the peak;
 *     the only means that costs time in every run
 */
public record MemoryStrategy(
    boolean reorder, boolean overwrite, boolean direct, boolean recompute) {
  /** Everything that costs no time. */
  public static final MemoryStrategy ALL = new MemoryStrategy(true, true, true, false);

  /** Steps in the order of the model, a place for every result, copies of inputs and outputs. */
  public static final MemoryStrategy NONE = new MemoryStrategy(false, false, false, false);

  /** With cheap tensors computed again, or not. */
  public MemoryStrategy withRecompute(boolean newRecompute) {
    return new MemoryStrategy(reorder, overwrite, direct, newRecompute);
  }
}
