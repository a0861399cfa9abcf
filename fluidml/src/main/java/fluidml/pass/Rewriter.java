package fluidml.pass;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.OpSymbols;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.infer.Contents;
import fluidml.graph.infer.SymbolicTensor;
import fluidml.graph.infer.TypeInference;
import fluidml.graph.infer.Types;
import fluidml.graph.op.Contraction;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Elementwise.Binary;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Generation;
import fluidml.graph.op.Indexing.Gather;
import fluidml.graph.op.Movement;
import fluidml.graph.op.Movement.Concat;
import fluidml.graph.op.Normalization;
import fluidml.graph.op.Op;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * Builds a graph anew from another one, in one walk in execution order: every node, whether copied
 * or emitted by a rule, is offered to the rules before it is added, so that rules see operands that
 * are in their final form already.
 *
 * <p>A copied node keeps the types of its results unless those of its operands changed. Results
 * that the graph gives out keep their names. Nodes that nothing needs any more are left out.
 */
final class Rewriter {
  private static final int MAX_DEPTH = 64;

  private final Graph before;
  private final Map<Class<?>, List<Rule>> rules = new HashMap<>();
  private final List<Rule> allRules;
  private final boolean inferAll;
  private final List<Node> nodes = new ArrayList<>();
  private final Map<Value, Node> producers = new HashMap<>();
  private final Map<Value, Value> mapped = new HashMap<>();
  private final Map<Value, Integer> uses = new HashMap<>();
  private final Contents contents = new Contents();
  private final Set<String> names = new HashSet<>();
  private final Set<String> symbols = new HashSet<>();
  private final Set<String> given = new HashSet<>();
  private final Map<String, Dim> resolved = new HashMap<>();
  private final Map<Value, String> outputNames = new HashMap<>();
  private String place = "";
  private int recorded;
  private int depth;
  private int changes;

  private Rewriter(Graph before, List<Rule> rules, boolean inferAll) {
    this.before = before;
    this.allRules = rules;
    this.inferAll = inferAll;
    for (Value input : before.inputs()) {
      names.add(input.name());
      contents.reserve(input.type());
    }
    before.inputs().forEach(v -> given.addAll(Types.symbols(v.type())));
    symbols.addAll(given);
    for (Node node : before.nodes()) {
      node.outputs().forEach(v -> names.add(v.name()));
      node.outputs().forEach(v -> symbols.addAll(Types.symbols(v.type())));
      node.inputs().forEach(v -> uses.merge(v, 1, Integer::sum));
    }
    before.outputs().forEach(v -> uses.merge(v, 1, Integer::sum));
    contents.reserve(symbols);
  }

  /** The graph after the rules; {@code graph} itself if none applied and no type changed. */
  static Graph rewrite(Graph graph, List<Rule> rules) {
    return new Rewriter(graph, rules, false).run();
  }

  /** The graph after the rules, with all types inferred anew. */
  static Graph infer(Graph graph, List<Rule> rules) {
    return new Rewriter(graph, rules, true).run();
  }

  private Graph run() {
    for (Node node : before.nodes()) {
      copy(node);
    }
    return changes == 0 ? before : finish();
  }

  private void copy(Node node) {
    place = node.name();
    List<Value> inputs = node.inputs();
    List<Value> operands = new ArrayList<>(inputs.size());
    boolean sameTypes = true;
    boolean sameValues = true;
    for (Value input : inputs) {
      Value now = mapped.getOrDefault(input, input);
      operands.add(now);
      sameValues &= now.equals(input);
      sameTypes &= now.type().equals(input.type());
    }
    Op op = OpSymbols.substitute(node.op(), resolved);
    boolean sameOp = op.equals(node.op());
    Node current =
        sameValues && sameOp ? node : new Node(node.name(), op, operands, node.outputs());
    if (inferAll || !sameTypes || !sameOp) {
      current = retyped(current);
    }
    int mark = nodes.size();
    List<Value> results = applyRules(current, mark);
    if (results.isEmpty()) {
      append(current);
      results = current.outputs();
    } else {
      changes++;
      operands.forEach(this::release);
    }
    for (int i = 0; i < results.size(); i++) {
      map(node.output(i), results.get(i), mark);
    }
  }

