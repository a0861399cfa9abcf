package fluidml.tune;

import fluidml.graph.Graph;
import fluidml.lower.LoweredProgram;
import fluidml.lower.Step;
import fluidml.reference.Datum;
import fluidml.vm.InputShapes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.DoubleStream;

/**
 * What measured costs say about a run of a program.
 *
 * @param steps seconds of each step, in order; empty where its kernel was not measured with these
 *     extents
 * @param rest seconds of a run besides its steps: binding, copies, dispatch
 */
public record Prediction(List<OptionalDouble> steps, OptionalDouble rest) {
  public Prediction {
    steps = List.copyOf(steps);
  }

  /**
   * Looks up the costs of a program.
   *
   * @param inputs one datum for each input of the graph; only the extents matter
   * @param modelKey see {@link Tuner#key}
   */
  static Prediction of(
      LoweredProgram program, Datum[] inputs, int threads, String modelKey, CostTable table) {
    Graph graph = program.graph();
    Map<String, Long> symbols = InputShapes.solve(graph, inputs);
    CallKey keys = new CallKey(d -> d.evaluate(symbols::get), threads);
    List<OptionalDouble> steps = new ArrayList<>();
    for (Step step : program.steps()) {
      steps.add(seconds(table, keys.of(step)));
    }
    return new Prediction(steps, seconds(table, Tuner.restKey(modelKey)));
  }

  private static OptionalDouble seconds(CostTable table, String key) {
    return table
        .cost(key)
        .map(c -> OptionalDouble.of(c.seconds()))
        .orElseGet(OptionalDouble::empty);
  }

  /** Whether every step is known. */
  public boolean isWhole() {
    return steps.stream().allMatch(OptionalDouble::isPresent);
  }

  /** Seconds of a run; what is not known counts nothing. */
  public double total() {
    return rest.orElse(0) + steps.stream().mapToDouble(s -> s.orElse(0)).sum();
  }

  /**
   * How far predictions of steps are from measured times if the machine's speed does not count: the
   * sum of all differences over the sum of the times, after predictions are multiplied by what
   * makes their sum that of the times. It tells a model of costs that is wrong from a machine that
   * is slower than while tuning.
   *
   * @param measured seconds of each step
   * @return 0 if they agree, at most 2
   * @throws IllegalArgumentException if there are not as many, or a step is not known
   */
  public double apart(double[] measured) {
    if (measured.length != steps.size() || !isWhole()) {
      throw new IllegalArgumentException("predictions of all " + measured.length + " steps needed");
    }
    double predicted = steps.stream().mapToDouble(OptionalDouble::orElseThrow).sum();
    double all = DoubleStream.of(measured).sum();
    double differences = 0;
    for (int i = 0; i < measured.length; i++) {
      double scaled = predicted == 0 ? 0 : steps.get(i).orElseThrow() * all / predicted;
      differences += Math.abs(scaled - measured[i]);
    }
    return all == 0 ? 0 : differences / all;
  }
}
