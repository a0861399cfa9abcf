package fluidml.emit;

/** Code of a kernel. Instances have no state and may run on any number of threads at once. */
@FunctionalInterface
public interface CompiledKernel {
  /**
   * Does the units {@code [begin, end)} of the kernel's parallel range.
   *
   * @param frame for the i-th buffer that is not scratch, element {@code 2i} is its address and
   *     {@code 2i + 1} its byte size; then come the sizes in order, and {@code Kernel.briefSlot}
   * @param scratch address of at least {@code Kernel.scratchBytes} bytes, aligned to 64, used by no
   *     other thread; anything when the kernel has no scratch buffers
   * @throws fluidml.error.KernelFailureException in checked mode, if an access leaves its buffer
   */
  void run(long[] frame, long scratch, long begin, long end);
}
