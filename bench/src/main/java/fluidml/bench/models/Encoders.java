package fluidml.bench.models;

import fluidml.bench.models.Layers.Window;
import fluidml.onnx.proto.AttributeProto;
import fluidml.tensor.Tensor;
import java.util.List;

/** Transformers with attention of other kinds: in windows, to another sequence, on sound. */
final class Encoders {
  /** Width of a head of the networks for sequences. */
  private static final int DEPTH = 64;

  private final Network net;
  private final Layers layers;

  private Encoders(String name) {
    net = new Network(name);
    layers = new Layers(net);
  }

  /** Swin-T: attention in windows of 7 × 7, every second time shifted (Liu and others, 2021). */
  static Architecture.Instance swin() {
    return new Encoders("swin").windows();
  }

  private static final int WINDOW = 7;
  private static final int CELLS = WINDOW * WINDOW;
  private static final int SHIFT = 3;

  private Architecture.Instance windows() {
    int width = 96;
    int side = 56;
    String x = layers.conv(net.image(224), 3, width, Window.square(4, 4).padded(0));
    x = layers.transpose(layers.reshape(x, 1, width, (long) side * side), 0, 2, 1);
    x = layers.layerNorm(x, width);
    int[] depth = {2, 2, 6, 2};
    for (int stage = 0; stage < 4; stage++) {
      for (int i = 0; i < depth[stage]; i++) {
        boolean shifted = i % 2 == 1 && side > WINDOW;
        String y = layers.reshape(layers.layerNorm(x, width), 1, side, side, width);
        y = windowed(shifted ? rolled(y, side, SHIFT) : y, width, side, shifted);
        y = shifted ? rolled(y, side, side - SHIFT) : y;
        x = net.op("Add", x, layers.reshape(y, 1, (long) side * side, width));
        y = layers.gelu(layers.linear(layers.layerNorm(x, width), width, 4 * width));
        x = net.op("Add", x, layers.linear(y, 4 * width, width));
      }
      if (stage < 3) {
        x = merged(layers.reshape(x, 1, side, side, width));
        x = layers.matMul(layers.layerNorm(x, 4 * width), 4 * width, 2 * width);
        width *= 2;
        side /= 2;
      }
    }
    x =
        net.op(
            "ReduceMean",
            List.of(layers.layerNorm(x, width)),
            AttributeProto.ofInts("axes", 1),
            AttributeProto.of("keepdims", 0));
    net.output(net.named(layers.gemm(x, width, 1000), "logits"), "1", "1000");
    return net.build();
  }

  /** Rows and columns from {@code first} on, then those before. */
  private String rolled(String x, int side, int first) {
    for (int axis = 1; axis <= 2; axis++) {
      String end = layers.slice(x, axis, first, side);
      x = layers.concat(axis, end, layers.slice(x, axis, 0, first));
    }
    return x;
  }

  /** The four neighbours of every second row and column side by side. */
  private String merged(String x) {
    String[] parts = new String[4];
    for (int i = 0; i < 4; i++) {
      parts[i] = everySecond(everySecond(x, 1, i % 2), 2, i / 2);
    }
    String all = layers.concat(3, parts);
    return net.op("Reshape", all, layers.concat(0, net.longs(1, -1), layers.extent(all, 3)));
  }

  private String everySecond(String x, int axis, int first) {
    return net.op(
        "Slice", x, net.longs(first), net.longs(Long.MAX_VALUE), net.longs(axis), net.longs(2));
  }

