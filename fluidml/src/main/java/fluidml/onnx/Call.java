package fluidml.onnx;

import fluidml.error.InvalidModelException;
import fluidml.error.UnsupportedModelException;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.infer.SymbolicTensor;
import fluidml.graph.op.Elementwise.Binary;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.Cast;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Movement.Reshape;
import fluidml.graph.op.Movement.Transpose;
import fluidml.graph.op.Op;
import fluidml.onnx.proto.GraphProto;
import fluidml.onnx.proto.NodeProto;
import fluidml.onnx.proto.TensorProto;
import fluidml.onnx.proto.TypeProto;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** One ONNX node being imported: its operands, its attributes, and the means to emit ops for it. */
final class Call {
  private final ModelImport model;
  private final Scope scope;
  private final NodeProto proto;
  private final String name;
  private final String domain;
  private final long version;
  private final List<Value> operands = new ArrayList<>();
  private final Attributes attributes;

  Call(ModelImport model, Scope scope, NodeProto proto, String name, String domain, long version) {
    this.model = model;
    this.scope = scope;
    this.proto = proto;
    this.name = name;
    this.domain = domain;
    this.version = version;
    for (String input : proto.inputs()) {
      operands.add(input.isEmpty() ? Value.ABSENT : scope.lookup(input, name));
    }
    while (!operands.isEmpty() && !operands.getLast().isPresent()) {
      operands.removeLast();
    }
    this.attributes = new Attributes(this, proto.attributes(), scope);
  }

  String domain() {
    return domain;
  }

  String opType() {
    return proto.opType();
  }

  /** The version of the operator set the model imports. */
  long version() {
    return version;
  }

  String name() {
    return name;
  }

  Attributes attributes() {
    return attributes;
  }

  /** All operands without absent ones at the end. */
  List<Value> operands() {
    return operands;
  }

  /** Operand {@code index}, {@link Value#ABSENT} if it is not given. */
  Value in(int index) {
    return index < operands.size() ? operands.get(index) : Value.ABSENT;
  }

  boolean has(int index) {
    return in(index).isPresent();
  }

  /** The number of results the node names. */
  int outputCount() {
    return proto.outputs().size();
  }

  /** Whether the node names result {@code index}. */
  boolean wants(int index) {
    return index < proto.outputs().size() && !proto.outputs().get(index).isEmpty();
  }

  /**
   * Emits the op that computes all of the node's results, with the names they have in the model.
   */
  List<Value> out(Op op, Value... inputs) {
    return out(op, Arrays.asList(inputs));
  }

