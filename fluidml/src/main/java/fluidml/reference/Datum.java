package fluidml.reference;

import fluidml.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** What a value holds while a graph runs. */
public sealed interface Datum {
  /** A tensor. */
  record TensorDatum(Tensor tensor) implements Datum {}

  /** A sequence of data of one type. */
  record SequenceDatum(List<Datum> elements) implements Datum {
    public SequenceDatum {
      elements = List.copyOf(elements);
    }
  }

  /** A value that may be missing. */
  record OptionalDatum(Optional<Datum> value) implements Datum {}

  /** Nothing: where an optional operand is not given, or an optional result not computed. */
  record NoDatum() implements Datum {}

  /** Nothing. */
  static Datum absent() {
    return new NoDatum();
  }

  /** A tensor as a datum. */
  static Datum of(Tensor tensor) {
    return new TensorDatum(tensor);
  }

  /** Whether this is anything but {@link NoDatum}. */
  default boolean isPresent() {
    return !(this instanceof NoDatum);
  }

  /**
   * The tensor.
   *
   * @throws IllegalArgumentException if this is anything else
   */
  default Tensor tensor() {
    if (this instanceof TensorDatum(Tensor tensor)) {
      return tensor;
    }
    throw new IllegalArgumentException("expected a tensor, not " + describe());
  }

  /** Type and extents for messages; never the elements. */
  default String describe() {
    return switch (this) {
      case TensorDatum(Tensor tensor) -> tensor.toString();
      case SequenceDatum(List<Datum> elements) -> "a sequence of " + elements.size();
      case OptionalDatum(Optional<Datum> value) ->
          value.map(v -> "an optional " + v.describe()).orElse("an empty optional");
      case NoDatum() -> "nothing";
    };
  }
}
