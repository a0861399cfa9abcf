package fluidml.onnx;

import fluidml.error.InvalidModelException;
import fluidml.error.UnsupportedModelException;
import fluidml.graph.Graph;
import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.SequenceOp.OptionalGetElement;
import fluidml.onnx.proto.AttributeProto;
import fluidml.onnx.proto.FunctionProto;
import fluidml.onnx.proto.GraphProto;
import fluidml.onnx.proto.ModelProto;
import fluidml.onnx.proto.ModelProto.OperatorSetId;
import fluidml.onnx.proto.NodeProto;
import fluidml.onnx.proto.TensorProto;
import fluidml.onnx.proto.TypeProto;
import fluidml.onnx.proto.ValueInfoProto;
import fluidml.tensor.Dim;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.function.Function;

/** One import of one model: what all its graphs share, and the walk over nodes. */
final class ModelImport {
  /** Bounds what nested functions and re-imported loop bodies can blow up to. */
  private static final int MAX_NODES = 1_000_000;

  private static final int MAX_NESTING = 64;

  private final ModelProto model;
  private final Function<TensorProto, Tensor> constants;
  private final Map<FunctionKey, FunctionProto> functions = new HashMap<>();
  private final Operators operators = Operators.all();
  private final Types types = new Types();
  private final Set<Dim> widened = new HashSet<>();
  private int nodes;
  private int nesting;

  /** Identity of a model-local function. */
  private record FunctionKey(String domain, String name, String overload) {}

  ModelImport(ModelProto model, Function<TensorProto, Tensor> constants) {
    this.model = model;
    this.constants = constants;
    for (FunctionProto function : model.functions()) {
      FunctionKey key =
          new FunctionKey(domain(function.domain()), function.name(), function.overload());
      if (functions.put(key, function) != null) {
        throw new InvalidModelException(
            "function " + key.domain() + "." + key.name(), "is defined twice");
      }
    }
  }

  /** The canonical name of a domain: the default one has two spellings. */
  static String domain(String domain) {
    return domain.isEmpty() ? "ai.onnx" : domain;
  }

  Graph graph() {
    GraphProto proto = model.graph();
    Set<String> outputNames = new HashSet<>();
    proto.outputs().forEach(o -> outputNames.add(o.name()));
    GraphBuilder builder = new GraphBuilder(proto.name().isEmpty() ? "main" : proto.name());
    Scope scope =
        Scope.main(builder, outputNames, versions(model.opsetImports(), "the model"), constants);
    scope.addInitializers(proto);
    for (ValueInfoProto input : proto.inputs()) {
      if (!scope.hasInitializer(input.name())) {
        scope.define(input.name(), builder.input(input.name(), types.of(input)), "graph inputs");
      }
    }
    importNodes(proto, scope);
    for (ValueInfoProto output : proto.outputs()) {
      Value value = scope.lookup(output.name(), "graph outputs");
      if (value.type() instanceof Type.OptionalType
          && !(output.type() instanceof TypeProto.OptionalType)
          && !(output.type() instanceof TypeProto.Unknown)) {
        value =
            builder
                .add(
                    output.name(),
                    new OptionalGetElement(),
                    List.of(value),
                    List.of(scope.derivedName(output.name() + "/element")))
                .getFirst();
      }
      if (!value.name().equals(output.name())) {
        value =
            builder
                .add(
                    output.name(),
                    new Unary(UnaryFunction.IDENTITY),
                    List.of(value),
                    List.of(output.name()))
                .getFirst();
      }
      builder.output(value);
    }
    return builder.build();
  }

  private static Map<String, Long> versions(List<OperatorSetId> imports, String owner) {
    Map<String, Long> versions = new HashMap<>();
    for (OperatorSetId id : imports) {
      String domain = domain(id.domain());
      long newest = Operators.newestVersion(domain);
      if (newest > 0 && id.version() > newest) {
        throw new UnsupportedModelException(
            owner,
            domain + "-" + id.version(),
            "the newest supported version of this operator set is "
                + newest
                + "; export or convert the model to it");
      }
      versions.put(domain, id.version());
    }
    return versions;
  }

