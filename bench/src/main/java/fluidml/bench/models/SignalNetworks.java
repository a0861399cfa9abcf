package fluidml.bench.models;

import fluidml.bench.models.Layers.Window;
import fluidml.onnx.proto.AttributeProto;
import java.util.List;

/** Networks on one axis: sound and sequences. */
final class SignalNetworks {
  private final Network net;
  private final Layers layers;

  private SignalNetworks(String name) {
    net = new Network(name);
    layers = new Layers(net);
  }

  /** Strided convolutions on a wave, then dilated depthwise blocks; a second at 16 kHz. */
  static Architecture.Instance audio() {
    return new SignalNetworks("audio").wave();
  }

  private Architecture.Instance wave() {
    int width = 256;
    String x = net.input("wave", List.of("1", "1", "16000"), 1, 1, 16000);
    x = layers.conv(x, 1, width, Window.line(10, 5, 1).padded(0));
    x = layers.instanceNorm(x, net.weight(1, 0.1, width), net.weight(0, 0.1, width));
    x = layers.gelu(x);
    for (int i = 0; i < 3; i++) {
      x = layers.gelu(layers.conv(x, width, width, Window.line(3, 2, 1).padded(0)));
    }
    for (int i = 0; i < 8; i++) {
      String y = net.op("PRelu", layers.conv(x, width, 2 * width, Window.line(1, 1, 1)), slope());
      y = layers.batchNorm(y, 2 * width);
      y = layers.conv(y, 2 * width, 2 * width, Window.line(3, 1, 1 << i % 4).grouped(2L * width));
      y = layers.batchNorm(net.op("PRelu", y, slope()), 2 * width);
      x = net.op("Add", x, layers.conv(y, 2 * width, width, Window.line(1, 1, 1)));
    }
    net.output(net.named(layers.classifier(x, width, 35), "logits"), "1", "35");
    return net.build();
  }

  private String slope() {
    return net.weight(0.25, 0.05, 1);
  }

  /** Two layers of bidirectional LSTM on 100 frames of 80 features. */
  static Architecture.Instance lstm() {
    return new SignalNetworks("lstm").frames();
  }

  private Architecture.Instance frames() {
    int hidden = 256;
    String x = net.input("frames", List.of("100", "1", "80"), 100, 1, 80);
    int in = 80;
    for (int layer = 0; layer < 2; layer++) {
      double scale = 1 / Math.sqrt(hidden);
      String y =
          net.op(
              "LSTM",
              List.of(
                  x,
                  net.weight(0, scale, 2, 4L * hidden, in),
                  net.weight(0, scale, 2, 4L * hidden, hidden),
                  net.weight(0, scale, 2, 8L * hidden)),
              AttributeProto.of("direction", "bidirectional"),
              AttributeProto.of("hidden_size", hidden));
      x = layers.reshape(layers.transpose(y, 0, 2, 1, 3), 0, 0, -1);
      in = 2 * hidden;
    }
    net.output(net.named(layers.linear(x, in, 42), "scores"), "100", "1", "42");
    return net.build();
  }
}
