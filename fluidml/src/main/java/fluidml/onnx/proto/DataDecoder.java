package fluidml.onnx.proto;

import fluidml.error.InvalidModelException;
import fluidml.onnx.proto.DataProto.MapData;
import fluidml.onnx.proto.DataProto.OptionalData;
import fluidml.onnx.proto.DataProto.SequenceData;
import fluidml.onnx.proto.DataProto.TensorData;
import fluidml.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads {@code SequenceProto}, {@code OptionalProto} and {@code MapProto}. */
public final class DataDecoder {
  private DataDecoder() {}

  /**
   * Reads a value of a known type; the format itself does not tell tensors from sequences.
   *
   * @param data the whole file
   * @param file its name, for messages
   * @param type the value's type
   * @throws InvalidModelException if the bytes are not such a value, or sparse or opaque values are
   *     asked for
   */
  public static DataProto read(MemorySegment data, String file, TypeProto type) {
    WireReader in = new WireReader(data, file);
    return switch (type) {
      case TypeProto.TensorType _ -> new TensorData(TensorDecoder.read(in));
      case TypeProto.SequenceType _ -> sequence(in);
      case TypeProto.OptionalType _ -> optional(in);
      case TypeProto.MapType _ -> map(in);
      case TypeProto.SparseType _, TypeProto.OpaqueType _, TypeProto.Unknown _ ->
          throw in.error("values of type " + type + " have no file format");
    };
  }

  private static TensorData tensor(WireReader in) {
    return new TensorData(TensorDecoder.read(in));
  }

  private static SequenceData sequence(WireReader in) {
    String name = "";
    List<DataProto> values = new ArrayList<>();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> name = in.string("name");
        case 3 -> values.add(in.message("tensor_values", values.size(), DataDecoder::tensor));
        case 4 -> throw in.error("sequences of sparse tensors are not supported");
        case 5 -> values.add(in.message("sequence_values", values.size(), DataDecoder::sequence));
        case 6 -> values.add(in.message("map_values", values.size(), DataDecoder::map));
        case 7 -> values.add(in.message("optional_values", values.size(), DataDecoder::optional));
        default -> in.skip();
      }
    }
    return new SequenceData(name, values);
  }

  private static OptionalData optional(WireReader in) {
    String name = "";
    Optional<DataProto> value = Optional.empty();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> name = in.string("name");
        case 3 -> value = Optional.of(in.message("tensor_value", -1, DataDecoder::tensor));
        case 4 -> throw in.error("optional sparse tensors are not supported");
        case 5 -> value = Optional.of(in.message("sequence_value", -1, DataDecoder::sequence));
        case 6 -> value = Optional.of(in.message("map_value", -1, DataDecoder::map));
        case 7 -> value = Optional.of(in.message("optional_value", -1, DataDecoder::optional));
        default -> in.skip();
      }
    }
    return new OptionalData(name, value);
  }

  private static MapData map(WireReader in) {
    String name = "";
    int keyType = 0;
    NumberLists.Builder longKeys = new NumberLists.Builder();
    List<String> stringKeys = new ArrayList<>();
    List<DataProto> values = List.of();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> name = in.string("name");
        case 2 -> keyType = in.int32();
        case 3 -> in.varints(longKeys::add);
        case 4 -> stringKeys.add(in.string("string_keys"));
        case 5 -> values = in.message("values", -1, DataDecoder::sequence).values();
        default -> in.skip();
      }
    }
    int code = keyType;
    DType type =
        DType.ofOnnxCode(code).orElseThrow(() -> in.error("key type " + code + " is unknown"));
    List<Long> longs = longKeys.longs();
    if (longs.size() + stringKeys.size() != values.size()) {
      throw in.error(
          "a map of %d keys and %d values"
              .formatted(longs.size() + stringKeys.size(), values.size()));
    }
    return new MapData(name, type, longs, stringKeys, values);
  }
}