  /**
   * Imports the nodes of the main graph. Where a loop or branch gives a sequence that is a graph
   * output, its result gets another name than the output: it may turn out to be an optional, whose
   * element is the output.
   */
  private void importNodes(GraphProto graph, Scope scope) {
    Set<String> sequences = new HashSet<>();
    for (ValueInfoProto output : graph.outputs()) {
      if (output.type() instanceof TypeProto.SequenceType) {
        sequences.add(output.name());
      }
    }
    for (NodeProto node : graph.nodes()) {
      boolean control = node.opType().equals("Loop") || node.opType().equals("If");
      if (!control || Collections.disjoint(node.outputs(), sequences)) {
        importNode(node, scope);
        continue;
      }
      List<String> names =
          node.outputs().stream()
              .map(o -> sequences.contains(o) ? scope.derivedName(o + "/value") : o)
              .toList();
      importNode(
          new NodeProto(
              node.name(),
              node.domain(),
              node.opType(),
              node.overload(),
              node.inputs(),
              names,
              node.attributes(),
              node.docString()),
          scope);
      for (int i = 0; i < names.size(); i++) {
        String output = node.outputs().get(i);
        if (!names.get(i).equals(output)) {
          scope.define(output, scope.lookup(names.get(i), output), output);
        }
      }
    }
  }

  private void importNodes(List<NodeProto> protos, Scope scope) {
    if (++nesting > MAX_NESTING) {
      throw new InvalidModelException(
          scope.path(), "graphs and functions are nested more than " + MAX_NESTING + " deep");
    }
    for (NodeProto proto : protos) {
      importNode(proto, scope);
    }
    nesting--;
  }

  private void importNode(NodeProto proto, Scope scope) {
    String name = scope.nodeName(proto);
    if (++nodes > MAX_NODES) {
      throw new InvalidModelException(name, "functions and bodies unfold to too many nodes");
    }
    String domain = domain(proto.domain());
    FunctionProto function =
        functions.get(new FunctionKey(domain, proto.opType(), proto.overload()));
    if (function != null) {
      inline(proto, name, function, scope);
      return;
    }
    Long version = scope.versions().get(domain);
    if (version == null) {
      throw new InvalidModelException(
          name, "uses operator set '" + domain + "', which the model does not import");
    }
    Call call = new Call(this, scope, proto, name, domain, version);
    List<Value> results = emit(call);
    call.attributes().finish();
    bind(proto, name, results, scope);
  }

  /**
   * Operands and attributes that contradict each other in ways nobody thought of are still typed.
   */
  private List<Value> emit(Call call) {
    try {
      return operators.find(call).apply(call);
    } catch (ArithmeticException
        | IllegalArgumentException
        | IndexOutOfBoundsException
        | NoSuchElementException e) {
      throw new InvalidModelException(
          "node '" + call.name() + "' (" + call.op() + ")",
          "operands and attributes do not fit together: " + e,
          e);
    }
  }

  private static void bind(NodeProto proto, String name, List<Value> results, Scope scope) {
    List<String> outputs = proto.outputs();
    for (int i = 0; i < outputs.size(); i++) {
      if (outputs.get(i).isEmpty()) {
        continue;
      }
      if (i >= results.size() || !results.get(i).isPresent()) {
        throw new InvalidModelException(
            name, proto.opType() + " has no output " + i + " ('" + outputs.get(i) + "')");
      }
      scope.define(outputs.get(i), results.get(i), name);
    }
  }

