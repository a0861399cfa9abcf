package fluidml.saved;

import fluidml.graph.Graph;
import fluidml.graph.GraphParser;
import fluidml.graph.Node;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.infer.Requirements;
import fluidml.graph.op.Generation;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Kernel;
import fluidml.loop.Parser;
import fluidml.loop.Procedure;
import fluidml.loop.Stmt;
import fluidml.loop.Target;
import fluidml.lower.Argument;
import fluidml.lower.KernelCall;
import fluidml.lower.LoweredProgram;
import fluidml.lower.Prepacked;
import fluidml.lower.Step;
import fluidml.lower.Storage;
import fluidml.lower.View;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.DimParser;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Reads what {@link ProgramEncoder} wrote, and checks that all of it refers to what there is. */
final class ProgramDecoder {
  private final SectionReader in;
  private final MemorySegment weights;
  private final Target target;
  private final Map<Value, Tensor> constants = new HashMap<>();
  private final Map<Value, View> views = new HashMap<>();
  private final List<Node> nodes = new ArrayList<>();
  private List<Dim> dims = List.of();
  private List<Value> values = List.of();
  private List<Kernel> kernels = List.of();
  private List<Argument.Packed> forms = List.of();
  private int[] chosenOrder = {};

  /**
   * A decoder.
   *
   * @param weights the section of weights
   */
  ProgramDecoder(SectionReader in, MemorySegment weights, Target target) {
    this.in = in;
    this.weights = weights;
    this.target = target;
  }

  /**
   * The kernels in order: what a call passes to each, and its parallel extent. What it does stands
   * in its class file, so its only procedure is an empty entry, whose name tells kernels apart.
   */
  List<Kernel> kernels() {
    return kernels;
  }

  /**
   * The program.
   *
   * @throws RuntimeException if the section is damaged
   */
  LoweredProgram decode() {
    String name = in.text();
    dims = in.list(() -> DimParser.parse(in.text()));
    values = in.list(this::value);
    kernels = kernelTable();
    forms = in.list(() -> new Argument.Packed(new Prepacked(stored()), Value.ABSENT));
    in.list(this::view);
    List<Value> inputs = in.list(() -> in.of(values));
    List<Value> outputs = in.list(() -> in.of(values));
    List<Object> pending = in.list(this::step);
    chosenOrder = chosenOrder(pending.size());
    List<LoweredProgram.Requirement> requirements =
        in.list(() -> new LoweredProgram.Requirement(in.text(), dim(), dim()));
    List<Requirements.Inside> slices =
        in.list(() -> new Requirements.Inside(in.text(), dim(), dim(), dim(), dim()));
    text();
    in.end();
    List<Step> steps = pending.stream().map(this::resolved).toList();
    List<Node> all = new ArrayList<>();
    values.stream()
        .filter(constants::containsKey)
        .forEach(
            v ->
                all.add(
                    new Node(
                        v.name(),
                        new Generation.Constant(constants.get(v)),
                        List.of(),
                        List.of(v))));
    all.addAll(nodes);
    Set<String> symbols = new TreeSet<>();
    for (Value input : inputs) {
      input.knownShape().ifPresent(s -> s.dims().forEach(d -> symbols.addAll(d.symbols())));
    }
    Graph graph = new Graph(name, inputs, outputs, all);
    Storage storage = new Storage(graph, symbols, withInputs(inputs));
    LoweredProgram program =
        new LoweredProgram(graph, storage, steps, requirements, slices, target);
    check(program, symbols);
    return program;
  }

  /** Numbers of the steps in another order; empty if there is none. */
  int[] chosenOrder() {
    return chosenOrder.clone();
  }

  private int[] chosenOrder(int steps) {
    List<Integer> order = in.list(() -> in.index(steps));
    if (!order.isEmpty() && (order.size() != steps || new HashSet<>(order).size() != steps)) {
      throw in.damaged("the order of the steps does not have each of them once");
    }
    return order.stream().mapToInt(Integer::intValue).toArray();
  }

  private Map<Value, View> withInputs(List<Value> inputs) {
    Map<Value, View> all = new HashMap<>(views);
    for (Value input : inputs) {
      if (input.knownShape().isPresent()) {
        all.putIfAbsent(input, View.rowMajor(input));
      }
    }
    return all;
  }

  private Dim dim() {
    return in.of(dims);
  }

