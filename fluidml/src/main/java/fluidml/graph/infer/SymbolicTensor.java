package fluidml.graph.infer;

import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The elements of a small integer tensor as symbolic numbers.
 *
 * @param dims extents, outermost first
 * @param elements row-major
 */
public record SymbolicTensor(List<Long> dims, List<Dim> elements) {
  public SymbolicTensor {
    dims = List.copyOf(dims);
    elements = List.copyOf(elements);
  }

  /** A one-dimensional tensor. */
  public static SymbolicTensor vector(List<Dim> elements) {
    return new SymbolicTensor(List.of((long) elements.size()), elements);
  }

  /** The elements as numbers, if all are. */
  public Optional<long[]> constant() {
    return elements.stream().allMatch(Dim::isConstant)
        ? Optional.of(elements.stream().mapToLong(d -> d.constant().getAsLong()).toArray())
        : Optional.empty();
  }

  /** The contents of a constant. */
  public static SymbolicTensor of(Tensor tensor) {
    return new SymbolicTensor(
        Arrays.stream(tensor.dims()).boxed().toList(),
        Arrays.stream(tensor.toLongs()).mapToObj(Dim::of).toList());
  }

  /** Whether contents of this type are tracked. */
  static boolean isTracked(DType dtype) {
    return dtype == DType.INT64 || dtype == DType.INT32 || dtype == DType.BOOL;
  }
}
