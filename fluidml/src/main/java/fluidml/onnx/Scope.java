package fluidml.onnx;

import fluidml.error.InvalidModelException;
import fluidml.graph.Graph;
import fluidml.graph.GraphBuilder;
import fluidml.graph.Value;
import fluidml.onnx.proto.AttributeProto;
import fluidml.onnx.proto.GraphProto;
import fluidml.onnx.proto.NodeProto;
import fluidml.onnx.proto.SparseTensorProto;
import fluidml.onnx.proto.TensorProto;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * What ONNX names mean in one graph, body or function call.
 *
 * <p>The scope of a function call shares the builder of its caller but sees none of its names; the
 * scope of a body has its own builder and sees the outer names by capturing their values, constants
 * by repeating them. Initializers become constants when they are first read.
 */
final class Scope {
  private final GraphBuilder builder;
  private final Optional<Scope> outer;
  private final boolean inPlace;
  private final String prefix;
  private final Set<String> reserved;
  private final Map<String, Long> versions;
  private final Map<String, AttributeProto.Value> arguments;
  private final List<String> functions;
  private final Function<TensorProto, Tensor> resolver;
  private final Map<Value, Tensor> tensors;
  private final Map<String, Value> values = new HashMap<>();
  private final Map<String, TensorProto> initializers = new HashMap<>();
  private final Map<String, SparseTensorProto> sparseInitializers = new HashMap<>();
  private final Map<Value, Value> captures = new LinkedHashMap<>();

  private Scope(
      GraphBuilder builder,
      Optional<Scope> outer,
      boolean inPlace,
      String prefix,
      Set<String> reserved,
      Map<String, Long> versions,
      Map<String, AttributeProto.Value> arguments,
      List<String> functions,
      Function<TensorProto, Tensor> resolver,
      Map<Value, Tensor> tensors) {
    this.builder = builder;
    this.outer = outer;
    this.inPlace = inPlace;
    this.prefix = prefix;
    this.reserved = reserved;
    this.versions = versions;
    this.arguments = arguments;
    this.functions = functions;
    this.resolver = resolver;
    this.tensors = tensors;
  }

  /** The scope of the main graph; {@code reserved} names are not given to intermediate values. */
  static Scope main(
      GraphBuilder builder,
      Set<String> reserved,
      Map<String, Long> versions,
      Function<TensorProto, Tensor> resolver) {
    return new Scope(
        builder,
        Optional.empty(),
        false,
        "",
        reserved,
        versions,
        Map.of(),
        List.of(),
        resolver,
        new HashMap<>());
  }

  /** The scope of a function called from here. */
  Scope function(
      String call,
      Map<String, Long> itsVersions,
      Map<String, AttributeProto.Value> itsArguments,
      List<String> stack) {
    return new Scope(
        builder,
        Optional.empty(),
        false,
        call + "/",
        reserved,
        itsVersions,
        itsArguments,
        stack,
        resolver,
        tensors);
  }

  /** The scope of a body inside this one. */
  Scope body(String name) {
    return new Scope(
        new GraphBuilder(name),
        Optional.of(this),
        false,
        "",
        Set.of(),
        versions,
        arguments,
        functions,
        resolver,
        new HashMap<>());
  }

  /** The scope of a subgraph that becomes part of this graph. */
  Scope inPlace(String call) {
    return new Scope(
        builder,
        Optional.of(this),
        true,
        call + "/",
        reserved,
        versions,
        arguments,
        functions,
        resolver,
        tensors);
  }

  GraphBuilder builder() {
    return builder;
  }

  Map<String, Long> versions() {
    return versions;
  }

  /** Functions being inlined, outermost first. */
  List<String> functions() {
    return functions;
  }

  /** Where this scope is, for messages. */
  String path() {
    return prefix.isEmpty() ? "main graph" : prefix;
  }

  /** What messages call a node: its name or that of its first output. */
  String nodeName(NodeProto proto) {
    if (!proto.name().isEmpty()) {
      return prefix + proto.name();
    }
    return prefix
        + proto.outputs().stream().filter(o -> !o.isEmpty()).findFirst().orElse(proto.opType());
  }

