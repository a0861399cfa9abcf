package fluidml.bench;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Indexing;
import fluidml.loop.Stmt;
import fluidml.loop.Walk;
import fluidml.lower.LoweredProgram;
import fluidml.lower.Step;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Compares the times of a program's steps with the limits of the machine, after Williams, Waterman
 * and Patterson, “Roofline” (2009): a kernel cannot take less time than its arithmetic takes at the
 * peak, nor less than its bytes take at the bandwidth. Bytes are what a step must read and write at
 * least once: weights at the bandwidth of all the model's weights, other tensors at that of the
 * arena, which may be a cache's.
 */
final class Roofline {
  /**
   * Equal calls of one kernel.
   *
   * @param name what is computed
   * @param shapes the result's extents
   * @param calls how many steps
   * @param nanos time of all of them together
   * @param flops arithmetic of all of them together, as the lowering counts it
   * @param bytes whether they multiply bytes by dot products
   * @param weightBytes constants that they read
   * @param tensorBytes other tensors that they read or write
   */
  record Kernel(
      String name,
      String shapes,
      int calls,
      double nanos,
      double flops,
      boolean bytes,
      double weightBytes,
      double tensorBytes) {
    Kernel plus(Kernel other) {
      return new Kernel(
          name,
          shapes,
          calls + other.calls,
          nanos + other.nanos,
          flops + other.flops,
          bytes,
          weightBytes + other.weightBytes,
          tensorBytes + other.tensorBytes);
    }

    /** Operations for each byte. */
    double intensity() {
      return flops / Math.max(1, weightBytes + tensorBytes);
    }

    /** Achieved operations, in 10⁹ per second. */
    double gflops() {
      return flops / nanos;
    }

    /** Achieved bytes, in 10⁹ per second. */
    double gigabytes() {
      return (weightBytes + tensorBytes) / nanos;
    }

    /** Nanoseconds that the arithmetic takes at the peak. */
    double computeNanos(MachineLimits limits) {
      return flops / (bytes ? limits.byteGops() : limits.gflops());
    }

    /** Nanoseconds that the bytes take at the bandwidths. */
    double memoryNanos(MachineLimits limits) {
      return weightBytes / limits.weightGigabytes() + tensorBytes / limits.tensorGigabytes();
    }

    /** The fraction of the limit that is reached; 1 at the limit. */
    double fraction(MachineLimits limits) {
      return Math.max(computeNanos(limits), memoryNanos(limits)) / nanos;
    }
  }

  private final LoweredProgram program;
  private final Graph graph;
  private final Map<String, Long> symbols;

  private Roofline(LoweredProgram program, Map<String, Long> symbols) {
    this.program = program;
    this.graph = program.graph();
    this.symbols = symbols;
  }

  /**
   * The kernels of a program, the slowest first.
   *
   * @param symbols numbers for all symbolic extents
   * @param nanos time of each step
   */
  static List<Kernel> of(LoweredProgram program, Map<String, Long> symbols, double[] nanos) {
    Roofline roofline = new Roofline(program, symbols);
    Map<String, Kernel> kernels = new LinkedHashMap<>();
    for (int i = 0; i < nanos.length; i++) {
      Step step = program.steps().get(i);
      Kernel kernel = roofline.kernel(step, nanos[i]);
      kernels.merge(roofline.key(step), kernel, Kernel::plus);
    }
    return kernels.values().stream()
        .sorted(Comparator.comparingDouble(Kernel::nanos).reversed())
        .toList();
  }

  /** Bytes of all constants that some step reads. */
  static long weightBytes(LoweredProgram program, Map<String, Long> symbols) {
    Roofline roofline = new Roofline(program, symbols);
    Set<Value> constants = new HashSet<>();
    for (Step step : program.steps()) {
      roofline.operands(step).stream().filter(roofline::isWeight).forEach(constants::add);
    }
    return constants.stream().mapToLong(v -> (long) roofline.bytes(v)).sum();
  }

