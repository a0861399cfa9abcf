package fluidml.emit.jvm;

import fluidml.emit.CompiledKernel;
import fluidml.loop.Kernel;
import fluidml.loop.Target;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.Stream;

/** Runs kernels on memory segments. */
public final class KernelRunner {
  private KernelRunner() {}

  /** Scalar code and all vector widths, unchecked and checked. */
  public static Stream<Target> targets() {
    return Stream.of(0, 128, 256, 512)
        .flatMap(bits -> Stream.of(new Target(bits, false), new Target(bits, true)));
  }

  /** Compilers for all of these, and for either form of calls that unchecked code may have. */
  static Stream<KernelCompiler> compilers() {
    return targets().flatMap(KernelRunner::compilers);
  }

  private static Stream<KernelCompiler> compilers(Target target) {
    return target.checked()
        ? Stream.of(new KernelCompiler(target))
        : Stream.of(CallForm.values())
            .filter(form -> form == CallForm.API || HostTarget.hasIntrinsics())
            .map(form -> new KernelCompiler(target, form));
  }

  /** A segment of floats. */
  public static MemorySegment floats(Arena arena, float... values) {
    MemorySegment segment = arena.allocate(4L * Math.max(1, values.length), 64);
    MemorySegment.copy(values, 0, segment, ValueLayout.JAVA_FLOAT, 0, values.length);
    return segment.asSlice(0, 4L * values.length);
  }

  /** The floats of a segment. */
  public static float[] floats(MemorySegment segment) {
    return segment.toArray(ValueLayout.JAVA_FLOAT);
  }

  /** Runs the whole parallel range of a kernel, in {@code parts} parts. */
  public static void run(
      CompiledKernel code, Kernel kernel, MemorySegment[] buffers, long[] sizes, int parts) {
    run(code, kernel, buffers, sizes, parts, 0);
  }

  /**
   * Runs the whole parallel range of a kernel.
   *
   * @param brief what is in {@link Kernel#briefSlot}
   */
  static void run(
      CompiledKernel code,
      Kernel kernel,
      MemorySegment[] buffers,
      long[] sizes,
      int parts,
      long brief) {
    try (Arena arena = Arena.ofConfined()) {
      long[] frame = new long[kernel.frameLongs()];
      for (int i = 0; i < buffers.length; i++) {
        frame[2 * i] = buffers[i].address();
        frame[2 * i + 1] = buffers[i].byteSize();
      }
      System.arraycopy(sizes, 0, frame, kernel.firstSizeSlot(), sizes.length);
      frame[kernel.briefSlot()] = brief;
      MemorySegment scratch = arena.allocate(kernel.scratchBytes(sizes) + 64, 64);
      long extent = kernel.parallelExtent(sizes);
      for (int part = 0; part < parts; part++) {
        scratch.fill((byte) 0x7f);
        code.run(frame, scratch.address(), extent * part / parts, extent * (part + 1) / parts);
      }
    }
  }

  /** Compiles and runs a kernel. */
  public static void run(Target target, Kernel kernel, MemorySegment[] buffers, long... sizes) {
    run(new KernelCompiler(target), kernel, buffers, sizes);
  }

  /** Compiles and runs a kernel. */
  static void run(KernelCompiler compiler, Kernel kernel, MemorySegment[] buffers, long... sizes) {
    run(compiler.compile(kernel), kernel, buffers, sizes, 1);
  }
}
