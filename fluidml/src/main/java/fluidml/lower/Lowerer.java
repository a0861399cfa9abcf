package fluidml.lower;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.infer.Assumptions;
import fluidml.graph.infer.Requirements;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Generation;
import fluidml.loop.Target;
import fluidml.lower.LoweredProgram.Requirement;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Turns an optimised graph into a program: storage, clusters, and a schedule for each cluster. */
public final class Lowerer {
  private final Graph graph;
  private final Target target;
  private final Decisions decisions;
  private final List<Lowering> lowerings;
  private final Storage storage;
  private final List<Step> steps = new ArrayList<>();
  private final Deque<Step> known = new ArrayDeque<>();
  private final LoweredClusters lowered = new LoweredClusters(new ClusterContext());

  private Lowerer(Graph graph, Target target, List<Lowering> lowerings, Decisions decisions) {
    this.graph = graph;
    this.decisions = decisions;
    this.target = target;
    this.lowerings = lowerings;
    Set<String> symbols = new TreeSet<>();
    for (Value input : graph.inputs()) {
      input.knownShape().ifPresent(s -> s.dims().forEach(d -> symbols.addAll(d.symbols())));
    }
    Storage usual = new Storage(graph, symbols, decisions);
    Map<String, List<Integer>> orders = OrderCandidates.of(graph, usual);
    this.storage =
        orders.isEmpty() ? usual : new Storage(graph, symbols, decisions.elseOrders(orders));
  }

  private Lowerer(LoweredProgram usual, List<Lowering> lowerings, Decisions decisions) {
    this.graph = usual.graph();
    this.decisions = decisions;
    this.target = usual.target();
    this.lowerings = lowerings;
    this.storage = usual.storage();
    this.known.addAll(usual.steps());
  }

  /**
   * The program of a graph.
   *
   * @param lowerings tried in order for each cluster
   * @param fuse whether nodes may share kernels
   */
  public static LoweredProgram lower(
      Graph graph, Target target, List<Lowering> lowerings, boolean fuse) {
    return lower(graph, target, lowerings, fuse, Decisions.NONE);
  }

  /**
   * The program of a graph.
   *
   * @param lowerings tried in order for each cluster
   * @param fuse whether nodes may share kernels
   * @param decisions what is chosen from outside
   */
  public static LoweredProgram lower(
      Graph graph, Target target, List<Lowering> lowerings, boolean fuse, Decisions decisions) {
    return new Lowerer(graph, target, lowerings, decisions).run(fuse);
  }

  /**
   * A program with other decisions. What they do not concern is taken from the usual program, steps
   * and all, unless they concern where values lie.
   *
   * @param usual the program of the graph without decisions
   * @param lowerings those of the usual program
   * @param fuse as for the usual program
   */
  public static LoweredProgram vary(
      LoweredProgram usual, List<Lowering> lowerings, boolean fuse, Decisions decisions) {
    return decisions.orders().isEmpty()
        ? new Lowerer(usual, lowerings, decisions).run(fuse)
        : lower(usual.graph(), usual.target(), lowerings, fuse, decisions);
  }

  private LoweredProgram run(boolean fuse) {
    List<Cluster> clusters =
        Clustering.of(
            graph,
            node -> !(node.op() instanceof Generation.Constant) && !storage.isView(node),
            node -> !isPlanned(node) || node.op() instanceof Generation.DimTensor,
            fuse);
    for (Cluster cluster : clusters) {
      List<Step> usual = usual(cluster);
      if (usual.isEmpty() || cluster.nodes().stream().anyMatch(decisions::concern)) {
        lower(cluster);
      } else {
        steps.addAll(usual);
      }
    }
    return new LoweredProgram(
        graph, storage, steps, requirements(), Requirements.of(graph), target);
  }

  /** The usual program's steps for a cluster, clusters being asked for in order. */
  private List<Step> usual(Cluster cluster) {
    List<Step> usual = new ArrayList<>();
    Set<Node> nodes = known.isEmpty() ? Set.of() : new HashSet<>(cluster.nodes());
    while (!known.isEmpty() && nodes.contains(known.getFirst().nodes().getFirst())) {
      usual.add(known.removeFirst());
    }
    return usual;
  }

  private boolean isPlanned(Node node) {
    return node.outputs().stream().allMatch(storage::isPlannable)
        && node.inputs().stream().allMatch(v -> !v.isPresent() || storage.isPlannable(v));
  }

  private void lower(Cluster cluster) {
    Node first = cluster.nodes().getFirst();
    if (first.op() instanceof Generation.DimTensor dims && isPlanned(first)) {
      steps.add(new Step.Fill(first, first.output(), dims.elements()));
      return;
    }
    if (!cluster.nodes().stream().allMatch(this::isPlanned)) {
      cluster.nodes().forEach(n -> steps.add(new Step.Interpret(n, unplannedReason(n))));
      return;
    }
    Optional<String> refusal = lowered(cluster);
    if (refusal.isEmpty()) {
      return;
    }
    if (cluster.nodes().size() == 1) {
      steps.add(new Step.Interpret(first, refusal.get()));
      return;
    }
    parts(cluster).forEach(this::lower);
  }

