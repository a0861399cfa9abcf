package fluidml.bench.models;

import fluidml.bench.models.Layers.Window;
import fluidml.onnx.proto.AttributeProto;
import java.util.List;

/** Classifiers of images. */
final class ImageNetworks {
  private final Network net;
  private final Layers layers;

  private ImageNetworks(String name) {
    this(new Network(name));
  }

  private ImageNetworks(Network network) {
    net = network;
    layers = new Layers(net);
  }

  /** ResNet-50: bottlenecks of 1×1, 3×3, 1×1 with residuals (He and others, 2015). */
  static Architecture.Instance resnet50(boolean foldedNorm) {
    return new ImageNetworks("resnet50").resnet(foldedNorm);
  }

  /** The same in float16, as converters for GPUs write it. */
  static Architecture.Instance resnet50Half() {
    return new ImageNetworks(new Network("resnet50-f16", true)).resnet(true);
  }

  private Architecture.Instance resnet(boolean folded) {
    String x = layers.relu(norm(folded, net.image(224), 3, 64, Window.square(7, 2)));
    x = layers.pool("Max", x, 3, 2, 1);
    int[] depth = {3, 4, 6, 3};
    int in = 64;
    for (int stage = 0; stage < 4; stage++) {
      int width = 64 << stage;
      for (int i = 0; i < depth[stage]; i++) {
        int stride = i == 0 && stage > 0 ? 2 : 1;
        String y = layers.relu(norm(folded, x, in, width, Window.square(1, 1)));
        y = layers.relu(norm(folded, y, width, width, Window.square(3, stride)));
        y = norm(folded, y, width, 4 * width, Window.square(1, 1));
        String skip = i == 0 ? norm(folded, x, in, 4 * width, Window.square(1, stride)) : x;
        x = layers.relu(net.op("Add", y, skip));
        in = 4 * width;
      }
    }
    return layers.classified(x, in);
  }

  private String norm(boolean folded, String x, int in, int out, Window window) {
    return folded ? layers.conv(x, in, out, window) : layers.convNorm(x, in, out, window);
  }

  /** Kernel, expanded and produced channels, squeeze-and-excitation, HardSwish, stride. */
  private record Block(int kernel, int wide, int out, boolean squeeze, boolean swish, int stride) {}

  private static final List<Block> MOBILE =
      List.of(
          new Block(3, 16, 16, false, false, 1),
          new Block(3, 64, 24, false, false, 2),
          new Block(3, 72, 24, false, false, 1),
          new Block(5, 72, 40, true, false, 2),
          new Block(5, 120, 40, true, false, 1),
          new Block(5, 120, 40, true, false, 1),
          new Block(3, 240, 80, false, true, 2),
          new Block(3, 200, 80, false, true, 1),
          new Block(3, 184, 80, false, true, 1),
          new Block(3, 184, 80, false, true, 1),
          new Block(3, 480, 112, true, true, 1),
          new Block(3, 672, 112, true, true, 1),
          new Block(5, 672, 160, true, true, 2),
          new Block(5, 960, 160, true, true, 1),
          new Block(5, 960, 160, true, true, 1));

  /**
   * MobileNetV3-Large: inverted residuals with depthwise convolutions (Howard and others, 2019).
   */
  static Architecture.Instance mobilenetv3() {
    return new ImageNetworks("mobilenetv3").mobile();
  }

