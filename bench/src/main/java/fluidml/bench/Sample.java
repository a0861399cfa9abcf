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
 * @param handoverNanos median of what {@link Handover} measured between those runs
 * @param arenaBytes planned memory for intermediates, −1 if the engine does not tell
 * @param peakRssBytes largest resident set of the process
 * @param error largest difference from the outputs stored with the model over the largest stored
 *     number, −1 if none are stored for these inputs
 */
record Sample(
    double loadMs,
    double firstMs,
    List<Double> runsMs,
    double handoverNanos,
    long arenaBytes,
    long peakRssBytes,
    double error) {
  /** How often the distance of the cores is measured: at least as many runs. */
  private static final int HANDOVERS = 5;

  private static final ObjectMapper JSON = new ObjectMapper();

  /** A sample of measured runs. */
  Sample(
      double loadMs, double firstMs, Runs runs, long arenaBytes, long peakRssBytes, double error) {
    this(
        loadMs,
        firstMs,
        runs.milliseconds(),
        runs.handoverNanos(),
        arenaBytes,
        peakRssBytes,
        error);
  }

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
    return Turns.quantile(sorted, q);
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

  /**
   * Runs of a model.
   *
   * @param milliseconds every run's time
   * @param handoverNanos median of what {@link Handover} measured between them
   */
  record Runs(List<Double> milliseconds, double handoverNanos) {}

  /** Runs for a while, then measures. */
  static Runs measure(Runnable run, double warmupSeconds, double seconds) {
    long end = System.nanoTime() + (long) (warmupSeconds * 1e9);
    while (System.nanoTime() < end) {
      run.run();
    }
    double[] times = new double[100_000];
    double[] handovers = new double[HANDOVERS];
    int count = 0;
    double spent = 0;
    for (int i = 0; i < HANDOVERS; i++) {
      handovers[i] = Handover.nanos();
      double until = seconds * 1e3 * (i + 1) / HANDOVERS;
      run.run(); // not counted: threads have to be woken
      do {
        long begin = System.nanoTime();
        run.run();
        times[count] = (System.nanoTime() - begin) / 1e6;
        spent += times[count++];
      } while (spent < until && count < times.length - HANDOVERS);
    }
    Arrays.sort(handovers);
    return new Runs(Arrays.stream(times, 0, count).boxed().toList(), handovers[HANDOVERS / 2]);
  }
}
