package fluidml.bench;

import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * The statistics that ONNX Runtime keeps of the arena of a session. The Java API does not have
 * them: they are read through the C API ({@code OrtApi::AllocatorGetStats}, since 1.23), whose
 * table of functions only ever grows at its end.
 */
final class OnnxRuntimeArena {
  /** The version of the table that has everything needed. */
  private static final int API_VERSION = 23;

  /** Places of functions in the table. */
  private static final int CREATE_CPU_MEMORY_INFO = 69;

  private static final int CREATE_ALLOCATOR = 131;
  private static final int GET_KEY_VALUE_PAIRS = 298;
  private static final int ALLOCATOR_GET_STATS = 319;

  /** {@code OrtArenaAllocator} and {@code OrtMemTypeDefault}. */
  private static final int ARENA_ALLOCATOR = 1;

  private static final int DEFAULT_MEMORY = 0;

  private static final ValueLayout.OfLong POINTER = ValueLayout.JAVA_LONG;
  private static final Linker LINKER = Linker.nativeLinker();

  private final MemorySegment api;
  private final long allocator;

  /**
   * The arena of a session.
   *
   * @throws IOException if the native library is not found or has not the functions
   */
  OnnxRuntimeArena(OrtSession session) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup library = SymbolLookup.libraryLookup(library(), Arena.global());
      MemorySegment base =
          MemorySegment.ofAddress(
                  call(library.find("OrtGetApiBase").orElseThrow(), FunctionDescriptor.of(POINTER)))
              .reinterpret(2 * POINTER.byteSize());
      long table =
          call(
              MemorySegment.ofAddress(base.get(POINTER, 0)),
              FunctionDescriptor.of(POINTER, ValueLayout.JAVA_INT),
              API_VERSION);
      if (table == 0) {
        throw new IOException("ONNX Runtime has no C API of version " + API_VERSION);
      }
      api =
          MemorySegment.ofAddress(table)
              .reinterpret((ALLOCATOR_GET_STATS + 1) * POINTER.byteSize());
      MemorySegment result = arena.allocate(POINTER);
      check(
          CREATE_CPU_MEMORY_INFO,
          FunctionDescriptor.of(
              POINTER, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS),
          ARENA_ALLOCATOR,
          DEFAULT_MEMORY,
          result);
      check(
          CREATE_ALLOCATOR,
          FunctionDescriptor.of(POINTER, POINTER, POINTER, ValueLayout.ADDRESS),
          handle(session),
          result.get(POINTER, 0),
          result);
      allocator = result.get(POINTER, 0);
    }
  }

  /** The statistics now, in bytes where they are sizes: {@code InUse}, {@code MaxInUse}, … */
  Map<String, Long> statistics() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pairs = arena.allocate(POINTER);
      check(
          ALLOCATOR_GET_STATS,
          FunctionDescriptor.of(POINTER, POINTER, ValueLayout.ADDRESS),
          allocator,
          pairs);
      MemorySegment keys = arena.allocate(POINTER);
      MemorySegment values = arena.allocate(POINTER);
      MemorySegment count = arena.allocate(POINTER);
      call(
          function(GET_KEY_VALUE_PAIRS),
          FunctionDescriptor.ofVoid(
              POINTER, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS),
          pairs.get(POINTER, 0),
          keys,
          values,
          count);
      Map<String, Long> statistics = new TreeMap<>();
      for (long i = 0; i < count.get(POINTER, 0); i++) {
        statistics.put(text(keys, i), Long.parseLong(text(values, i)));
      }
      return statistics;
    }
  }

  private static String text(MemorySegment list, long index) {
    MemorySegment entries =
        MemorySegment.ofAddress(list.get(POINTER, 0)).reinterpret((index + 1) * POINTER.byteSize());
    return MemorySegment.ofAddress(entries.getAtIndex(POINTER, index))
        .reinterpret(Integer.MAX_VALUE)
        .getString(0);
  }

  private MemorySegment function(int index) {
    return MemorySegment.ofAddress(api.getAtIndex(POINTER, index));
  }

  private void check(int index, FunctionDescriptor descriptor, Object... arguments) {
    if (call(function(index), descriptor, arguments) != 0) {
      throw new IllegalStateException("function " + index + " of ONNX Runtime's C API failed");
    }
  }

  private static long call(
      MemorySegment function, FunctionDescriptor descriptor, Object... arguments) {
    try {
      Object result = LINKER.downcallHandle(function, descriptor).invokeWithArguments(arguments);
      return result == null ? 0 : (long) result;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /** The file of the library that the Java API has loaded into this process. */
  private static Path library() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/maps")).stream()
        .filter(l -> l.endsWith("/libonnxruntime.so"))
        .map(l -> Path.of(l.substring(l.indexOf('/'))))
        .findFirst()
        .orElseThrow(() -> new IOException("libonnxruntime.so is not loaded in this process"));
  }

  /** The address of the native session. */
  private static long handle(OrtSession session) throws IOException {
    try {
      Field field = OrtSession.class.getDeclaredField("nativeHandle");
      field.setAccessible(true);
      return field.getLong(session);
    } catch (ReflectiveOperationException e) {
      throw new IOException("ONNX Runtime's Java API has no OrtSession.nativeHandle", e);
    }
  }
}
