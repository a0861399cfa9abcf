package fluidml.graph;

import fluidml.graph.op.Op;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.DimParser;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Supplier;

/** Reads ops, their attributes and types; the op records themselves say what there is to read. */
final class AttributeParser {
  private static final Map<String, Class<?>> OPS = new HashMap<>();

  static {
    for (Class<?> theme : Op.class.getPermittedSubclasses()) {
      for (Class<?> op : theme.getPermittedSubclasses()) {
        OPS.put(op.getSimpleName(), op);
      }
    }
  }

  private final TextReader in;
  private final Map<String, Tensor> tensors;
  private final Supplier<Graph> graph;

  AttributeParser(TextReader in, Map<String, Tensor> tensors, Supplier<Graph> graph) {
    this.in = in;
    this.tensors = tensors;
    this.graph = graph;
  }

  /** {@code Mnemonic(attributes)}. */
  Op op() {
    String mnemonic = in.word();
    Class<?> type = OPS.get(mnemonic);
    if (type == null) {
      throw in.error("no op is called '" + mnemonic + "'");
    }
    in.expect('(');
    Op op = (Op) record(type, type.getRecordComponents().length > 1);
    in.expect(')');
    return op;
  }

  private Object record(Class<?> type, boolean named) {
    RecordComponent[] components = type.getRecordComponents();
    Class<?>[] parameters = new Class<?>[components.length];
    Object[] arguments = new Object[components.length];
    for (int i = 0; i < components.length; i++) {
      if (i > 0) {
        in.expect(',');
      }
      if (named) {
        in.expectWord(components[i].getName());
        in.expect('=');
      }
      parameters[i] = components[i].getType();
      arguments[i] = value(components[i].getGenericType());
    }
    try {
      return type.getDeclaredConstructor(parameters).newInstance(arguments);
    } catch (InvocationTargetException e) {
      throw in.error(type.getSimpleName() + ": " + e.getCause().getMessage());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot make a " + type.getSimpleName(), e);
    }
  }

  private Object value(java.lang.reflect.Type type) {
    if (type instanceof ParameterizedType generic) {
      java.lang.reflect.Type element = generic.getActualTypeArguments()[0];
      return generic.getRawType() == List.class
          ? list(element)
          : in.acceptWord("none") ? Optional.empty() : Optional.of(value(element));
    }
    Class<?> plain = (Class<?>) type;
    try {
      return plain(plain);
    } catch (NumberFormatException e) {
      throw in.error("not a number: " + e.getMessage());
    }
  }

  private Object plain(Class<?> type) {
    if (type == int.class || type == Integer.class) {
      return Integer.valueOf(in.item());
    }
    if (type == long.class || type == Long.class) {
      return Long.valueOf(in.item());
    }
    if (type == double.class || type == Double.class) {
      return Double.valueOf(in.item());
    }
    if (type == boolean.class || type == Boolean.class) {
      return Boolean.valueOf(in.item());
    }
    if (type == OptionalInt.class) {
      return in.acceptWord("none")
          ? OptionalInt.empty()
          : OptionalInt.of(Integer.parseInt(in.item()));
    }
    if (type == OptionalLong.class) {
      return in.acceptWord("none")
          ? OptionalLong.empty()
          : OptionalLong.of(Long.parseLong(in.item()));
    }
    if (type == OptionalDouble.class) {
      return in.acceptWord("none")
          ? OptionalDouble.empty()
          : OptionalDouble.of(Double.parseDouble(in.item()));
    }
    if (type == String.class) {
      return in.string();
    }
    if (type == DType.class) {
      return dtype();
    }
    if (type == Dim.class) {
      return DimParser.parse(in.item());
    }
    if (type == Shape.class) {
      return DimParser.parseShape(in.item());
    }
    if (type == Type.class) {
      return type();
    }
    if (type == Tensor.class) {
      return tensor();
    }
    if (type == Graph.class) {
      return graph.get();
    }
    if (type.isEnum()) {
      return constant(type);
    }
    in.expect('{');
    Object record = record(type, true);
    in.expect('}');
    return record;
  }

  private Object constant(Class<?> type) {
    String name = in.word();
    for (Object constant : type.getEnumConstants()) {
      if (((Enum<?>) constant).name().equals(name)) {
        return constant;
      }
    }
    throw in.error("%s is no %s".formatted(name, type.getSimpleName()));
  }

  private List<Object> list(java.lang.reflect.Type element) {
    List<Object> list = new ArrayList<>();
    in.expect('[');
    while (!in.accept(']')) {
      list.add(value(element));
      if (!in.at(']')) {
        in.expect(',');
      }
    }
    return list;
  }

  private DType dtype() {
    String name = in.word();
    return DType.ofText(name).orElseThrow(() -> in.error("no element type is called " + name));
  }

  /** A type as {@link Type} writes it. */
  Type type() {
    if (in.acceptWord("none")) {
      return new Type.NoType();
    }
    if (in.acceptWord("seq")) {
      return new Type.SequenceType(element());
    }
    if (in.acceptWord("optional")) {
      return new Type.OptionalType(element());
    }
    DType dtype = dtype();
    String shape = shape();
    return shape.equals("[*]")
        ? Type.unranked(dtype)
        : Type.tensor(dtype, DimParser.parseShape(shape));
  }

  private Type element() {
    in.expect('(');
    Type element = type();
    in.expect(')');
    return element;
  }

  private String shape() {
    in.expect('[');
    StringBuilder shape = new StringBuilder("[");
    while (!in.at(']')) {
      shape.append(in.item());
      if (in.accept(',')) {
        shape.append(',');
      }
    }
    in.expect(']');
    return shape.append(']').toString();
  }

  private Tensor tensor() {
    DType dtype = dtype();
    long[] dims =
        DimParser.parseShape(shape())
            .constant()
            .orElseThrow(() -> in.error("extents of tensors are numbers"));
    if (in.accept('#')) {
      String name = in.run(GraphPrinter::isNameCharacter, "the name of a tensor");
      Tensor tensor = tensors.get(name);
      if (tensor == null) {
        throw in.error("no tensor is called '" + name + "'");
      }
      return tensor;
    }
    in.expect('{');
    Tensor tensor = dtype == DType.STRING ? strings(dims) : numbers(dtype, dims);
    in.expect('}');
    return tensor;
  }

  private Tensor strings(long[] dims) {
    List<String> strings = new ArrayList<>();
    while (!in.at('}')) {
      strings.add(in.string());
      if (!in.at('}')) {
        in.expect(',');
      }
    }
    return Tensor.ofStrings(strings, dims);
  }

  private Tensor numbers(DType dtype, long[] dims) {
    Tensor tensor = Tensor.allocate(dtype, dims);
    for (long i = 0; i < tensor.elements(); i++) {
      if (i > 0) {
        in.expect(',');
      }
      TensorText.parse(tensor, i, in.item());
    }
    return tensor;
  }
}
