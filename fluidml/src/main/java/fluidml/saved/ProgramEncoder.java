package fluidml.saved;

import fluidml.graph.Graph;
import fluidml.graph.GraphPrinter;
import fluidml.graph.Node;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.loop.Buffer;
import fluidml.loop.Kernel;
import fluidml.loop.Printer;
import fluidml.lower.Argument;
import fluidml.lower.KernelCall;
import fluidml.lower.LoweredProgram;
import fluidml.lower.Step;
import fluidml.lower.View;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Writes a program's steps and the tables they refer to.
 *
 * <p>What kernels compute is not in it but in the class files; of their loop nests only what a
 * binding needs: buffers, sizes, extents. Nodes that run on the interpreter are written as the text
 * of a graph of their own.
 */
final class ProgramEncoder {
  /** How a value begins that is no constant. */
  static final int COMPUTED = 0;

  /** How a constant begins that lies in the section of weights. */
  static final int STORED = 1;

  /** How a constant begins whose strings follow. */
  static final int STRINGS = 2;

  static final int CALL = 0;
  static final int INTERPRET = 1;
  static final int FILL = 2;

  static final int MEMORY = 0;
  static final int PACKED = 1;

  private final LoweredProgram program;
  private final int[] chosenOrder;
  private final Placement placement;
  private final Function<Argument.Packed, MemorySegment> packed;
  private final Map<Dim, Integer> dims = new LinkedHashMap<>();
  private final Map<Value, Integer> values = new LinkedHashMap<>();
  private final Map<Kernel, Integer> kernels = new LinkedHashMap<>();
  private final Map<Argument.Packed, Integer> forms = new LinkedHashMap<>();
  private final Map<Value, View> views = new LinkedHashMap<>();
  private final List<Node> interpreted = new ArrayList<>();

  /**
   * An encoder.
   *
   * @param chosenOrder numbers of the steps in another order, or none
   * @param placement gets the constants
   * @param packed packed constants as kernels read them
   */
  ProgramEncoder(
      LoweredProgram program,
      int[] chosenOrder,
      Placement placement,
      Function<Argument.Packed, MemorySegment> packed) {
    this.program = program;
    this.chosenOrder = chosenOrder.clone();
    this.placement = placement;
    this.packed = packed;
  }

  /** The kernels in the order in which steps refer to them. */
  List<Kernel> kernels() {
    return List.copyOf(kernels.keySet());
  }

  /** The section. */
  byte[] encode() {
    Graph graph = program.graph();
    SectionWriter body = new SectionWriter();
    body.list(graph.inputs(), v -> body.number(value(v)));
    body.list(graph.outputs(), v -> body.number(value(v)));
    graph.outputs().forEach(this::place);
    body.list(program.steps(), step -> step(body, step));
    body.list(IntStream.of(chosenOrder).boxed().toList(), body::number);
    body.list(
        program.requirements(),
        r -> body.text(r.where()).number(dim(r.left())).number(dim(r.right())));
    body.list(
        program.slices(),
        s ->
            body.text(s.node())
                .number(dim(s.first()))
                .number(dim(s.last()))
                .number(dim(s.size()))
                .number(dim(s.extent())));
    text(body);
    SectionWriter viewTable = new SectionWriter();
    viewTable.list(List.copyOf(views.entrySet()), e -> view(viewTable, e.getKey(), e.getValue()));
    SectionWriter valueTable = new SectionWriter();
    valueTable.list(List.copyOf(values.keySet()), v -> valueEntry(valueTable, v));
    SectionWriter kernelTable = new SectionWriter();
    kernelTable.list(kernels.keySet(), k -> kernel(kernelTable, k));
    SectionWriter formTable = new SectionWriter();
    formTable.list(forms.keySet(), f -> stored(formTable, packed.apply(f), true));
    SectionWriter dimTable = new SectionWriter();
    dimTable.list(dims.keySet(), d -> dimTable.text(d.toString()));
    return new SectionWriter()
        .text(graph.name())
        .append(dimTable)
        .append(valueTable)
        .append(kernelTable)
        .append(formTable)
        .append(viewTable)
        .append(body)
        .toBytes();
  }

  private int dim(Dim dim) {
    return dims.computeIfAbsent(dim, _ -> dims.size());
  }

  private int value(Value value) {
    return values.computeIfAbsent(value, _ -> values.size());
  }

  /** Notes where a value lies, for those that are asked for it by name when the program runs. */
  private void place(Value value) {
    if (program.storage().isPlannable(value)) {
      View view = program.storage().view(value);
      views.put(value, view);
      value(view.root());
    }
  }

