package fluidml.graph;

import fluidml.tensor.DType;
import fluidml.tensor.Shape;
import java.util.Optional;

/**
 * A result of one node, or an input of a graph. Two values are equal only if they are the same
 * object.
 *
 * @param name unique within its graph
 * @param type what it holds
 */
public record Value(String name, Type type) {
  /** Stands in an input list for an optional input that is not given. */
  public static final Value ABSENT = new Value("", new Type.NoType());

  /** Whether this is a real value, not {@link #ABSENT}. */
  public boolean isPresent() {
    return !equals(ABSENT);
  }

  /** Whether this is a tensor. */
  public boolean isTensor() {
    return type instanceof Type.TensorType;
  }

  /**
   * Element type of a tensor.
   *
   * @throws IllegalStateException if this is not a tensor
   */
  public DType dtype() {
    return tensorType().dtype();
  }

  /** Extents of a tensor whose rank is known; empty for everything else. */
  public Optional<Shape> knownShape() {
    return type instanceof Type.TensorType tensor ? tensor.shape() : Optional.empty();
  }

  /**
   * Extents of a tensor whose rank is known.
   *
   * @throws IllegalStateException if this is not a tensor of known rank
   */
  public Shape shape() {
    return tensorType()
        .shape()
        .orElseThrow(() -> new IllegalStateException("the rank of '" + name + "' is not known"));
  }

  private Type.TensorType tensorType() {
    if (type instanceof Type.TensorType tensor) {
      return tensor;
    }
    throw new IllegalStateException("'" + name + "' is " + type + ", not a tensor");
  }

  @Override
  public boolean equals(Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }

  @Override
  public String toString() {
    return isPresent() ? "%" + name : "_";
  }
}
