package fluidml.graph;

import fluidml.graph.op.Op;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.lang.reflect.RecordComponent;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.StringJoiner;
import java.util.function.Supplier;

/**
 * Writes graphs as text that {@link GraphParser} reads back, one node on each line:
 *
 * <pre>{@code
 * graph "mlp" (%x: f32[n,4]) {
 *   %w: f32[4,3] = Constant(f32[4,3]#9a3f0c55e1d2b874)
 *   %y: f32[n,3] = MatMul() %x, %w  // layer 1/MatMul
 *   %z: f32[n,3] = Unary(RELU) %y
 *   return %z
 * }
 * }</pre>
 *
 * <p>An op with one attribute shows its value only; one with several names them. Optional
 * attributes that are missing are {@code none}, operands that are missing {@code _}. After {@code
 * //} comes the name of the node, unless it is that of its first result. Tensors with up to {@value
 * #INLINE_ELEMENTS} elements are written out; of larger ones there is a name made of a hash of
 * their elements, under which {@link #tensors} has them.
 */
public final class GraphPrinter {
  /** Tensors with more elements are not written out. */
  static final int INLINE_ELEMENTS = 16;

  private final StringBuilder text = new StringBuilder();
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();

  private GraphPrinter() {}

  /** The text of a graph, ending in a line feed. */
  public static String print(Graph graph) {
    GraphPrinter printer = new GraphPrinter();
    printer.graph(graph, 0);
    return printer.text.append('\n').toString();
  }

  /** The text of one node, without types of its results and without bodies' ends of line. */
  public static String print(Node node) {
    GraphPrinter printer = new GraphPrinter();
    printer.node(node, 0);
    return printer.text.toString();
  }

  /** The tensors that the text of a graph names but does not contain, by name. */
  public static Map<String, Tensor> tensors(Graph graph) {
    GraphPrinter printer = new GraphPrinter();
    printer.graph(graph, 0);
    return printer.tensors;
  }

  private void graph(Graph graph, int depth) {
    text.append("graph ").append(quote(graph.name())).append(" (");
    StringJoiner inputs = new StringJoiner(", ");
    graph.inputs().forEach(input -> inputs.add(typed(input)));
    text.append(inputs).append(") {\n");
    for (Node node : graph.nodes()) {
      text.append("  ".repeat(depth + 1));
      node(node, depth + 1);
      text.append('\n');
    }
    text.append("  ".repeat(depth + 1)).append("return");
    StringJoiner outputs = new StringJoiner(", ");
    graph.outputs().forEach(output -> outputs.add(reference(output)));
    text.append(graph.outputs().isEmpty() ? "" : " ").append(outputs);
    text.append('\n').append("  ".repeat(depth)).append('}');
  }

  private void node(Node node, int depth) {
    StringJoiner results = new StringJoiner(", ");
    node.outputs().forEach(output -> results.add(typed(output)));
    text.append(results).append(" = ");
    op(node.op(), depth);
    StringJoiner operands = new StringJoiner(", ");
    node.inputs().forEach(input -> operands.add(reference(input)));
    text.append(node.inputs().isEmpty() ? "" : " ").append(operands);
    boolean derived = !node.outputs().isEmpty() && node.name().equals(node.output().name());
    if (!derived) {
      boolean plain =
          !node.name().isEmpty()
              && node.name().equals(node.name().strip())
              && node.name().chars().noneMatch(c -> c < ' ' || c == '"' || c == '\\');
      text.append("  // ").append(plain ? node.name() : quote(node.name()));
    }
  }

  private static String typed(Value value) {
    return reference(value) + ": " + value.type();
  }

  /** {@code %name}, with quotes if the name has unusual characters. */
  private static String reference(Value value) {
    if (!value.isPresent()) {
      return "_";
    }
    boolean plain = value.name().chars().allMatch(GraphPrinter::isNameCharacter);
    return "%" + (plain && !value.name().isEmpty() ? value.name() : quote(value.name()));
  }

  /** Whether a character may be in a name without quotes. */
  static boolean isNameCharacter(int c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || "_./$-".indexOf(c) >= 0;
  }

  private void op(Op op, int depth) {
    text.append(op.mnemonic()).append('(');
    RecordComponent[] components = op.getClass().getRecordComponents();
    components((Record) op, components, components.length > 1, depth);
    text.append(')');
  }

  private void components(Record owner, RecordComponent[] components, boolean named, int depth) {
    for (int i = 0; i < components.length; i++) {
      text.append(i == 0 ? "" : ", ");
      if (named) {
        text.append(components[i].getName()).append('=');
      }
      try {
        value(components[i].getAccessor().invoke(owner), depth);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("cannot read " + components[i], e);
      }
    }
  }

  private void value(Object value, int depth) {
    switch (value) {
      case String s -> text.append(quote(s));
      case Tensor tensor -> tensor(tensor);
      case Graph graph -> graph(graph, depth);
      case Optional<?> optional -> optional(optional, depth);
      case OptionalInt optional -> number(optional.isPresent(), () -> "" + optional.getAsInt());
      case OptionalLong optional -> number(optional.isPresent(), () -> "" + optional.getAsLong());
      case OptionalDouble optional ->
          number(optional.isPresent(), () -> "" + optional.getAsDouble());
      case List<?> list -> list(list, depth);
      case Enum<?> constant when !(constant instanceof DType) -> text.append(constant.name());
      case DType _, Dim _, Shape _, Type _, Number _, Boolean _ -> text.append(value);
      case Record nested -> {
        text.append('{');
        components(nested, nested.getClass().getRecordComponents(), true, depth);
        text.append('}');
      }
      default ->
          throw new IllegalStateException("attributes of " + value.getClass() + " have no text");
    }
  }

  private void optional(Optional<?> optional, int depth) {
    if (optional.isPresent()) {
      value(optional.get(), depth);
    } else {
      text.append("none");
    }
  }

  private void number(boolean present, Supplier<String> number) {
    text.append(present ? number.get() : "none");
  }

  private void list(List<?> list, int depth) {
    text.append('[');
    for (int i = 0; i < list.size(); i++) {
      text.append(i == 0 ? "" : ", ");
      value(list.get(i), depth);
    }
    text.append(']');
  }

  private void tensor(Tensor tensor) {
    text.append(tensor.dtype()).append(tensor.shape());
    if (tensor.elements() <= INLINE_ELEMENTS) {
      text.append('{').append(TensorText.elements(tensor)).append('}');
      return;
    }
    String hash = TensorText.hash(tensor);
    String name = hash;
    for (int i = 1; tensors.containsKey(name) && !TensorText.same(tensors.get(name), tensor); i++) {
      name = hash + "_" + i;
    }
    tensors.put(name, tensor);
    text.append('#').append(name);
  }

  /** A string literal of the text. */
  static String quote(String string) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < string.length(); i++) {
      char c = string.charAt(i);
      switch (c) {
        case '"' -> quoted.append("\\\"");
        case '\\' -> quoted.append("\\\\");
        case '\n' -> quoted.append("\\n");
        default -> {
          if (c < ' ' || c == 0x7f) {
            quoted.append("\\u").append("%04x".formatted((int) c));
          } else {
            quoted.append(c);
          }
        }
      }
    }
    return quoted.append('"').toString();
  }
}
