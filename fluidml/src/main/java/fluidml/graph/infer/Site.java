package fluidml.graph.infer;

import fluidml.error.InvalidModelException;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Op;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** One node whose types are being inferred: its operands, and the ways to complain about them. */
final class Site {
  private final String nodeName;
  private final Op op;
  private final List<Value> inputs;
  private final int outputs;
  private final Contents contents;

  Site(String nodeName, Op op, List<Value> inputs, int outputs, Contents contents) {
    this.nodeName = nodeName;
    this.op = op;
    this.inputs = inputs;
    this.outputs = outputs;
    this.contents = contents;
  }

  int operands() {
    return inputs.size();
  }

  int outputs() {
    return outputs;
  }

  List<Value> inputs() {
    return inputs;
  }

  Value in(int index) {
    return index < inputs.size() ? inputs.get(index) : Value.ABSENT;
  }

  boolean has(int index) {
    return in(index).isPresent();
  }

  Type type(int index) {
    if (!has(index)) {
      throw error("operand %d is missing".formatted(index));
    }
    return in(index).type();
  }

  Type.TensorType tensor(int index) {
    if (type(index) instanceof Type.TensorType tensor) {
      return tensor;
    }
    throw error(describe(index) + " is not a tensor");
  }

  DType dtype(int index) {
    return tensor(index).dtype();
  }

  Optional<Shape> shape(int index) {
    return tensor(index).shape();
  }

  /** A new symbol for an extent that only the run tells. */
  Dim fresh() {
    return contents.fresh(op.mnemonic().toLowerCase(Locale.ROOT));
  }

  /** A shape of which only the rank is known. */
  Shape freshShape(int rank) {
    List<Dim> dims = new ArrayList<>();
    for (int i = 0; i < rank; i++) {
      dims.add(fresh());
    }
    return new Shape(dims);
  }

  /** The elements of an operand, if it is given and they are known. */
  Optional<SymbolicTensor> elements(int index) {
    return has(index) ? contents.of(in(index)) : Optional.empty();
  }

  /** The elements of an operand as numbers, if it is given and they are. */
  Optional<long[]> numbers(int index) {
    return elements(index).flatMap(SymbolicTensor::constant);
  }

  /** The only element of an operand, if it is given and it is known. */
  Optional<Dim> scalar(int index) {
    Optional<SymbolicTensor> elements = elements(index);
    if (elements.isPresent() && elements.get().elements().size() != 1) {
      throw error(describe(index) + " must have one element");
    }
    return elements.map(e -> e.elements().getFirst());
  }

  /** The elements of a real operand as fractions, if it is given and they are known. */
  Optional<Fractions> fractions(int index) {
    return has(index) ? contents.fractions(in(index)) : Optional.empty();
  }

  /** The constant that an operand is, if it is given and one. */
  Optional<Tensor> constant(int index) {
    return has(index) ? contents.constant(in(index)) : Optional.empty();
  }

  String describe(int index) {
    Value value = in(index);
    return "operand %d (%s: %s)".formatted(index, value, value.type());
  }

  InvalidModelException error(String problem) {
    return new InvalidModelException(where(), problem);
  }

  InvalidModelException error(String problem, Throwable cause) {
    return new InvalidModelException(where(), problem, cause);
  }

  private String where() {
    return "node '%s' (%s)".formatted(nodeName, op.mnemonic());
  }

  /** Checks the number of operands. */
  void arity(int least, int most) {
    if (inputs.size() < least || inputs.size() > most) {
      throw error(
          least == most
              ? "takes %d operands, not %d".formatted(least, inputs.size())
              : "takes %d to %d operands, not %d".formatted(least, most, inputs.size()));
    }
  }

  /** Checks the number of results. */
  void results(int least, int most) {
    if (outputs < least || outputs > most) {
      throw error(
          least == most
              ? "has %d results, not %d".formatted(least, outputs)
              : "has %d to %d results, not %d".formatted(least, most, outputs));
    }
  }

  void require(boolean condition, int operand, String rule) {
    if (!condition) {
      throw error(describe(operand) + " " + rule);
    }
  }

  DType requireFloat(int index) {
    require(dtype(index).isFloat(), index, "must be of a floating-point type");
    return dtype(index);
  }

  DType requireInteger(int index) {
    require(dtype(index).isInteger(), index, "must be of an integer type");
    return dtype(index);
  }

  DType requireNumber(int index) {
    DType dtype = dtype(index);
    require(dtype.isFloat() || dtype.isInteger(), index, "must be of a numeric type");
    return dtype;
  }

  DType requireType(int index, DType expected) {
    require(dtype(index) == expected, index, "must be of type " + expected);
    return expected;
  }

