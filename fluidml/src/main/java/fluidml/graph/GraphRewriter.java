package fluidml.graph;

import fluidml.graph.Type.TensorType;
import fluidml.graph.infer.Contents;
import fluidml.graph.infer.Types;
import fluidml.graph.op.Op;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The one way to change a graph: walk over its nodes in execution order and build a new one, in
 * which a {@link Rule} may put something else in the place of a node.
 *
 * <p>Nodes that no rule replaces are taken over with their names, operands substituted and types
 * inferred again; symbols of data-dependent extents keep their names, and one that turns out to be
 * an expression of other symbols is replaced by it everywhere. Bodies of control flow are rewritten
 * by the same rule. Nodes that nothing reads are left out. Inputs and outputs keep their order.
 *
 * <p>A rule that replaces a pattern of several nodes acts at the last of them and finds the others
 * with {@code source().producer(…)}; they vanish if nothing else reads them.
 *
 * <pre>{@code
 * Graph result = GraphRewriter.rewrite(graph, (node, r) -> {
 *   if (node.op() instanceof Cast cast && cast.to() == node.input(0).dtype()) {
 *     r.replace(node.output(), r.value(node.input(0)));
 *     return true;
 *   }
 *   return false;
 * });
 * }</pre>
 */
public final class GraphRewriter {
  /** Decides what becomes of each node. */
  @FunctionalInterface
  public interface Rule {
    /**
     * Looks at a node of the old graph.
     *
     * @return whether the node is gone, and each result of it that is still needed was replaced
     */
    boolean apply(Node node, GraphRewriter rewriter);
  }

  private final Graph source;
  private final GraphBuilder builder;
  private final Map<Value, Value> replacements = new HashMap<>();
  private final Map<Value, Node> producers = new HashMap<>();
  private final Set<String> symbols = new HashSet<>();
  private final Set<String> given = new HashSet<>();
  private final Map<String, Dim> resolved = new HashMap<>();
  private boolean changed;
  private int registered;

  private GraphRewriter(Graph source) {
    this.source = source;
    builder = new GraphBuilder(source.name());
    replacements.put(Value.ABSENT, Value.ABSENT);
    for (Value input : source.inputs()) {
      given.addAll(Types.symbols(input.type()));
      builder.adopt(input);
      replacements.put(input, input);
    }
    symbols.addAll(given);
    for (Node node : source.nodes()) {
      node.outputs().forEach(v -> symbols.addAll(Types.symbols(v.type())));
    }
    builder.reserve(symbols);
  }

  /**
   * The graph with every node put before a rule; the same object if the rule replaced none and
   * every node is needed.
   *
   * @throws IllegalStateException if the rule says that a node is gone, but something still reads
   *     it
   */
  public static Graph rewrite(Graph graph, Rule rule) {
    GraphRewriter rewriter = new GraphRewriter(graph);
    for (Node node : graph.nodes()) {
      if (rule.apply(node, rewriter)) {
        rewriter.changed = true;
      } else {
        rewriter.keep(node, rule);
      }
    }
    graph.outputs().forEach(output -> rewriter.builder.output(rewriter.value(output)));
    Graph result = withoutDeadCode(rewriter.builder.build());
    return rewriter.changed || result.nodes().size() < graph.nodes().size() ? result : graph;
  }

  /** The graph without nodes that no output depends on; the same object if there are none. */
  public static Graph withoutDeadCode(Graph graph) {
    Set<Value> needed = new HashSet<>(graph.outputs());
    List<Node> live = new ArrayList<>();
    for (Node node : graph.nodes().reversed()) {
      if (node.outputs().stream().anyMatch(needed::contains)) {
        live.add(node);
        needed.addAll(node.inputs());
      }
    }
    return live.size() == graph.nodes().size()
        ? graph
        : new Graph(graph.name(), graph.inputs(), graph.outputs(), live.reversed());
  }

  /** The graph that is being replaced. */
  public Graph source() {
    return source;
  }

  /** Where new nodes go. */
  public GraphBuilder builder() {
    return builder;
  }

  /**
   * What stands in the new graph for a value of the old one.
   *
   * @throws IllegalStateException if its producer was replaced, but not the value, or comes later
   */
  public Value value(Value old) {
    Value replacement = replacements.get(old);
    if (replacement == null) {
      throw new IllegalStateException(
          "nothing stands for " + old + " in the rewritten graph '" + source.name() + "'");
    }
    return replacement;
  }

