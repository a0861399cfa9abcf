package fluidml.tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToLongFunction;
import java.util.function.UnaryOperator;

/**
 * The extents of a tensor, outermost first; rank 0 is a scalar. Immutable.
 *
 * @param dims one {@link Dim} for each axis
 */
public record Shape(List<Dim> dims) {
  /** The shape of a scalar. */
  public static final Shape SCALAR = new Shape(List.of());

  public Shape {
    dims = List.copyOf(dims);
  }

  /** A shape of numbers. */
  public static Shape of(long... dims) {
    return new Shape(Arrays.stream(dims).mapToObj(Dim::of).toList());
  }

  /** A shape of dims. */
  public static Shape of(Dim... dims) {
    return new Shape(List.of(dims));
  }

  /** Number of axes. */
  public int rank() {
    return dims.size();
  }

  /** The extent of an axis; negative axes count from the end. */
  public Dim dim(int axis) {
    return dims.get(axis < 0 ? axis + dims.size() : axis);
  }

  /** Product of all extents. */
  public Dim elements() {
    Dim product = Dim.ONE;
    for (Dim dim : dims) {
      product = product.times(dim);
    }
    return product;
  }

  /** Whether every extent is a number. */
  public boolean isConstant() {
    return dims.stream().allMatch(Dim::isConstant);
  }

  /** The extents as numbers, if all are. */
  public Optional<long[]> constant() {
    return isConstant() ? Optional.of(evaluate(s -> 0)) : Optional.empty();
  }

  /** The extents under an assignment of the symbols. */
  public long[] evaluate(ToLongFunction<String> symbols) {
    long[] values = new long[dims.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = dims.get(i).evaluate(symbols);
    }
    return values;
  }

  /** This shape with symbols replaced. */
  public Shape substitute(Map<String, Dim> replacements) {
    return map(d -> d.substitute(replacements));
  }

  /** This shape with every extent changed. */
  public Shape map(UnaryOperator<Dim> change) {
    return new Shape(dims.stream().map(change).toList());
  }

  /** This shape with one extent replaced; negative axes count from the end. */
  public Shape withDim(int axis, Dim dim) {
    List<Dim> copy = new ArrayList<>(dims);
    copy.set(axis < 0 ? axis + dims.size() : axis, dim);
    return new Shape(copy);
  }

  /** Row-major strides in elements. */
  public List<Dim> rowMajorStrides() {
    Dim[] strides = new Dim[dims.size()];
    Dim stride = Dim.ONE;
    for (int i = strides.length - 1; i >= 0; i--) {
      strides[i] = stride;
      stride = stride.times(dims.get(i));
    }
    return List.of(strides);
  }

  /** {@code [2,s,768]}. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("[");
    for (int i = 0; i < dims.size(); i++) {
      text.append(i == 0 ? "" : ",").append(dims.get(i));
    }
    return text.append(']').toString();
  }
}