  private DType dtype(String text) {
    return DType.ofText(text).orElseThrow(() -> in.damaged("no element type is called " + text));
  }

  private Value value() {
    String name = in.text();
    String dtype = in.text();
    Type type =
        dtype.isEmpty()
            ? GraphParser.parseType(in.text())
            : Type.tensor(dtype(dtype), new Shape(in.list(this::dim)));
    Value value = new Value(name, type);
    int kind = in.index(3);
    if (kind != ProgramEncoder.COMPUTED) {
      long[] extents =
          value
              .shape()
              .constant()
              .orElseThrow(() -> in.damaged("the constant '" + name + "' has no fixed extents"));
      constants.put(value, tensor(kind, value.dtype(), extents));
    }
    return value;
  }

  private Tensor tensor(int kind, DType dtype, long[] extents) {
    return kind == ProgramEncoder.STRINGS
        ? Tensor.ofStrings(in.list(in::text), extents)
        : Tensor.wrap(dtype, stored(), extents);
  }

  private MemorySegment stored() {
    long offset = in.longNumber();
    long bytes = in.longNumber();
    if (offset < 0 || bytes < 0 || offset > weights.byteSize() - bytes) {
      throw in.damaged(
          "bytes %d to %d of %d bytes of weights"
              .formatted(offset, offset + bytes, weights.byteSize()));
    }
    if (offset % 64 != 0) {
      throw in.damaged("a constant begins at byte " + offset);
    }
    return weights.asSlice(offset, bytes);
  }

  private List<Kernel> kernelTable() {
    List<Kernel> table = new ArrayList<>();
    in.list(() -> table.add(kernel("kernel" + table.size())));
    return table;
  }

  private Kernel kernel(String unique) {
    String name = in.text();
    List<Buffer> buffers = in.list(this::buffer);
    List<String> sizes = in.list(in::text);
    Expr extent = Parser.parseExtent(in.text());
    Procedure entry = new Procedure(unique, List.of(), new Stmt.Block(List.of()));
    return new Kernel(name, buffers, sizes, List.of(entry), unique, extent);
  }

  private Buffer buffer() {
    String name = in.text();
    DType dtype = dtype(in.text());
    Buffer.Access access = Buffer.Access.valueOf(in.text());
    String bytes = in.text();
    if (bytes.isEmpty() == (access == Buffer.Access.SCRATCH)) {
      throw in.damaged("the buffer '" + name + "' has a size but is no scratch, or the reverse");
    }
    return new Buffer(
        name,
        dtype,
        access,
        bytes.isEmpty() ? Optional.empty() : Optional.of(Parser.parseExtent(bytes)));
  }

  private View view() {
    Value value = in.of(values);
    Value root = in.of(values);
    Dim offset = dim();
    DType dtype = dtype(in.text());
    Shape shape = new Shape(in.list(this::dim));
    List<Dim> strides = in.list(this::dim);
    if (strides.size() != shape.rank() || root.knownShape().isEmpty()) {
      throw in.damaged("'" + value.name() + "' lies nowhere");
    }
    View view = new View(root, dtype, shape, offset, strides);
    views.put(value, view);
    return view;
  }

  /** A step, or for an interpreted node, which comes later, what is known of it. */
  private Object step() {
    int kind = in.index(3);
    return switch (kind) {
      case ProgramEncoder.CALL -> new Step.Call(call());
      case ProgramEncoder.INTERPRET -> new Later(in.number(), in.text());
      default -> fill();
    };
  }

  private record Later(int node, String reason) {}

  private Step resolved(Object step) {
    return switch (step) {
      case Later(int node, String reason) -> {
        if (node < 0 || node >= nodes.size()) {
          throw in.damaged("no node has the number " + node);
        }
        yield new Step.Interpret(nodes.get(node), reason);
      }
      case Step known -> known;
      default -> throw new IllegalStateException("unexpected " + step);
    };
  }

  private Step.Fill fill() {
    String name = in.text();
    Value value = in.of(values);
    List<Dim> elements = in.list(this::dim);
    boolean integers = value.dtype() == DType.INT64 || value.dtype() == DType.INT32;
    if (!integers || !value.shape().elements().is(elements.size())) {
      throw in.damaged("'" + value.name() + "' does not hold what it is filled with");
    }
    Node node =
        new Node(
            name, new Generation.DimTensor(elements, value.shape()), List.of(), List.of(value));
    return new Step.Fill(node, value, elements);
  }

