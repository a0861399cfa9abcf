package fluidml.tune;

import fluidml.loop.Target;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * What measured times depend on besides kernel and extents. Two machines with equal fingerprints
 * may share a table.
 *
 * @param processor name of the processor's model
 * @param processors that this process may use
 * @param vectorBits width of vectors in generated code
 * @param java version of the virtual machine
 * @param code revision of what writes the code of kernels and of how they are measured
 */
public record Machine(String processor, int processors, int vectorBits, String java, String code) {
  /** Counts changes of the emitter that change the speed of a kernel of the same structure. */
  private static final int REVISION = 2;

  /** This machine. */
  public static Machine here(Target target) {
    return new Machine(
        processorName(),
        Runtime.getRuntime().availableProcessors(),
        target.vectorBits(),
        Runtime.version().toString(),
        Integer.toString(REVISION));
  }

  private static String processorName() {
    Path info = Path.of("/proc/cpuinfo");
    if (Files.isReadable(info)) {
      try (Stream<String> lines = Files.lines(info, StandardCharsets.ISO_8859_1)) {
        return lines
            .filter(l -> l.startsWith("model name") || l.startsWith("CPU part"))
            .map(l -> l.substring(l.indexOf(':') + 1).strip())
            .findFirst()
            .orElse(System.getProperty("os.arch"));
      } catch (IOException e) {
        return System.getProperty("os.arch");
      }
    }
    return System.getProperty("os.arch");
  }

  /** One line that names everything. */
  public String fingerprint() {
    return String.join(
        " | ",
        processor,
        processors + " processors",
        vectorBits + " bits",
        "java " + java,
        "code " + code);
  }
}
