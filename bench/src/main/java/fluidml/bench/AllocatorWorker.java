package fluidml.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import fluidml.memory.MemoryCsv;
import fluidml.memory.MemoryProblem;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;

/**
 * One fork that replays an allocation trace on an allocator of C: PROBLEM.csv LIBRARY. LIBRARY is
 * the file of an allocator that is preloaded, or {@code -} for that of the C library.
 */
final class AllocatorWorker {
  private static final long PAGE = 4096;
  private static final int FOOTPRINT_REPLAYS = 5;
  private static final int WARM_REPLAYS = 300;
  private static final long TIME_NANOS = 1_000_000_000L;

  private final MethodHandle malloc;
  private final MethodHandle free;
  private final MethodHandle mincore;
  private final long[] bytes;

  /** Buffer numbers in the order of their events: n to allocate number n, ~n to free it. */
  private final int[] events;

  private final long[] addresses;

  /**
   * What the fork prints.
   *
   * @param peakBytes most bytes at one time in resident pages that hold a buffer or held one
   * @param micros time of malloc and free in one replay, the median
   * @param touchedMicros the same with one byte written to every page of every buffer, so that the
   *     system has to give the page
   */
  record Measured(long peakBytes, double micros, double touchedMicros) {
    private static final ObjectMapper JSON = new ObjectMapper();

    static Measured parse(String line) throws IOException {
      return JSON.readValue(line, Measured.class);
    }
  }

  private AllocatorWorker(MemoryProblem problem, SymbolLookup library) {
    Linker linker = Linker.nativeLinker();
    malloc =
        linker.downcallHandle(
            library.find("malloc").orElseThrow(),
            FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    free =
        linker.downcallHandle(
            library.find("free").orElseThrow(), FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG));
    mincore =
        linker.downcallHandle(
            linker.defaultLookup().find("mincore").orElseThrow(),
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.ADDRESS));
    int n = problem.count();
    bytes = new long[n];
    Integer[] order = new Integer[2 * n];
    for (int i = 0; i < n; i++) {
      bytes[i] = problem.bytes(i);
      order[2 * i] = i;
      order[2 * i + 1] = ~i;
    }
    // What ends before a step is freed before the step allocates.
    Arrays.sort(
        order,
        (a, b) -> {
          long left = a >= 0 ? 2L * problem.lower(a) + 1 : 2L * problem.upper(~a);
          long right = b >= 0 ? 2L * problem.lower(b) + 1 : 2L * problem.upper(~b);
          return Long.compare(left, right);
        });
    events =
        Arrays.stream(order)
            .mapToInt(Integer::intValue)
            .filter(e -> bytes[e >= 0 ? e : ~e] > 0)
            .toArray();
    addresses = new long[n];
  }

  public static void main(String[] args) throws IOException {
    MemoryProblem problem = MemoryCsv.parseProblem(Files.readString(Path.of(args[0])));
    SymbolLookup library =
        args[1].equals("-")
            ? Linker.nativeLinker().defaultLookup()
            : SymbolLookup.libraryLookup(Path.of(args[1]), Arena.global());
    AllocatorWorker worker = new AllocatorWorker(problem, library);
    long peak = worker.footprint(FOOTPRINT_REPLAYS);
    System.out.println(
        Measured.JSON.writeValueAsString(
            new Measured(peak, worker.micros(false), worker.micros(true))));
  }

  private void event(int event, boolean touch) {
    try {
      if (event < 0) {
        free.invokeExact(addresses[~event]);
        return;
      }
      long address = (long) malloc.invokeExact(bytes[event]);
      addresses[event] = address;
      if (touch) {
        MemorySegment block = MemorySegment.ofAddress(address).reinterpret(bytes[event]);
        for (long at = 0; at < bytes[event]; at += PAGE) {
          block.set(ValueLayout.JAVA_BYTE, at, (byte) 1);
        }
        block.set(ValueLayout.JAVA_BYTE, bytes[event] - 1, (byte) 1);
      }
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * The most pages, in bytes, that were resident at one time after they had held a buffer: those
   * that hold one, and those that the allocator has kept.
   */
  private long footprint(int replays) {
    Set<Long> pages = new TreeSet<>();
    long peak = 0;
    for (int i = 0; i < replays; i++) {
      for (int j = 0; j < events.length; j++) {
        int event = events[j];
        event(event, true);
        if (event >= 0) {
          long end = addresses[event] + bytes[event] - 1;
          for (long page = addresses[event] / PAGE; page <= end / PAGE; page++) {
            pages.add(page);
          }
        }
        // Memory is at its largest just before something is freed.
        if (event >= 0 && (j + 1 == events.length || events[j + 1] < 0)) {
          peak = Math.max(peak, PAGE * resident(pages));
        }
      }
    }
    return peak;
  }

  /** How many of the pages, in ascending order, are in memory. */
  private long resident(Set<Long> pages) {
    long count = 0;
    long first = 0;
    long next = 0;
    for (long page : pages) {
      if (page != next) {
        count += resident(first, next - first);
        first = page;
      }
      next = page + 1;
    }
    return count + resident(first, next - first);
  }

  private long resident(long firstPage, long count) {
    long found = 0;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment vector = arena.allocate(Math.max(1, count));
      // A range that has been given back to the system in part is looked at page by page.
      if (count > 0 && (int) mincore.invokeExact(firstPage * PAGE, count * PAGE, vector) != 0) {
        return count == 1
            ? 0
            : resident(firstPage, count / 2) + resident(firstPage + count / 2, count - count / 2);
      }
      for (long i = 0; i < count; i++) {
        found += vector.get(ValueLayout.JAVA_BYTE, i) & 1;
      }
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
    return found;
  }

  private double micros(boolean touch) {
    double[] times = new double[100_000];
    int count = 0;
    for (int i = 0; i < WARM_REPLAYS; i++) {
      replay(touch);
    }
    long end = System.nanoTime() + TIME_NANOS;
    while (count < times.length && (System.nanoTime() < end || count < 3)) {
      long begin = System.nanoTime();
      replay(touch);
      times[count++] = (System.nanoTime() - begin) / 1e3;
    }
    Arrays.sort(times, 0, count);
    return times[count / 2];
  }

  private void replay(boolean touch) {
    for (int event : events) {
      event(event, touch);
    }
  }
}
