package fluidml.pass;

import fluidml.error.KernelFailureException;
import fluidml.error.UnsupportedModelException;
import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Control;
import fluidml.graph.op.Generation;
import fluidml.graph.op.Generation.Constant;
import fluidml.graph.op.Indexing.Gather;
import fluidml.graph.op.Movement;
import fluidml.graph.op.Op;
import fluidml.reference.Datum;
import fluidml.reference.Interpreter;
import fluidml.tensor.DType;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Computes what depends on constants only, on the reference interpreter. Movements and generators,
 * which cost nothing or little when they run, are computed only if their results are small, so that
 * weights are not copied and data does not grow; but they do not stand in the way of what follows.
 *
 * <pre>
 * before: c = Constant; s = Sqrt(c); t = Expand{[4096,4096]}(s); u = ReduceSum(t); return Mul(x, u)
 * after:  u = Constant; return Mul(x, u)
 * </pre>
 */
public final class FoldConstants implements Pass {
  /** Results of movements and generators above this many bytes are left to be computed. */
  private static final long MAX_MOVED_BYTES = 1 << 16;

  /** Gathered rows above this many bytes are left to be gathered. */
  private static final long MAX_GATHERED_BYTES = 1 << 22;

  /** A result may be this many times larger than all operands, if it is not small anyway. */
  private static final long MAX_GROWTH = 4;

  /** Nothing above this is computed, not even in passing. */
  private static final long MAX_BYTES = 1L << 31;

  @Override
  public String name() {
    return "fold-constants";
  }

  @Override
  public Graph run(Graph graph) {
    Map<Value, Tensor> results = new Folding(graph).fold();
    if (results.isEmpty()) {
      return graph;
    }
    return Rewriter.rewrite(
        graph,
        List.of(
            new Rule(
                "constant",
                Op.class,
                (node, g) -> {
                  if (!node.outputs().stream().allMatch(results::containsKey)) {
                    return List.of();
                  }
                  return node.outputs().stream().map(v -> g.constant(results.get(v))).toList();
                })));
  }

  /** The work on one graph. */
  private static final class Folding {
    private final Graph graph;
    private final Set<Value> constant = new HashSet<>();
    private final Set<Node> storable = new HashSet<>();
    private final Map<Value, Tensor> computed = new HashMap<>();
    private final Set<Node> failed = new HashSet<>();

    Folding(Graph graph) {
      this.graph = graph;
    }

    /** The elements of results that become constants. */
    Map<Value, Tensor> fold() {
      for (Node node : graph.nodes()) {
        if (node.op() instanceof Constant || isComputable(node)) {
          constant.addAll(node.outputs());
          if (!(node.op() instanceof Constant) && isWorthStoring(node)) {
            storable.add(node);
          }
        }
      }
      Map<Value, Tensor> results = new HashMap<>();
      for (Node node : graph.nodes()) {
        if (storable.contains(node) && isNeeded(node) && compute(node)) {
          node.outputs().forEach(v -> results.put(v, computed.get(v)));
        }
      }
      return results;
    }

    private boolean isComputable(Node node) {
      return isDeterministic(node.op())
          && node.inputs().stream().allMatch(v -> !v.isPresent() || constant.contains(v))
          && node.outputs().stream().allMatch(v -> bytes(v) <= MAX_BYTES);
    }

    private static boolean isDeterministic(Op op) {
      return !(op instanceof Control
          || op instanceof Generation.Random
          || op instanceof Generation.RandomLike
          || op instanceof Generation.Bernoulli
          || op instanceof Generation.Multinomial
          || op instanceof Generation.DimTensor);
    }

    private boolean isWorthStoring(Node node) {
      long result = node.outputs().stream().mapToLong(Folding::bytes).sum();
      if (result <= MAX_MOVED_BYTES) {
        return true;
      }
      return switch (node.op()) {
        case Movement _, Generation _ -> false;
        case Gather _ -> result <= MAX_GATHERED_BYTES;
        default -> {
          long operands = node.inputs().stream().mapToLong(Folding::bytes).sum();
          yield result <= MAX_GROWTH * operands;
        }
      };
    }

    /** Bytes of a value; beyond all limits if they are not known. */
    private static long bytes(Value value) {
      if (!value.isPresent()) {
        return 0;
      }
      Optional<long[]> dims = value.knownShape().flatMap(Shape::constant);
      if (dims.isEmpty()) {
        return Long.MAX_VALUE / 1024;
      }
      long elements = 1;
      for (long dim : dims.get()) {
        elements = Math.multiplyExact(elements, dim);
      }
      return value.dtype() == DType.STRING ? 64 * elements : value.dtype().byteSize(elements);
    }

    /** Whether something that stays reads a result. */
    private boolean isNeeded(Node node) {
      return node.outputs().stream()
          .anyMatch(
              v ->
                  graph.isOutput(v)
                      || graph.uses(v).stream().anyMatch(user -> !storable.contains(user)));
    }

    private boolean compute(Node node) {
      if (computed.containsKey(node.output())) {
        return true;
      }
      if (failed.contains(node)) {
        return false;
      }
      try {
        Optional<ElementwiseChain> chain =
            ElementwiseChain.endingAt(node, graph, computed::containsKey);
        boolean done = chain.isPresent() ? compute(node, chain.get()) : computeAlone(node);
        if (!done) {
          failed.add(node);
        }
        return done;
      } catch (UnsupportedModelException | KernelFailureException e) {
        failed.add(node);
        return false;
      }
    }

    private boolean compute(Node node, ElementwiseChain chain) {
      Optional<Datum> source = operand(chain.source());
      source.ifPresent(x -> computed.put(node.output(), chain.compute(x.tensor(), graph)));
      return source.isPresent();
    }

    private boolean computeAlone(Node node) {
      List<Datum> operands = new ArrayList<>();
      for (Value input : node.inputs()) {
        Optional<Datum> operand = input.isPresent() ? operand(input) : Optional.of(Datum.absent());
        if (operand.isEmpty()) {
          return false;
        }
        operands.add(operand.get());
      }
      List<Datum> results = Interpreter.execute(node, operands);
      for (int i = 0; i < node.outputs().size(); i++) {
        if (node.output(i).isPresent()) {
          computed.put(node.output(i), results.get(i).tensor());
        }
      }
      return true;
    }

    private Optional<Datum> operand(Value value) {
      Node producer = graph.producer(value).orElseThrow();
      if (producer.op() instanceof Constant(Tensor tensor)) {
        return Optional.of(Datum.of(tensor));
      }
      return compute(producer) ? Optional.of(Datum.of(computed.get(value))) : Optional.empty();
    }
  }
}
