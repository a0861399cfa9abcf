package fluidml.bench.models;

import fluidml.bench.models.Layers.Window;
import fluidml.onnx.proto.AttributeProto;
import java.util.ArrayList;
import java.util.List;

/** Networks whose results are per pixel or per place: segmentation and detection. */
final class PixelNetworks {
  private final Network net;
  private final Layers layers;

  private PixelNetworks(String name) {
    net = new Network(name);
    layers = new Layers(net);
  }

  /** A small U-Net: four levels, skips by concatenation (Ronneberger and others, 2015). */
  static Architecture.Instance unet() {
    return new PixelNetworks("unet").levels();
  }

  private Architecture.Instance levels() {
    String x = net.image(128);
    int in = 3;
    int width = 32;
    List<String> skips = new ArrayList<>();
    for (int level = 0; level < 4; level++) {
      x = twice(x, in, width << level);
      in = width << level;
      skips.add(x);
      x = layers.pool("Max", x, 2, 2, 0);
    }
    x = twice(x, in, 2 * in);
    in *= 2;
    for (int level = 3; level >= 0; level--) {
      int out = width << level;
      x = layers.concat(1, skips.get(level), layers.upConv(x, in, out));
      x = twice(x, 2 * out, out);
      in = out;
    }
    x = layers.doubled(layers.conv(x, in, 4, Window.square(1, 1)), "linear");
    net.output(net.named(net.op("Sigmoid", x), "mask"), "1", "4", "256", "256");
    return net.build();
  }

  private String twice(String x, int in, int out) {
    String y = layers.relu(layers.convNorm(x, in, out, Window.square(3, 1)));
    return layers.relu(layers.convNorm(y, out, out, Window.square(3, 1)));
  }

  /** Dilated residual blocks, four windows side by side, enlarged (Chen and others, 2017). */
  static Architecture.Instance deeplab() {
    return new PixelNetworks("deeplab").dilated();
  }

  private Architecture.Instance dilated() {
    String x = net.image(256);
    x = layers.relu(layers.conv(x, 3, 32, Window.square(3, 2)));
    int in = 32;
    for (int stage = 0; stage < 4; stage++) {
      int width = 32 << stage;
      int stride = stage == 1 || stage == 2 ? 2 : 1;
      Window window = stage == 3 ? Window.square(3, 1).dilated(2) : Window.square(3, 1);
      String skip = layers.conv(x, in, width, Window.square(1, stride));
      String y = layers.relu(layers.conv(x, in, width, Window.square(3, stride)));
      x = layers.relu(net.op("Add", layers.conv(y, width, width, window), skip));
      y = layers.relu(layers.conv(x, width, width, window));
      x = layers.relu(net.op("Add", layers.conv(y, width, width, window), x));
      in = width;
    }
    String mean = net.op("GlobalAveragePool", x);
    mean = layers.relu(layers.conv(mean, in, 64, Window.square(1, 1)));
    String[] all = {
      layers.relu(layers.conv(x, in, 64, Window.square(1, 1))),
      layers.relu(layers.conv(x, in, 64, Window.square(3, 1).dilated(6))),
      layers.relu(layers.conv(x, in, 64, Window.square(3, 1).dilated(12))),
      net.op("Expand", mean, net.longs(1, 64, 32, 32))
    };
    x = layers.relu(layers.conv(layers.concat(1, all), 256, 64, Window.square(1, 1)));
    x = layers.conv(x, 64, 21, Window.square(1, 1));
    String sizes = net.longs(1, 21, 256, 256);
    x =
        net.op(
            "Resize",
            List.of(x, "", "", sizes),
            AttributeProto.of("mode", "linear"),
            AttributeProto.of("coordinate_transformation_mode", "pytorch_half_pixel"));
    net.output(net.named(x, "scores"), "1", "21", "256", "256");
    return net.build();
  }

  /** A 3-D U-Net of three levels on 32 × 64 × 64 voxels (Çiçek and others, 2016). */
  static Architecture.Instance unet3d() {
    return new PixelNetworks("unet3d").volume();
  }

