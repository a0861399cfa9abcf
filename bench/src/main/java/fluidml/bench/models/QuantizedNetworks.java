package fluidml.bench.models;

import fluidml.bench.models.Layers.Window;
import fluidml.onnx.proto.AttributeProto;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Networks in integers of eight bits, as the quantisers write them. */
final class QuantizedNetworks {
  /** Distance of neighbouring numbers of a quantised activation. */
  private static final double STEP = 0.03;

  private final Network net;
  private final Layers layers;
  private int weights;

  private QuantizedNetworks(String name) {
    net = new Network(name);
    layers = new Layers(net);
  }

  /** ResNet-18 with QuantizeLinear and DequantizeLinear around every operator, static scales. */
  static Architecture.Instance resnet18() {
    return new QuantizedNetworks("resnet18-int8").image();
  }

  private Architecture.Instance image() {
    String x = net.image(224);
    x = layers.relu(conv(rounded(x), 3, 64, Window.square(7, 2)));
    x = layers.pool("Max", rounded(x), 3, 2, 1);
    int in = 64;
    for (int stage = 0; stage < 4; stage++) {
      int width = 64 << stage;
      for (int i = 0; i < 2; i++) {
        int stride = i == 0 && stage > 0 ? 2 : 1;
        String y = layers.relu(conv(rounded(x), in, width, Window.square(3, stride)));
        y = rounded(conv(rounded(y), width, width, Window.square(3, 1)));
        String skip = rounded(x);
        if (stride == 2) {
          skip = rounded(conv(skip, in, width, Window.square(1, 2)));
        }
        x = layers.relu(net.op("Add", y, skip));
        in = width;
      }
    }
    return layers.classified(x, in);
  }

  /** MobileNetV2 with scales for every filter. */
  static Architecture.Instance mobilenetv2() {
    QuantizedNetworks all = new QuantizedNetworks("mobilenetv2-int8");
    return new MobileNetworks(all.net, all::perFilter).v2();
  }

  private String perFilter(String x, int in, int out, Window window) {
    int channels = Math.toIntExact(in / window.groups());
    String w = number(out, channels, window.kernel()[0], window.kernel()[1]);
    String filters = dequantised(w, largest(channels, window), out, 0);
    return net.op(
        "Conv", List.of(rounded(x), filters, net.weight(0, 0.05, out)), window.attributes());
  }

  /** The largest weight of a filter, such that results are as large as what it is applied to. */
  private static double largest(long channels, Window window) {
    return Math.sqrt(4.5 / (channels * window.kernel()[0] * window.kernel()[1]));
  }

  /** Weights with a scale for every place on an axis, of different sizes. */
  private String dequantised(String w, double largest, int count, long axis) {
    float[] scales = new float[count];
    for (int i = 0; i < count; i++) {
      scales[i] = (float) (largest / 127 * (0.75 + i % 8 / 16.0));
    }
    String scale = net.constant(Tensor.of(scales, count));
    String zero = bytes(DType.INT8, new byte[count], count);
    return net.op("DequantizeLinear", List.of(w, scale, zero), AttributeProto.of("axis", axis));
  }

  /** Four layers of a BERT of 384 with QuantizeLinear and DequantizeLinear around products. */
  static Architecture.Instance encoderOfPairs() {
    QuantizedNetworks all = new QuantizedNetworks("encoder-qdq");
    return all.text(all::pair);
  }

  private String pair(String x, int in, int out) {
    String w = dequantised(number(in, out), Math.sqrt(3.0 / in), out, 1);
    return net.op("Add", net.op("MatMul", rounded(x), w), net.weight(0, 0.05, out));
  }

  /** ResNet-18 of quantised operators: QLinearConv, with sums of branches in float32. */
  static Architecture.Instance resnet18OfOperators() {
    return new QuantizedNetworks("resnet18-qlinear").bytesImage();
  }

  private Architecture.Instance bytesImage() {
    String x = net.op("QuantizeLinear", net.image(224), net.scalar(STEP), unsigned(128));
    x = positive(qlinear(x, 128, 3, 64, Window.square(7, 2)));
    x = layers.pool("Max", x, 3, 2, 1);
    int in = 64;
    for (int stage = 0; stage < 4; stage++) {
      int width = 64 << stage;
      for (int i = 0; i < 2; i++) {
        int stride = i == 0 && stage > 0 ? 2 : 1;
        String y = positive(qlinear(x, 0, in, width, Window.square(3, stride)));
        y = real(qlinear(y, 0, width, width, Window.square(3, 1)), 128);
        String skip = real(x, 0);
        if (stride == 2) {
          skip = real(qlinear(x, 0, in, width, Window.square(1, 2)), 128);
        }
        x = net.op("QuantizeLinear", net.op("Add", y, skip), net.scalar(STEP), unsigned(0));
        in = width;
      }
    }
    return layers.classified(real(x, 0), in);
  }