  /** Adds the calls of the first lowering that takes the cluster; else says why none does. */
  private Optional<String> lowered(Cluster cluster) {
    LoweredClusters.Key key = lowered.key(cluster);
    Optional<List<KernelCall>> same = lowered.get(key);
    if (same.isPresent()) {
      same.get().forEach(c -> steps.add(new Step.Call(c)));
      return Optional.empty();
    }
    Set<String> reasons = new LinkedHashSet<>();
    for (Lowering lowering : lowerings) {
      switch (lowering.lower(cluster, key.observed())) {
        case Lowering.Result.Calls calls -> {
          calls.calls().forEach(c -> steps.add(new Step.Call(c)));
          lowered.put(key, calls.calls());
          return Optional.empty();
        }
        case Lowering.Result.Refused refused -> reasons.add(refused.reason());
      }
    }
    reasons.remove("");
    return Optional.of(
        reasons.isEmpty() ? "no schedule for this operator" : String.join("; ", reasons));
  }

  /** A cluster that no lowering takes in parts: what is fused around an anchor stays fused. */
  private static List<Cluster> parts(Cluster cluster) {
    List<Cluster> parts = new ArrayList<>();
    if (cluster.anchor().isEmpty()) {
      for (Node node : cluster.epilogue()) {
        parts.add(part(Optional.empty(), List.of(node), node.outputs()));
      }
      return parts;
    }
    Node anchor = cluster.anchor().get();
    if (!cluster.prologue().isEmpty()) {
      parts.add(part(Optional.empty(), cluster.prologue(), List.of(anchor.input(0))));
    }
    parts.add(part(cluster.anchor(), List.of(), anchor.outputs()));
    if (!cluster.epilogue().isEmpty()) {
      List<Value> results =
          cluster.outputs().stream().filter(v -> !anchor.outputs().contains(v)).toList();
      parts.add(part(Optional.empty(), cluster.epilogue(), results));
    }
    return parts;
  }

  private static Cluster part(Optional<Node> anchor, List<Node> nodes, List<Value> outputs) {
    Set<Value> inside = new HashSet<>();
    Set<Value> inputs = new LinkedHashSet<>();
    for (Node node : anchor.map(List::of).orElse(nodes)) {
      node.inputs().stream().filter(v -> v.isPresent() && !inside.contains(v)).forEach(inputs::add);
      inside.addAll(node.outputs());
    }
    return new Cluster(List.of(), anchor, nodes, List.copyOf(inputs), outputs);
  }

  private String unplannedReason(Node node) {
    for (Value value : node.outputs()) {
      if (!storage.isPlannable(value)) {
        return reason(value, "its result");
      }
    }
    for (Value value : node.inputs()) {
      if (value.isPresent() && !storage.isPlannable(value)) {
        return reason(value, "its operand");
      }
    }
    return "not planned";
  }

  private static String reason(Value value, String what) {
    if (!(value.type() instanceof Type.TensorType tensor)) {
      return what + " '" + value.name() + "' is " + value.type();
    }
    if (tensor.shape().isEmpty()) {
      return "the rank of " + what + " '" + value.name() + "' depends on data";
    }
    if (fluidml.loop.ScalarType.ofStorage(tensor.dtype()).isEmpty()) {
      return "element type " + tensor.dtype();
    }
    return "the shape of " + what + " '" + value.name() + "' depends on data";
  }

  /**
   * What inference took for granted, and that operands of elementwise kernels are no shorter than
   * their index space: strides are fixed before extents are known, so a kernel cannot broadcast an
   * extent that turns out to be 1.
   */
  private List<Requirement> requirements() {
    Set<Requirement> all = new LinkedHashSet<>();
    for (Assumptions.Condition condition : Assumptions.of(graph).conditions()) {
      all.add(new Requirement(condition.node(), condition.extent(), condition.other()));
    }
    for (Node node : graph.nodes()) {
      if (node.op() instanceof Elementwise && isPlanned(node)) {
        Shape space = node.output().shape();
        for (Value input : node.inputs()) {
          if (input.isPresent()) {
            compare(node, input.shape(), space, all);
          }
        }
      }
    }
    return List.copyOf(all);
  }

  private static void compare(Node node, Shape operand, Shape space, Set<Requirement> all) {
    int missing = space.rank() - operand.rank();
    for (int i = 0; i < operand.rank(); i++) {
      Dim left = operand.dim(i);
      Dim right = space.dim(i + missing);
      if (!left.is(1) && !left.equals(right)) {
        all.add(new Requirement(node.name(), left, right));
      }
    }
  }

  private final class ClusterContext implements Lowering.Context {
    @Override
    public Target target() {
      return target;
    }

    @Override
    public Decisions decisions() {
      return decisions;
    }

    @Override
    public View view(Value value) {
      return storage.view(value);
    }

    @Override
    public boolean isInPlace(Value operand, Value concatenated) {
      return storage.isInPlace(operand, concatenated);
    }

    @Override
    public Optional<Tensor> constant(Value value) {
      return graph.constant(value);
    }

    @Override
    public Value temporary(String name, DType dtype, Dim elements) {
      return new Value(name, Type.tensor(dtype, Shape.of(elements)));
    }
  }
}