  private Node retyped(Node node) {
    List<Type> types = types(node.name(), node.op(), node.inputs(), node.outputs().size());
    List<Value> outputs = new ArrayList<>(types.size());
    boolean same = true;
    for (int i = 0; i < types.size(); i++) {
      Value old = node.output(i);
      Type type = sharper(types.get(i), old.type());
      boolean keep = !old.isPresent() || type.equals(old.type());
      outputs.add(keep ? old : new Value(old.name(), type));
      same &= keep;
    }
    if (same) {
      return node;
    }
    changes++;
    return new Node(node.name(), node.op(), node.inputs(), outputs);
  }

  /**
   * The inferred type, with numbers from what was known before. Extents that only data tells keep
   * the names that attributes may mention; a name that turns out to be an expression of others is
   * replaced by it from here on.
   */
  private Type sharper(Type inferred, Type known) {
    if (!(inferred instanceof Type.TensorType a)
        || !(known instanceof Type.TensorType b)
        || b.shape().isEmpty()) {
      return inferred;
    }
    Shape old = b.shape().get();
    if (a.shape().isEmpty()) {
      return new Type.TensorType(a.dtype(), b.shape());
    }
    Shape shape = a.shape().get();
    if (shape.rank() != old.rank() || shape.isConstant()) {
      return inferred;
    }
    List<Dim> dims = new ArrayList<>();
    for (int i = 0; i < shape.rank(); i++) {
      Dim was = old.dim(i);
      Dim is = shape.dim(i);
      boolean named = symbols.containsAll(is.symbols());
      dims.add(named && !was.isConstant() ? is : was.substitute(resolved));
      if (named && !was.isConstant()) {
        resolve(was, is);
      }
    }
    return Type.tensor(a.dtype(), new Shape(dims));
  }

  private void resolve(Dim was, Dim is) {
    Set<String> names = was.symbols();
    String name = names.iterator().next();
    if (names.size() == 1 && was.equals(Dim.symbol(name)) && given.add(name) && !is.equals(was)) {
      resolved.put(name, is);
    }
  }

  /** The first replacement that fits the node's results; empty if there is none. */
  private List<Value> applyRules(Node node, int mark) {
    for (Rule rule : rules.computeIfAbsent(node.op().getClass(), this::rulesFor)) {
      List<Value> results = rule.action().apply(node, this);
      if (!results.isEmpty() && fit(node, results, mark)) {
        return results;
      }
    }
    return List.of();
  }

  private List<Rule> rulesFor(Class<?> op) {
    return allRules.stream().filter(rule -> rule.root().isAssignableFrom(op)).toList();
  }

  private boolean fit(Node node, List<Value> results, int mark) {
    for (int i = 0; i < results.size(); i++) {
      Value old = node.output(i);
      Value result = results.get(i);
      boolean fresh = isFresh(result, mark);
      boolean taken =
          before.isOutput(old)
              && (outputNames.containsKey(result)
                  || before.isOutput(result)
                  || before.inputs().contains(result));
      if (taken
          && node.op() instanceof Unary(UnaryFunction function)
          && function == UnaryFunction.IDENTITY) {
        return false;
      }
      if (fresh ? !compatible(old.type(), result.type()) : !old.type().equals(result.type())) {
        return false;
      }
    }
    return true;
  }

  private static boolean compatible(Type old, Type now) {
    if (!(old instanceof Type.TensorType a) || !(now instanceof Type.TensorType b)) {
      return old.equals(now);
    }
    if (a.dtype() != b.dtype()) {
      return false;
    }
    if (a.shape().isEmpty() || b.shape().isEmpty()) {
      return true;
    }
    Shape left = a.shape().get();
    Shape right = b.shape().get();
    if (left.rank() != right.rank()) {
      return false;
    }
    for (int i = 0; i < left.rank(); i++) {
      if (left.dim(i).minus(right.dim(i)).constant().orElse(0) != 0) {
        return false;
      }
    }
    return true;
  }

  private boolean isFresh(Value value, int mark) {
    for (int i = nodes.size() - 1; i >= mark; i--) {
      if (nodes.get(i).outputs().contains(value)) {
        return true;
      }
    }
    return false;
  }

  private void append(Node node) {
    nodes.add(node);
    node.outputs().forEach(v -> producers.put(v, node));
  }

