package fluidml.emit.x86;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;

/** What the processors of this machine can do, as Linux lists it. */
final class Processor {
  private static final Path LIST = Path.of("/proc/cpuinfo");

  /** What the code of {@link ByteTileCode} is made of. */
  private static final Set<String> NEEDED = Set.of("avx512f", "avx512_vnni");

  private Processor() {}

  /** Whether this is x86-64 on Linux, and every processor has the dot products of AVX-512 VNNI. */
  static boolean hasByteProducts() {
    if (!System.getProperty("os.arch").equals("amd64")
        || !System.getProperty("os.name").equals("Linux")) {
      return false;
    }
    try (var lines = Files.lines(LIST)) {
      var lists = lines.filter(line -> line.startsWith("flags")).collect(Collectors.toSet());
      return !lists.isEmpty() && lists.stream().allMatch(Processor::hasAll);
    } catch (IOException | RuntimeException e) {
      return false;
    }
  }

  private static boolean hasAll(String flags) {
    return Arrays.asList(flags.split("\\s+")).containsAll(NEEDED);
  }
}