  private String windowed(String x, int width, int side, boolean shifted) {
    long count = side / WINDOW;
    int heads = width / 32;
    String y = layers.reshape(x, 1, count, WINDOW, count, WINDOW, width);
    y = layers.reshape(layers.transpose(y, 0, 1, 3, 2, 4, 5), -1, CELLS, width);
    String qkv = layers.linear(y, width, 3 * width);
    qkv = layers.transpose(layers.reshape(qkv, -1, CELLS, 3, heads, 32), 2, 0, 3, 1, 4);
    String q = net.op("Mul", layers.part(qkv, 0), net.scalar(1 / Math.sqrt(32)));
    String scores = net.op("MatMul", q, layers.transpose(layers.part(qkv, 1), 0, 1, 3, 2));
    scores = net.op("Add", scores, net.weight(0, 1, 1, heads, CELLS, CELLS));
    if (shifted) {
      scores = layers.reshape(scores, 1, count * count, heads, CELLS, CELLS);
      scores = net.op("Add", scores, net.constant(mask((int) count)));
      scores = layers.reshape(scores, -1, heads, CELLS, CELLS);
    }
    y = net.op("MatMul", layers.softmax(scores), layers.part(qkv, 2));
    y = layers.reshape(layers.transpose(y, 0, 2, 1, 3), -1, CELLS, width);
    y = layers.reshape(layers.linear(y, width, width), 1, count, count, WINDOW, WINDOW, width);
    return layers.reshape(layers.transpose(y, 0, 1, 3, 2, 4, 5), 1, side, side, width);
  }

  /** Hides from a cell of a window at the border what was not its neighbour before the shift. */
  private static Tensor mask(int count) {
    float[] mask = new float[count * count * CELLS * CELLS];
    for (int i = 0; i < mask.length; i++) {
      int window = i / (CELLS * CELLS);
      boolean below = window / count == count - 1;
      boolean right = window % count == count - 1;
      int a = i / CELLS % CELLS;
      int b = i % CELLS;
      int edge = WINDOW - SHIFT;
      boolean rows = a / WINDOW >= edge != b / WINDOW >= edge;
      boolean columns = a % WINDOW >= edge != b % WINDOW >= edge;
      mask[i] = (below && rows) || (right && columns) ? -100 : 0;
    }
    return Tensor.of(mask, 1, (long) count * count, 1, CELLS, CELLS);
  }

  /** T5-small: 128 words to 32, relative positions, RMSNorm (Raffel and others, 2019). */
  static Architecture.Instance t5() {
    return new Encoders("t5").translation();
  }

  private Architecture.Instance translation() {
    int width = 512;
    int words = 32128;
    String embeddings = net.weight(0, 1, words, width);
    String given = net.ids("input_ids", words, List.of("1", "128"), 1, 128);
    String begun = net.ids("decoder_input_ids", words, List.of("1", "32"), 1, 32);
    String x = net.op("Gather", embeddings, given);
    String places = net.weight(0, 1, 1, width / DEPTH, 128, 128);
    for (int layer = 0; layer < 6; layer++) {
      String y = layers.rmsNorm(x, width);
      x = net.op("Add", x, attention(y, y, width, places));
      x = net.op("Add", x, forward(layers.rmsNorm(x, width), width));
    }
    String encoded = layers.rmsNorm(x, width);
    String z = net.op("Gather", embeddings, begun);
    places = net.weight(0, 1, 1, width / DEPTH, 32, 32);
    for (int layer = 0; layer < 6; layer++) {
      String y = layers.rmsNorm(z, width);
      z = net.op("Add", z, attention(y, y, width, places));
      z = net.op("Add", z, attention(layers.rmsNorm(z, width), encoded, width, ""));
      z = net.op("Add", z, forward(layers.rmsNorm(z, width), width));
    }
    z = net.op("Mul", layers.rmsNorm(z, width), net.scalar(1 / Math.sqrt(width)));
    String logits = net.op("MatMul", z, layers.transpose(embeddings, 1, 0));
    net.output(net.named(logits, "logits"), "1", "32", Integer.toString(words));
    return net.build();
  }

  private String forward(String x, int width) {
    return layers.matMul(layers.relu(layers.matMul(x, width, 4 * width)), 4 * width, width);
  }

