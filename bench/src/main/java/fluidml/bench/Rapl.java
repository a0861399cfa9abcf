package fluidml.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The energy counters of the processor packages (RAPL), as Linux shows them to who may read them.
 * They count everything that runs on the machine. Not thread-safe.
 */
final class Rapl {
  private static final Path FOLDER = Path.of("/sys/class/powercap");

  private final List<Path> counters;
  private final long[] last;
  private final long[] ranges;
  private long sum;

  private Rapl(List<Path> counters) throws IOException {
    this.counters = counters;
    last = new long[counters.size()];
    ranges = new long[last.length];
    for (int i = 0; i < last.length; i++) {
      last[i] = number(counters.get(i));
      ranges[i] = number(counters.get(i).resolveSibling("max_energy_range_uj"));
    }
  }

  /** The counters of this machine; none where there are none or they may not be read. */
  static Rapl open() throws IOException {
    List<Path> found = new ArrayList<>();
    if (Files.isDirectory(FOLDER)) {
      try (Stream<Path> zones = Files.list(FOLDER)) {
        zones
            .filter(z -> z.getFileName().toString().matches("intel-rapl:[0-9]+"))
            .map(z -> z.resolve("energy_uj"))
            .filter(Files::isReadable)
            .forEach(found::add);
      }
    }
    return new Rapl(found);
  }

  /** Whether there is anything to read. */
  boolean isThere() {
    return !counters.isEmpty();
  }

  /** Energy since this was opened. */
  double joules() throws IOException {
    for (int i = 0; i < last.length; i++) {
      long now = number(counters.get(i));
      sum += now - last[i] + (now < last[i] ? ranges[i] : 0);
      last[i] = now;
    }
    return sum / 1e6;
  }

  private static long number(Path file) throws IOException {
    return Long.parseLong(Files.readString(file).trim());
  }
}
