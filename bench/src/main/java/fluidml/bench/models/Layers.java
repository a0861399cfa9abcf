package fluidml.bench.models;

import fluidml.onnx.proto.AttributeProto;
import fluidml.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/** Layers with weights, and groups of nodes that exporters write for one function. */
final class Layers {
  private final Network net;

  Layers(Network net) {
    this.net = net;
  }

  /**
   * A convolution's window.
   *
   * @param kernel extents; their count is that of the spatial axes
   * @param stride step along each axis
   * @param padding zeros on each side
   * @param dilation distance of taps
   * @param groups groups of channels
   */
  record Window(long[] kernel, long stride, long padding, long dilation, long groups) {
    /** A square window that keeps the extents at stride 1. */
    static Window square(int kernel, int stride) {
      return new Window(new long[] {kernel, kernel}, stride, (kernel - 1) / 2, 1, 1);
    }

    /** A window on three axes that keeps the extents at stride 1. */
    static Window cube(int kernel, int stride) {
      return new Window(new long[] {kernel, kernel, kernel}, stride, (kernel - 1) / 2, 1, 1);
    }

    /** A window on one axis that keeps the extent at stride 1. */
    static Window line(int kernel, int stride, int dilation) {
      return new Window(new long[] {kernel}, stride, dilation * (kernel - 1) / 2, dilation, 1);
    }

    /** This one in groups. */
    Window grouped(long count) {
      return new Window(kernel, stride, padding, dilation, count);
    }

    /** This one with other padding. */
    Window padded(long zeros) {
      return new Window(kernel, stride, zeros, dilation, groups);
    }

    /** This one with taps at a distance; keeps the extents at stride 1. */
    Window dilated(long distance) {
      return new Window(kernel, stride, distance * (kernel[0] - 1) / 2, distance, groups);
    }

    AttributeProto[] attributes() {
      return new AttributeProto[] {
        AttributeProto.ofInts("kernel_shape", kernel),
        AttributeProto.ofInts("strides", all(stride, kernel.length)),
        AttributeProto.ofInts("pads", all(padding, 2 * kernel.length)),
        AttributeProto.ofInts("dilations", all(dilation, kernel.length)),
        AttributeProto.of("group", groups)
      };
    }

    private static long[] all(long number, int count) {
      long[] numbers = new long[count];
      Arrays.fill(numbers, number);
      return numbers;
    }
  }

  /** Conv with bias. */
  String conv(String x, int in, int out, Window window) {
    return convolution(x, in, out, window, true);
  }

  /** Conv without bias and BatchNormalization as a node. */
  String convNorm(String x, int in, int out, Window window) {
    return batchNorm(convolution(x, in, out, window, false), out);
  }

  private String convolution(String x, int in, int out, Window window, boolean bias) {
    long taps = Arrays.stream(window.kernel()).reduce(1, (a, b) -> a * b);
    long depth = in / window.groups();
    long[] dims = new long[2 + window.kernel().length];
    dims[0] = out;
    dims[1] = depth;
    System.arraycopy(window.kernel(), 0, dims, 2, window.kernel().length);
    String w = net.kernel(depth * taps, dims);
    List<String> operands = bias ? List.of(x, w, net.weight(0, 0.05, out)) : List.of(x, w);
    return net.op("Conv", operands, window.attributes());
  }

  /** ConvTranspose that doubles both extents. */
  String upConv(String x, int in, int out) {
    return net.op(
        "ConvTranspose",
        List.of(x, net.kernel(in, in, out, 2, 2), net.weight(0, 0.05, out)),
        AttributeProto.ofInts("kernel_shape", 2, 2),
        AttributeProto.ofInts("strides", 2, 2));
  }

  /** BatchNormalization over axis 1. */
  String batchNorm(String x, int channels) {
    return net.op(
        "BatchNormalization",
        List.of(
            x,
            net.weight(1, 0.2, channels),
            net.weight(0, 0.1, channels),
            net.weight(0, 0.2, channels),
            net.weight(1, 0.3, channels)),
        AttributeProto.of("epsilon", 1e-5f));
  }

  /** LayerNormalization over the last axis. */
  String layerNorm(String x, int width) {
    return net.op(
        "LayerNormalization",
        List.of(x, net.weight(1, 0.1, width), net.weight(0, 0.1, width)),
        AttributeProto.of("axis", -1),
        AttributeProto.of("epsilon", 1e-5f));
  }

  /** Division by the root of the mean square of the last axis, in six nodes, then a factor. */
  String rmsNorm(String x, int width) {
    String square = net.op("Pow", x, net.scalar(2));
    String mean =
        net.op(
            "ReduceMean",
            List.of(square),
            AttributeProto.ofInts("axes", -1),
            AttributeProto.of("keepdims", 1));
    String root = net.op("Sqrt", net.op("Add", mean, net.scalar(1e-6)));
    String scaled = net.op("Mul", x, net.op("Div", net.scalar(1), root));
    return net.op("Mul", net.weight(1, 0.1, width), scaled);
  }