  /** The same for the same code on the same extents. */
  private String key(Step step) {
    String code =
        switch (step) {
          case Step.Call(var call) ->
              call.kernel().fingerprint()
                  + Arrays.toString(call.sizes().stream().mapToLong(this::number).toArray());
          case Step.Interpret _, Step.Fill _ -> "";
        };
    return step.label() + shapes(step) + code;
  }

  private Kernel kernel(Step step, double nanos) {
    double flops = step instanceof Step.Call(var call) ? number(call.work()) : 0;
    double weights = 0;
    double tensors = 0;
    double written = results(step).stream().mapToDouble(this::bytes).sum();
    boolean picks = step.nodes().stream().anyMatch(n -> n.op() instanceof Indexing);
    for (Value operand : operands(step)) {
      // Of a table only the rows that are wanted are read.
      double bytes = picks ? Math.min(bytes(operand), written) : bytes(operand);
      if (isWeight(operand)) {
        weights += bytes;
      } else {
        tensors += bytes;
      }
    }
    String name = step instanceof Step.Interpret ? step.label() + " (interpreter)" : step.label();
    boolean ofBytes = step instanceof Step.Call(var call) && multipliesBytes(call.kernel());
    return new Kernel(name, shapes(step), 1, nanos, flops, ofBytes, weights, tensors + written);
  }

  private static boolean multipliesBytes(fluidml.loop.Kernel kernel) {
    return kernel.procedures().stream().anyMatch(p -> Walk.contains(p.body(), Stmt.ByteTile.class));
  }

  private String shapes(Step step) {
    List<Value> all = new ArrayList<>();
    for (Node node : step.nodes()) {
      if (all.isEmpty()) {
        node.inputs().stream().filter(Value::isPresent).limit(2).forEach(all::add);
      }
    }
    String from = all.stream().map(this::extents).collect(Collectors.joining(" "));
    return from + " → " + results(step).stream().map(this::extents).findFirst().orElse("");
  }

  private String extents(Value value) {
    return value
        .knownShape()
        .map(
            s ->
                s.dims().stream()
                    .map(d -> Long.toString(number(d)))
                    .collect(Collectors.joining("×")))
        .orElse("?");
  }

  /** What a step reads and does not compute itself. */
  private Set<Value> operands(Step step) {
    Set<Value> operands = new LinkedHashSet<>();
    for (Node node : step.nodes()) {
      node.inputs().stream().filter(Value::isPresent).forEach(operands::add);
    }
    step.nodes().forEach(n -> operands.removeAll(n.outputs()));
    return operands;
  }

  /** What a step computes and others or the caller read. */
  private Set<Value> results(Step step) {
    Set<Value> results = new LinkedHashSet<>();
    for (Node node : step.nodes()) {
      for (Value output : node.outputs()) {
        if (graph.isOutput(output) || !step.nodes().containsAll(graph.uses(output))) {
          results.add(output);
        }
      }
    }
    return results;
  }

  /** Whether a value is a constant or a view on one. */
  private boolean isWeight(Value value) {
    boolean planned = program.storage().isPlannable(value);
    return graph.constant(value).isPresent()
        || (planned && graph.constant(program.storage().view(value).root()).isPresent());
  }

  private double bytes(Value value) {
    if (value.knownShape().isEmpty() || value.dtype() == DType.STRING) {
      return 0;
    }
    double elements = 1;
    boolean planned = program.storage().isPlannable(value) && graph.constant(value).isEmpty();
    for (int axis = 0; axis < value.shape().rank(); axis++) {
      boolean repeated = planned && program.storage().view(value).strides().get(axis).is(0);
      elements *= repeated ? 1 : number(value.shape().dim(axis));
    }
    return elements * value.dtype().bits() / 8;
  }

  private long number(Dim dim) {
    return dim.evaluate(s -> symbols.getOrDefault(s, 1L));
  }
}
