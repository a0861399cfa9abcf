package fluidml.onnx.proto;

import fluidml.onnx.proto.DataProto.MapData;
import fluidml.onnx.proto.DataProto.OptionalData;
import fluidml.onnx.proto.DataProto.SequenceData;
import fluidml.onnx.proto.DataProto.TensorData;

/** Writes values in the format of {@code onnx-data.proto}. */
public final class DataEncoder {
  private static final int TENSOR = 1;
  private static final int SEQUENCE = 3;
  private static final int MAP = 4;
  private static final int OPTIONAL = 5;

  private DataEncoder() {}

  /** A value in wire format; tensor data are referred to, not copied. */
  public static WireWriter write(DataProto value) {
    WireWriter out = new WireWriter();
    switch (value) {
      case TensorData v -> out = ProtoEncoder.tensor(v.tensor());
      case SequenceData v -> {
        out.stringUnlessEmpty(1, v.name());
        out.varintUnlessZero(2, v.values().isEmpty() ? 0 : kind(v.values().getFirst()));
        for (DataProto element : v.values()) {
          // The fields are numbered tensor 3, sparse 4, sequence 5, map 6, optional 7.
          out.message(kind(element) + 2, write(element));
        }
      }
      case OptionalData v -> {
        out.stringUnlessEmpty(1, v.name());
        if (v.value().isPresent()) {
          DataProto element = v.value().get();
          out.varint(2, kind(element));
          out.message(kind(element) + 2, write(element));
        }
      }
      case MapData v -> {
        out.stringUnlessEmpty(1, v.name());
        out.varint(2, v.keyType().onnxCode());
        out.packedVarints(3, v.longKeys());
        for (String key : v.stringKeys()) {
          out.string(4, key);
        }
        out.message(5, write(new SequenceData("", v.values())));
      }
    }
    return out;
  }

  private static int kind(DataProto value) {
    return switch (value) {
      case TensorData _ -> TENSOR;
      case SequenceData _ -> SEQUENCE;
      case MapData _ -> MAP;
      case OptionalData _ -> OPTIONAL;
    };
  }
}
