package fluidml.vm;

import fluidml.error.InvalidInputException;
import fluidml.tensor.Dim;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The distinct dims of a program, each evaluated once when the program is bound. */
final class DimTable {
  private final Map<Dim, Integer> index = new HashMap<>();
  private final List<Dim> dims = new ArrayList<>();

  /** The number of a dim in {@link #evaluate}'s result. */
  int add(Dim dim) {
    return index.computeIfAbsent(
        dim,
        d -> {
          dims.add(d);
          return dims.size() - 1;
        });
  }

  /** The numbers of several dims. */
  int[] add(List<Dim> several) {
    return several.stream().mapToInt(this::add).toArray();
  }

  /**
   * The value of every dim.
   *
   * @throws InvalidInputException if a value does not fit 63 bits or divides by zero
   */
  long[] evaluate(Map<String, Long> symbols) {
    long[] values = new long[dims.size()];
    for (int i = 0; i < values.length; i++) {
      try {
        values[i] = dims.get(i).evaluate(symbols::get);
      } catch (ArithmeticException e) {
        throw new InvalidInputException(
            "shapes",
            "the extent "
                + dims.get(i)
                + " cannot be computed for "
                + symbols
                + ": "
                + e.getMessage());
      }
    }
    return values;
  }
}
