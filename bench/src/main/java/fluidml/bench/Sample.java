package fluidml.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * What one forked JVM measured; one line of JSON on its standard output.
 *
 * @param loadMs from the call that loads the model to the session
 * @param firstMs the first run
 * @param runsMs runs after the warm-up
 * @param arenaBytes planned memory for intermediates, −1 if the engine does not tell
 * @param peakRssBytes largest resident set of the process
 * @param error largest difference from the outputs stored with the model over the largest stored
 *     number, −1 if none are stored for these inputs
 */
record Sample(
    double loadMs,
    double firstMs,
    List<Double> runsMs,
    long arenaBytes,
    long peakRssBytes,
    double error) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Prints this for the parent process. */
  void print() {
    try {
      System.out.println(JSON.writeValueAsString(this));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Reads what a child printed. */
  static Sample parse(String line) throws IOException {
    return JSON.readValue(line, Sample.class);
  }

  /** The quantile q of the runs, 0.5 for the median. */
  double quantile(double q) {
    double[] sorted = runsMs.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    return sorted[(int) Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
  }

  /** Largest resident set of this process so far, 0 where the system does not tell. */
  static long peakRss() {
    try {
      return Files.readAllLines(Path.of("/proc/self/status")).stream()
          .filter(l -> l.startsWith("VmHWM:"))
          .mapToLong(l -> Long.parseLong(l.replaceAll("[^0-9]", "")) * 1024)
          .findFirst()
          .orElse(0);
    } catch (IOException e) {
      return 0;
    }
  }

  /** Runs for a while, then measures; times in milliseconds. */
  static List<Double> measure(Runnable run, double warmupSeconds, double seconds) {
    long end = System.nanoTime() + (long) (warmupSeconds * 1e9);
    while (System.nanoTime() < end) {
      run.run();
    }
    double[] times = new double[100_000];
    int count = 0;
    end = System.nanoTime() + (long) (seconds * 1e9);
    do {
      long begin = System.nanoTime();
      run.run();
      times[count++] = (System.nanoTime() - begin) / 1e6;
    } while ((System.nanoTime() < end || count < 3) && count < times.length);
    return Arrays.stream(times, 0, count).boxed().toList();
  }
}
