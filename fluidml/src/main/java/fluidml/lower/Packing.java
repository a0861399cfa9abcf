package fluidml.lower;

import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Rearranges a constant for a kernel. Implementations are records: equal packings make equal bytes.
 */
public interface Packing {
  /** Bytes of the packed form. */
  long bytes(Tensor source);

  /**
   * Writes the packed form.
   *
   * @param target {@link #bytes} bytes, zeroed, 64-byte aligned
   */
  void pack(Tensor source, MemorySegment target);
}