  /**
   * From here on {@code now} stands for {@code old}; a new value that nothing reads yet takes its
   * name.
   */
  private void map(Value old, Value now, int mark) {
    if (now.equals(old)) {
      return;
    }
    Value result = now;
    if (!now.name().equals(old.name()) && uses.getOrDefault(now, 0) == 0) {
      for (int i = nodes.size() - 1; i >= mark; i--) {
        Node node = nodes.get(i);
        int position = node.outputs().indexOf(now);
        if (position >= 0) {
          result = new Value(old.name(), sharper(now.type(), old.type()));
          List<Value> outputs = new ArrayList<>(node.outputs());
          outputs.set(position, result);
          Node renamed = new Node(node.name(), node.op(), node.inputs(), outputs);
          nodes.set(i, renamed);
          producers.remove(now);
          outputs.forEach(v -> producers.put(v, renamed));
          if (i < recorded) {
            contents.record(renamed);
          }
          break;
        }
      }
    }
    mapped.put(old, result);
    uses.merge(result, uses.getOrDefault(old, 0), Integer::sum);
    if (before.isOutput(old) && !result.name().equals(old.name())) {
      outputNames.putIfAbsent(result, old.name());
    }
  }

  /** Forgets one use of a value, and of what only it needed. */
  private void release(Value value) {
    if (!value.isPresent() || uses.merge(value, -1, Integer::sum) != 0) {
      return;
    }
    Node producer = producers.get(value);
    if (producer != null
        && producer.outputs().stream().allMatch(v -> uses.getOrDefault(v, 0) <= 0)) {
      producer.inputs().forEach(this::release);
    }
  }

  private Graph finish() {
    List<Value> outputs = new ArrayList<>();
    Map<Value, Value> renamed = new HashMap<>();
    for (Value old : before.outputs()) {
      Value now = mapped.getOrDefault(old, old);
      if (now.name().equals(old.name())) {
        outputs.add(now);
      } else if (old.name().equals(outputNames.get(now))
          && producers.containsKey(now)
          && !before.isOutput(now)) {
        outputs.add(renamed.computeIfAbsent(now, v -> new Value(old.name(), v.type())));
      } else {
        Value copy = new Value(old.name(), now.type());
        nodes.add(
            new Node(old.name(), new Unary(UnaryFunction.IDENTITY), List.of(now), List.of(copy)));
        outputs.add(copy);
      }
    }
    Set<Value> live = new HashSet<>(outputs);
    List<Node> kept = new ArrayList<>();
    for (int i = nodes.size() - 1; i >= 0; i--) {
      Node node = renamed.isEmpty() ? nodes.get(i) : substitute(nodes.get(i), renamed);
      if (node.outputs().stream().anyMatch(live::contains)) {
        live.addAll(node.inputs());
        kept.add(node);
      }
    }
    Collections.reverse(kept);
    return new Graph(before.name(), before.inputs(), outputs, kept);
  }

  private static Node substitute(Node node, Map<Value, Value> renamed) {
    if (node.inputs().stream().noneMatch(renamed::containsKey)
        && node.outputs().stream().noneMatch(renamed::containsKey)) {
      return node;
    }
    return new Node(
        node.name(),
        node.op(),
        node.inputs().stream().map(v -> renamed.getOrDefault(v, v)).toList(),
        node.outputs().stream().map(v -> renamed.getOrDefault(v, v)).toList());
  }

  /** The graph that is being rewritten. */
  Graph before() {
    return before;
  }

  /** The node of the new graph that computes {@code value}; empty for inputs. */
  Optional<Node> producer(Value value) {
    return Optional.ofNullable(producers.get(value));
  }

  /** The value that stands for a value of the graph that is being rewritten. */
  Value now(Value old) {
    return mapped.getOrDefault(old, old);
  }

  /** Whether nothing but one operand reads {@code value}. */
  boolean isSingleUse(Value value) {
    return uses(value) <= 1;
  }

  /** How many operands and outputs {@code value} is. */
  int uses(Value value) {
    return uses.getOrDefault(value, 0);
  }

  /**
   * What is known of the elements of the first result of a node that may not be in the graph yet.
   */
  Optional<SymbolicTensor> contents(Node node) {
    contents().record(node);
    return contents.of(node.output());
  }

  /** What is known of the elements of values. */
  Contents contents() {
    for (; recorded < nodes.size(); recorded++) {
      contents.record(nodes.get(recorded));
    }
    return contents;
  }

  private List<Type> types(String name, Op op, List<Value> operands, int results) {
    return TypeInference.infer(
        name, op, operands, results, readsContents(op, operands) ? contents() : contents);
  }

  /** Whether types of results may depend on the elements of operands. */
  private static boolean readsContents(Op op, List<Value> operands) {
    return switch (op) {
      case Elementwise _, Contraction _, Normalization _, Gather _, Concat _ -> false;
      case Movement _ -> operands.size() > 1;
      default -> true;
    };
  }

