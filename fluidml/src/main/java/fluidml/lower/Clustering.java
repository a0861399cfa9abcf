package fluidml.lower;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction;
import fluidml.graph.op.Control;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Generation;
import fluidml.graph.op.Indexing;
import fluidml.graph.op.Learning;
import fluidml.graph.op.Movement;
import fluidml.graph.op.Normalization;
import fluidml.graph.op.Op;
import fluidml.graph.op.Quantization;
import fluidml.graph.op.Recurrent;
import fluidml.graph.op.Reduction;
import fluidml.graph.op.SequenceOp;
import fluidml.graph.op.Signal;
import fluidml.graph.op.Text;
import fluidml.graph.op.Vision;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Partitions the computing nodes of a graph into {@link Cluster}s by property, never by name:
 * elementwise nodes join the node whose results they continue if they run over the same index
 * space.
 *
 * <p>With such a node come those that compute an operand for it alone by broadcasting what is
 * smaller.
 *
 * <p>A cluster runs where its seed (its anchor, or its first elementwise node) stands in the
 * execution order. A node joins only if every operand from outside is computed before the seed; so
 * the clusters, in the order of their seeds, are again an execution order.
 */
public final class Clustering {
  /**
   * Limit on the size of a fused expression, in units of {@link #weight}; bounds the code of a
   * kernel.
   */
  private static final int MAX_WEIGHT = 48;

  private final Graph graph;
  private final boolean fuse;
  private final Predicate<Node> isolated;
  private final Map<Value, Integer> position = new HashMap<>();
  private final Map<Node, Integer> order = new HashMap<>();
  private final Set<Node> taken = new HashSet<>();

  private Clustering(Graph graph, Predicate<Node> isolated, boolean fuse) {
    this.graph = graph;
    this.isolated = isolated;
    this.fuse = fuse;
    List<Node> nodes = scalarsFirst(graph);
    for (int i = 0; i < nodes.size(); i++) {
      Node node = nodes.get(i);
      order.put(node, i);
      for (Value output : node.outputs()) {
        position.put(output, i);
      }
    }
  }

  /**
   * The nodes in an execution order in which single elements are computed as soon as they can be: a
   * factor that the model computes between a product and its use does not stand between the two.
   */
  private static List<Node> scalarsFirst(Graph graph) {
    Map<Node, Integer> ready = new HashMap<>();
    for (int i = 0; i < graph.nodes().size(); i++) {
      Node node = graph.nodes().get(i);
      int at = i;
      if (isScalar(node)) {
        at = -1;
        for (Value input : node.inputs()) {
          at = Math.max(at, graph.producer(input).map(ready::get).orElse(-1));
        }
      }
      ready.put(node, at);
    }
    return graph.nodes().stream().sorted(Comparator.comparing(ready::get)).toList();
  }

  private static boolean isScalar(Node node) {
    return node.outputs().size() == 1
        && (node.op() instanceof Elementwise || node.op() instanceof Movement)
        && node.output().knownShape().map(s -> s.elements().is(1)).orElse(false);
  }

  /**
   * The clusters in execution order; constants and nodes that {@link Storage} turns into views are
   * in none.
   *
   * @param computes whether a node computes something, i.e. is neither a constant nor a view
   * @param isolated whether a node must be alone in its cluster
   * @param fuse whether nodes share kernels at all
   */
  public static List<Cluster> of(
      Graph graph, Predicate<Node> computes, Predicate<Node> isolated, boolean fuse) {
    return new Clustering(graph, isolated, fuse).run(computes);
  }

  private List<Cluster> run(Predicate<Node> computes) {
    Map<Integer, Cluster> clusters = new HashMap<>();
    List<Node> computing = graph.nodes().stream().filter(computes).toList();
    for (Node node : computing) {
      if (isolated.test(node)) {
        taken.add(node);
        clusters.put(order.get(node), cluster(List.of(), Optional.of(node), List.of()));
      } else if (isAnchor(node.op())) {
        taken.add(node);
        clusters.put(order.get(node), anchored(node));
      }
    }
    for (Node node : computing) {
      if (!taken.contains(node)) {
        taken.add(node);
        Set<Node> members = new LinkedHashSet<>(List.of(node));
        grow(members, order.get(node), node.output().knownShape());
        clusters.put(order.get(node), cluster(List.of(), Optional.empty(), sorted(members)));
      }
    }
    return clusters.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .map(Map.Entry::getValue)
        .toList();
  }