  /** What stands in the new graph for values of the old one. */
  public List<Value> values(List<Value> old) {
    return old.stream().map(this::value).toList();
  }

  /**
   * Lets a value of the new graph stand for one of the old graph, which may already have been taken
   * over; nodes that come later read the replacement.
   */
  public void replace(Value old, Value replacement) {
    replacements.put(old, replacement);
    changed = true;
  }

  /**
   * Puts another op in the place of a node with as many results; they keep their names.
   *
   * @param operands values of the new graph
   */
  public void replace(Node old, Op op, List<Value> operands) {
    List<String> names = old.outputs().stream().map(Value::name).toList();
    List<Value> results = builder.add(old.name(), op, operands, names);
    for (int i = 0; i < results.size(); i++) {
      replace(old.output(i), results.get(i));
    }
  }

  /**
   * Adds a node with one result.
   *
   * @param origin the old node for whose sake it is there; gives it its name
   * @param operands values of the new graph
   */
  public Value add(Node origin, Op op, Value... operands) {
    String name = origin.output().name() + "_" + op.mnemonic();
    return builder.add(origin.name(), op, List.of(operands), List.of(name)).getFirst();
  }

  /** The node that computes a value of the new graph; empty for inputs. */
  public Optional<Node> producer(Value value) {
    List<Node> nodes = builder.view();
    for (; registered < nodes.size(); registered++) {
      Node node = nodes.get(registered);
      node.outputs().forEach(output -> producers.put(output, node));
    }
    return Optional.ofNullable(producers.get(value));
  }

  /** What is known of the elements of values of the new graph. */
  public Contents contents() {
    return builder.contents();
  }

  private void keep(Node node, Rule rule) {
    List<Value> operands = values(node.inputs());
    Op op = OpSymbols.substitute(node.op(), resolved);
    op = OpSymbols.mapBodies(op, body -> rewrite(body, rule));
    boolean sameOp = op.equals(node.op());
    List<Type> types = new ArrayList<>();
    List<Type> inferred = builder.infer(node.name(), op, operands, node.outputs().size());
    boolean sameTypes = true;
    for (int i = 0; i < inferred.size(); i++) {
      Type type = refine(node.output(i).type(), inferred.get(i));
      sameTypes &= type.equals(node.output(i).type());
      types.add(type);
    }
    boolean same = sameOp && sameTypes && operands.equals(node.inputs());
    boolean free = node.outputs().stream().allMatch(v -> builder.isFree(v.name()));
    if (same && free) {
      builder.addTyped(node);
      node.outputs().forEach(v -> replacements.put(v, v));
      return;
    }
    changed = true;
    List<String> names = node.outputs().stream().map(Value::name).toList();
    List<Value> results = builder.addWithTypes(node.name(), op, operands, names, types);
    for (int i = 0; i < results.size(); i++) {
      replacements.put(node.output(i), results.get(i));
    }
  }

  /** The inferred type, with the old names of extents that are not known. */
  private Type refine(Type old, Type inferred) {
    if (!(old instanceof TensorType before)
        || !(inferred instanceof TensorType now)
        || now.dtype() != before.dtype()
        || now.shape().isEmpty()
        || before.shape().isEmpty()
        || now.shape().get().rank() != before.shape().get().rank()) {
      boolean vague = !symbols.containsAll(Types.symbols(inferred));
      return vague && Types.compatible(old, inferred) ? Types.substitute(old, resolved) : inferred;
    }
    List<Dim> dims = new ArrayList<>();
    for (int i = 0; i < now.shape().get().rank(); i++) {
      Dim was = before.shape().get().dim(i);
      Dim is = now.shape().get().dim(i);
      if (!symbols.containsAll(is.symbols())) {
        dims.add(was.substitute(resolved));
        continue;
      }
      dims.add(is);
      Optional<String> born =
          was.symbols().stream().filter(s -> was.equals(Dim.symbol(s))).findFirst();
      if (born.isPresent() && given.add(born.get()) && !is.equals(was)) {
        resolved.put(born.get(), is);
      }
    }
    return Type.tensor(now.dtype(), new Shape(dims));
  }
}