  private KernelCall call() {
    String label = in.text();
    Kernel kernel = in.of(kernels);
    List<Argument> arguments = in.list(this::argument);
    List<Dim> sizes = in.list(this::dim);
    Dim work = dim();
    List<KernelCall.Overwrite> overwrites =
        in.list(
            () -> new KernelCall.Overwrite(in.index(arguments.size()), in.index(arguments.size())));
    KernelCall call = new KernelCall(label, kernel, arguments, sizes, List.of(), work, overwrites);
    for (int i = 0; i < arguments.size(); i++) {
      boolean constant =
          switch (arguments.get(i)) {
            case Argument.Packed _ -> true;
            case Argument.Memory memory -> constants.containsKey(memory.root());
          };
      if (constant && kernel.frameBuffers().get(i).access().canWrite()) {
        throw in.damaged("the step " + label + " writes to a constant");
      }
    }
    return call;
  }

  private Argument argument() {
    if (in.index(2) == ProgramEncoder.PACKED) {
      return in.of(forms);
    }
    Value root = in.of(values);
    if (root.knownShape().isEmpty() || root.dtype().bytes() == 0) {
      throw in.damaged("'" + root.name() + "' is no tensor in memory");
    }
    return new Argument.Memory(root, dim());
  }

  private void text() {
    if (in.index(2) == 0) {
      return;
    }
    String text = in.text();
    List<Value> inputs = in.list(() -> in.of(values));
    List<List<Value>> outputs = in.list(() -> in.list(() -> in.of(values)));
    Map<String, Tensor> tensors = new HashMap<>();
    in.list(
        () -> {
          String name = in.text();
          DType dtype = dtype(in.text());
          long[] extents = in.list(in::longNumber).stream().mapToLong(Long::longValue).toArray();
          return tensors.put(name, tensor(1 + in.index(2), dtype, extents));
        });
    Graph graph = GraphParser.parse(text, tensors);
    if (graph.inputs().size() != inputs.size() || graph.nodes().size() != outputs.size()) {
      throw in.damaged("the text of interpreted nodes does not fit its tables");
    }
    Map<Value, Value> known = new HashMap<>();
    for (int i = 0; i < inputs.size(); i++) {
      known.put(graph.inputs().get(i), inputs.get(i));
    }
    for (int i = 0; i < outputs.size(); i++) {
      Node node = graph.nodes().get(i);
      if (node.outputs().size() != outputs.get(i).size()) {
        throw in.damaged("node '" + node.name() + "' has another number of results");
      }
      List<Value> operands =
          node.inputs().stream().map(v -> v.isPresent() ? known.get(v) : Value.ABSENT).toList();
      for (int j = 0; j < node.outputs().size(); j++) {
        known.put(node.output(j), outputs.get(i).get(j));
      }
      nodes.add(new Node(node.name(), node.op(), operands, outputs.get(i)));
    }
  }

  private void check(LoweredProgram program, Set<String> symbols) {
    Storage storage = program.storage();
    program.graph().outputs().stream().filter(storage::isPlannable).forEach(storage::view);
    for (Step step : program.steps()) {
      switch (step) {
        case Step.Call(KernelCall call) -> {
          for (Argument argument : call.arguments()) {
            if (argument instanceof Argument.Memory(Value root, Dim offset)) {
              requireKnown(symbols, offset);
              root.shape().dims().forEach(d -> requireKnown(symbols, d));
            }
          }
          call.sizes().forEach(d -> requireKnown(symbols, d));
          requireKnown(symbols, call.work());
        }
        case Step.Interpret(Node node, String _) -> {
          node.inputs().stream().filter(storage::isPlannable).forEach(storage::view);
          node.outputs().stream().filter(storage::isPlannable).forEach(storage::view);
        }
        case Step.Fill(Node _, Value value, List<Dim> elements) -> {
          storage.view(value);
          elements.forEach(d -> requireKnown(symbols, d));
        }
      }
    }
    for (LoweredProgram.Requirement requirement : program.requirements()) {
      requireKnown(symbols, requirement.left());
      requireKnown(symbols, requirement.right());
    }
  }

  private void requireKnown(Set<String> symbols, Dim dim) {
    if (!symbols.containsAll(dim.symbols())) {
      throw in.damaged("the extent " + dim + " has a symbol that no input defines");
    }
  }
}