  private Cluster anchored(Node anchor) {
    Set<Node> members = new LinkedHashSet<>(List.of(anchor));
    List<Node> prologue = fuse && takesPrologue(anchor.op()) ? prologue(anchor) : List.of();
    members.addAll(prologue);
    if (takesEpilogue(anchor.op())) {
      grow(members, order.get(anchor), anchor.output().knownShape());
    }
    List<Node> epilogue = new ArrayList<>(sorted(members));
    epilogue.remove(anchor);
    epilogue.removeAll(prologue);
    return cluster(prologue, Optional.of(anchor), epilogue);
  }

  /** Adds consumers that run over the index space {@code space}, as long as there are any. */
  private void grow(Set<Node> members, int seed, Optional<Shape> space) {
    if (!fuse || space.isEmpty()) {
      return;
    }
    int weight = 0;
    boolean grown = true;
    while (grown) {
      grown = false;
      Set<Node> candidates = new LinkedHashSet<>();
      for (Node member : members) {
        if (order.get(member) >= seed) {
          member.outputs().stream().limit(1).forEach(v -> candidates.addAll(graph.uses(v)));
        }
      }
      for (Node candidate : candidates) {
        int added = weight(candidate.op());
        if (!taken.contains(candidate)
            && candidate.op() instanceof Elementwise
            && weight + added <= MAX_WEIGHT
            && candidate.output().knownShape().equals(space)
            && availableBefore(candidate, members, seed)) {
          taken.add(candidate);
          members.add(candidate);
          weight += added;
          grown = true;
          for (Node expansion : expansions(candidate, members, seed, space)) {
            taken.add(expansion);
            members.add(expansion);
            weight += weight(expansion.op());
          }
        }
      }
    }
  }

  /**
   * Nodes that only {@code user} reads, and that would write more than they read: products of a row
   * and a column, say.
   */
  private List<Node> expansions(Node user, Set<Node> members, int seed, Optional<Shape> space) {
    List<Node> expansions = new ArrayList<>();
    for (Value operand : new LinkedHashSet<>(user.inputs())) {
      Optional<Node> producer = graph.producer(operand);
      if (producer.isPresent()
          && producer.get().op() instanceof Elementwise
          && !taken.contains(producer.get())
          && operand.knownShape().equals(space)
          && graph.uses(operand).equals(List.of(user))
          && !graph.isOutput(operand)
          && producer.get().inputs().stream().noneMatch(v -> v.knownShape().equals(space))
          && availableBefore(producer.get(), members, seed)) {
        expansions.add(producer.get());
      }
    }
    return expansions;
  }

  private boolean availableBefore(Node candidate, Set<Node> members, int seed) {
    for (Value input : candidate.inputs()) {
      Optional<Node> producer = graph.producer(input);
      boolean inside = producer.isPresent() && members.contains(producer.get());
      boolean constant = graph.constant(input).isPresent();
      if (!inside && !constant && position.getOrDefault(input, -1) >= seed) {
        return false;
      }
      if (inside && !producer.get().output().equals(input)) {
        return false;
      }
    }
    return true;
  }

  /** Elementwise nodes that feed only the anchor's first operand, over the same index space. */
  private List<Node> prologue(Node anchor) {
    Set<Node> members = new LinkedHashSet<>();
    Optional<Shape> space = anchor.input(0).knownShape();
    List<Value> open = new ArrayList<>(List.of(anchor.input(0)));
    int weight = 0;
    while (!open.isEmpty()) {
      Value value = open.removeLast();
      Optional<Node> producer = graph.producer(value);
      if (producer.isEmpty()
          || space.isEmpty()
          || taken.contains(producer.get())
          || !(producer.get().op() instanceof Elementwise)
          || !value.knownShape().equals(space)
          || graph.isOutput(value)
          || weight + weight(producer.get().op()) > MAX_WEIGHT / 2) {
        continue;
      }
      boolean private_ =
          graph.uses(value).stream()
              .allMatch(u -> members.contains(u) || (u.equals(anchor) && onlyFirst(anchor, value)));
      if (private_ && members.add(producer.get())) {
        taken.add(producer.get());
        weight += weight(producer.get().op());
        open.addAll(producer.get().inputs());
      }
    }
    return sorted(members);
  }

