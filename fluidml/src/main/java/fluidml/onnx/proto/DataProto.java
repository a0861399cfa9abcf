package fluidml.onnx.proto;

import fluidml.tensor.DType;
import java.util.List;
import java.util.Optional;

/**
 * A run-time value as {@code onnx-data.proto} stores it: the inputs and outputs of backend tests.
 */
public sealed interface DataProto {

  /** A dense tensor. */
  record TensorData(TensorProto tensor) implements DataProto {}

  /** A sequence of values of one kind; its name may be empty. */
  record SequenceData(String name, List<DataProto> values) implements DataProto {
    /** Copies the list. */
    public SequenceData {
      values = List.copyOf(values);
    }
  }

  /** A value or nothing; its name may be empty. */
  record OptionalData(String name, Optional<DataProto> value) implements DataProto {}

  /**
   * A map in insertion order.
   *
   * @param name the value's name, or empty
   * @param keyType integer type or {@link DType#STRING}
   * @param longKeys the keys of a map from integers
   * @param stringKeys the keys of a map from strings
   * @param values as many values as keys
   */
  record MapData(
      String name,
      DType keyType,
      List<Long> longKeys,
      List<String> stringKeys,
      List<DataProto> values)
      implements DataProto {
    /** Copies the lists. */
    public MapData {
      longKeys = List.copyOf(longKeys);
      stringKeys = List.copyOf(stringKeys);
      values = List.copyOf(values);
    }
  }
}
