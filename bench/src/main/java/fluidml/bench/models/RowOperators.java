package fluidml.bench.models;

import static fluidml.bench.models.SingleOperator.operator;

import fluidml.onnx.proto.AttributeProto;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Normalisations, reductions, and what orders elements. */
final class RowOperators {
  private static final long[] ROWS = {128, 768};
  private static final long[] IMAGE = {1, 64, 56, 56};

  private RowOperators() {}

  static List<SingleOperator> all() {
    List<SingleOperator> all = new ArrayList<>();
    all.add(
        operator("Softmax of rows", net -> softmax("Softmax", net, net.given(12, 128, 128), -1)));
    all.add(
        operator(
            "Softmax of channels", net -> softmax("Softmax", net, net.given(1, 21, 128, 128), 1)));
    all.add(
        operator(
            "LogSoftmax of rows", net -> softmax("LogSoftmax", net, net.given(128, 1000), -1)));
    all.add(operator("LayerNormalization", net -> new Layers(net).layerNorm(net.given(ROWS), 768)));
    all.add(operator("RMS normalisation", net -> new Layers(net).rmsNorm(net.given(ROWS), 768)));
    all.add(operator("BatchNormalization", net -> new Layers(net).batchNorm(net.given(IMAGE), 64)));
    all.add(
        operator(
            "InstanceNormalization",
            net ->
                net.op(
                    "InstanceNormalization",
                    net.given(IMAGE),
                    net.weight(1, 0.1, 64),
                    net.weight(0, 0.1, 64))));
    all.add(
        operator(
            "LRN", net -> net.op("LRN", List.of(net.given(IMAGE)), AttributeProto.of("size", 5))));
    all.add(
        operator(
            "LpNormalization",
            net ->
                net.op(
                    "LpNormalization", List.of(net.given(ROWS)), AttributeProto.of("axis", -1))));
    for (String op : new String[] {"ReduceMean", "ReduceMax", "ReduceL2", "ReduceLogSumExp"}) {
      all.add(operator(op + " of rows", net -> reduce(op, net, net.given(ROWS), 1)));
      all.add(operator(op + " of columns", net -> reduce(op, net, net.given(ROWS), 0)));
      all.add(operator(op + " of pixels", net -> reduce(op, net, net.given(IMAGE), 2, 3)));
      all.add(operator(op + " of channels", net -> reduce(op, net, net.given(IMAGE), 1)));
      all.add(operator(op + " of all", net -> reduce(op, net, net.given(IMAGE), 0, 1, 2, 3)));
    }
    all.add(
        operator(
            "Softmax of the middle", net -> softmax("Softmax", net, net.given(16, 64, 49), 1)));
    all.add(
        operator("Softmax of 49", net -> softmax("Softmax", net, net.given(64, 3, 49, 49), -1)));
    all.add(operator("Softmax of 4096", net -> softmax("Softmax", net, net.given(64, 4096), -1)));
    all.add(operator("Hardmax", net -> softmax("Hardmax", net, net.given(128, 1000), -1)));
    all.add(
        operator(
            "LayerNormalization of channels",
            net -> {
              String x = net.given(IMAGE);
              String mean = reduce("ReduceMean", net, x, 1);
              String d = net.op("Sub", x, mean);
              String variance = reduce("ReduceMean", net, net.op("Mul", d, d), 1);
              String root = net.op("Sqrt", net.op("Add", variance, net.scalar(1e-6)));
              String y = net.op("Div", d, root);
              return net.op("Mul", net.weight(1, 0.1, 64, 1, 1), y);
            }));
    all.add(
        operator(
            "MeanVarianceNormalization",
            net -> net.op("MeanVarianceNormalization", net.given(IMAGE))));
    all.add(
        operator(
            "ReduceProd of rows",
            net -> reduce("ReduceProd", net, net.given(net.uniform(1, 0.01, ROWS)), 1)));
    all.add(
        operator(
            "ReduceMin of the middle", net -> reduce("ReduceMin", net, net.given(16, 64, 128), 1)));
    all.add(
        operator(
            "ReduceSumSquare of the first two",
            net -> reduce("ReduceSumSquare", net, net.given(16, 64, 128), 0, 1)));
    all.add(argMax("rows", -1, 128, 1000));
    all.add(argMax("channels", 1, 1, 21, 128, 128));
    all.add(operator("CumSum of rows", net -> cumSum(net, 1)));
    all.add(operator("CumSum of columns", net -> cumSum(net, 0)));
    all.add(operator("TopK 5 of 1000", net -> topK(net, 5, 128, 1000)));
    all.add(operator("TopK 100 of 8400", net -> topK(net, 100, 8, 8400)));
    all.add(operator("TopK of all, sorted", net -> topK(net, 1000, 16, 1000)));
    all.add(
        new SingleOperator(
            "NonZero",
            DType.INT64,
            net -> net.op("NonZero", net.op("Relu", net.given(net.uniform(-0.5, 1, ROWS))))));
    all.add(
        operator(
            "Compress",
            net ->
                net.op(
                    "Compress",
                    List.of(net.given(ROWS), net.op("Greater", net.given(128), net.scalar(0))),
                    AttributeProto.of("axis", 0))));
    all.add(
        new SingleOperator(
            "Unique",
            DType.INT64,
            net ->
                net.ops("Unique", List.of(net.given(Quantities.longs(1009, 20000))), 1)
                    .getFirst()));
    all.add(
        new SingleOperator(
            "NonMaxSuppression",
            DType.INT64,
            net ->
                net.op(
                    "NonMaxSuppression",
                    net.given(boxes()),
                    net.given(net.uniform(0.5, 0.5, 1, 4, 1000)),
                    net.longs(50),
                    net.scalar(0.5),
                    net.scalar(0.3))));
    return all;
  }

  private static String softmax(String op, Network net, String x, int axis) {
    return net.op(op, List.of(x), AttributeProto.of("axis", axis));
  }

  private static String reduce(String op, Network net, String x, long... axes) {
    return net.op(op, List.of(x), AttributeProto.ofInts("axes", axes));
  }

  private static SingleOperator argMax(String label, int axis, long... dims) {
    return new SingleOperator(
        "ArgMax of " + label,
        DType.INT64,
        net -> net.op("ArgMax", List.of(net.given(dims)), AttributeProto.of("axis", axis)));
  }

  private static String cumSum(Network net, long axis) {
    return net.op("CumSum", net.given(ROWS), net.constant(Tensor.scalar(axis)));
  }

  private static String topK(Network net, long count, long... dims) {
    return net.ops("TopK", List.of(net.given(dims), net.longs(count)), 2).getFirst();
  }

  /** A thousand squares that overlap their neighbours. */
  private static Tensor boxes() {
    float[] corners = new float[4000];
    for (int i = 0; i < 1000; i++) {
      int row = i / 32;
      corners[4 * i] = i % 32;
      corners[4 * i + 1] = row;
      corners[4 * i + 2] = i % 32 + 1.5f;
      corners[4 * i + 3] = row + 1.5f;
    }
    return Tensor.of(corners, 1, 1000, 4);
  }
}
