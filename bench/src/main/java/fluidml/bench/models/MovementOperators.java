package fluidml.bench.models;

import static fluidml.bench.models.SingleOperator.operator;

import fluidml.onnx.proto.AttributeProto;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Operators that only move elements. */
final class MovementOperators {
  private static final long[] ROWS = {128, 768};
  private static final long[] IMAGE = {1, 64, 56, 56};

  private MovementOperators() {}

  static List<SingleOperator> all() {
    List<SingleOperator> all = new ArrayList<>();
    all.add(transpose("of a matrix", new long[] {1024, 1024}, 1, 0));
    all.add(transpose("to channels last", IMAGE, 0, 2, 3, 1));
    all.add(transpose("to channels first", new long[] {1, 56, 56, 64}, 0, 3, 1, 2));
    all.add(transpose("to heads", new long[] {1, 128, 12, 64}, 0, 2, 1, 3));
    all.add(transpose("of the middle", new long[] {1, 2, 58, 28, 28}, 0, 2, 1, 3, 4));
    all.add(operator("Concat of channels", net -> concat(net, 1)));
    all.add(operator("Concat of columns", net -> concat(net, 3)));
    all.add(operator("Split of channels", net -> split(net, 1, IMAGE)));
    all.add(operator("Split of columns", net -> split(net, 1, ROWS)));
    all.add(
        operator(
            "Slice of pixels",
            net ->
                slice(
                    net,
                    new long[] {3, 3},
                    new long[] {51, 51},
                    new long[] {2, 3},
                    new long[] {1, 1})));
    all.add(
        operator(
            "Slice with steps",
            net ->
                slice(
                    net,
                    new long[] {0, 0},
                    new long[] {56, 56},
                    new long[] {2, 3},
                    new long[] {2, 2})));
    all.add(
        operator(
            "Slice reversed",
            net ->
                slice(net, new long[] {55}, new long[] {-100}, new long[] {3}, new long[] {-1})));
    all.add(pad("constant"));
    all.add(pad("reflect"));
    all.add(pad("edge"));
    all.add(operator("Tile", net -> net.op("Tile", net.given(ROWS), net.longs(4, 2))));
    all.add(
        operator(
            "Expand of a column", net -> net.op("Expand", net.given(128, 1), net.longs(128, 768))));
    all.add(
        operator("Expand of a row", net -> net.op("Expand", net.given(768), net.longs(512, 768))));
    all.add(
        operator(
            "Gather of rows", net -> gather(net, 0, net.weight(0, 1, 30000, 768), 128, 30000)));
    all.add(operator("Gather of columns", net -> gather(net, 1, net.given(ROWS), 512, 768)));
    all.add(operator("Gather of channels", net -> gather(net, 1, net.given(IMAGE), 32, 64)));
    all.add(
        operator(
            "GatherElements",
            net ->
                net.op(
                    "GatherElements",
                    List.of(net.given(ROWS), net.given(Quantities.longs(768, ROWS))),
                    AttributeProto.of("axis", 1))));
    all.add(
        operator(
            "GatherND",
            net -> net.op("GatherND", net.given(ROWS), net.given(Quantities.longs(128, 4096, 2)))));
    all.add(
        operator(
            "ScatterND of rows",
            net ->
                net.op(
                    "ScatterND",
                    net.given(ROWS),
                    net.given(Quantities.longs(128, 64, 1)),
                    net.given(64, 768))));
    all.add(
        operator(
            "ScatterElements",
            net ->
                net.op(
                    "ScatterElements",
                    List.of(
                        net.given(ROWS), net.given(Quantities.longs(768, ROWS)), net.given(ROWS)),
                    AttributeProto.of("axis", 1))));
    all.add(
        operator(
            "OneHot",
            net ->
                net.op(
                    "OneHot",
                    net.given(Quantities.longs(1000, 256)),
                    net.longs(1000),
                    net.constant(Tensor.of(new float[] {0, 1}, 2)))));
    all.add(operator("DepthToSpace", net -> block("DepthToSpace", net)));
    all.add(operator("SpaceToDepth", net -> block("SpaceToDepth", net)));
    all.add(operator("Trilu", net -> net.op("Trilu", net.given(12, 256, 256))));
    all.add(transpose("of heads back", new long[] {1, 12, 128, 64}, 0, 2, 1, 3));
    all.add(transpose("of keys", new long[] {1, 12, 128, 64}, 0, 1, 3, 2));
    all.add(transpose("of windows", new long[] {8, 7, 8, 7, 96}, 0, 2, 1, 3, 4));
    all.add(
        operator(
            "Concat of many",
            net ->
                new Layers(net)
                    .concat(
                        1,
                        net.given(128, 32),
                        net.given(128, 32),
                        net.given(128, 32),
                        net.given(128, 32),
                        net.given(128, 32),
                        net.given(128, 32))));
    all.add(
        operator(
            "Concat of a cache",
            net -> new Layers(net).concat(2, net.given(1, 12, 511, 64), net.given(1, 12, 1, 64))));
    all.add(
        operator(
            "Reshape behind a Transpose",
            net ->
                new Layers(net)
                    .reshape(
                        new Layers(net).transpose(net.given(1, 12, 128, 64), 0, 2, 1, 3),
                        128,
                        768)));
    all.add(
        operator(
            "ScatterElements, added",
            net ->
                net.op(
                    "ScatterElements",
                    List.of(
                        net.given(ROWS), net.given(Quantities.longs(128, ROWS)), net.given(ROWS)),
                    AttributeProto.of("axis", 0),
                    AttributeProto.of("reduction", "add"))));
    all.add(
        operator(
            "ReverseSequence",
            net ->
                net.op(
                    "ReverseSequence",
                    List.of(net.given(100, 8, 256), net.given(lengths())),
                    AttributeProto.of("time_axis", 0),
                    AttributeProto.of("batch_axis", 1))));
    all.add(
        new SingleOperator(
            "Transpose of bytes",
            DType.INT8,
            net ->
                new Layers(net).transpose(net.given(Quantities.bytes(1, 56, 56, 64)), 0, 3, 1, 2)));
    return all;
  }

