package fluidml.loop;

import fluidml.tensor.DType;
import java.util.Optional;

/**
 * Memory that a kernel addresses by element index.
 *
 * @param name unique among buffers
 * @param dtype how elements are stored
 * @param scratchBytes for {@link Access#SCRATCH} the byte size as an expression of sizes, else
 *     empty
 */
public record Buffer(String name, DType dtype, Access access, Optional<Expr> scratchBytes) {

  /** Whether elements are of a type that code checks and then uses as indices. */
  public boolean mayHoldIndices() {
    return dtype == DType.INT32 || dtype == DType.INT64;
  }

  /** What a kernel does with a buffer. */
  public enum Access {
    READ,
    WRITE,
    READ_WRITE,
    /** Private to the thread; contents are undefined at the start of every run. */
    SCRATCH;

    /** Whether loads are allowed. */
    public boolean canRead() {
      return this != WRITE;
    }

    /** Whether stores are allowed. */
    public boolean canWrite() {
      return this != READ;
    }

    /** Lower-case name, as printed. */
    public String text() {
      return Ops.text(this);
    }
  }
}