  /** The elements of {@code value} if it is a constant. */
  Optional<Tensor> constant(Value value) {
    return producer(value)
        .flatMap(
            node ->
                node.op() instanceof Generation.Constant(Tensor tensor)
                    ? Optional.of(tensor)
                    : Optional.empty());
  }

  /** The number that a real-valued constant of one element holds. */
  OptionalDouble scalar(Value value) {
    return Constants.scalar(constant(value));
  }

  /** Matches the expression that {@code node} computes. */
  Optional<Match> match(Pattern pattern, Node node) {
    return Match.find(pattern, node, this);
  }

  /** Matches the expression that computes {@code value}. */
  Optional<Match> match(Pattern pattern, Value value) {
    return Match.find(pattern, value, this);
  }

  /** Adds a constant. */
  Value constant(Tensor tensor) {
    return emit(new Generation.Constant(tensor));
  }

  /** Adds a scalar constant. */
  Value scalar(DType dtype, double value) {
    return constant(Constants.scalar(dtype, value));
  }

  /** Adds an elementwise function of two values, or finds what the rules make of it. */
  Value binary(BinaryFunction function, Value a, Value b) {
    return emit(new Binary(function), a, b);
  }

  /** A value in another element type; itself if that is its type. */
  Value cast(Value value, DType to) {
    return value.dtype() == to ? value : emit(new Elementwise.Cast(to), value);
  }

  /** A value of one element as a scalar; itself if it is one. */
  Value withoutAxes(Value one) {
    return one.shape().rank() == 0 ? one : emit(new Movement.Reshape(Shape.SCALAR), one);
  }

  /** Reshapes a vector so that it broadcasts along an axis of values of a rank. */
  Value along(Value vector, int axis, int rank) {
    List<Dim> dims = new ArrayList<>(Collections.nCopies(rank, Dim.ONE));
    dims.set(axis, vector.shape().dim(0));
    return emit(new Movement.Reshape(new Shape(dims)), vector);
  }

  /** Adds a node with one result, or finds what the rules make of it. */
  Value emit(Op op, Value... operands) {
    return emit(op, List.of(operands), 1).getFirst();
  }

  /**
   * Adds a node, or finds what the rules make of it.
   *
   * @throws IllegalStateException if rules undo each other for ever
   */
  List<Value> emit(Op op, List<Value> operands, int results) {
    if (++depth > MAX_DEPTH) {
      throw new IllegalStateException("rules do not come to an end at " + place + ": " + op);
    }
    List<Type> types = types(place, op, operands, results);
    List<Value> outputs = new ArrayList<>(results);
    for (int i = 0; i < results; i++) {
      outputs.add(new Value(unique(place + "." + op.mnemonic()), types.get(i)));
    }
    Node node = new Node(place, op, operands, outputs);
    List<Value> replaced = applyRules(node, nodes.size());
    depth--;
    if (!replaced.isEmpty()) {
      outputs.forEach(v -> names.remove(v.name()));
      return replaced;
    }
    operands.forEach(v -> uses.merge(v, 1, Integer::sum));
    append(node);
    return outputs;
  }

  /**
   * Emits the nodes of a closed graph over {@code operands}; the values of its outputs, each of
   * them new. Empty if attributes mention names for extents that only the body has.
   */
  List<Value> inline(Graph body, List<Value> operands) {
    if (body.nodes().stream().anyMatch(n -> !symbols.containsAll(OpSymbols.symbols(n.op())))) {
      return List.of();
    }
    Map<Value, Value> values = new HashMap<>();
    values.put(Value.ABSENT, Value.ABSENT);
    for (int i = 0; i < operands.size(); i++) {
      values.put(body.inputs().get(i), operands.get(i));
    }
    for (Node node : body.nodes()) {
      List<Value> inputs = node.inputs().stream().map(values::get).toList();
      List<Value> results = emit(node.op(), inputs, node.outputs().size());
      for (int i = 0; i < results.size(); i++) {
        values.put(node.output(i), results.get(i));
      }
    }
    return body.outputs().stream().map(values::get).map(v -> copied(v, operands)).toList();
  }

  private Value copied(Value value, List<Value> operands) {
    return value.isTensor() && operands.contains(value)
        ? emit(new Unary(UnaryFunction.IDENTITY), value)
        : value;
  }

  private String unique(String wish) {
    String candidate = wish.toLowerCase(Locale.ROOT);
    for (int i = 1; !names.add(candidate); i++) {
      candidate = wish.toLowerCase(Locale.ROOT) + "_" + i;
    }
    return candidate;
  }
}
