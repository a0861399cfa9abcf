package fluidml.graph.infer;

import fluidml.tensor.Dim;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The elements of a small real tensor that exporters compute from extents, as fractions of symbolic
 * numbers.
 *
 * @param dims extents, outermost first
 * @param numerators row-major
 * @param denominators row-major, positive
 */
record Fractions(List<Long> dims, List<Dim> numerators, List<Dim> denominators) {
  /** Denominators of constants beyond this are not tracked: they come from roundings. */
  private static final long MAX_DENOMINATOR = 1 << 16;

  Fractions {
    dims = List.copyOf(dims);
    numerators = List.copyOf(numerators);
    denominators = List.copyOf(denominators);
  }

  /** Whole numbers. */
  static Fractions of(SymbolicTensor integers) {
    return new Fractions(
        integers.dims(),
        integers.elements(),
        integers.elements().stream().map(_ -> Dim.ONE).toList());
  }

  /** The elements of a real constant, if all are fractions with a small power of two below. */
  static Optional<Fractions> of(Tensor tensor) {
    List<Dim> numerators = new ArrayList<>();
    List<Dim> denominators = new ArrayList<>();
    for (long i = 0; i < tensor.elements(); i++) {
      double value = tensor.getDouble(i);
      long denominator = 1;
      while (denominator < MAX_DENOMINATOR
          && value * denominator != Math.rint(value * denominator)) {
        denominator *= 2;
      }
      double numerator = value * denominator;
      if (numerator != Math.rint(numerator) || Math.abs(numerator) >= 0x1p53) {
        return Optional.empty();
      }
      numerators.add(Dim.of((long) numerator));
      denominators.add(Dim.of(denominator));
    }
    return Optional.of(
        new Fractions(Arrays.stream(tensor.dims()).boxed().toList(), numerators, denominators));
  }

  /**
   * One fraction.
   *
   * @param above numerator
   * @param below denominator, positive
   */
  record Element(Dim above, Dim below) {
    Element minus(Element other) {
      return new Element(
          above.times(other.below).minus(other.above.times(below)), below.times(other.below));
    }
  }

  /** The only element, if there is one. */
  Optional<Element> only() {
    return numerators.size() == 1
        ? Optional.of(new Element(numerators.getFirst(), denominators.getFirst()))
        : Optional.empty();
  }

  /** The elements, if all are whole. */
  Optional<List<Dim>> integers() {
    List<Dim> whole = new ArrayList<>();
    for (int i = 0; i < numerators.size(); i++) {
      Optional<Dim> quotient = numerators.get(i).divideExactly(denominators.get(i));
      if (quotient.isEmpty()) {
        return Optional.empty();
      }
      whole.add(quotient.get());
    }
    return Optional.of(whole);
  }
}
