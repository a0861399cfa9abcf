package fluidml.onnx.proto;

import fluidml.onnx.proto.AttributeProto.Value;
import java.util.ArrayList;
import java.util.List;

/** Reads {@code AttributeProto}. */
final class AttributeDecoder {
  static final int FLOAT = 1;
  static final int INT = 2;
  static final int STRING = 3;
  static final int TENSOR = 4;
  static final int GRAPH = 5;
  static final int FLOATS = 6;
  static final int INTS = 7;
  static final int STRINGS = 8;
  static final int TENSORS = 9;
  static final int GRAPHS = 10;
  static final int SPARSE_TENSOR = 11;
  static final int SPARSE_TENSORS = 12;
  static final int TYPE = 13;
  static final int TYPES = 14;

  private final WireReader in;
  private String name = "";
  private String reference = "";
  private int type;
  private int seen;
  private float f;
  private long i;
  private String s = "";
  private final List<TensorProto> tensors = new ArrayList<>();
  private final List<GraphProto> graphs = new ArrayList<>();
  private final List<SparseTensorProto> sparse = new ArrayList<>();
  private final List<TypeProto> types = new ArrayList<>();
  private final List<String> strings = new ArrayList<>();
  private final NumberLists.Builder floats = new NumberLists.Builder();
  private final NumberLists.Builder ints = new NumberLists.Builder();

  private AttributeDecoder(WireReader in) {
    this.in = in;
  }

  static AttributeProto read(WireReader in) {
    AttributeDecoder decoder = new AttributeDecoder(in);
    decoder.scan();
    if (decoder.name.isEmpty()) {
      throw in.error("an attribute without name");
    }
    return new AttributeProto(decoder.name, decoder.value());
  }

  private void scan() {
    while (in.next()) {
      int kind = kind(in.field());
      if (kind != 0) {
        seen = kind;
      }
      switch (in.field()) {
        case 1 -> name = in.string("name");
        case 2 -> f = in.float32();
        case 3 -> i = in.varint();
        case 4 -> s = in.string("s");
        case 5 -> tensors.add(in.message("t", -1, TensorDecoder::read));
        case 6 -> graphs.add(in.message("g", -1, ProtoDecoder::graph));
        case 7 -> in.fixed32s(floats::add);
        case 8 -> in.varints(ints::add);
        case 9 -> strings.add(in.string("strings"));
        case 10 -> tensors.add(in.message("tensors", tensors.size(), TensorDecoder::read));
        case 11 -> graphs.add(in.message("graphs", graphs.size(), ProtoDecoder::graph));
        case 14 -> types.add(in.message("tp", -1, ProtoDecoder::type));
        case 15 -> types.add(in.message("type_protos", types.size(), ProtoDecoder::type));
        case 20 -> type = in.int32();
        case 21 -> reference = in.string("ref_attr_name");
        case 22 -> sparse.add(in.message("sparse_tensor", -1, ProtoDecoder::sparseTensor));
        case 23 ->
            sparse.add(in.message("sparse_tensors", sparse.size(), ProtoDecoder::sparseTensor));
        default -> in.skip();
      }
    }
  }

  /** The attribute type whose value is in a field, 0 for other fields. */
  private static int kind(int field) {
    return switch (field) {
      case 2 -> FLOAT;
      case 3 -> INT;
      case 4 -> STRING;
      case 5 -> TENSOR;
      case 6 -> GRAPH;
      case 7 -> FLOATS;
      case 8 -> INTS;
      case 9 -> STRINGS;
      case 10 -> TENSORS;
      case 11 -> GRAPHS;
      case 14 -> TYPE;
      case 15 -> TYPES;
      case 22 -> SPARSE_TENSOR;
      case 23 -> SPARSE_TENSORS;
      default -> 0;
    };
  }

  private Value value() {
    if (!reference.isEmpty()) {
      return new AttributeProto.Reference(reference, type);
    }
    // Files older than IR version 2 have no type: the field that is there decides.
    return switch (type == 0 ? seen : type) {
      case FLOAT -> new AttributeProto.FloatValue(f);
      case INT -> new AttributeProto.IntValue(i);
      case STRING -> new AttributeProto.StringValue(s);
      case TENSOR -> new AttributeProto.TensorValue(only(tensors));
      case GRAPH -> new AttributeProto.GraphValue(only(graphs));
      case SPARSE_TENSOR -> new AttributeProto.SparseTensorValue(only(sparse));
      case TYPE -> new AttributeProto.TypeValue(only(types));
      case FLOATS -> new AttributeProto.FloatList(floats.floats());
      case INTS -> new AttributeProto.IntList(ints.longs());
      case STRINGS -> new AttributeProto.StringList(strings);
      case TENSORS -> new AttributeProto.TensorList(tensors);
      case GRAPHS -> new AttributeProto.GraphList(graphs);
      case SPARSE_TENSORS -> new AttributeProto.SparseTensorList(sparse);
      case TYPES -> new AttributeProto.TypeList(types);
      default -> throw in.error("attribute '" + name + "' has type " + type + ", which is unknown");
    };
  }

  private <T> T only(List<T> values) {
    if (values.size() != 1) {
      throw in.error(
          "attribute '" + name + "' needs exactly one value, the file has " + values.size());
    }
    return values.getFirst();
  }
}
