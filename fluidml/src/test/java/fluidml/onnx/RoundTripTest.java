package fluidml.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import fluidml.onnx.proto.AttributeProto;
import fluidml.onnx.proto.DataDecoder;
import fluidml.onnx.proto.DataEncoder;
import fluidml.onnx.proto.DataProto;
import fluidml.onnx.proto.GraphProto;
import fluidml.onnx.proto.ModelProto;
import fluidml.onnx.proto.NodeProto;
import fluidml.onnx.proto.ProtoDecoder;
import fluidml.onnx.proto.TensorProto;
import fluidml.onnx.proto.TypeProto;
import fluidml.onnx.proto.ValueInfoProto;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;

class RoundTripTest {
  @Property(tries = 200)
  void modelsSurviveWritingAndReading(@ForAll("models") ModelProto model) {
    byte[] written = OnnxWriter.toBytes(model);
    ModelProto read = ProtoDecoder.model(MemorySegment.ofArray(written), "m.onnx");
    assertEquals(model.opsetImports(), read.opsetImports());
    assertEquals(model.graph().inputs(), read.graph().inputs());
    assertEquals(model.graph().nodes().size(), read.graph().nodes().size());
    assertArrayEquals(written, OnnxWriter.toBytes(read));
  }

  @Property(tries = 100)
  void valuesSurviveWritingAndReading(@ForAll("tensors") TensorProto tensor) {
    DataProto element = new DataProto.TensorData(tensor);
    DataProto value =
        new DataProto.OptionalData(
            "o", Optional.of(new DataProto.SequenceData("s", List.of(element, element))));
    TypeProto type =
        new TypeProto.OptionalType(
            new TypeProto.SequenceType(TypeProto.tensor(tensor.dtype(), tensor.dimArray())));
    byte[] written = DataEncoder.write(value).toByteArray();
    DataProto read = DataDecoder.read(MemorySegment.ofArray(written), "v.pb", type);
    assertArrayEquals(written, DataEncoder.write(read).toByteArray());
  }

  @Provide
  Arbitrary<TensorProto> tensors() {
    Arbitrary<DType> types = Arbitraries.of(DType.class).filter(t -> t != DType.STRING);
    Arbitrary<long[]> dims =
        Arbitraries.longs().between(0, 5).array(long[].class).ofMinSize(0).ofMaxSize(3);
    Arbitrary<TensorProto> numeric =
        Combinators.combine(names(), types, dims, Arbitraries.bytes())
            .as(
                (name, type, extents, fill) -> {
                  Tensor tensor = Tensor.allocate(type, extents);
                  tensor.data().fill(fill);
                  return TensorProto.of(name, tensor);
                });
    Arbitrary<TensorProto> strings =
        Combinators.combine(names(), Arbitraries.strings().ofMaxLength(5).list().ofMaxSize(4))
            .as((name, values) -> TensorProto.of(name, Tensor.ofStrings(values, values.size())));
    return Arbitraries.oneOf(numeric, strings);
  }

  private static Arbitrary<String> names() {
    return Arbitraries.strings().alpha().ofMinLength(1).ofMaxLength(6);
  }

  private static Arbitrary<TypeProto> types() {
    Arbitrary<TypeProto> tensor =
        Combinators.combine(
                Arbitraries.of(DType.class), Arbitraries.longs().between(-1, 9).list().ofMaxSize(3))
            .as((t, d) -> TypeProto.tensor(t, d.stream().mapToLong(v -> v).toArray()));
    Arbitrary<TypeProto> sequence = tensor.map(TypeProto.SequenceType::new);
    Arbitrary<TypeProto> optional = sequence.map(TypeProto.OptionalType::new);
    Arbitrary<TypeProto> map = tensor.map(t -> new TypeProto.MapType(DType.INT64, t));
    return Arbitraries.oneOf(tensor, sequence, optional, map);
  }

  private Arbitrary<AttributeProto> attributes(int depth) {
    Arbitrary<AttributeProto> simple =
        Arbitraries.oneOf(
            Arbitraries.floats().map(v -> AttributeProto.of("f", v)),
            Arbitraries.longs().map(v -> AttributeProto.of("i", v)),
            Arbitraries.strings().ofMaxLength(9).map(v -> AttributeProto.of("s", v)),
            Arbitraries.longs().array(long[].class).map(v -> AttributeProto.ofInts("ints", v)),
            Arbitraries.floats().array(float[].class).map(v -> AttributeProto.ofFloats("fs", v)),
            names().list().map(v -> AttributeProto.ofStrings("ss", v)),
            tensors().map(v -> AttributeProto.of("t", v)),
            types().map(v -> AttributeProto.of("tp", v)),
            names().map(v -> new AttributeProto("r", new AttributeProto.Reference(v, 2))));
    return depth == 0
        ? simple
        : Arbitraries.frequencyOf(
            Tuple.of(9, simple),
            Tuple.of(1, graphs(depth - 1).map(g -> AttributeProto.of("g", g))));
  }

  private Arbitrary<GraphProto> graphs(int depth) {
    Arbitrary<NodeProto> nodes =
        Combinators.combine(
                names(),
                names().list().ofMaxSize(3),
                names().list().ofMaxSize(2),
                attributes(depth).list().ofMaxSize(3))
            .as((op, in, out, a) -> NodeProto.of(op, in, out, a.toArray(AttributeProto[]::new)));
    Arbitrary<ValueInfoProto> infos = Combinators.combine(names(), types()).as(ValueInfoProto::of);
    return Combinators.combine(
            names(),
            nodes.list().ofMaxSize(3),
            infos.list().ofMaxSize(2),
            infos.list().ofMaxSize(2),
            tensors().list().ofMaxSize(2))
        .as(GraphProto::of);
  }

  @Provide
  Arbitrary<ModelProto> models() {
    return Combinators.combine(Arbitraries.integers().between(7, 28), graphs(1)).as(ModelProto::of);
  }
}
