package fluidml.onnx.proto;

import fluidml.onnx.proto.ModelProto.OperatorSetId;
import fluidml.onnx.proto.TypeProto.Dimension;
import fluidml.tensor.DType;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;

/** Writes messages of {@code onnx.proto} in protobuf's wire format. */
public final class ProtoEncoder {
  private ProtoEncoder() {}

  /** A model in wire format; inline tensor data are referred to, not copied. */
  public static WireWriter model(ModelProto model) {
    WireWriter out = new WireWriter();
    out.varint(1, model.irVersion());
    out.stringUnlessEmpty(2, model.producerName());
    out.stringUnlessEmpty(3, model.producerVersion());
    out.stringUnlessEmpty(4, model.domain());
    out.varintUnlessZero(5, model.modelVersion());
    out.stringUnlessEmpty(6, model.docString());
    message(out, 7, model.graph(), ProtoEncoder::graph);
    each(out, 8, model.opsetImports(), ProtoEncoder::opset);
    entries(out, 14, model.metadataProps());
    each(out, 25, model.functions(), ProtoEncoder::function);
    return out;
  }

  /** A tensor in wire format; inline data are referred to, not copied. */
  public static WireWriter tensor(TensorProto tensor) {
    WireWriter out = new WireWriter();
    tensor(out, tensor);
    return out;
  }

  private static <T> void message(
      WireWriter out, int field, T value, BiConsumer<WireWriter, T> encoder) {
    WireWriter inner = new WireWriter();
    encoder.accept(inner, value);
    out.message(field, inner);
  }

  private static <T> void each(
      WireWriter out, int field, List<T> values, BiConsumer<WireWriter, T> encoder) {
    values.forEach(value -> message(out, field, value, encoder));
  }

  private static void entries(WireWriter out, int field, Map<String, String> props) {
    props.forEach((key, value) -> entry(out, field, key, value));
  }

  private static void entry(WireWriter out, int field, String key, String value) {
    WireWriter inner = new WireWriter();
    inner.string(1, key);
    inner.string(2, value);
    out.message(field, inner);
  }

  private static void opset(WireWriter out, OperatorSetId opset) {
    out.string(1, opset.domain());
    out.varint(2, opset.version());
  }

  private static void graph(WireWriter out, GraphProto graph) {
    each(out, 1, graph.nodes(), ProtoEncoder::node);
    out.stringUnlessEmpty(2, graph.name());
    each(out, 5, graph.initializers(), ProtoEncoder::tensor);
    out.stringUnlessEmpty(10, graph.docString());
    each(out, 11, graph.inputs(), ProtoEncoder::valueInfo);
    each(out, 12, graph.outputs(), ProtoEncoder::valueInfo);
    each(out, 13, graph.valueInfos(), ProtoEncoder::valueInfo);
    each(out, 15, graph.sparseInitializers(), ProtoEncoder::sparseTensor);
  }

  private static void node(WireWriter out, NodeProto node) {
    node.inputs().forEach(input -> out.string(1, input));
    node.outputs().forEach(output -> out.string(2, output));
    out.stringUnlessEmpty(3, node.name());
    out.string(4, node.opType());
    each(out, 5, node.attributes(), ProtoEncoder::attribute);
    out.stringUnlessEmpty(6, node.docString());
    out.stringUnlessEmpty(7, node.domain());
    out.stringUnlessEmpty(8, node.overload());
  }

  private static void function(WireWriter out, FunctionProto function) {
    out.string(1, function.name());
    function.inputs().forEach(input -> out.string(4, input));
    function.outputs().forEach(output -> out.string(5, output));
    function.attributes().forEach(attribute -> out.string(6, attribute));
    each(out, 7, function.nodes(), ProtoEncoder::node);
    out.stringUnlessEmpty(8, function.docString());
    each(out, 9, function.opsetImports(), ProtoEncoder::opset);
    out.string(10, function.domain());
    each(out, 11, function.defaults(), ProtoEncoder::attribute);
    each(out, 12, function.valueInfos(), ProtoEncoder::valueInfo);
    out.stringUnlessEmpty(13, function.overload());
  }

