package fluidml.onnx.proto;

import fluidml.error.InvalidModelException;
import fluidml.onnx.proto.ModelProto.OperatorSetId;
import fluidml.onnx.proto.TypeProto.Dimension;
import fluidml.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads messages of {@code onnx.proto} from protobuf's wire format. */
public final class ProtoDecoder {
  private ProtoDecoder() {}

  /**
   * Reads a model. Tensor data stay slices of {@code data}.
   *
   * @param data the whole file
   * @param file its name, for messages
   * @throws InvalidModelException if the bytes are not a well-formed model; the message names the
   *     file, the byte offset and the path of fields
   */
  public static ModelProto model(MemorySegment data, String file) {
    return model(new WireReader(data, file));
  }

  /**
   * Reads one tensor. Tensor data stay a slice of {@code data}.
   *
   * @param data the whole file
   * @param file its name, for messages
   * @throws InvalidModelException as {@link #model}
   */
  public static TensorProto tensor(MemorySegment data, String file) {
    return TensorDecoder.read(new WireReader(data, file));
  }

  private static ModelProto model(WireReader in) {
    long irVersion = 0;
    List<OperatorSetId> opsets = new ArrayList<>();
    String producer = "";
    String producerVersion = "";
    String domain = "";
    long version = 0;
    String doc = "";
    GraphProto graph = null;
    List<FunctionProto> functions = new ArrayList<>();
    Map<String, String> props = new LinkedHashMap<>();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> irVersion = in.varint();
        case 2 -> producer = in.string("producer_name");
        case 3 -> producerVersion = in.string("producer_version");
        case 4 -> domain = in.string("domain");
        case 5 -> version = in.varint();
        case 6 -> doc = in.string("doc_string");
        case 7 -> {
          if (graph != null) {
            throw in.error("a second main graph");
          }
          graph = in.message("graph", -1, ProtoDecoder::graph);
        }
        case 8 -> opsets.add(in.message("opset_import", opsets.size(), ProtoDecoder::opset));
        case 14 -> in.message("metadata_props", props.size(), r -> entry(r, props));
        case 25 -> functions.add(in.message("functions", functions.size(), ProtoDecoder::function));
        default -> in.skip();
      }
    }
    if (graph == null) {
      throw in.error("no graph: this is not an ONNX model");
    }
    return new ModelProto(
        irVersion,
        opsets,
        producer,
        producerVersion,
        domain,
        version,
        doc,
        graph,
        functions,
        props);
  }

  private static OperatorSetId opset(WireReader in) {
    String domain = "";
    long version = 0;
    while (in.next()) {
      switch (in.field()) {
        case 1 -> domain = in.string("domain");
        case 2 -> version = in.varint();
        default -> in.skip();
      }
    }
    return new OperatorSetId(domain, version);
  }

  static Map<String, String> entry(WireReader in, Map<String, String> into) {
    String key = "";
    String value = "";
    while (in.next()) {
      switch (in.field()) {
        case 1 -> key = in.string("key");
        case 2 -> value = in.string("value");
        default -> in.skip();
      }
    }
    into.put(key, value);
    return into;
  }

  static GraphProto graph(WireReader in) {
    String name = "";
    List<NodeProto> nodes = new ArrayList<>();
    List<ValueInfoProto> inputs = new ArrayList<>();
    List<ValueInfoProto> outputs = new ArrayList<>();
    List<TensorProto> initializers = new ArrayList<>();
    List<SparseTensorProto> sparse = new ArrayList<>();
    List<ValueInfoProto> infos = new ArrayList<>();
    String doc = "";
    while (in.next()) {
      switch (in.field()) {
        case 1 -> nodes.add(in.message("node", nodes.size(), ProtoDecoder::node));
        case 2 -> name = in.string("name");
        case 5 ->
            initializers.add(in.message("initializer", initializers.size(), TensorDecoder::read));
        case 10 -> doc = in.string("doc_string");
        case 11 -> inputs.add(in.message("input", inputs.size(), ProtoDecoder::valueInfo));
        case 12 -> outputs.add(in.message("output", outputs.size(), ProtoDecoder::valueInfo));
        case 13 -> infos.add(in.message("value_info", infos.size(), ProtoDecoder::valueInfo));
        case 15 ->
            sparse.add(in.message("sparse_initializer", sparse.size(), ProtoDecoder::sparseTensor));
        default -> in.skip();
      }
    }
    return new GraphProto(name, nodes, inputs, outputs, initializers, sparse, infos, doc);
  }

  private static NodeProto node(WireReader in) {
    String name = "";
    String domain = "";
    String opType = "";
    String overload = "";
    String doc = "";
    List<String> inputs = new ArrayList<>();
    List<String> outputs = new ArrayList<>();
    List<AttributeProto> attributes = new ArrayList<>();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> inputs.add(in.string("input"));
        case 2 -> outputs.add(in.string("output"));
        case 3 -> name = in.string("name");
        case 4 -> opType = in.string("op_type");
        case 5 ->
            attributes.add(in.message("attribute", attributes.size(), AttributeDecoder::read));
        case 6 -> doc = in.string("doc_string");
        case 7 -> domain = in.string("domain");
        case 8 -> overload = in.string("overload");
        default -> in.skip();
      }
    }
    if (opType.isEmpty()) {
      throw in.error("a node without op_type");
    }
    return new NodeProto(name, domain, opType, overload, inputs, outputs, attributes, doc);
  }

  private static FunctionProto function(WireReader in) {
    String name = "";
    String domain = "";
    String overload = "";
    String doc = "";
    List<String> inputs = new ArrayList<>();
    List<String> outputs = new ArrayList<>();
    List<String> attributes = new ArrayList<>();
    List<AttributeProto> defaults = new ArrayList<>();
    List<NodeProto> nodes = new ArrayList<>();
    List<OperatorSetId> opsets = new ArrayList<>();
    List<ValueInfoProto> infos = new ArrayList<>();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> name = in.string("name");
        case 4 -> inputs.add(in.string("input"));
        case 5 -> outputs.add(in.string("output"));
        case 6 -> attributes.add(in.string("attribute"));
        case 7 -> nodes.add(in.message("node", nodes.size(), ProtoDecoder::node));
        case 8 -> doc = in.string("doc_string");
        case 9 -> opsets.add(in.message("opset_import", opsets.size(), ProtoDecoder::opset));
        case 10 -> domain = in.string("domain");
        case 11 ->
            defaults.add(in.message("attribute_proto", defaults.size(), AttributeDecoder::read));
        case 12 -> infos.add(in.message("value_info", infos.size(), ProtoDecoder::valueInfo));
        case 13 -> overload = in.string("overload");
        default -> in.skip();
      }
    }
    return new FunctionProto(
        domain, name, overload, inputs, outputs, attributes, defaults, nodes, opsets, infos, doc);
  }

  static SparseTensorProto sparseTensor(WireReader in) {
    TensorProto values = null;
    TensorProto indices = null;
    NumberLists.Builder dims = new NumberLists.Builder();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> values = in.message("values", -1, TensorDecoder::read);
        case 2 -> indices = in.message("indices", -1, TensorDecoder::read);
        case 3 -> in.varints(dims::add);
        default -> in.skip();
      }
    }
    if (values == null || indices == null) {
      throw in.error("a sparse tensor without values or indices");
    }
    return new SparseTensorProto(values, indices, dims.longs());
  }

  private static ValueInfoProto valueInfo(WireReader in) {
    String name = "";
    String doc = "";
    TypeProto type = new TypeProto.Unknown();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> name = in.string("name");
        case 2 -> type = in.message("type", -1, ProtoDecoder::type);
        case 3 -> doc = in.string("doc_string");
        default -> in.skip();
      }
    }
    return new ValueInfoProto(name, type, doc);
  }

  static TypeProto type(WireReader in) {
    TypeProto type = new TypeProto.Unknown();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> type = in.message("tensor_type", -1, r -> tensorType(r, false));
        case 4 ->
            type = new TypeProto.SequenceType(in.message("sequence_type", -1, r -> element(r, 1)));
        case 5 -> type = in.message("map_type", -1, ProtoDecoder::mapType);
        case 7 -> type = in.message("opaque_type", -1, ProtoDecoder::opaqueType);
        case 8 -> type = in.message("sparse_tensor_type", -1, r -> tensorType(r, true));
        case 9 ->
            type = new TypeProto.OptionalType(in.message("optional_type", -1, r -> element(r, 1)));
        default -> in.skip();
      }
    }
    return type;
  }

  private static TypeProto element(WireReader in, int field) {
    TypeProto type = new TypeProto.Unknown();
    while (in.next()) {
      if (in.field() == field) {
        type = in.message("elem_type", -1, ProtoDecoder::type);
      } else {
        in.skip();
      }
    }
    return type;
  }

  private static TypeProto mapType(WireReader in) {
    Optional<DType> key = Optional.empty();
    long start = in.position();
    while (in.next()) {
      if (in.field() == 1) {
        key = dtype(in);
      } else {
        in.skip();
      }
    }
    in.seek(start);
    TypeProto value = element(in, 2);
    DType keyType = key.orElseThrow(() -> in.error("a map type without key type"));
    return new TypeProto.MapType(keyType, value);
  }

  private static TypeProto opaqueType(WireReader in) {
    String domain = "";
    String name = "";
    while (in.next()) {
      switch (in.field()) {
        case 1 -> domain = in.string("domain");
        case 2 -> name = in.string("name");
        default -> in.skip();
      }
    }
    return new TypeProto.OpaqueType(domain, name);
  }

  private static TypeProto tensorType(WireReader in, boolean sparse) {
    Optional<DType> dtype = Optional.empty();
    Optional<List<Dimension>> shape = Optional.empty();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> dtype = dtype(in);
        case 2 -> shape = Optional.of(in.message("shape", -1, ProtoDecoder::shape));
        default -> in.skip();
      }
    }
    return sparse ? new TypeProto.SparseType(dtype, shape) : new TypeProto.TensorType(dtype, shape);
  }

  private static Optional<DType> dtype(WireReader in) {
    int code = in.int32();
    Optional<DType> dtype = DType.ofOnnxCode(code);
    if (dtype.isEmpty() && code != 0) {
      throw in.error("element type " + code + " is unknown");
    }
    return dtype;
  }

  private static List<Dimension> shape(WireReader in) {
    List<Dimension> dims = new ArrayList<>();
    while (in.next()) {
      if (in.field() == 1) {
        dims.add(in.message("dim", dims.size(), ProtoDecoder::dimension));
      } else {
        in.skip();
      }
    }
    return dims;
  }

  /** Exporters write unknown extents as -1, 0-length names, or nothing: all mean unnamed. */
  private static Dimension dimension(WireReader in) {
    Dimension dim = new TypeProto.Unnamed();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> {
          long value = in.varint();
          dim = value < 0 ? new TypeProto.Unnamed() : new TypeProto.Extent(value);
        }
        case 2 -> {
          String name = in.string("dim_param");
          dim = name.isEmpty() ? new TypeProto.Unnamed() : new TypeProto.Parameter(name);
        }
        default -> in.skip();
      }
    }
    return dim;
  }
}