  /** What is left of bytes around 128 without those below, as bytes from 0. */
  private String positive(String x) {
    return net.op("QuantizeLinear", real(x, 128), net.scalar(STEP), unsigned(0));
  }

  private String real(String x, int zero) {
    return net.op("DequantizeLinear", x, net.scalar(STEP), unsigned(zero));
  }

  private String unsigned(int zero) {
    return bytes(DType.UINT8, new byte[] {(byte) zero});
  }

  /** A convolution of bytes with a zero point, to bytes around 128. */
  private String qlinear(String x, int zero, int in, int out, Window window) {
    String w = number(out, in, window.kernel()[0], window.kernel()[1]);
    String scale = net.scalar(largest(in, window) / 127);
    return net.op(
        "QLinearConv",
        List.of(
            x,
            net.scalar(STEP),
            unsigned(zero),
            w,
            scale,
            bytes(DType.INT8, new byte[1]),
            net.scalar(STEP),
            unsigned(128)),
        window.attributes());
  }

  /** Through eight bits and back. */
  private String rounded(String x) {
    String scale = net.scalar(STEP);
    String zero = unsigned(128);
    return net.op("DequantizeLinear", net.op("QuantizeLinear", x, scale, zero), scale, zero);
  }

  private String conv(String x, int in, int out, Window window) {
    String w = number(out, in, window.kernel()[0], window.kernel()[1]);
    String scale = net.scalar(largest(in, window) / 127);
    String zero = bytes(DType.INT8, new byte[1]);
    String filters = net.op("DequantizeLinear", w, scale, zero);
    return net.op("Conv", List.of(x, filters, net.weight(0, 0.05, out)), window.attributes());
  }

  /** Four layers of a BERT of 384, quantised as they run: MatMulInteger. */
  static Architecture.Instance encoder() {
    QuantizedNetworks all = new QuantizedNetworks("encoder-int8");
    return all.text(all::dynamic);
  }

  /** A linear layer. */
  @FunctionalInterface
  private interface Linear {
    String of(String x, int in, int out);
  }

  private Architecture.Instance text(Linear linear) {
    int width = 384;
    String ids = net.ids("input_ids", 8000, List.of("batch", "sequence"), 1, 128);
    String x = net.op("Gather", net.weight(0, 0.5, 8000, width), ids);
    for (int layer = 0; layer < 4; layer++) {
      String q = heads(linear.of(x, width, width), 0, 2, 1, 3);
      String k = heads(linear.of(x, width, width), 0, 2, 3, 1);
      String v = heads(linear.of(x, width, width), 0, 2, 1, 3);
      String scores = net.op("Div", net.op("MatMul", q, k), net.scalar(8));
      String y = layers.transpose(net.op("MatMul", layers.softmax(scores), v), 0, 2, 1, 3);
      y = linear.of(layers.reshape(y, 0, 0, width), width, width);
      x = layers.layerNorm(net.op("Add", x, y), width);
      y = linear.of(layers.gelu(linear.of(x, width, 4 * width)), 4 * width, width);
      x = layers.layerNorm(net.op("Add", x, y), width);
    }
    net.output(net.named(x, "states"), "batch", "sequence", Integer.toString(width));
    return net.build();
  }

  private String heads(String x, long... perm) {
    return layers.transpose(layers.reshape(x, 0, 0, 6, 64), perm);
  }

  /** Quantised as it runs, multiplied in integers, scaled. */
  private String dynamic(String x, int in, int out) {
    List<String> q = net.ops("DynamicQuantizeLinear", List.of(x), 3);
    String zero = bytes(DType.INT8, new byte[1]);
    String sum = net.op("MatMulInteger", q.get(0), number(in, out), q.get(2), zero);
    String real = net.op("Cast", List.of(sum), AttributeProto.of("to", 1));
    String scale = net.op("Mul", q.get(1), net.scalar(Math.sqrt(3.0 / in) / 127));
    return net.op("Add", net.op("Mul", real, scale), net.weight(0, 0.05, out));
  }

  private String number(long... dims) {
    int count = 1;
    for (long dim : dims) {
      count *= Math.toIntExact(dim);
    }
    byte[] numbers = new byte[count];
    int state = ++weights * 0x9E3779B9;
    for (int i = 0; i < count; i++) {
      state = state * 1_664_525 + 1_013_904_223;
      numbers[i] = (byte) ((state >>> 24) % 255 - 127);
    }
    return bytes(DType.INT8, numbers, dims);
  }

  private String bytes(DType type, byte[] numbers, long... dims) {
    return net.constant(Tensor.wrap(type, MemorySegment.ofArray(numbers), dims));
  }
}
