package fluidml.bench.models;

import fluidml.bench.models.Layers.Window;
import fluidml.onnx.proto.AttributeProto;
import java.util.List;

/**
 * Classifiers whose blocks have branches: groups, shuffled halves, several windows side by side.
 */
final class BranchNetworks {
  private final Network net;
  private final Layers layers;

  private BranchNetworks(String name) {
    net = new Network(name);
    layers = new Layers(net);
  }

  private String active(String x, int in, int out, Window window) {
    return layers.relu(layers.conv(x, in, out, window));
  }

  /** ResNeXt-50, 32 groups of 4: bottlenecks of grouped convolutions (Xie and others, 2016). */
  static Architecture.Instance resnext50() {
    return new BranchNetworks("resnext50").grouped();
  }

  private Architecture.Instance grouped() {
    String x = layers.pool("Max", active(net.image(224), 3, 64, Window.square(7, 2)), 3, 2, 1);
    int[] depth = {3, 4, 6, 3};
    int in = 64;
    for (int stage = 0; stage < 4; stage++) {
      int width = 128 << stage;
      for (int i = 0; i < depth[stage]; i++) {
        int stride = i == 0 && stage > 0 ? 2 : 1;
        String y = active(x, in, width, Window.square(1, 1));
        y = active(y, width, width, Window.square(3, stride).grouped(32));
        y = layers.conv(y, width, 2 * width, Window.square(1, 1));
        String skip = i == 0 ? layers.conv(x, in, 2 * width, Window.square(1, stride)) : x;
        x = layers.relu(net.op("Add", y, skip));
        in = 2 * width;
      }
    }
    return layers.classified(x, in);
  }

  /** ShuffleNetV2: half of the channels pass, then the halves are shuffled (Ma, others, 2018). */
  static Architecture.Instance shufflenet() {
    return new BranchNetworks("shufflenet").shuffled();
  }

  private Architecture.Instance shuffled() {
    String x = layers.pool("Max", active(net.image(224), 3, 24, Window.square(3, 2)), 3, 2, 1);
    int[] widths = {116, 232, 464};
    int[] depth = {4, 8, 4};
    int in = 24;
    int side = 56;
    for (int stage = 0; stage < 3; stage++) {
      int half = widths[stage] / 2;
      side /= 2;
      for (int i = 0; i < depth[stage]; i++) {
        String left;
        String right;
        if (i == 0) {
          left = layers.conv(x, in, in, Window.square(3, 2).grouped(in));
          left = active(left, in, half, Window.square(1, 1));
          right = branch(x, in, half, 2);
        } else {
          List<String> halves = net.ops("Split", List.of(x), 2, AttributeProto.of("axis", 1));
          left = halves.get(0);
          right = branch(halves.get(1), half, half, 1);
        }
        x = layers.reshape(layers.concat(1, left, right), 1, 2, half, side, side);
        x = layers.reshape(layers.transpose(x, 0, 2, 1, 3, 4), 1, 2L * half, side, side);
      }
      in = 2 * half;
    }
    return layers.classified(active(x, in, 1024, Window.square(1, 1)), 1024);
  }

  private String branch(String x, int in, int out, int stride) {
    String y = active(x, in, out, Window.square(1, 1));
    y = layers.conv(y, out, out, Window.square(3, stride).grouped(out));
    return active(y, out, out, Window.square(1, 1));
  }

  /** GoogLeNet: four windows side by side, local response norm (Szegedy and others, 2014). */
  static Architecture.Instance googlenet() {
    return new BranchNetworks("googlenet").inception();
  }

  /** Filters of 1×1, before 3×3, 3×3, before 5×5, 5×5, behind pooling. */
  private static final int[][] INCEPTION = {
    {64, 96, 128, 16, 32, 32},
    {128, 128, 192, 32, 96, 64},
    {192, 96, 208, 16, 48, 64},
    {160, 112, 224, 24, 64, 64},
    {128, 128, 256, 24, 64, 64},
    {112, 144, 288, 32, 64, 64},
    {256, 160, 320, 32, 128, 128},
    {256, 160, 320, 32, 128, 128},
    {384, 192, 384, 48, 128, 128}
  };

  private Architecture.Instance inception() {
    String x = layers.pool("Max", active(net.image(224), 3, 64, Window.square(7, 2)), 3, 2, 1);
    x = active(localNorm(x), 64, 64, Window.square(1, 1));
    x = localNorm(active(x, 64, 192, Window.square(3, 1)));
    int in = 192;
    for (int i = 0; i < INCEPTION.length; i++) {
      if (i == 0 || i == 2 || i == 7) {
        x = layers.pool("Max", x, 3, 2, 1);
      }
      int[] n = INCEPTION[i];
      String middle = active(x, in, n[1], Window.square(1, 1));
      String wide = active(x, in, n[3], Window.square(1, 1));
      String pooled = layers.pool("Max", x, 3, 1, 1);
      x =
          layers.concat(
              1,
              active(x, in, n[0], Window.square(1, 1)),
              active(middle, n[1], n[2], Window.square(3, 1)),
              active(wide, n[3], n[4], Window.square(5, 1)),
              active(pooled, in, n[5], Window.square(1, 1)));
      in = n[0] + n[2] + n[4] + n[5];
    }
    return layers.classified(x, in);
  }

  private String localNorm(String x) {
    return net.op(
        "LRN",
        List.of(x),
        AttributeProto.of("size", 5),
        AttributeProto.of("alpha", 1e-4f),
        AttributeProto.of("beta", 0.75f));
  }
}