  private static SingleOperator transpose(String label, long[] dims, long... perm) {
    return operator("Transpose " + label, net -> new Layers(net).transpose(net.given(dims), perm));
  }

  private static String concat(Network net, int axis) {
    return new Layers(net).concat(axis, net.given(IMAGE), net.given(IMAGE));
  }

  private static String split(Network net, int axis, long... dims) {
    List<String> parts =
        net.ops("Split", List.of(net.given(dims)), 2, AttributeProto.of("axis", axis));
    net.output(parts.getFirst(), DType.FLOAT32);
    return parts.getLast();
  }

  private static String slice(Network net, long[] starts, long[] ends, long[] axes, long[] steps) {
    return net.op(
        "Slice",
        net.given(IMAGE),
        net.longs(starts),
        net.longs(ends),
        net.longs(axes),
        net.longs(steps));
  }

  private static SingleOperator pad(String mode) {
    return operator(
        "Pad " + mode,
        net ->
            net.op(
                "Pad",
                List.of(net.given(IMAGE), net.longs(0, 0, 3, 3, 0, 0, 3, 3)),
                AttributeProto.of("mode", mode)));
  }

  private static String gather(Network net, int axis, String data, int count, int bound) {
    return net.op(
        "Gather",
        List.of(data, net.given(Quantities.longs(bound, count))),
        AttributeProto.of("axis", axis));
  }

  private static String block(String op, Network net) {
    return net.op(op, List.of(net.given(IMAGE)), AttributeProto.of("blocksize", 2));
  }

  private static Tensor lengths() {
    long[] lengths = new long[8];
    for (int i = 0; i < lengths.length; i++) {
      lengths[i] = 100 - 7L * i;
    }
    return Tensor.ofLongs(lengths);
  }
}
