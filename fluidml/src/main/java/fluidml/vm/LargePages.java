package fluidml.vm;

import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * Zeroed memory in pages of 2 MiB, on Linux where the system gives them on request (transparent
 * huge pages). Weights that are read once a run come a tenth faster: a processor looks up the place
 * of a page, and reads on by itself, to the page's end only.
 */
final class LargePages {
  private static final long PAGE = 2L << 20;

  // Of Linux, on every 64-bit architecture: mman-common.h.
  private static final int PROT_READ_WRITE = 1 | 2;
  private static final int MAP_PRIVATE_ANONYMOUS = 0x02 | 0x20;
  private static final int MADV_HUGEPAGE = 14;

  private static final Optional<LargePages> SYSTEM = find();

  private final MethodHandle mmap;
  private final MethodHandle madvise;
  private final MethodHandle munmap;

  private LargePages(Linker linker) {
    SymbolLookup system = linker.defaultLookup();
    ValueLayout.OfLong wide = ValueLayout.JAVA_LONG;
    ValueLayout.OfInt narrow = ValueLayout.JAVA_INT;
    mmap =
        linker.downcallHandle(
            system.findOrThrow("mmap"),
            FunctionDescriptor.of(wide, wide, wide, narrow, narrow, narrow, wide));
    madvise =
        linker.downcallHandle(
            system.findOrThrow("madvise"), FunctionDescriptor.of(narrow, wide, wide, narrow));
    munmap =
        linker.downcallHandle(
            system.findOrThrow("munmap"), FunctionDescriptor.of(narrow, wide, wide));
  }

  private static Optional<LargePages> find() {
    if (!System.getProperty("os.name").equals("Linux")) {
      return Optional.empty();
    }
    try {
      return Optional.of(new LargePages(Linker.nativeLinker()));
    } catch (RuntimeException | LinkageError e) {
      System.getLogger("fluidml").log(Level.DEBUG, "no large pages", e);
      return Optional.empty();
    }
  }

  /**
   * A zeroed region whose pages are taken when they are touched, aligned to a large page.
   *
   * @param arena frees it
   * @return nothing if the system has no such pages or no room
   */
  static Optional<MemorySegment> allocate(long bytes, Arena arena) {
    return SYSTEM.flatMap(system -> system.map(bytes, arena));
  }

  private Optional<MemorySegment> map(long bytes, Arena arena) {
    if (bytes > Long.MAX_VALUE - PAGE) {
      return Optional.empty();
    }
    long length = bytes + PAGE;
    try {
      long begin =
          (long) mmap.invokeExact(0L, length, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0L);
      if (begin == -1) {
        return Optional.empty();
      }
      long first = Math.ceilDiv(begin, PAGE) * PAGE;
      int _ = (int) madvise.invokeExact(first, begin + length - first, MADV_HUGEPAGE);
      return Optional.of(
          MemorySegment.ofAddress(first).reinterpret(bytes, arena, _ -> unmap(begin, length)));
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("a call of the system", e);
    }
  }

  private void unmap(long begin, long length) {
    try {
      int _ = (int) munmap.invokeExact(begin, length);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("a call of the system", e);
    }
  }
}