  private void step(SectionWriter out, Step step) {
    switch (step) {
      case Step.Call(KernelCall call) -> {
        out.number(CALL).text(call.label());
        out.number(kernels.computeIfAbsent(call.kernel(), _ -> kernels.size()));
        out.list(call.arguments(), a -> argument(out, a));
        out.list(call.sizes(), s -> out.number(dim(s)));
        out.number(dim(call.work()));
        out.list(call.overwrites(), o -> out.number(o.operand()).number(o.result()));
      }
      case Step.Interpret(Node node, String reason) -> {
        out.number(INTERPRET).number(interpreted.size()).text(reason);
        interpreted.add(node);
      }
      case Step.Fill(Node node, Value value, List<Dim> elements) -> {
        place(value);
        out.number(FILL).text(node.name()).number(value(value));
        out.list(elements, e -> out.number(dim(e)));
      }
    }
  }

  private void argument(SectionWriter out, Argument argument) {
    switch (argument) {
      case Argument.Memory(Value root, Dim offset) ->
          out.number(MEMORY).number(value(root)).number(dim(offset));
      case Argument.Packed form ->
          out.number(PACKED).number(forms.computeIfAbsent(form, _ -> forms.size()));
    }
  }

  /** Interpreted nodes as a graph whose inputs are all that they read and do not compute. */
  private void text(SectionWriter out) {
    if (interpreted.isEmpty()) {
      out.number(0);
      return;
    }
    List<Value> inputs = new ArrayList<>(program.graph().inputs());
    Set<Value> known = new HashSet<>(inputs);
    for (Node node : interpreted) {
      for (Value input : node.inputs()) {
        if (input.isPresent() && known.add(input)) {
          inputs.add(input);
        }
      }
      known.addAll(node.outputs());
      node.inputs().stream().filter(Value::isPresent).forEach(this::place);
      node.outputs().stream().filter(Value::isPresent).forEach(this::place);
    }
    Graph graph = new Graph("interpreted", inputs, List.of(), interpreted);
    out.number(1).text(GraphPrinter.print(graph));
    out.list(inputs, v -> out.number(value(v)));
    out.list(interpreted, n -> out.list(n.outputs(), v -> out.number(value(v))));
    out.list(
        GraphPrinter.tensors(graph).entrySet(),
        e -> {
          out.text(e.getKey()).text(e.getValue().dtype().toString());
          longs(out, e.getValue().dims());
          tensor(out, e.getValue());
        });
  }

  private static void longs(SectionWriter out, long[] numbers) {
    out.number(numbers.length);
    for (long number : numbers) {
      out.number(number);
    }
  }

  private void valueEntry(SectionWriter out, Value value) {
    out.text(value.name());
    type(out, value.type());
    Optional<Tensor> constant = program.graph().constant(value);
    if (constant.isPresent()) {
      tensor(out, constant.get());
    } else {
      out.number(COMPUTED);
    }
  }

  /** An element type and dims if it is a tensor of known rank, else an empty text and the type. */
  private void type(SectionWriter out, Type type) {
    if (type instanceof Type.TensorType tensor && tensor.shape().isPresent()) {
      out.text(tensor.dtype().toString());
      out.list(tensor.shape().get().dims(), d -> out.number(dim(d)));
    } else {
      out.text("").text(type.toString());
    }
  }

  private void tensor(SectionWriter out, Tensor tensor) {
    if (tensor.dtype() == DType.STRING) {
      out.number(STRINGS).list(tensor.strings(), out::text);
    } else {
      out.number(STORED);
      stored(out, tensor.data(), false);
    }
  }

  private void stored(SectionWriter out, MemorySegment data, boolean packed) {
    out.number(placement.add(data, packed)).number(data.byteSize());
  }

  private void view(SectionWriter out, Value value, View view) {
    out.number(value(value)).number(value(view.root())).number(dim(view.offset()));
    out.text(view.dtype().toString());
    out.list(view.shape().dims(), d -> out.number(dim(d)));
    out.list(view.strides(), d -> out.number(dim(d)));
  }

  private static void kernel(SectionWriter out, Kernel kernel) {
    out.text(kernel.name());
    out.list(kernel.buffers(), b -> buffer(out, b));
    out.list(kernel.sizes(), out::text);
    out.text(Printer.print(kernel.parallelExtent()));
  }

  private static void buffer(SectionWriter out, Buffer buffer) {
    out.text(buffer.name()).text(buffer.dtype().toString()).text(buffer.access().name());
    out.text(buffer.scratchBytes().map(Printer::print).orElse(""));
  }
}