  private static void attribute(WireWriter out, AttributeProto attribute) {
    out.string(1, attribute.name());
    int type =
        switch (attribute.value()) {
          case AttributeProto.FloatValue v -> {
            out.float32(2, v.value());
            yield AttributeDecoder.FLOAT;
          }
          case AttributeProto.IntValue v -> {
            out.varint(3, v.value());
            yield AttributeDecoder.INT;
          }
          case AttributeProto.StringValue v -> {
            out.string(4, v.value());
            yield AttributeDecoder.STRING;
          }
          case AttributeProto.TensorValue v -> {
            message(out, 5, v.value(), ProtoEncoder::tensor);
            yield AttributeDecoder.TENSOR;
          }
          case AttributeProto.GraphValue v -> {
            message(out, 6, v.value(), ProtoEncoder::graph);
            yield AttributeDecoder.GRAPH;
          }
          case AttributeProto.SparseTensorValue v -> {
            message(out, 22, v.value(), ProtoEncoder::sparseTensor);
            yield AttributeDecoder.SPARSE_TENSOR;
          }
          case AttributeProto.TypeValue v -> {
            message(out, 14, v.value(), ProtoEncoder::type);
            yield AttributeDecoder.TYPE;
          }
          case AttributeProto.FloatList v -> {
            out.packedFloats(7, v.values());
            yield AttributeDecoder.FLOATS;
          }
          case AttributeProto.IntList v -> {
            out.packedVarints(8, v.values());
            yield AttributeDecoder.INTS;
          }
          case AttributeProto.StringList v -> {
            v.values().forEach(s -> out.string(9, s));
            yield AttributeDecoder.STRINGS;
          }
          case AttributeProto.TensorList v -> {
            each(out, 10, v.values(), ProtoEncoder::tensor);
            yield AttributeDecoder.TENSORS;
          }
          case AttributeProto.GraphList v -> {
            each(out, 11, v.values(), ProtoEncoder::graph);
            yield AttributeDecoder.GRAPHS;
          }
          case AttributeProto.SparseTensorList v -> {
            each(out, 23, v.values(), ProtoEncoder::sparseTensor);
            yield AttributeDecoder.SPARSE_TENSORS;
          }
          case AttributeProto.TypeList v -> {
            each(out, 15, v.values(), ProtoEncoder::type);
            yield AttributeDecoder.TYPES;
          }
          case AttributeProto.Reference v -> {
            out.string(21, v.attribute());
            yield v.type();
          }
        };
    out.varint(20, type);
  }

  private static void tensor(WireWriter out, TensorProto tensor) {
    out.packedVarints(1, tensor.dims());
    out.varint(2, tensor.dtype().onnxCode());
    out.stringUnlessEmpty(8, tensor.name());
    switch (tensor.data()) {
      case TensorProto.Inline data -> out.bytes(9, data.bytes());
      case TensorProto.Strings data -> data.values().forEach(s -> out.string(6, s));
      case TensorProto.External data -> {
        entry(out, 13, "location", data.location());
        entry(out, 13, "offset", Long.toString(data.offset()));
        data.length().ifPresent(length -> entry(out, 13, "length", Long.toString(length)));
        entries(out, 13, data.others());
        out.varint(14, 1);
      }
    }
  }

  private static void sparseTensor(WireWriter out, SparseTensorProto tensor) {
    message(out, 1, tensor.values(), ProtoEncoder::tensor);
    message(out, 2, tensor.indices(), ProtoEncoder::tensor);
    out.packedVarints(3, tensor.dims());
  }

  private static void valueInfo(WireWriter out, ValueInfoProto info) {
    out.string(1, info.name());
    if (!(info.type() instanceof TypeProto.Unknown)) {
      message(out, 2, info.type(), ProtoEncoder::type);
    }
    out.stringUnlessEmpty(3, info.docString());
  }

  private static void type(WireWriter out, TypeProto type) {
    switch (type) {
      case TypeProto.TensorType t ->
          message(out, 1, t, (w, v) -> tensorType(w, v.dtype(), v.shape()));
      case TypeProto.SparseType t ->
          message(out, 8, t, (w, v) -> tensorType(w, v.dtype(), v.shape()));
      case TypeProto.SequenceType t ->
          message(out, 4, t, (w, v) -> message(w, 1, v.element(), ProtoEncoder::type));
      case TypeProto.OptionalType t ->
          message(out, 9, t, (w, v) -> message(w, 1, v.element(), ProtoEncoder::type));
      case TypeProto.MapType t ->
          message(
              out,
              5,
              t,
              (w, v) -> {
                w.varint(1, v.key().onnxCode());
                message(w, 2, v.value(), ProtoEncoder::type);
              });
      case TypeProto.OpaqueType t ->
          message(
              out,
              7,
              t,
              (w, v) -> {
                w.stringUnlessEmpty(1, v.domain());
                w.stringUnlessEmpty(2, v.name());
              });
      case TypeProto.Unknown _ -> {}
    }
  }

  private static void tensorType(
      WireWriter out, Optional<DType> dtype, Optional<List<Dimension>> shape) {
    dtype.ifPresent(d -> out.varint(1, d.onnxCode()));
    shape.ifPresent(s -> message(out, 2, s, (w, dims) -> each(w, 1, dims, ProtoEncoder::dim)));
  }

  private static void dim(WireWriter out, Dimension dim) {
    switch (dim) {
      case TypeProto.Extent d -> out.varint(1, d.value());
      case TypeProto.Parameter d -> out.string(2, d.name());
      case TypeProto.Unnamed _ -> {}
    }
  }
}