  /** Attention without factor and biases; {@code places} is added to the scores, or empty. */
  private String attention(String x, String other, int width, String places) {
    String q = layers.heads(layers.matMul(x, width, width), width, 0, 2, 1, 3);
    String k = layers.heads(layers.matMul(other, width, width), width, 0, 2, 3, 1);
    String v = layers.heads(layers.matMul(other, width, width), width, 0, 2, 1, 3);
    String scores = net.op("MatMul", net.op("Mul", q, net.scalar(0.125)), k);
    scores = places.isEmpty() ? scores : net.op("Add", scores, places);
    return layers.matMul(
        layers.joined(net.op("MatMul", layers.softmax(scores), v), width), width, width);
  }

  /** Whisper's encoder, tiny, of 15 seconds of sound (Radford and others, 2022). */
  static Architecture.Instance whisper() {
    return new Encoders("whisper").speech();
  }

  private Architecture.Instance speech() {
    int width = 384;
    String x = net.input("mel", List.of("1", "80", "1500"), 1, 80, 1500);
    x = layers.gelu(layers.conv(x, 80, width, Window.line(3, 1, 1)));
    x = layers.gelu(layers.conv(x, width, width, Window.line(3, 2, 1)));
    x = net.op("Add", layers.transpose(x, 0, 2, 1), net.weight(0, 1, 750, width));
    for (int layer = 0; layer < 4; layer++) {
      x = net.op("Add", x, selfAttention(layers.layerNorm(x, width), width));
      String y = layers.gelu(layers.linear(layers.layerNorm(x, width), width, 4 * width));
      x = net.op("Add", x, layers.linear(y, 4 * width, width));
    }
    net.output(net.named(layers.layerNorm(x, width), "states"), "1", "750", "384");
    return net.build();
  }

  /** Attention whose factor is split between queries and keys. */
  private String selfAttention(String x, int width) {
    String factor = net.scalar(Math.pow(DEPTH, -0.25));
    String q =
        net.op("Mul", layers.heads(layers.linear(x, width, width), width, 0, 2, 1, 3), factor);
    String k =
        net.op("Mul", layers.heads(layers.matMul(x, width, width), width, 0, 2, 3, 1), factor);
    String v = layers.heads(layers.linear(x, width, width), width, 0, 2, 1, 3);
    String y = net.op("MatMul", layers.softmax(net.op("MatMul", q, k)), v);
    return layers.linear(layers.joined(y, width), width, width);
  }

  /** Four blocks of a Conformer on 200 frames (Gulati and others, 2020). */
  static Architecture.Instance conformer() {
    return new Encoders("conformer").frames();
  }

  private Architecture.Instance frames() {
    int width = 256;
    String x = net.input("frames", List.of("1", "200", "256"), 1, 200, width);
    for (int block = 0; block < 4; block++) {
      x = net.op("Add", x, half(layers.layerNorm(x, width), width));
      x = net.op("Add", x, selfAttention(layers.layerNorm(x, width), width));
      String y = layers.transpose(layers.layerNorm(x, width), 0, 2, 1);
      y = layers.conv(y, width, 2 * width, Window.line(1, 1, 1));
      List<String> gates = net.ops("Split", List.of(y), 2, AttributeProto.of("axis", 1));
      y = net.op("Mul", gates.get(0), net.op("Sigmoid", gates.get(1)));
      y = layers.convNorm(y, width, width, Window.line(31, 1, 1).grouped(width));
      y = layers.conv(layers.silu(y), width, width, Window.line(1, 1, 1));
      x = net.op("Add", x, layers.transpose(y, 0, 2, 1));
      x = net.op("Add", x, half(layers.layerNorm(x, width), width));
      x = layers.layerNorm(x, width);
    }
    net.output(net.named(x, "states"), "1", "200", "256");
    return net.build();
  }

  private String half(String x, int width) {
    String y = layers.linear(layers.silu(layers.linear(x, width, 4 * width)), 4 * width, width);
    return net.op("Mul", y, net.scalar(0.5));
  }
}