  private Architecture.Instance mobile() {
    String x = net.op("HardSwish", layers.conv(net.image(224), 3, 16, Window.square(3, 2)));
    int in = 16;
    for (Block b : MOBILE) {
      String y = x;
      if (b.wide() != in) {
        y = activation(b, layers.conv(y, in, b.wide(), Window.square(1, 1)));
      }
      Window depthwise = Window.square(b.kernel(), b.stride()).grouped(b.wide());
      y = activation(b, layers.conv(y, b.wide(), b.wide(), depthwise));
      if (b.squeeze()) {
        y = squeeze(y, b.wide(), (b.wide() / 4 + 7) / 8 * 8);
      }
      y = layers.conv(y, b.wide(), b.out(), Window.square(1, 1));
      x = b.stride() == 1 && in == b.out() ? net.op("Add", x, y) : y;
      in = b.out();
    }
    x = net.op("HardSwish", layers.conv(x, in, 960, Window.square(1, 1)));
    String flat =
        net.op("Flatten", List.of(net.op("GlobalAveragePool", x)), AttributeProto.of("axis", 1));
    String hidden = net.op("HardSwish", layers.gemm(flat, 960, 1280));
    net.output(net.named(layers.gemm(hidden, 1280, 1000), "logits"), "1", "1000");
    return net.build();
  }

  private String activation(Block block, String x) {
    return block.swish() ? net.op("HardSwish", x) : layers.relu(x);
  }

  private String squeeze(String x, int channels, int narrow) {
    String s = net.op("GlobalAveragePool", x);
    s = layers.relu(layers.conv(s, channels, narrow, Window.square(1, 1)));
    s = layers.conv(s, narrow, channels, Window.square(1, 1));
    s = net.op("HardSigmoid", List.of(s), AttributeProto.of("alpha", 1 / 6f));
    return net.op("Mul", s, x);
  }

  /** DenseNet-121: BatchNorm before every convolution, concatenations (Huang and others, 2016). */
  static Architecture.Instance densenet() {
    return new ImageNetworks("densenet").dense();
  }

  private Architecture.Instance dense() {
    String x = layers.relu(layers.convNorm(net.image(224), 3, 64, Window.square(7, 2)));
    x = layers.pool("Max", x, 3, 2, 1);
    int[] depth = {6, 12, 24, 16};
    int channels = 64;
    for (int stage = 0; stage < 4; stage++) {
      for (int i = 0; i < depth[stage]; i++) {
        String y = layers.relu(layers.batchNorm(x, channels));
        y = layers.relu(layers.convNorm(y, channels, 128, Window.square(1, 1)));
        y = layers.conv(y, 128, 32, Window.square(3, 1));
        x = layers.concat(1, x, y);
        channels += 32;
      }
      x = layers.relu(layers.batchNorm(x, channels));
      if (stage < 3) {
        x = layers.conv(x, channels, channels / 2, Window.square(1, 1));
        x = layers.pool("Average", x, 2, 2, 0);
        channels /= 2;
      }
    }
    return layers.classified(x, channels);
  }

  /** ConvNeXt, small: 7×7 depthwise, LayerNorm over channels (Liu and others, 2022). */
  static Architecture.Instance convnext() {
    return new ImageNetworks("convnext").next();
  }

  private Architecture.Instance next() {
    int[] depth = {2, 2, 6, 2};
    int in = 64;
    String x = channelNorm(layers.conv(net.image(224), 3, in, Window.square(4, 4).padded(0)), in);
    for (int stage = 0; stage < 4; stage++) {
      int width = 64 << stage;
      if (stage > 0) {
        x = layers.conv(channelNorm(x, in), in, width, Window.square(2, 2).padded(0));
        in = width;
      }
      for (int i = 0; i < depth[stage]; i++) {
        String y = layers.conv(x, in, in, Window.square(7, 1).grouped(in));
        y = layers.layerNorm(layers.transpose(y, 0, 2, 3, 1), in);
        y = layers.linear(layers.gelu(layers.linear(y, in, 4 * in)), 4 * in, in);
        y = net.op("Mul", y, net.weight(0.3, 0.1, in));
        x = net.op("Add", layers.transpose(y, 0, 3, 1, 2), x);
      }
    }
    return layers.classified(x, in);
  }

  private String channelNorm(String x, int channels) {
    String y = layers.layerNorm(layers.transpose(x, 0, 2, 3, 1), channels);
    return layers.transpose(y, 0, 3, 1, 2);
  }
}
