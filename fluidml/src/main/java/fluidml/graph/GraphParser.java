package fluidml.graph;

import fluidml.graph.op.Op;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads graphs from the text that {@link GraphPrinter} writes.
 *
 * <p>Types of results may be left out ({@code %y = MatMul() %x, %w}); they are inferred then. Where
 * a type is written, it holds as it is; {@link GraphVerifier} tells whether it is right. Lines that
 * begin with {@code //} are skipped.
 */
public final class GraphParser {
  private final TextReader in;
  private final AttributeParser attributes;

  private GraphParser(String text, Map<String, Tensor> tensors) {
    in = new TextReader(text);
    attributes = new AttributeParser(in, tensors, this::graph);
  }

  /** The graph written as {@code text}, in which every tensor is written out. */
  public static Graph parse(String text) {
    return parse(text, Map.of());
  }

  /**
   * The graph written as {@code text}.
   *
   * @param tensors the tensors that the text names with {@code #}
   * @throws IllegalArgumentException with line and column, if the text is not a graph
   * @throws fluidml.error.InvalidModelException if a type is left out and the operands do not fit
   *     the op
   */
  public static Graph parse(String text, Map<String, Tensor> tensors) {
    GraphParser parser = new GraphParser(text, tensors);
    Graph graph = parser.graph();
    parser.in.end();
    return graph;
  }

  /**
   * The type written as {@code text}.
   *
   * @throws IllegalArgumentException if the text is not a type
   */
  public static Type parseType(String text) {
    GraphParser parser = new GraphParser(text, Map.of());
    Type type = parser.attributes.type();
    parser.in.end();
    return type;
  }

  private Graph graph() {
    in.expectWord("graph");
    GraphBuilder builder = new GraphBuilder(in.string());
    Map<String, Value> values = new HashMap<>();
    in.expect('(');
    while (!in.accept(')')) {
      String name = name();
      in.expect(':');
      define(values, builder.input(name, attributes.type()), name);
      if (!in.at(')')) {
        in.expect(',');
      }
    }
    in.expect('{');
    while (!in.acceptWord("return")) {
      node(builder, values);
    }
    while (!in.accept('}')) {
      builder.output(operand(values));
      if (!in.at('}')) {
        in.expect(',');
      }
    }
    return builder.build();
  }

  private void define(Map<String, Value> values, Value value, String name) {
    if (values.put(name, value) != null) {
      throw in.error("%" + name + " is defined twice");
    }
  }

  private String name() {
    in.expect('%');
    return in.at('"') ? in.string() : in.run(GraphPrinter::isNameCharacter, "a name");
  }

  private Value operand(Map<String, Value> values) {
    if (in.accept('_')) {
      return Value.ABSENT;
    }
    String name = name();
    Value value = values.get(name);
    if (value == null) {
      throw in.error("%" + name + " is not defined");
    }
    return value;
  }

  private void node(GraphBuilder builder, Map<String, Value> values) {
    List<String> names = new ArrayList<>();
    List<Type> types = new ArrayList<>();
    do {
      names.add(name());
      if (in.accept(':')) {
        types.add(attributes.type());
      }
    } while (in.accept(','));
    in.expect('=');
    Op op = attributes.op();
    List<Value> operands = new ArrayList<>();
    if (in.atOnLine('%') || in.atOnLine('_')) {
      do {
        operands.add(operand(values));
      } while (in.accept(','));
    }
    String nodeName = in.comment().orElse(names.getFirst());
    if (!types.isEmpty() && types.size() != names.size()) {
      throw in.error("either all results have types or none");
    }
    List<Value> results =
        types.isEmpty()
            ? builder.add(nodeName, op, operands, names)
            : builder.addClaimed(nodeName, op, operands, names, types);
    for (int i = 0; i < names.size(); i++) {
      define(values, results.get(i), names.get(i));
    }
  }
}
