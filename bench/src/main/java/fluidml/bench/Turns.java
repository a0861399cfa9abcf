package fluidml.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;

/**
 * Runs of two sides in one process in turns: what disturbs the machine for longer than a turn
 * disturbs both.
 *
 * @param ours milliseconds of every run, for every turn of the first side
 * @param theirs the same of the second
 */
record Turns(List<double[]> ours, List<double[]> theirs) {

  /** Measures two sides that are warm already. */
  static Turns measure(Runnable ours, Runnable theirs, int turns, double seconds) {
    List<double[]> ourRuns = new ArrayList<>();
    List<double[]> theirRuns = new ArrayList<>();
    for (int i = 0; i < turns; i++) {
      ourRuns.add(turn(ours, seconds));
      theirRuns.add(turn(theirs, seconds));
    }
    return new Turns(ourRuns, theirRuns);
  }

  /** Runs once unmeasured and then for some time, at least once; every run in milliseconds. */
  static double[] turn(Runnable run, double seconds) {
    run.run();
    double[] runs = new double[16];
    int count = 0;
    long begin = System.nanoTime();
    long end = begin + (long) (seconds * 1e9);
    long now = begin;
    do {
      long last = now;
      run.run();
      now = System.nanoTime();
      if (count == runs.length) {
        runs = Arrays.copyOf(runs, 2 * count);
      }
      runs[count++] = (now - last) / 1e6;
    } while (now < end);
    return Arrays.copyOf(runs, count);
  }

  /** The same, with the sides exchanged. */
  Turns swapped() {
    return new Turns(theirs, ours);
  }

  /** The turns of both. */
  Turns and(Turns more) {
    return new Turns(joined(ours, more.ours), joined(theirs, more.theirs));
  }

  /** Ratios of the mean runs of neighbouring turns, the first side over the second, ascending. */
  double[] ratios() {
    double[] ratios = new double[ours.size()];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = mean(ours.get(i)) / mean(theirs.get(i));
    }
    Arrays.sort(ratios);
    return ratios;
  }

  /** The median of the mean runs of turns of one side. */
  static double median(List<double[]> side) {
    return quantile(side.stream().mapToDouble(Turns::mean).sorted().toArray(), 0.5);
  }

  /** The tenth part of all runs of one side is faster than this, or as fast. */
  static double fastestTenth(List<double[]> side) {
    return quantile(side.stream().flatMapToDouble(DoubleStream::of).sorted().toArray(), 0.1);
  }

  /** The quantile q of ascending numbers, 0.5 for the median. */
  static double quantile(double[] ascending, double q) {
    return ascending[(int) Math.min(ascending.length - 1, Math.floor(q * ascending.length))];
  }

  private static double mean(double[] runs) {
    return DoubleStream.of(runs).average().orElseThrow();
  }

  private static List<double[]> joined(List<double[]> first, List<double[]> second) {
    List<double[]> joined = new ArrayList<>(first);
    joined.addAll(second);
    return joined;
  }
}
