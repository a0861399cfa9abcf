package fluidml.graph;

import fluidml.tensor.DType;
import fluidml.tensor.Shape;
import java.util.Optional;

/** What a {@link Value} holds. */
public sealed interface Type {
  /**
   * A tensor.
   *
   * @param dtype element type
   * @param shape extents, empty if not even the rank is known before the graph runs
   */
  record TensorType(DType dtype, Optional<Shape> shape) implements Type {
    @Override
    public String toString() {
      return dtype + shape.map(Shape::toString).orElse("[*]");
    }
  }

  /**
   * A sequence of values of one type.
   *
   * @param element type of every element
   */
  record SequenceType(Type element) implements Type {
    @Override
    public String toString() {
      return "seq(" + element + ")";
    }
  }

  /**
   * A value that may be missing at run time.
   *
   * @param element type of the value if it is there
   */
  record OptionalType(Type element) implements Type {
    @Override
    public String toString() {
      return "optional(" + element + ")";
    }
  }

  /** No value: the type of {@link Value#ABSENT}. */
  record NoType() implements Type {
    @Override
    public String toString() {
      return "none";
    }
  }

  /** A tensor type with a known rank. */
  static TensorType tensor(DType dtype, Shape shape) {
    return new TensorType(dtype, Optional.of(shape));
  }

  /** A tensor type with constant extents. */
  static TensorType tensor(DType dtype, long... dims) {
    return tensor(dtype, Shape.of(dims));
  }

  /** A tensor type of unknown rank. */
  static TensorType unranked(DType dtype) {
    return new TensorType(dtype, Optional.empty());
  }
}