  /** Checks that an operand is int32 or int64, as positions and counts are. */
  void requireIndex(int index) {
    DType dtype = dtype(index);
    require(dtype == DType.INT64 || dtype == DType.INT32, index, "must be of type i64 or i32");
  }

  /** Checks that operands which are given share a type. */
  DType sameType(int first, int... others) {
    DType dtype = dtype(first);
    for (int other : others) {
      if (has(other)) {
        require(
            dtype(other) == dtype,
            other,
            "must be of the type of operand %d, %s".formatted(first, dtype));
      }
    }
    return dtype;
  }

  /** Checks the rank of an operand if it is known. */
  Optional<Shape> rank(int index, int rank) {
    return rank(index, rank, rank);
  }

  /** Checks the rank of an operand if it is known. */
  Optional<Shape> rank(int index, int least, int most) {
    Optional<Shape> shape = shape(index);
    if (shape.isPresent() && (shape.get().rank() < least || shape.get().rank() > most)) {
      String wanted =
          least == most
              ? "must have %d axes".formatted(least)
              : most == Integer.MAX_VALUE
                  ? "must have at least %d axes".formatted(least)
                  : "must have %d to %d axes".formatted(least, most);
      throw error(describe(index) + " " + wanted);
    }
    return shape;
  }

  /** An axis of an operand of {@code rank} axes; negative ones count from the end. */
  int axis(long axis, int rank) {
    if (axis < -rank || axis >= rank) {
      throw error("axis %d is out of range for %d axes".formatted(axis, rank));
    }
    return (int) (axis < 0 ? axis + rank : axis);
  }

  /** Axes of an operand of {@code rank} axes, each once. */
  List<Integer> axes(List<? extends Number> axes, int rank) {
    List<Integer> normal = new ArrayList<>();
    for (Number axis : axes) {
      int a = axis(axis.longValue(), rank);
      if (normal.contains(a)) {
        throw error("axis %d is given twice".formatted(axis.longValue()));
      }
      normal.add(a);
    }
    return normal;
  }

  /**
   * The extent of axes that must agree: of both names for it the one that says more.
   *
   * @throws InvalidModelException if the extents are provably unequal
   */
  Dim agree(Dim a, Dim b, String what) {
    if (a.equals(b)) {
      return a;
    }
    if (!a.mayEqual(b)) {
      throw error("%s: %s and %s must be equal".formatted(what, a, b));
    }
    assume(a, b, false);
    boolean second = b.isConstant() || (!a.isConstant() && a.max(b).equals(b));
    return second ? b : a;
  }

  /** Notes that extents are taken to be equal, or the first to be 1. */
  void assume(Dim extent, Dim other, boolean orOne) {
    boolean certain = extent.equals(other) || (orOne && extent.is(1));
    if (!certain) {
      contents.assume(new Assumptions.Condition(extent, other, orOne, nodeName));
    }
  }

  /** The shape to which shapes broadcast; unknown if one of them is. */
  Optional<Shape> broadcast(List<Optional<Shape>> shapes) {
    Shape result = Shape.SCALAR;
    for (Optional<Shape> shape : shapes) {
      if (shape.isEmpty()) {
        return Optional.empty();
      }
      result = broadcast(result, shape.get());
    }
    return Optional.of(result);
  }

  Shape broadcast(Shape a, Shape b) {
    Shape result =
        Broadcast.shapes(a, b)
            .orElseThrow(() -> error("shapes %s and %s do not broadcast together".formatted(a, b)));
    for (Shape operand : List.of(a, b)) {
      for (int i = 1; i <= operand.rank(); i++) {
        assume(operand.dim(-i), result.dim(-i), true);
      }
    }
    return result;
  }

  /** Checks that an operand which is given broadcasts to {@code shape} without enlarging it. */
  void broadcastsTo(int index, Shape shape) {
    if (!has(index) || shape(index).isEmpty()) {
      return;
    }
    Shape own = shape(index).get();
    boolean fits = own.rank() <= shape.rank();
    for (int i = 1; fits && i <= own.rank(); i++) {
      fits = own.dim(-i).mayEqual(Dim.ONE) || own.dim(-i).mayEqual(shape.dim(-i));
      assume(own.dim(-i), shape.dim(-i), true);
    }
    require(fits, index, "must broadcast to " + shape);
  }

  /** The result types: one tensor. */
  List<Type> one(DType dtype, Optional<Shape> shape) {
    results(1, 1);
    return List.of(new Type.TensorType(dtype, shape));
  }

  /** The result types: one tensor. */
  List<Type> one(DType dtype, Shape shape) {
    return one(dtype, Optional.of(shape));
  }

  /** The result types: the first of these that are asked for, at least one. */
  List<Type> firstOf(Type... types) {
    results(1, types.length);
    return List.of(types).subList(0, outputs);
  }
}