  /** MatMul and Add. */
  String linear(String x, int in, int out) {
    return net.op("Add", matMul(x, in, out), net.weight(0, 0.05, out));
  }

  /** MatMul with a weight. */
  String matMul(String x, int in, int out) {
    return net.op("MatMul", x, net.weight(0, Math.sqrt(3.0 / in), in, out));
  }

  /** Gemm with a weight that is stored transposed. */
  String gemm(String x, int in, int out) {
    return net.op(
        "Gemm",
        List.of(x, net.weight(0, Math.sqrt(3.0 / in), out, in), net.weight(0, 0.05, out)),
        AttributeProto.of("transB", 1));
  }

  String relu(String x) {
    return net.op("Relu", x);
  }

  /** x · sigmoid(x) in two nodes. */
  String silu(String x) {
    return net.op("Mul", x, net.op("Sigmoid", x));
  }

  /** GELU by erf in five nodes. */
  String gelu(String x) {
    String erf = net.op("Erf", net.op("Div", x, net.scalar(Math.sqrt(2))));
    String sum = net.op("Add", erf, net.scalar(1));
    return net.op("Mul", net.op("Mul", x, sum), net.scalar(0.5));
  }

  /** GELU by tanh in eight nodes. */
  String tanhGelu(String x) {
    String cube = net.op("Mul", net.op("Pow", x, net.scalar(3)), net.scalar(0.044715));
    String inner = net.op("Mul", net.op("Add", x, cube), net.scalar(Math.sqrt(2 / Math.PI)));
    String sum = net.op("Add", net.op("Tanh", inner), net.scalar(1));
    return net.op("Mul", net.op("Mul", x, net.scalar(0.5)), sum);
  }

  String reshape(String x, long... dims) {
    return net.op("Reshape", x, net.constant(Tensor.ofLongs(dims)));
  }

  String transpose(String x, long... perm) {
    return net.op("Transpose", List.of(x), AttributeProto.ofInts("perm", perm));
  }

  String concat(int axis, String... values) {
    return net.op("Concat", List.of(values), AttributeProto.of("axis", axis));
  }

  String softmax(String x) {
    return net.op("Softmax", List.of(x), AttributeProto.of("axis", -1));
  }

  /** Square pooling of kind {@code Max} or {@code Average}. */
  String pool(String kind, String x, int kernel, int stride, int padding) {
    return net.op(
        kind + "Pool",
        List.of(x),
        AttributeProto.ofInts("kernel_shape", kernel, kernel),
        AttributeProto.ofInts("strides", stride, stride),
        AttributeProto.ofInts("pads", padding, padding, padding, padding));
  }

  /** Elements along an axis from {@code begin} to before {@code end}. */
  String slice(String x, int axis, long begin, long end) {
    return net.op("Slice", x, net.longs(begin), net.longs(end), net.longs(axis), net.longs(1));
  }

  /** The extent of one axis, as int64[1]. */
  String extent(String x, int axis) {
    String index = net.longs(axis);
    return net.op("Gather", List.of(net.op("Shape", x), index), AttributeProto.of("axis", 0));
  }

  /** The element of the first axis. */
  String part(String x, long index) {
    String at = net.constant(Tensor.scalar(index));
    return net.op("Gather", List.of(x, at), AttributeProto.of("axis", 0));
  }

  /** Twice the rows and columns, by {@code nearest} or {@code linear} interpolation. */
  String doubled(String x, String mode) {
    String scales = net.constant(Tensor.of(new float[] {1, 1, 2, 2}, 4));
    return net.op(
        "Resize",
        List.of(x, "", scales),
        AttributeProto.of("mode", mode),
        AttributeProto.of(
            "coordinate_transformation_mode", mode.equals("nearest") ? "asymmetric" : "half_pixel"),
        AttributeProto.of("nearest_mode", "floor"));
  }

  /** InstanceNormalization with a scale and a bias for each channel. */
  String instanceNorm(String x, String scale, String bias) {
    return net.op(
        "InstanceNormalization", List.of(x, scale, bias), AttributeProto.of("epsilon", 1e-5f));
  }

  /** Batch, steps, width to heads of 64, in the order of the axes batch, steps, heads, 64. */
  String heads(String x, int width, long... order) {
    return transpose(reshape(x, 0, -1, width / 64, 64), order);
  }

  /** Batch, heads, steps, 64 to batch, steps, width. */
  String joined(String x, int width) {
    return reshape(transpose(x, 0, 2, 1, 3), 0, -1, width);
  }

  /** Ends a network with the scores of a thousand classes, and builds it. */
  Architecture.Instance classified(String x, int channels) {
    net.output(net.named(classifier(x, channels, 1000), "logits"), "1", "1000");
    return net.build();
  }

  /** Global average, flattened, and a Gemm to classes. */
  String classifier(String x, int channels, int classes) {
    String flat =
        net.op("Flatten", List.of(net.op("GlobalAveragePool", x)), AttributeProto.of("axis", 1));
    return gemm(flat, channels, classes);
  }
}