  /**
   * Emits the op that computes all of the node's results, with the names they have in the model.
   */
  List<Value> out(Op op, List<Value> inputs) {
    int count = Math.max(1, proto.outputs().size());
    while (count > 1 && proto.outputs().get(count - 1).isEmpty()) {
      count--;
    }
    List<String> names = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      names.add(outputName(i));
    }
    return scope.builder().add(name, op, withoutTrailingAbsent(inputs), names);
  }

  /** Emits an op with a fixed number of results, of which the node may name fewer. */
  List<Value> outExactly(Op op, List<Value> inputs, int results) {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < results; i++) {
      names.add(outputName(i));
    }
    return scope.builder().add(name, op, inputs, names);
  }

  /** Emits the op that computes result {@code index} of the node. */
  Value out(int index, Op op, Value... inputs) {
    List<Value> list = withoutTrailingAbsent(Arrays.asList(inputs));
    return scope.builder().add(name, op, list, List.of(outputName(index))).getFirst();
  }

  private String outputName(int index) {
    return wants(index)
        ? scope.valueName(proto.outputs().get(index))
        : scope.derivedName(name + "/unused" + index);
  }

  private static List<Value> withoutTrailingAbsent(List<Value> inputs) {
    int size = inputs.size();
    while (size > 0 && !inputs.get(size - 1).isPresent()) {
      size--;
    }
    return inputs.subList(0, size);
  }

  /** Emits an op with one intermediate result. */
  Value add(Op op, Value... inputs) {
    String wish = scope.derivedName(name + "/" + op.mnemonic().toLowerCase(Locale.ROOT));
    return scope
        .builder()
        .add(name, op, withoutTrailingAbsent(Arrays.asList(inputs)), List.of(wish))
        .getFirst();
  }

  /** Emits an op with several intermediate results. */
  List<Value> addAll(Op op, List<Value> inputs, int results) {
    String wish = scope.derivedName(name + "/" + op.mnemonic().toLowerCase(Locale.ROOT));
    return scope
        .builder()
        .add(name, op, withoutTrailingAbsent(inputs), Collections.nCopies(results, wish));
  }

  /** Imports a subgraph in place, with these values for its inputs. */
  List<Value> inline(GraphProto graph, List<Value> inputs) {
    return model.inline(graph, inputs, scope, name);
  }

  Value unary(UnaryFunction function, Value x) {
    return add(new Unary(function), x);
  }

  Value binary(BinaryFunction function, Value a, Value b) {
    return add(new Binary(function), a, b);
  }

  Value plus(Value a, Value b) {
    return binary(BinaryFunction.ADD, a, b);
  }

  Value minus(Value a, Value b) {
    return binary(BinaryFunction.SUB, a, b);
  }

  Value times(Value a, Value b) {
    return binary(BinaryFunction.MUL, a, b);
  }

  Value divided(Value a, Value b) {
    return binary(BinaryFunction.DIV, a, b);
  }

  /** {@code x} with another element type; itself if it has that type. */
  Value cast(Value x, DType to) {
    return dtype(x) == to ? x : add(new Cast(to), x);
  }

  Value reshape(Value x, Dim... dims) {
    return add(new Reshape(Shape.of(dims)), x);
  }

  Value transpose(Value x, Integer... permutation) {
    return add(new Transpose(List.of(permutation)), x);
  }

  /** A constant. */
  Value constant(Tensor tensor) {
    return scope.constant(scope.derivedName(name + "/constant"), tensor);
  }

  /** A constant that is the node's result. */
  Value constantResult(Tensor tensor) {
    return scope.constant(outputName(0), tensor);
  }

  /** A one-dimensional int64 constant. */
  Value longs(List<Long> values) {
    return constant(Tensor.ofLongs(values.stream().mapToLong(Long::longValue).toArray()));
  }

  /** A scalar constant of a type. */
  Value scalar(DType dtype, double value) {
    Tensor tensor = Tensor.allocate(dtype);
    tensor.setDouble(0, value);
    return constant(tensor);
  }

  /** The elements of a constant operand. */
  Optional<Tensor> knownTensor(Value value) {
    return scope.tensor(value);
  }

  /** The elements of an integer or bool operand that are known now. */
  Optional<long[]> knownIntegers(Value value) {
    Optional<long[]> folded = scope.builder().contents(value).flatMap(SymbolicTensor::constant);
    return folded.isPresent()
        ? folded
        : scope
            .tensor(value)
            .filter(t -> t.dtype().isInteger() || t.dtype() == DType.BOOL)
            .map(Tensor::toLongs);
  }

  /** The elements of a constant of the model. */
  Tensor tensor(TensorProto tensor) {
    return model.constant(tensor);
  }

  /** A new symbol for an extent that changes from one turn of a loop to the next. */
  Dim widenedSymbol(String wish) {
    return model.widenedSymbol(wish);
  }

  /** Whether an extent is such a symbol. */
  boolean isWidened(Dim dim) {
    return model.isWidened(dim);
  }

  /** The type of the graph that ONNX's notation stands for. */
  Type type(TypeProto type) {
    return model.types().of(type, name);
  }

  /** Imports a body whose formal inputs have these types. */
  Scope body(GraphProto graph, List<Type> formals) {
    return model.body(graph, formals, scope, name);
  }

  /** The element type of a tensor operand. */
  DType dtype(Value value) {
    if (value.type() instanceof Type.TensorType tensor) {
      return tensor.dtype();
    }
    throw invalid(value + " is " + value.type() + ", a tensor is needed");
  }

  /** The extents of an operand whose rank must be known. */
  Shape shape(Value value) {
    return value
        .knownShape()
        .orElseThrow(
            () ->
                unsupported(
                    "the rank of "
                        + value
                        + " must be known; declare the shapes of the graph inputs, at least their"
                        + " rank"));
  }

  /** The extents of an operand that must have this many axes. */
  Shape shape(Value value, int rank) {
    Shape shape = shape(value);
    if (shape.rank() != rank) {
      throw invalid(value + " has " + shape.rank() + " axes, " + rank + " are needed");
    }
    return shape;
  }

  /** The rank of an operand, which must be known. */
  int rank(Value value) {
    return shape(value).rank();
  }

  /** An axis counted from the front if the rank of {@code value} is known, else as it is. */
  int axis(long axis, Value value) {
    Optional<Shape> shape = value.knownShape();
    if (shape.isEmpty() && (int) axis != axis) {
      throw invalid("axis " + axis + " is out of range");
    }
    return shape.map(s -> axis(axis, s.rank())).orElse((int) axis);
  }

  /** An axis counted from the front. */
  int axis(long axis, int rank) {
    // A scalar counts as having one axis where an operator needs one.
    if (axis < -Math.max(rank, 1) || axis >= Math.max(rank, 1)) {
      throw invalid("axis " + axis + " is out of range for " + rank + " axes");
    }
    return (int) (axis < 0 && rank > 0 ? axis + rank : Math.max(axis, 0));
  }

  /** Axes counted from the front if the rank of {@code value} is known, else as they are. */
  List<Integer> axes(List<Integer> axes, Value value) {
    return axes.stream().map(a -> axis(a, value)).toList();
  }

  /** The operator as messages name it, e.g. {@code ai.onnx.Conv-22}. */
  String op() {
    return domain + "." + proto.opType() + "-" + version;
  }

  InvalidModelException invalid(String problem) {
    return new InvalidModelException("node '" + name + "' (" + op() + ")", problem);
  }

  UnsupportedModelException unsupported(String detail) {
    return new UnsupportedModelException(name, op(), detail);
  }
}
