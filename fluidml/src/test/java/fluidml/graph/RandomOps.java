package fluidml.graph;

import fluidml.graph.op.Op;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.stream.IntStream;

/** Ops of every kind with random attributes that need not make sense. */
final class RandomOps {
  private static final List<DType> DTYPES = List.of(DType.values());

  private final Random random;
  private int depth;

  RandomOps(long seed) {
    random = new Random(seed);
  }

  /** Every op record. */
  static List<Class<?>> kinds() {
    List<Class<?>> kinds = new ArrayList<>();
    for (Class<?> theme : Op.class.getPermittedSubclasses()) {
      kinds.addAll(List.of(theme.getPermittedSubclasses()));
    }
    return kinds;
  }

  Op op(Class<?> kind) {
    return (Op) record(kind);
  }

  private Object record(Class<?> type) {
    RecordComponent[] components = type.getRecordComponents();
    Class<?>[] parameters = new Class<?>[components.length];
    Object[] arguments = new Object[components.length];
    for (int i = 0; i < components.length; i++) {
      parameters[i] = components[i].getType();
      arguments[i] = value(components[i].getGenericType());
    }
    try {
      return type.getDeclaredConstructor(parameters).newInstance(arguments);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private Object value(java.lang.reflect.Type type) {
    if (type instanceof ParameterizedType generic) {
      java.lang.reflect.Type element = generic.getActualTypeArguments()[0];
      if (generic.getRawType() == List.class) {
        return IntStream.range(0, random.nextInt(4)).mapToObj(i -> value(element)).toList();
      }
      return random.nextBoolean() ? Optional.of(value(element)) : Optional.empty();
    }
    Class<?> plain = (Class<?>) type;
    if (plain == int.class || plain == Integer.class) {
      return random.nextInt(9) - 4;
    }
    if (plain == long.class || plain == Long.class) {
      return random.nextInt(5) == 0 ? random.nextLong() : (long) random.nextInt(9) - 4;
    }
    if (plain == double.class || plain == Double.class) {
      double[] odd = {0, -0.0, 1e-5, Double.NaN, Double.POSITIVE_INFINITY, Double.MIN_VALUE};
      return random.nextBoolean() ? odd[random.nextInt(odd.length)] : random.nextGaussian();
    }
    if (plain == boolean.class || plain == Boolean.class) {
      return random.nextBoolean();
    }
    if (plain == OptionalInt.class) {
      return random.nextBoolean() ? OptionalInt.of(random.nextInt(9) - 4) : OptionalInt.empty();
    }
    if (plain == OptionalLong.class) {
      return random.nextBoolean() ? OptionalLong.of(random.nextLong()) : OptionalLong.empty();
    }
    if (plain == OptionalDouble.class) {
      return random.nextBoolean()
          ? OptionalDouble.of(random.nextGaussian())
          : OptionalDouble.empty();
    }
    if (plain == String.class) {
      return random
          .ints(random.nextInt(6), 0, 0x250)
          .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
          .toString();
    }
    if (plain == DType.class) {
      return DTYPES.get(random.nextInt(DTYPES.size()));
    }
    if (plain == Dim.class) {
      return dim();
    }
    if (plain == Shape.class) {
      return shape();
    }
    if (plain == Type.class) {
      return type();
    }
    if (plain == Tensor.class) {
      return tensor();
    }
    if (plain == Graph.class) {
      return graph();
    }
    if (plain.isEnum()) {
      return plain.getEnumConstants()[random.nextInt(plain.getEnumConstants().length)];
    }
    return record(plain);
  }

  private Dim dim() {
    Dim s = Dim.symbol("s");
    Dim t = Dim.symbol("t.0");
    return switch (random.nextInt(6)) {
      case 0 -> Dim.of(random.nextInt(100) - 2);
      case 1 -> s;
      case 2 -> s.times(t).plus(random.nextInt(5) - 2);
      case 3 -> s.plus(3).floorDiv(4).min(t);
      case 4 -> s.mod(t).max(t.times(-2));
      default -> t;
    };
  }

  private Shape shape() {
    return new Shape(IntStream.range(0, random.nextInt(4)).mapToObj(i -> dim()).toList());
  }

  Type type() {
    DType dtype = DTYPES.get(random.nextInt(DTYPES.size()));
    return switch (random.nextInt(6)) {
      case 0 -> Type.unranked(dtype);
      case 1 -> new Type.SequenceType(Type.tensor(dtype, shape()));
      case 2 -> new Type.OptionalType(new Type.SequenceType(Type.unranked(dtype)));
      default -> Type.tensor(dtype, shape());
    };
  }

  Tensor tensor() {
    DType dtype = DTYPES.get(random.nextInt(DTYPES.size()));
    long[] dims = {random.nextInt(4), random.nextInt(8)};
    if (dtype == DType.STRING) {
      int count = (int) (dims[0] * dims[1]);
      return Tensor.ofStrings(
          IntStream.range(0, count).mapToObj(i -> (String) value(String.class)).toList(), dims);
    }
    Tensor tensor = Tensor.allocate(dtype, dims);
    for (long i = 0; i < tensor.elements(); i++) {
      if (dtype.kind() == DType.Kind.COMPLEX) {
        tensor.setComplex(i, (float) random.nextGaussian(), i % 2 == 0 ? -0.0 : i);
      } else if (dtype == DType.BOOL) {
        tensor.setLong(i, random.nextInt(2));
      } else {
        tensor.setRawBits(i, random.nextLong());
      }
    }
    return tensor;
  }

  /** A graph of a few random nodes, whose types need not fit. */
  Graph graph() {
    depth++;
    GraphBuilder builder = new GraphBuilder("g\"" + random.nextInt(10) + " ");
    List<Value> values = new ArrayList<>(List.of(Value.ABSENT));
    for (int i = random.nextInt(3); i >= 0; i--) {
      values.add(builder.input("in put/" + i, type()));
    }
    List<Class<?>> kinds = kinds();
    for (int i = random.nextInt(4); i > 0; i--) {
      Class<?> kind = kinds.get(random.nextInt(kinds.size()));
      if (depth < 3 || !fluidml.graph.op.Control.class.isAssignableFrom(kind)) {
        values.addAll(add(builder, op(kind), values));
      }
    }
    builder.output(values.getLast());
    depth--;
    return builder.build();
  }

  /** Adds a node with random operands and results. */
  List<Value> add(GraphBuilder builder, Op op, List<Value> values) {
    List<Value> operands = new ArrayList<>();
    for (int i = random.nextInt(3); i > 0; i--) {
      operands.add(values.get(random.nextInt(values.size())));
    }
    String[] names = {"", "plain", " layer 1/\n", "\"quoted\"", "x_0"};
    List<String> results = new ArrayList<>();
    List<Type> types = new ArrayList<>();
    for (int i = random.nextInt(3); i >= 0; i--) {
      results.add(random.nextBoolean() ? "x" : "модель:0");
      types.add(type());
    }
    return builder.addClaimed(names[random.nextInt(names.length)], op, operands, results, types);
  }
}