  private static boolean onlyFirst(Node anchor, Value value) {
    return anchor.inputs().indexOf(value) == 0 && anchor.inputs().lastIndexOf(value) == 0;
  }

  private List<Node> sorted(Set<Node> nodes) {
    return nodes.stream().sorted(Comparator.comparing(order::get)).toList();
  }

  private Cluster cluster(List<Node> prologue, Optional<Node> anchor, List<Node> epilogue) {
    List<Node> all = new ArrayList<>(prologue);
    anchor.ifPresent(all::add);
    all.addAll(epilogue);
    Set<Node> members = new HashSet<>(all);
    Set<Value> inputs = new LinkedHashSet<>();
    Set<Value> outputs = new LinkedHashSet<>();
    for (Node node : all) {
      for (Value input : node.inputs()) {
        boolean inside = graph.producer(input).map(members::contains).orElse(false);
        if (input.isPresent() && !inside) {
          inputs.add(input);
        }
      }
      for (Value output : node.outputs()) {
        if (graph.isOutput(output) || !members.containsAll(graph.uses(output))) {
          outputs.add(output);
        }
      }
    }
    if (outputs.isEmpty()) {
      outputs.add(all.getLast().output());
    }
    return new Cluster(prologue, anchor, epilogue, List.copyOf(inputs), List.copyOf(outputs));
  }

  /** A rough count of instructions, so that fused code stays small enough to be compiled well. */
  private static int weight(Op op) {
    return switch (op) {
      case Elementwise.Unary unary ->
          switch (unary.function()) {
            case IDENTITY,
                ABS,
                NEG,
                SQRT,
                RECIPROCAL,
                RELU,
                NOT,
                BITWISE_NOT,
                FLOOR,
                CEIL,
                ROUND,
                SIGN,
                IS_NAN,
                HARD_SWISH,
                SOFTSIGN ->
                1;
            case EXP,
                LOG,
                ASIN,
                ACOS,
                ATAN,
                SINH,
                COSH,
                TANH,
                ATANH,
                ERF,
                SIGMOID,
                MISH,
                GELU,
                GELU_TANH ->
                12;
            case SIN, COS, TAN, ASINH, ACOSH, SOFTPLUS -> 16;
          };
      case Elementwise.ParametricUnary _ -> 8;
      case Elementwise.Binary binary ->
          binary.function() == Elementwise.BinaryFunction.POW ? 24 : 1;
      case Elementwise _ -> 2;
      default -> 4;
    };
  }

  private static boolean isAnchor(Op op) {
    return !(op instanceof Elementwise);
  }

  private static boolean takesPrologue(Op op) {
    return switch (op) {
      case Reduction.Reduce _, Reduction.Softmax _, Reduction.LogSoftmax _ -> true;
      case Normalization.LayerNorm _, Normalization.RmsNorm _ -> true;
      default -> false;
    };
  }

  private static boolean takesEpilogue(Op op) {
    return switch (op) {
      case Contraction.MatMul _, Contraction.Conv _, Contraction.ConvTranspose _ -> true;
      case Contraction.MatMulInteger _, Contraction.ConvInteger _ -> true;
      case Reduction.Reduce _, Reduction.Softmax _, Reduction.LogSoftmax _ -> true;
      case Reduction.MaxPool _, Reduction.AveragePool _ -> true;
      case Normalization.LayerNorm _, Normalization.RmsNorm _ -> true;
      case Normalization _,
          Reduction _,
          Contraction _,
          Movement _,
          Indexing _,
          Generation _,
          Elementwise _,
          Control _,
          SequenceOp _,
          Quantization _,
          Recurrent _,
          Vision _,
          Signal _,
          Text _,
          Learning _ ->
          false;
    };
  }
}
