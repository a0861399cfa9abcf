package fluidml.bench.models;

import fluidml.bench.models.Layers.Window;
import fluidml.onnx.proto.AttributeProto;
import java.util.List;

/** Networks that make images. */
final class Generators {
  private final Network net;
  private final Layers layers;

  private Generators(String name) {
    net = new Network(name);
    layers = new Layers(net);
  }

  /** The style of another image: mirrored borders, InstanceNorm (Johnson and others, 2016). */
  static Architecture.Instance style() {
    return new Generators("style").transfer();
  }

  private Architecture.Instance transfer() {
    String x = layers.relu(mirrored(net.image(224), 3, 32, 9, 1, true));
    x = layers.relu(mirrored(x, 32, 64, 3, 2, true));
    x = layers.relu(mirrored(x, 64, 128, 3, 2, true));
    for (int i = 0; i < 5; i++) {
      String y = layers.relu(mirrored(x, 128, 128, 3, 1, true));
      x = net.op("Add", x, mirrored(y, 128, 128, 3, 1, true));
    }
    x = layers.relu(mirrored(layers.doubled(x, "nearest"), 128, 64, 3, 1, true));
    x = layers.relu(mirrored(layers.doubled(x, "nearest"), 64, 32, 3, 1, true));
    net.output(net.named(mirrored(x, 32, 3, 9, 1, false), "picture"), "1", "3", "224", "224");
    return net.build();
  }

  private String mirrored(String x, int in, int out, int kernel, int stride, boolean norm) {
    int p = kernel / 2;
    String padded =
        net.op(
            "Pad",
            List.of(x, net.longs(0, 0, p, p, 0, 0, p, p)),
            AttributeProto.of("mode", "reflect"));
    String y = layers.conv(padded, in, out, Window.square(kernel, stride).padded(0));
    return norm ? layers.instanceNorm(y, net.weight(1, 0.1, out), net.weight(0, 0.1, out)) : y;
  }

  /** Transposed convolutions with BatchNorm from noise to 64 × 64 (Radford and others, 2015). */
  static Architecture.Instance gan() {
    return new Generators("gan").noise();
  }

  private Architecture.Instance noise() {
    int width = 512;
    String x = net.input("noise", List.of("1", "100"), 1, 100);
    x = layers.reshape(layers.gemm(x, 100, 16 * width), 1, width, 4, 4);
    for (int i = 0; i < 4; i++) {
      String w = net.kernel(4L * width, width, width / 2, 4, 4);
      x =
          net.op(
              "ConvTranspose",
              List.of(x, w),
              AttributeProto.ofInts("kernel_shape", 4, 4),
              AttributeProto.ofInts("strides", 2, 2),
              AttributeProto.ofInts("pads", 1, 1, 1, 1));
      width /= 2;
      x = layers.relu(layers.batchNorm(x, width));
    }
    x = net.op("Tanh", layers.conv(x, width, 3, Window.square(3, 1)));
    net.output(net.named(x, "picture"), "1", "3", "64", "64");
    return net.build();
  }

  /** A small denoising U-Net with attention to 77 words (Rombach and others, 2021). */
  static Architecture.Instance diffusion() {
    return new Generators("diffusion").denoising();
  }

  private static final int WORDS = 512;

  private Architecture.Instance denoising() {
    String x = net.input("latent", List.of("1", "4", "32", "32"), 1, 4, 32, 32);
    String words = net.input("words", List.of("1", "77", "512"), 1, 77, WORDS);
    String time = layers.silu(net.input("time", List.of("1", "512"), 1, WORDS));
    x = layers.conv(x, 4, 128, Window.square(3, 1));
    String fine = attended(residual(x, time, 128, 128), words, 128, 32);
    x = layers.conv(fine, 128, 128, Window.square(3, 2));
    String coarse = attended(residual(x, time, 128, 256), words, 256, 16);
    x = layers.conv(coarse, 256, 256, Window.square(3, 2));
    x = attended(residual(x, time, 256, 256), words, 256, 8);
    x = residual(x, time, 256, 256);
    x =
        layers.concat(
            1, layers.conv(layers.doubled(x, "nearest"), 256, 256, Window.square(3, 1)), coarse);
    x = attended(residual(x, time, 512, 256), words, 256, 16);
    x =
        layers.concat(
            1, layers.conv(layers.doubled(x, "nearest"), 256, 256, Window.square(3, 1)), fine);
    x = attended(residual(x, time, 384, 128), words, 128, 32);
    x = layers.conv(layers.silu(groupNorm(x, 128)), 128, 4, Window.square(3, 1));
    net.output(net.named(x, "noise"), "1", "4", "32", "32");
    return net.build();
  }

  /** GroupNorm of 32 groups as exporters write it. */
  private String groupNorm(String x, int channels) {
    String groups = layers.reshape(x, 0, 32, -1);
    String y = layers.instanceNorm(groups, net.weight(1, 0, 32), net.weight(0, 0, 32));
    y = net.op("Reshape", y, net.op("Shape", x));
    y = net.op("Mul", y, net.weight(1, 0.1, channels, 1, 1));
    return net.op("Add", y, net.weight(0, 0.1, channels, 1, 1));
  }

  private String residual(String x, String time, int in, int out) {
    String y = layers.conv(layers.silu(groupNorm(x, in)), in, out, Window.square(3, 1));
    y = net.op("Add", y, net.op("Unsqueeze", layers.gemm(time, WORDS, out), net.longs(2, 3)));
    y = layers.conv(layers.silu(groupNorm(y, out)), out, out, Window.square(3, 1));
    return net.op("Add", in == out ? x : layers.conv(x, in, out, Window.square(1, 1)), y);
  }

  private String attended(String x, String words, int width, int side) {
    String y = layers.conv(groupNorm(x, width), width, width, Window.square(1, 1));
    y = layers.reshape(layers.transpose(y, 0, 2, 3, 1), 1, (long) side * side, width);
    String norm = layers.layerNorm(y, width);
    y = net.op("Add", y, attention(norm, norm, width, width));
    y = net.op("Add", y, attention(layers.layerNorm(y, width), words, width, WORDS));
    String both = layers.linear(layers.layerNorm(y, width), width, 8 * width);
    List<String> parts = net.ops("Split", List.of(both), 2, AttributeProto.of("axis", 2));
    String gated = net.op("Mul", parts.get(0), layers.gelu(parts.get(1)));
    y = net.op("Add", y, layers.linear(gated, 4 * width, width));
    y = layers.transpose(layers.reshape(y, 1, side, side, width), 0, 3, 1, 2);
    return net.op("Add", layers.conv(y, width, width, Window.square(1, 1)), x);
  }

  private String attention(String x, String other, int width, int otherWidth) {
    String q = layers.heads(layers.matMul(x, width, width), width, 0, 2, 1, 3);
    String k = layers.heads(layers.matMul(other, otherWidth, width), width, 0, 2, 3, 1);
    String v = layers.heads(layers.matMul(other, otherWidth, width), width, 0, 2, 1, 3);
    String scores = net.op("Mul", net.op("MatMul", q, k), net.scalar(0.125));
    String y = net.op("MatMul", layers.softmax(scores), v);
    return layers.linear(layers.joined(y, width), width, width);
  }
}