  /** The name in the graph of an ONNX value of this scope. */
  String valueName(String name) {
    return prefix + name;
  }

  /** A name for a value that ONNX does not name. */
  String derivedName(String wish) {
    String name = wish;
    while (reserved.contains(name)) {
      name += "_";
    }
    return name;
  }

  void addInitializers(GraphProto proto) {
    for (TensorProto tensor : proto.initializers()) {
      if (tensor.name().isEmpty() || initializers.put(tensor.name(), tensor) != null) {
        throw new InvalidModelException(
            prefix + tensor.name(), "an initializer without a name of its own");
      }
    }
    for (SparseTensorProto tensor : proto.sparseInitializers()) {
      sparseInitializers.put(tensor.values().name(), tensor);
    }
  }

  boolean hasInitializer(String name) {
    return initializers.containsKey(name) || sparseInitializers.containsKey(name);
  }

  void define(String name, Value value, String where) {
    if (values.put(name, value) != null || hasInitializer(name)) {
      throw new InvalidModelException(where, "value '" + name + "' is defined twice");
    }
  }

  /**
   * The value an ONNX name stands for here.
   *
   * @throws InvalidModelException if it is not defined (yet)
   */
  Value lookup(String name, String where) {
    return find(name)
        .orElseThrow(
            () ->
                new InvalidModelException(
                    where, "reads value '" + name + "', which nothing before it defines"));
  }

  private Optional<Value> find(String name) {
    Value known = values.get(name);
    if (known != null) {
      return Optional.of(known);
    }
    if (initializers.containsKey(name)) {
      TensorProto proto = initializers.get(name);
      return Optional.of(keep(name, constant(valueName(name), resolver.apply(proto))));
    }
    if (sparseInitializers.containsKey(name)) {
      Tensor dense = SparseTensors.dense(sparseInitializers.get(name), resolver, name);
      return Optional.of(keep(name, constant(valueName(name), dense)));
    }
    return outer.flatMap(o -> o.find(name)).map(v -> inPlace ? v : keep(name, capture(name, v)));
  }

  private Value keep(String name, Value value) {
    values.put(name, value);
    return value;
  }

  private Value capture(String name, Value value) {
    if (!value.isPresent()) {
      return value;
    }
    Optional<Tensor> constant = outer.orElseThrow().tensor(value);
    return constant.isPresent()
        ? constant(name, constant.get())
        : captures.computeIfAbsent(value, v -> builder.input(name, v.type()));
  }

  /** Adds a constant. */
  Value constant(String name, Tensor tensor) {
    Value value = builder.constant(derivedOrOwn(name), tensor);
    tensors.put(value, tensor);
    return value;
  }

  private static String derivedOrOwn(String name) {
    return name.isEmpty() ? "constant" : name;
  }

  /** The elements of a constant. */
  Optional<Tensor> tensor(Value value) {
    return Optional.ofNullable(tensors.get(value));
  }

  /** The outer values this body captured, in the order of its additional inputs. */
  List<Value> captured() {
    return List.copyOf(captures.keySet());
  }

  /**
   * The finished body, which takes {@code all} outer values after its formal inputs, in this order.
   *
   * @param all the captures of this body and perhaps of its siblings
   */
  Graph build(List<Value> all) {
    for (Value value : all) {
      captures.computeIfAbsent(value, v -> builder.input(v.name(), v.type()));
    }
    Graph graph = builder.build();
    int formals = graph.inputs().size() - captures.size();
    List<Value> inputs = new ArrayList<>(graph.inputs().subList(0, formals));
    all.forEach(v -> inputs.add(captures.get(v)));
    return new Graph(graph.name(), inputs, graph.outputs(), graph.nodes());
  }

  /**
   * An attribute's value with references to arguments of the function replaced; empty if not given.
   */
  Optional<AttributeProto.Value> resolve(AttributeProto.Value value) {
    return value instanceof AttributeProto.Reference reference
        ? Optional.ofNullable(arguments.get(reference.attribute()))
        : Optional.of(value);
  }
}