  private void inline(NodeProto proto, String name, FunctionProto function, Scope scope) {
    String id = domain(function.domain()) + "." + function.name() + ":" + function.overload();
    if (scope.functions().contains(id)) {
      throw new InvalidModelException(name, "function " + id + " calls itself");
    }
    if (proto.inputs().size() > function.inputs().size()
        || proto.outputs().size() > function.outputs().size()) {
      throw new InvalidModelException(
          name,
          "calls function %s with %d inputs and %d outputs, it has %d and %d"
              .formatted(
                  id,
                  proto.inputs().size(),
                  proto.outputs().size(),
                  function.inputs().size(),
                  function.outputs().size()));
    }
    List<String> stack = new ArrayList<>(scope.functions());
    stack.add(id);
    Scope inner =
        scope.function(
            name,
            versions(function.opsetImports(), "function " + id),
            arguments(proto, name, function, scope),
            stack);
    for (int i = 0; i < function.inputs().size(); i++) {
      String actual = i < proto.inputs().size() ? proto.inputs().get(i) : "";
      inner.define(
          function.inputs().get(i),
          actual.isEmpty() ? Value.ABSENT : scope.lookup(actual, name),
          name);
    }
    importNodes(function.nodes(), inner);
    List<Value> results = new ArrayList<>();
    for (int i = 0; i < proto.outputs().size(); i++) {
      results.add(
          proto.outputs().get(i).isEmpty()
              ? Value.ABSENT
              : inner.lookup(function.outputs().get(i), name));
    }
    bind(proto, name, results, scope);
  }

  private static Map<String, AttributeProto.Value> arguments(
      NodeProto proto, String name, FunctionProto function, Scope scope) {
    Map<String, AttributeProto.Value> arguments = new HashMap<>();
    function.defaults().forEach(a -> arguments.put(a.name(), a.value()));
    for (AttributeProto attribute : proto.attributes()) {
      if (!function.attributes().contains(attribute.name())
          && !arguments.containsKey(attribute.name())) {
        throw new InvalidModelException(
            name, "function " + function.name() + " has no attribute '" + attribute.name() + "'");
      }
      scope.resolve(attribute.value()).ifPresent(v -> arguments.put(attribute.name(), v));
    }
    return arguments;
  }

  /**
   * Imports a body.
   *
   * @param formals types of its formal inputs; the names are the body's
   * @return the scope of the body, complete but for captures that a sibling may add
   */
  Scope body(GraphProto proto, List<Type> formals, Scope outer, String name) {
    if (proto.inputs().size() != formals.size()) {
      throw new InvalidModelException(
          name,
          "body '%s' has %d inputs, %d are needed"
              .formatted(proto.name(), proto.inputs().size(), formals.size()));
    }
    Scope scope = outer.body(proto.name().isEmpty() ? name : proto.name());
    for (int i = 0; i < formals.size(); i++) {
      String input = proto.inputs().get(i).name();
      scope.define(input, scope.builder().input(input, formals.get(i)), name);
    }
    scope.addInitializers(proto);
    importNodes(proto.nodes(), scope);
    for (ValueInfoProto output : proto.outputs()) {
      scope.builder().output(scope.lookup(output.name(), name));
    }
    return scope;
  }

  /** Imports a subgraph as part of the graph around it. */
  List<Value> inline(GraphProto proto, List<Value> inputs, Scope outer, String name) {
    if (proto.inputs().size() != inputs.size()) {
      throw new InvalidModelException(
          name,
          "subgraph '%s' has %d inputs, %d are needed"
              .formatted(proto.name(), proto.inputs().size(), inputs.size()));
    }
    Scope scope = outer.inPlace(name);
    for (int i = 0; i < inputs.size(); i++) {
      scope.define(proto.inputs().get(i).name(), inputs.get(i), name);
    }
    scope.addInitializers(proto);
    importNodes(proto.nodes(), scope);
    return proto.outputs().stream().map(o -> scope.lookup(o.name(), name)).toList();
  }

  /** A new symbol for an extent that changes from one turn of a loop to the next. */
  Dim widenedSymbol(String wish) {
    Dim symbol = types.symbol(wish);
    widened.add(symbol);
    return symbol;
  }

  boolean isWidened(Dim dim) {
    return widened.contains(dim);
  }

  Types types() {
    return types;
  }

  Tensor constant(TensorProto proto) {
    return constants.apply(proto);
  }
}