  private Architecture.Instance volume() {
    String x = net.input("volume", List.of("1", "1", "32", "64", "64"), 1, 1, 32, 64, 64);
    List<String> skips = new ArrayList<>();
    int in = 1;
    for (int level = 0; level < 3; level++) {
      int width = 16 << level;
      x = voxels(voxels(x, in, width, level > 0 ? 2 : 1), width, width, 1);
      skips.add(x);
      in = width;
    }
    for (int level = 1; level >= 0; level--) {
      int out = 16 << level;
      String up =
          net.op(
              "ConvTranspose",
              List.of(x, net.kernel(in, in, out, 2, 2, 2)),
              AttributeProto.ofInts("kernel_shape", 2, 2, 2),
              AttributeProto.ofInts("strides", 2, 2, 2));
      x = voxels(layers.concat(1, skips.get(level), up), 2 * out, out, 1);
      in = out;
    }
    x = layers.conv(x, in, 3, new Window(new long[] {1, 1, 1}, 1, 0, 1, 1));
    x = net.op("Softmax", List.of(x), AttributeProto.of("axis", 1));
    net.output(net.named(x, "classes"), "1", "3", "32", "64", "64");
    return net.build();
  }

  private String voxels(String x, int in, int out, int stride) {
    String y = layers.conv(x, in, out, Window.cube(3, stride));
    y = layers.instanceNorm(y, net.weight(1, 0.1, out), net.weight(0, 0.1, out));
    return net.op("LeakyRelu", List.of(y), AttributeProto.of("alpha", 0.01f));
  }

  /** A detector like YOLOv5n: SiLU, split branches, pyramid of three scales. */
  static Architecture.Instance yolo() {
    return new PixelNetworks("yolo").detector();
  }

  private Architecture.Instance detector() {
    String x = net.image(320);
    x = layers.silu(layers.conv(x, 3, 16, Window.square(6, 2).padded(2)));
    x = branches(down(x, 16, 32), 32, 32, 1, true);
    x = branches(down(x, 32, 64), 64, 64, 2, true);
    String fine = x;
    x = branches(down(x, 64, 128), 128, 128, 3, true);
    String middle = x;
    x = branches(down(x, 128, 256), 256, 256, 1, true);
    String y = one(x, 256, 128);
    String p1 = layers.pool("Max", y, 5, 1, 2);
    String p2 = layers.pool("Max", p1, 5, 1, 2);
    String p3 = layers.pool("Max", p2, 5, 1, 2);
    x = one(layers.concat(1, y, p1, p2, p3), 512, 256);
    String coarse = one(x, 256, 128);
    x = layers.concat(1, layers.doubled(coarse, "nearest"), middle);
    String between = one(branches(x, 256, 128, 1, false), 128, 64);
    x = layers.concat(1, layers.doubled(between, "nearest"), fine);
    String out0 = branches(x, 128, 64, 1, false);
    x = layers.concat(1, down(out0, 64, 64), between);
    String out1 = branches(x, 128, 128, 1, false);
    x = layers.concat(1, down(out1, 128, 128), coarse);
    String out2 = branches(x, 256, 256, 1, false);
    String all = layers.concat(1, head(out0, 64, 40), head(out1, 128, 20), head(out2, 256, 10));
    net.output(net.named(all, "boxes"), "1", Integer.toString(3 * (1600 + 400 + 100)), "85");
    return net.build();
  }

  private String down(String x, int in, int out) {
    return layers.silu(layers.conv(x, in, out, Window.square(3, 2)));
  }

  private String one(String x, int in, int out) {
    return layers.silu(layers.conv(x, in, out, Window.square(1, 1)));
  }

  /** Two branches of half the channels, one through bottlenecks, concatenated. */
  private String branches(String x, int in, int out, int depth, boolean residual) {
    int half = out / 2;
    String y = one(x, in, half);
    for (int i = 0; i < depth; i++) {
      String z = layers.silu(layers.conv(one(y, half, half), half, half, Window.square(3, 1)));
      y = residual ? net.op("Add", y, z) : z;
    }
    return one(layers.concat(1, y, one(x, in, half)), out, out);
  }

  private String head(String x, int in, int side) {
    String y = layers.conv(x, in, 255, Window.square(1, 1));
    y = layers.reshape(y, 1, 3, 85, side, side);
    y = net.op("Sigmoid", layers.transpose(y, 0, 1, 3, 4, 2));
    return layers.reshape(y, 1, 3L * side * side, 85);
  }
}
