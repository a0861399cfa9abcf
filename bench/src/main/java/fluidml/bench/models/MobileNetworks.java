package fluidml.bench.models;

import fluidml.bench.models.Layers.Window;
import java.util.List;
import java.util.function.UnaryOperator;

/** Classifiers of images made of inverted residuals: narrow, wide and depthwise, narrow. */
final class MobileNetworks {
  private final Network net;
  private final Layers layers;
  private final Convolution conv;

  /** A convolution of some channels to others. */
  @FunctionalInterface
  interface Convolution {
    /** The result's name. */
    String of(String x, int in, int out, Window window);
  }

  private MobileNetworks(String name) {
    net = new Network(name);
    layers = new Layers(net);
    conv = layers::conv;
  }

  /** Networks whose convolutions are others. */
  MobileNetworks(Network net, Convolution conv) {
    this.net = net;
    this.layers = new Layers(net);
    this.conv = conv;
  }

  /** Factor of the width between, channels produced, blocks, stride of the first, kernel. */
  private record Stage(int factor, int out, int blocks, int stride, int kernel) {}

  /** MobileNetV2 (Sandler and others, 2018). */
  static Architecture.Instance mobilenetv2() {
    return new MobileNetworks("mobilenetv2").v2();
  }

  /** The same with other convolutions. */
  Architecture.Instance v2() {
    List<Stage> stages =
        List.of(
            new Stage(1, 16, 1, 1, 3),
            new Stage(6, 24, 2, 2, 3),
            new Stage(6, 32, 3, 2, 3),
            new Stage(6, 64, 4, 2, 3),
            new Stage(6, 96, 3, 1, 3),
            new Stage(6, 160, 3, 2, 3),
            new Stage(6, 320, 1, 1, 3));
    return inverted(stages, this::clipped, false);
  }

  /** EfficientNet-B0: with squeeze-and-excitation and SiLU (Tan and Le, 2019). */
  static Architecture.Instance efficientnetB0() {
    MobileNetworks all = new MobileNetworks("efficientnet-b0");
    List<Stage> stages =
        List.of(
            new Stage(1, 16, 1, 1, 3),
            new Stage(6, 24, 2, 2, 3),
            new Stage(6, 40, 2, 2, 5),
            new Stage(6, 80, 3, 2, 3),
            new Stage(6, 112, 3, 1, 5),
            new Stage(6, 192, 4, 2, 5),
            new Stage(6, 320, 1, 1, 3));
    return all.inverted(stages, all.layers::silu, true);
  }

  private Architecture.Instance inverted(
      List<Stage> stages, UnaryOperator<String> active, boolean squeezes) {
    String x = active.apply(conv.of(net.image(224), 3, 32, Window.square(3, 2)));
    int in = 32;
    for (Stage stage : stages) {
      for (int i = 0; i < stage.blocks; i++) {
        int stride = i == 0 ? stage.stride : 1;
        int wide = in * stage.factor;
        String y = x;
        if (wide > in) {
          y = active.apply(conv.of(y, in, wide, Window.square(1, 1)));
        }
        Window depthwise = Window.square(stage.kernel, stride).grouped(wide);
        y = active.apply(conv.of(y, wide, wide, depthwise));
        if (squeezes) {
          y = squeezed(y, wide, in / 4);
        }
        y = conv.of(y, wide, stage.out, Window.square(1, 1));
        x = stride == 1 && in == stage.out ? net.op("Add", y, x) : y;
        in = stage.out;
      }
    }
    x = active.apply(conv.of(x, in, 1280, Window.square(1, 1)));
    return layers.classified(x, 1280);
  }

  private String clipped(String x) {
    return net.op("Clip", x, net.scalar(0), net.scalar(6));
  }

  private String squeezed(String x, int channels, int narrow) {
    String s = net.op("GlobalAveragePool", x);
    s = layers.silu(conv.of(s, channels, narrow, Window.square(1, 1)));
    s = conv.of(s, narrow, channels, Window.square(1, 1));
    return net.op("Mul", x, net.op("Sigmoid", s));
  }
}
