package fluidml.onnx;

import fluidml.onnx.proto.AttributeProto;
import fluidml.onnx.proto.AttributeProto.Value;
import fluidml.onnx.proto.GraphProto;
import fluidml.onnx.proto.SparseTensorProto;
import fluidml.onnx.proto.TensorProto;
import fluidml.onnx.proto.TypeProto;
import fluidml.tensor.DType;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.TreeSet;

/**
 * The attributes of a node, typed and checked: a value of another type is an error, and so is one
 * that the importer did not ask for.
 */
final class Attributes {
  private final Call call;
  private final Map<String, Value> values = new HashMap<>();
  private final TreeSet<String> unread = new TreeSet<>();

  Attributes(Call call, List<AttributeProto> protos, Scope scope) {
    this.call = call;
    for (AttributeProto proto : protos) {
      Optional<Value> value = scope.resolve(proto.value());
      if (value.isPresent() && values.put(proto.name(), value.get()) != null) {
        throw call.invalid("attribute '" + proto.name() + "' is given twice");
      }
    }
    unread.addAll(values.keySet());
  }

  /** Refuses attributes that nothing asked for. */
  void finish() {
    if (!unread.isEmpty()) {
      throw call.unsupported(
          "attribute '"
              + unread.first()
              + "' is not known in this version of the operator; re-export the model with the"
              + " operator set it was written for, or remove the attribute");
    }
  }

  /** Accepts attributes that do not change the result. */
  void ignore(String... names) {
    for (String name : names) {
      unread.remove(name);
    }
  }

  boolean has(String name) {
    return values.containsKey(name);
  }

  private Optional<Value> read(String name) {
    unread.remove(name);
    return Optional.ofNullable(values.get(name));
  }

  private <T extends Value> Optional<T> read(String name, Class<T> type, String what) {
    return read(name)
        .map(
            value -> {
              if (!type.isInstance(value)) {
                throw call.invalid("attribute '" + name + "' must be " + what);
              }
              return type.cast(value);
            });
  }

  OptionalLong integer(String name) {
    return read(name, AttributeProto.IntValue.class, "an integer")
        .map(v -> OptionalLong.of(v.value()))
        .orElse(OptionalLong.empty());
  }

  long integer(String name, long absent) {
    return integer(name).orElse(absent);
  }

  long requiredInteger(String name) {
    return integer(name).orElseThrow(() -> missing(name));
  }

  /** An axis or another number that fits 32 bits. */
  int int32(String name, long absent) {
    long value = integer(name, absent);
    if ((int) value != value) {
      throw call.invalid("attribute '" + name + "' is " + value + ", which is out of range");
    }
    return (int) value;
  }

  int requiredInt32(String name) {
    if (!has(name)) {
      throw missing(name);
    }
    return int32(name, 0);
  }

  /** An integer that must be 0 or 1. */
  boolean flag(String name, boolean absent) {
    long value = integer(name, absent ? 1 : 0);
    if (value != 0 && value != 1) {
      throw call.invalid("attribute '" + name + "' is " + value + ", it must be 0 or 1");
    }
    return value == 1;
  }

  OptionalDouble real(String name) {
    return read(name, AttributeProto.FloatValue.class, "a float")
        .map(v -> OptionalDouble.of(v.value()))
        .orElse(OptionalDouble.empty());
  }

  double real(String name, double absent) {
    return real(name).orElse(absent);
  }

  double requiredReal(String name) {
    return real(name).orElseThrow(() -> missing(name));
  }

  Optional<String> text(String name) {
    return read(name, AttributeProto.StringValue.class, "text")
        .map(AttributeProto.StringValue::value);
  }

  String text(String name, String absent) {
    return text(name).orElse(absent);
  }

  /** One of several words. */
  <T> T choice(String name, String absent, Map<String, T> words) {
    String word = text(name, absent);
    T value = words.get(word);
    if (value == null) {
      throw call.unsupported(
          "attribute '"
              + name
              + "' is '"
              + word
              + "'; supported are "
              + String.join(", ", new TreeSet<>(words.keySet())));
    }
    return value;
  }

  Optional<List<Long>> integers(String name) {
    return read(name, AttributeProto.IntList.class, "a list of integers")
        .map(AttributeProto.IntList::values);
  }

  List<Long> integers(String name, List<Long> absent) {
    return integers(name).orElse(absent);
  }

  List<Long> requiredIntegers(String name) {
    return integers(name).orElseThrow(() -> missing(name));
  }

  /** A list of axes. */
  Optional<List<Integer>> axes(String name) {
    return integers(name)
        .map(
            list ->
                list.stream()
                    .map(
                        v -> {
                          if (v.intValue() != v) {
                            throw call.invalid("attribute '" + name + "' has axis " + v);
                          }
                          return v.intValue();
                        })
                    .toList());
  }

  Optional<List<Double>> reals(String name) {
    return read(name, AttributeProto.FloatList.class, "a list of floats")
        .map(v -> v.values().stream().map(Float::doubleValue).toList());
  }

  Optional<List<String>> texts(String name) {
    return read(name, AttributeProto.StringList.class, "a list of texts")
        .map(AttributeProto.StringList::values);
  }

  Optional<TensorProto> tensor(String name) {
    return read(name, AttributeProto.TensorValue.class, "a tensor")
        .map(AttributeProto.TensorValue::value);
  }

  Optional<SparseTensorProto> sparseTensor(String name) {
    return read(name, AttributeProto.SparseTensorValue.class, "a sparse tensor")
        .map(AttributeProto.SparseTensorValue::value);
  }

  Optional<TypeProto> type(String name) {
    return read(name, AttributeProto.TypeValue.class, "a type")
        .map(AttributeProto.TypeValue::value);
  }

  Optional<GraphProto> graph(String name) {
    return read(name, AttributeProto.GraphValue.class, "a graph")
        .map(AttributeProto.GraphValue::value);
  }

  GraphProto requiredGraph(String name) {
    return graph(name).orElseThrow(() -> missing(name));
  }

  /** An element type given by its ONNX number; 0 counts as not given. */
  Optional<DType> dtype(String name) {
    OptionalLong code = integer(name);
    if (code.isEmpty() || code.getAsLong() == 0) {
      return Optional.empty();
    }
    long value = code.getAsLong();
    Optional<DType> dtype = (int) value == value ? DType.ofOnnxCode((int) value) : Optional.empty();
    if (dtype.isEmpty()) {
      throw call.unsupported("attribute '" + name + "' is element type " + value + ", unknown");
    }
    return dtype;
  }

  DType requiredDtype(String name) {
    return dtype(name).orElseThrow(() -> missing(name));
  }

  private RuntimeException missing(String name) {
    return call.invalid("attribute '" + name + "' is required");
  }
}
