package fluidml.emit.x86;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Memory of Linux from which the processor executes. It is writable first and executable then,
 * never both, and stays to the end of the process.
 */
final class CodeMemory {
  // Of Linux on x86-64: mman-common.h.
  private static final int PROT_READ = 1;
  private static final int PROT_WRITE = 2;
  private static final int PROT_EXEC = 4;
  private static final int MAP_PRIVATE_ANONYMOUS = 0x02 | 0x20;

  private CodeMemory() {}

  /**
   * Executable memory with some code.
   *
   * @throws IllegalStateException if the system does not give any
   */
  static MemorySegment of(byte[] code) {
    Linker linker = Linker.nativeLinker();
    SymbolLookup system = linker.defaultLookup();
    ValueLayout.OfLong wide = ValueLayout.JAVA_LONG;
    ValueLayout.OfInt narrow = ValueLayout.JAVA_INT;
    MethodHandle mmap =
        linker.downcallHandle(
            system.findOrThrow("mmap"),
            FunctionDescriptor.of(wide, wide, wide, narrow, narrow, narrow, wide));
    MethodHandle mprotect =
        linker.downcallHandle(
            system.findOrThrow("mprotect"), FunctionDescriptor.of(narrow, wide, wide, narrow));
    try {
      int writable = PROT_READ | PROT_WRITE;
      long begin =
          (long) mmap.invokeExact(0L, (long) code.length, writable, MAP_PRIVATE_ANONYMOUS, -1, 0L);
      if (begin == -1) {
        throw new IllegalStateException("no memory for machine code");
      }
      MemorySegment memory = MemorySegment.ofAddress(begin).reinterpret(code.length);
      memory.copyFrom(MemorySegment.ofArray(code));
      int refused = (int) mprotect.invokeExact(begin, (long) code.length, PROT_READ | PROT_EXEC);
      if (refused != 0) {
        throw new IllegalStateException("the system refuses executable memory");
      }
      return memory;
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("a call of the system", e);
    }
  }
}
