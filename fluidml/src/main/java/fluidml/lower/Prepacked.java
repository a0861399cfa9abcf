package fluidml.lower;

import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * A constant that is in its packed form already, in native memory.
 *
 * @param data the packed form, 64-byte aligned; lives as long as the program
 */
public record Prepacked(MemorySegment data) implements Packing {
  @Override
  public long bytes(Tensor source) {
    return data.byteSize();
  }

  @Override
  public void pack(Tensor source, MemorySegment target) {
    target.copyFrom(data);
  }
}
